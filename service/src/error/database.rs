//! Classification of database errors: the violated constraint, or the reason for unavailability.

use sea_orm::{
    DbErr, RuntimeErr, SqlErr,
    sqlx::{self, mysql::MySqlDatabaseError, postgres::PgDatabaseError, sqlite::SqliteError},
};

/// `SQLITE_BUSY`, `SQLITE_IOERR` and `SQLITE_FULL`, without the bits of extended codes.
const SQLITE_UNAVAILABLE: [u32; 3] = [5, 10, 13];

/// PostgreSQL's serialization failure, deadlock, and lock that is not available.
const POSTGRES_CONTENDED: [&str; 3] = ["40001", "40P01", "55P03"];

/// PostgreSQL's shutdown, crash, start, and too many connections.
const POSTGRES_DISCONNECTED: [&str; 4] = ["57P01", "57P02", "57P03", "53300"];

/// `ER_CHECKREAD`, `ER_LOCK_WAIT_TIMEOUT` and `ER_LOCK_DEADLOCK` of MariaDB.
const MARIADB_CONTENDED: [u16; 3] = [1020, 1205, 1213];

/// PostgreSQL's undefined table, column and function.
const POSTGRES_UNDEFINED: [&str; 3] = ["42P01", "42703", "42883"];

/// `ER_BAD_FIELD_ERROR`, `ER_NO_SUCH_TABLE` and `ER_SP_DOES_NOT_EXIST` of MariaDB.
const MARIADB_UNDEFINED: [u16; 3] = [1054, 1146, 1305];

/// Parts of SQLite's messages.
const SQLITE_UNDEFINED: [&str; 3] = ["no such table", "no such column", "has no column named"];

/// Error of the driver, if it is one.
fn driver(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

/// Whether the connection failed, not the statement.
pub(crate) fn is_disconnected(error: &DbErr) -> bool {
    if matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_)) {
        return true;
    }
    match driver(error) {
        Some(
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed,
        ) => true,
        Some(sqlx::Error::Database(database)) => {
            database.try_downcast_ref::<PgDatabaseError>().is_some_and(|error| {
                error.code().starts_with("08") || POSTGRES_DISCONNECTED.contains(&error.code())
            })
        }
        _ => false,
    }
}

/// Whether the database cannot run the statement now: another transaction holds a lock, or the disk is full.
pub(super) fn is_unavailable(error: &DbErr) -> bool {
    let Some(sqlx::Error::Database(database)) = driver(error) else { return false };
    if let Some(error) = database.try_downcast_ref::<PgDatabaseError>() {
        POSTGRES_CONTENDED.contains(&error.code())
    } else if let Some(error) = database.try_downcast_ref::<MySqlDatabaseError>() {
        MARIADB_CONTENDED.contains(&error.number())
    } else if database.try_downcast_ref::<SqliteError>().is_some() {
        let code = database.code().and_then(|code| code.parse::<u32>().ok());
        code.is_some_and(|code| SQLITE_UNAVAILABLE.contains(&(code & 0xff)))
    } else {
        false
    }
}

/// Whether the statement names a table, column or function that does not exist.
pub(super) fn is_undefined(error: &DbErr) -> bool {
    let Some(sqlx::Error::Database(database)) = driver(error) else { return false };
    if let Some(error) = database.try_downcast_ref::<PgDatabaseError>() {
        POSTGRES_UNDEFINED.contains(&error.code())
    } else if let Some(error) = database.try_downcast_ref::<MySqlDatabaseError>() {
        MARIADB_UNDEFINED.contains(&error.number())
    } else {
        // SQLite has one code for every statement that it cannot prepare.
        let text = database.message();
        SQLITE_UNDEFINED.iter().any(|part| text.contains(part))
    }
}

/// Name of the unique index that the statement violates. SQLite names the columns instead: `table.column,
/// table.column`. PostgreSQL's driver has a field for the name; the messages of the other two end with it.
pub(super) fn violated_unique(error: &DbErr) -> Option<String> {
    let Some(SqlErr::UniqueConstraintViolation(message)) = error.sql_err() else { return None };
    let Some(sqlx::Error::Database(database)) = driver(error) else { return None };
    let index = database.constraint().map(str::to_owned);
    index.or_else(|| {
        let end = message.rsplit_once(" key ").or_else(|| message.rsplit_once(": "));
        end.map(|(_, name)| name.trim_matches('\'').to_owned())
    })
}

/// Whether the statement violates a foreign key.
pub(super) fn violates_reference(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_)))
}
