//! The frame of a script: its client, its settings, and its transaction.

use sea_orm_migration::sea_orm::DbBackend;

use super::{Direction, Recorded};

/// `sqlite3` continues after an error and commits the rest, unless `.bail` is on. `psql` finds its transaction aborted, and
/// `mariadb` stops.
const SQLITE: &str = "\
-- Load with: sqlite3 FILE < SCRIPT
.bail on
PRAGMA foreign_keys = OFF;
BEGIN IMMEDIATE;
";

const POSTGRES: &str = "\
-- Load with: psql --set ON_ERROR_STOP=1 --file SCRIPT
BEGIN;
";

/// The settings of SeaORM's driver.
const MARIADB: &str = "\
-- Load with: mariadb DATABASE < SCRIPT
-- MariaDB commits every change of the schema: statements before an error stay.
SET NAMES utf8mb4;
SET time_zone = '+00:00';
SET sql_mode = CONCAT(@@sql_mode, ',IGNORE_SPACE,PIPES_AS_CONCAT,NO_ENGINE_SUBSTITUTION');
";

/// A broken reference violates the constraint, which rolls everything back.
const SQLITE_END: &str = r#"
CREATE TEMP TABLE "_broken_references" ("count" integer CHECK ("count" = 0));
INSERT OR ROLLBACK INTO temp."_broken_references" SELECT count(*) FROM pragma_foreign_key_check;
DROP TABLE temp."_broken_references";
COMMIT;
"#;

pub(super) fn opening(backend: DbBackend, migrations: &[Recorded], direction: Direction) -> String {
    let verb = match direction {
        Direction::Up => "Applies",
        Direction::Down => "Rolls back",
    };
    let names = match migrations {
        [] => "nothing".to_owned(),
        [only] => only.name.clone(),
        [first, .., last] => format!("{} migrations, {} to {}", migrations.len(), first.name, last.name),
    };
    let (database, start) = match backend {
        DbBackend::MySql => ("MariaDB or MySQL", MARIADB),
        DbBackend::Sqlite => ("SQLite", SQLITE),
        _ => ("PostgreSQL", POSTGRES),
    };
    format!("-- {verb} {names}, on {database}.\n{start}")
}

pub(super) fn closing(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::MySql => "",
        DbBackend::Sqlite => SQLITE_END,
        _ => "\nCOMMIT;\n",
    }
}

/// The lines before and after the statements of one migration.
pub(super) fn around(backend: DbBackend, statements: &[String]) -> (&'static str, &'static str) {
    match backend {
        DbBackend::MySql => ("START TRANSACTION;\n", "COMMIT;\n"),
        DbBackend::Postgres if statements.iter().any(|sql| refuses_transactions(sql)) => (
            "-- It runs outside a transaction: the migrations before it are committed, and an error must end the script.\n\
             COMMIT;\n\\set ON_ERROR_STOP on\n",
            "BEGIN;\n",
        ),
        _ => ("", ""),
    }
}

fn refuses_transactions(sql: &str) -> bool {
    let words: Vec<String> = sql.split_whitespace().take(4).map(str::to_uppercase).collect();
    let starts = |start: &[&str]| words.iter().zip(start).all(|(word, other)| word == other);
    words.iter().any(|word| word == "CONCURRENTLY")
        || [&["VACUUM"][..], &["CREATE", "DATABASE"], &["DROP", "DATABASE"], &["ALTER", "SYSTEM"]]
            .iter()
            .any(|start| starts(start))
}
