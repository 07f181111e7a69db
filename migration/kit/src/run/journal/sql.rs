//! Statements of MariaDB / MySQL by their first words, as far as the journal needs to know them.

use sea_orm_migration::sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{Error, error::DatabaseError, mysql::MySqlDatabaseError},
};

/// Whether it changes something, be it only a setting of its connection.
pub(crate) fn changes(sql: &str) -> bool {
    !matches!(
        verb(sql).as_str(),
        "" | "SELECT"
            | "SHOW"
            | "DESC"
            | "DESCRIBE"
            | "EXPLAIN"
            | "BEGIN"
            | "START"
            | "COMMIT"
            | "ROLLBACK"
            | "SAVEPOINT"
            | "RELEASE"
    )
}

/// Whether it is DDL, which commits.
pub(super) fn commits(sql: &str) -> bool {
    matches!(verb(sql).as_str(), "CREATE" | "ALTER" | "DROP" | "RENAME" | "TRUNCATE")
}

/// Whether it changes a setting of its connection, which another connection does not have.
pub(crate) fn is_setting(sql: &str) -> bool {
    matches!(verb(sql).as_str(), "SET" | "USE")
}

/// Whether `error` shows that the statement ran before: the created object exists, the dropped one does not.
pub(crate) fn has_run_before(sql: &str, error: &DbErr) -> bool {
    // Of several statements, the first may have run and the others not.
    let is_one = !sql.trim().trim_end_matches(';').contains(';');
    let Some((number, message)) = number(error).filter(|_| is_one) else { return false };
    let words = sql.to_uppercase();
    let renames = words.contains("RENAME") || words.contains("CHANGE");
    match verb(sql).as_str() {
        // Table, key, routine, trigger: it exists.
        "CREATE" => matches!(number, 1050 | 1061 | 1304 | 1359),
        "DROP" => matches!(number, 1051 | 1091 | 1305 | 1360),
        "ALTER" => {
            matches!(number, 1050 | 1060 | 1061 | 1068 | 1091 | 1826 | 3822)
                // A renamed object does not exist under its old name.
                || (renames && matches!(number, 1054 | 1146 | 1176))
                // MariaDB's error for an existing foreign key of this name.
                || (number == 1005 && message.contains("errno: 121"))
        }
        "RENAME" => matches!(number, 1050 | 1146),
        _ => false,
    }
}

/// Whether the statement has certainly not run: the server refused it, or it was none of the server's. One whose
/// answer was lost may have run.
pub(crate) fn was_answered(error: &DbErr) -> bool {
    match error {
        DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => false,
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            matches!(error.as_ref(), Error::Database(_))
        }
        _ => true,
    }
}

/// A name in backticks.
pub(crate) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// The first word, in capitals, behind comments.
fn verb(sql: &str) -> String {
    let mut sql = sql.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    loop {
        let rest = if sql.starts_with("--") || sql.starts_with('#') {
            sql.split_once('\n').map_or("", |(_, rest)| rest)
        } else if sql.starts_with("/*") && !sql.starts_with("/*!") {
            sql.split_once("*/").map_or("", |(_, rest)| rest)
        } else {
            break;
        };
        sql = rest.trim_start();
    }
    sql.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_ascii_uppercase()
}

fn number(error: &DbErr) -> Option<(u16, String)> {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return None;
    };
    let error = error.as_database_error()?;
    Some((number_of(error)?, error.message().to_owned()))
}

/// The server's number of an error.
pub(crate) fn number_of(error: &(dyn DatabaseError + 'static)) -> Option<u16> {
    Some(error.try_downcast_ref::<MySqlDatabaseError>()?.number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_asks_changes_nothing() {
        for sql in [
            "SELECT 1",
            " (select 1)",
            "-- why\nSHOW TABLES",
            "/* why */ EXPLAIN SELECT 1",
            "START TRANSACTION",
        ] {
            assert!(!changes(sql), "{sql}");
        }
        for sql in [
            "INSERT INTO a VALUES (1)",
            "/*!50001 CREATE VIEW a AS SELECT 1 */",
            "SET foreign_key_checks = 0",
        ] {
            assert!(changes(sql) || verb(sql).is_empty(), "{sql}");
        }
    }
}
