//! Classification of database errors: the violated constraint, or the kind of failure.

use sea_orm::{
    DbErr, RuntimeErr, SqlErr,
    sqlx::{self, mysql::MySqlDatabaseError, postgres::PgDatabaseError, sqlite::SqliteError},
};

use super::Error;

/// Kind of a failure that is not the fault of the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The pool has no connection to give, or cannot open one.
    NoConnection,
    /// The connection was lost.
    Disconnected,
    /// The transaction and another exclude each other; it succeeds when it is repeated.
    Conflict,
    /// A limit of the server ended the statement: another transaction holds a lock, or it took too long.
    Limit,
    /// The disk is full, or fails.
    Full,
    /// The database accepts no writes.
    ReadOnly,
}

/// PostgreSQL's codes of the failures. Those of connections also begin with `08`.
const POSTGRES: [(Failure, &[&str]); 5] = [
    // Shutdown, crash, start, and too many connections.
    (Failure::Disconnected, &["57P01", "57P02", "57P03", "53300"]),
    // Serialization failure and deadlock.
    (Failure::Conflict, &["40001", "40P01"]),
    // Cancelled statement, lock that is not available, and memory.
    (Failure::Limit, &["57014", "55P03", "53200"]),
    (Failure::Full, &["53100"]),
    (Failure::ReadOnly, &["25006"]),
];

/// Error numbers of MariaDB and MySQL.
const MARIADB: [(Failure, &[u16]); 5] = [
    // Shutdown, and killed connection.
    (Failure::Disconnected, &[1053, 1927]),
    // Changed record of a snapshot, and deadlock.
    (Failure::Conflict, &[1020, 1213]),
    // Error during COMMIT, lock wait, cancelled statement, and time limits of MariaDB and MySQL.
    (Failure::Limit, &[1180, 1205, 1317, 1969, 3024]),
    (Failure::Full, &[1021, 1114]),
    // Option of the server, mode of the server, and transaction.
    (Failure::ReadOnly, &[1290, 1836, 1792]),
];

/// Primary result codes of SQLite.
const SQLITE: [(Failure, &[u32]); 3] = [
    // `SQLITE_BUSY`, `SQLITE_LOCKED` and `SQLITE_INTERRUPT`.
    (Failure::Limit, &[5, 6, 9]),
    // `SQLITE_IOERR` and `SQLITE_FULL`.
    (Failure::Full, &[10, 13]),
    (Failure::ReadOnly, &[8]),
];

/// Kind of a failure of the database; none if the statement or the program is at fault.
pub(crate) fn failure(error: &Error) -> Option<Failure> {
    error.database().and_then(kind)
}

/// [`failure`] of a driver's error.
pub(crate) fn kind(error: &DbErr) -> Option<Failure> {
    match error {
        DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => Some(Failure::NoConnection),
        _ => match driver(error)? {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Some(Failure::NoConnection),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed => Some(Failure::Disconnected),
            sqlx::Error::Database(error) => reported(&**error),
            _ => None,
        },
    }
}

/// Kind of a failure that the server reports.
fn reported(error: &dyn sqlx::error::DatabaseError) -> Option<Failure> {
    if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        let lost = error.code().starts_with("08").then_some(Failure::Disconnected);
        lost.or_else(|| find(&POSTGRES, &error.code()))
    } else if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        find(&MARIADB, &error.number())
    } else if error.try_downcast_ref::<SqliteError>().is_some() {
        let code = error.code()?.parse::<u32>().ok()?;
        // Extended codes have further bits.
        find(&SQLITE, &(code & 0xff))
    } else {
        None
    }
}

fn find<T: PartialEq>(kinds: &[(Failure, &[T])], code: &T) -> Option<Failure> {
    kinds.iter().find(|(_, codes)| codes.contains(code)).map(|(failure, _)| *failure)
}

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
