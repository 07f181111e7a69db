//! Errors of a run, with their remedies.

use std::{fmt, path::PathBuf, time::Duration};

use sea_orm_migration::sea_orm::DbErr;

pub use self::description::describe;
pub(in crate::run) use self::description::{database_error, describe_driver, is_missing, is_refused};
use super::{Direction, InvalidIndex, Renamed, reach::Unreachable};
use crate::snapshot::fold::in_a_line;

mod description;

/// Failure of a run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database refused a statement of the kit.
    #[error("{}", describe(.0))]
    Database(#[from] DbErr),
    /// The server does not let us in.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// Another process migrates this database for longer than the patience.
    #[error("{holder} is migrating this database; gave up after {} s", waited.as_secs_f32())]
    Locked {
        /// The other process, as far as the database shows it.
        holder: String,
        /// Waiting time.
        waited: Duration,
    },
    /// Another program keeps the file of SQLite locked for longer than the patience.
    #[error("another program is writing to the database and keeps it locked; gave up after {} s", waited.as_secs_f32())]
    Busy {
        /// Waiting time.
        waited: Duration,
    },
    /// A pool in transaction mode is between this program and PostgreSQL.
    #[error(
        "a pool such as PgBouncer lends sessions of PostgreSQL for single transactions (transaction mode), so neither a \
         lock nor a setting of this run would last: connect to PostgreSQL itself, or to a pool in session mode"
    )]
    Pooled,
    /// The lock was lost during the run, for example with its connection. Nothing was committed after that.
    #[error("the migration lock was lost, so nothing more was committed: {0}")]
    LockLost(String),
    /// The file beside a database of SQLite that serves as its lock cannot be used.
    #[error("cannot lock {}: {source}", path.display())]
    LockFile {
        /// The file.
        path: PathBuf,
        /// Error of the system.
        source: std::io::Error,
    },
    /// There is no such migration.
    #[error("there is no migration {name:?}{}", near_ones(near))]
    UnknownName {
        /// The requested name.
        name: String,
        /// The names nearest to it, the nearest first.
        near: Vec<String>,
    },
    /// Several migrations match.
    #[error("{name:?} could be {}", matches.join(" or "))]
    AmbiguousName {
        /// The requested name.
        name: String,
        /// All matches.
        matches: Vec<String>,
    },
    /// The last migration of a way down is not applied.
    #[error("{0} is not applied, so there is no way down to it")]
    NotApplied(String),
    /// The database has migrations applied that this program does not know: it is older than the schema.
    #[error("the database has {} applied, unknown to this program: run a newer one", .0.join(", "))]
    Newer(Vec<String>),
    /// Migrations are applied under former names.
    #[error("{}", lines(.0))]
    Renamed(Vec<Renamed>),
    /// A migration that is recorded already should be recorded under another name.
    #[error("{0} is recorded as applied, so no other migration can get this name")]
    AlreadyApplied(String),
    /// A migration ran, and an index that it names is INVALID. It is not recorded as applied.
    #[error("{name} is not recorded as applied: {}; then run `up` again", lines(indexes))]
    InvalidIndexes {
        /// Name of the migration.
        name: String,
        /// The indexes.
        indexes: Vec<InvalidIndex>,
    },
    /// The run was not consented to, so nothing was run.
    #[error("nothing was changed")]
    NoConsent,
    /// A migration failed, and its effects are undone.
    #[error("{name} ({direction}) failed: {source}\n{}", kept_ones(kept))]
    Failed {
        /// Name of the migration.
        name: String,
        /// Direction of the run.
        direction: Direction,
        /// Migrations of this run that stay applied or rolled back.
        kept: Vec<String>,
        /// The failure.
        source: Box<Failure>,
    },
    /// A migration that runs outside a transaction failed.
    #[error(
        "{name} ({direction}) failed: {source}\nIt runs outside a transaction: its effects up to the failure stay."
    )]
    FailedBare {
        /// Name of the migration.
        name: String,
        /// Direction of the run.
        direction: Direction,
        /// The failure.
        source: Box<Failure>,
    },
    /// The run would have left rows that refer to nothing (SQLite); it is undone.
    #[error("rows would refer to missing rows, so the run is undone: {}", .0.join("; "))]
    ForeignKeys(Vec<String>),
    /// Objects that stay refer to objects that would be dropped. Nothing was dropped.
    #[error("nothing was dropped, since objects that stay refer to others: {}", .0.join("; "))]
    Kept(Vec<String>),
    /// A migration failed half way, on a database that cannot undo its first statements.
    #[error("{0}")]
    HalfDone(Box<HalfDone>),
    /// A migration was cut off earlier and has to be completed first.
    #[error("{0}")]
    Unfinished(Box<Unfinished>),
    /// A `fresh` was cut off on MariaDB / MySQL, so that some tables are dropped and others are not.
    #[error("a `fresh` was cut off while it dropped tables: run `fresh` again")]
    HalfDropped,
    /// A statement ran and could not be written into the journal, so the run was stopped.
    #[error("the journal cannot be written, so the run was stopped: {0}")]
    Journal(String),
}

