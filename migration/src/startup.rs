//! What a program that serves needs to know of its schema: bring it up to date, or say how it differs.

use std::{fmt, time::Duration};

use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr, sqlx::sqlite::SqliteJournalMode},
};

use crate::{
    Migrator,
    run::{self, Extent, Place, Session},
};

/// How long a program that starts waits for another one that migrates.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// How the schema of a database stands to the migrations of this binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Every migration is applied and no other.
    Current,
    /// Migrations that this binary has and the database has not, oldest first.
    Behind(Vec<String>),
    /// Migrations that the database has and this binary does not know.
    Ahead(Vec<String>),
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Current => f.write_str("the schema is current"),
            Self::Behind(names) => write!(f, "the schema lacks {}", names.join(", ")),
            Self::Ahead(names) => write!(f, "the schema has {}, unknown to this version", names.join(", ")),
        }
    }
}

/// Connects for migrating: one connection, and on SQLite without foreign keys, since a table that is
/// rebuilt under them would take its children's rows along. A file of SQLite is switched to WAL, which of
/// several processes that serve only one could do at a time.
pub async fn connect(mut options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    options.max_connections(1).sqlx_logging_level(log::LevelFilter::Debug).map_sqlx_sqlite_opts(|sqlite| {
        sqlite.foreign_keys(false).create_if_missing(true).journal_mode(SqliteJournalMode::Wal)
    });
    Database::connect(options).await
}

/// Applies every pending migration to the database at `url`, under the migration lock.
///
/// # Errors
/// See [`run::Error`]. A migration that was cut off on MariaDB / MySQL is left to the migration command.
pub async fn up(url: &str) -> Result<(), run::Error> {
    let mut session = Session::<Migrator>::open(Place::new(url, "bookly", PATIENCE)).await?;
    session.up(Extent::All).await?;
    session.close().await
}

/// Compares the schema of `db` with the migrations of this binary. Reads, and creates nothing.
///
/// # Errors
/// What the database says.
pub async fn state(db: &DatabaseConnection) -> Result<State, DbErr> {
    state_of::<Migrator>(db).await
}

/// As [`state`], for any list of migrations.
///
/// # Errors
/// What the database says.
pub async fn state_of<M: MigratorTrait>(db: &DatabaseConnection) -> Result<State, DbErr> {
    let known: Vec<String> = M::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    let applied = run::applied::<M>(db).await?;
    let only_in = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|name| !those.contains(name)).cloned().collect()
    };
    let (ahead, behind) = (only_in(&applied, &known), only_in(&known, &applied));
    Ok(match (ahead.is_empty(), behind.is_empty()) {
        (true, true) => State::Current,
        (false, _) => State::Ahead(ahead),
        (true, false) => State::Behind(behind),
    })
}