impl Error {
    /// The error of the database that undid a run or a part of it.
    pub(super) fn cause_mut(&mut self) -> Option<&mut DbErr> {
        match self {
            Self::Database(source) => Some(source),
            Self::Failed { source, .. } => Some(&mut source.source),
            _ => None,
        }
    }
}

/// Failure of a migration.
#[derive(Debug, thiserror::Error)]
pub struct Failure {
    /// The statement that failed, if it is known.
    pub statement: Option<String>,
    /// Error of the database or of the migration.
    pub source: DbErr,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(&self.source))?;
        self.statement.iter().try_for_each(|statement| write!(f, "\n  STATEMENT: {}", in_a_line(statement)))
    }
}

/// A migration that failed half way.
#[derive(Debug, thiserror::Error)]
pub struct HalfDone {
    /// Name of the migration.
    pub name: String,
    /// Direction of the run.
    pub direction: Direction,
    /// The statements that ran and stay.
    pub ran: Vec<String>,
    /// The statement that failed.
    pub failed: String,
    /// Number of statements of the migration, if it can be continued.
    pub of: Option<usize>,
    /// Error of the database.
    pub source: DbErr,
}

impl fmt::Display for HalfDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, direction, ran, failed, of, source } = self;
        writeln!(f, "{name} ({direction}) failed half way, and this database cannot undo what ran:")?;
        list(f, ran)?;
        writeln!(f, "The failed statement:\n  {failed}\n  {}", describe(source))?;
        let last = ran.len();
        match of {
            Some(of) => writeln!(
                f,
                "Repair the cause and run `{direction}` again: it continues after statement {last} of {of}."
            )?,
            None => writeln!(f, "The rest of it is not known, so no run can continue it.")?,
        }
        f.write_str(by_hand(*direction))
    }
}

/// A migration that was cut off or failed half way, and that this run does not continue.
#[derive(Debug, thiserror::Error)]
pub struct Unfinished {
    /// Name of the migration.
    pub name: String,
    /// Direction of the run.
    pub direction: Direction,
    /// The statements that ran.
    pub ran: Vec<String>,
    /// Why this run does not continue the migration, and the command that does.
    pub reason: String,
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, direction, ran, reason } = self;
        if ran.is_empty() {
            writeln!(f, "{name} ({direction}) was cut off in its first statement, or before it.")?;
        } else {
            writeln!(f, "{name} ({direction}) was cut off after:")?;
            list(f, ran)?;
        }
        write!(f, "{reason}\n{}", by_hand(*direction))
    }
}

fn near_ones(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!("; near it are {}", near.join(", ")) }
}

fn kept_ones(kept: &[String]) -> String {
    match kept {
        [] => "Nothing of this run was kept.".to_owned(),
        kept => format!("Of this run, only {} was kept.", kept.join(", ")),
    }
}

fn lines(items: &[impl fmt::Display]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn list(f: &mut fmt::Formatter<'_>, ran: &[String]) -> fmt::Result {
    ran.iter().enumerate().try_for_each(|(index, statement)| writeln!(f, "  {}. {statement}", index + 1))
}

fn by_hand(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => {
            "By hand: run the rest and `stamp` the migration; or undo these statements and `stamp` the one before it with \
             --forget-unfinished."
        }
        Direction::Down => {
            "By hand: run the rest and `stamp` the migration before it; or undo these statements and `stamp` it with \
             --forget-unfinished."
        }
    }
}
