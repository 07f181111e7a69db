//! What can go wrong in a run, in words that say what to do.

use std::{fmt, path::PathBuf, time::Duration};

use sea_orm_migration::sea_orm::DbErr;

use super::Direction;

/// Why a run did not happen, or not to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database refused something that is no migration's own.
    #[error("{0}")]
    Database(#[from] DbErr),
    /// Another process migrates this database for longer than we would wait.
    #[error("{holder} is migrating this database; gave up after {} s", waited.as_secs_f32())]
    Locked {
        /// Who it is, as far as the database can tell.
        holder: String,
        /// How long we waited.
        waited: Duration,
    },
    /// The lock was lost half way, for example because its connection was closed; nothing was committed since.
    #[error("the migration lock was lost, so nothing more was committed: {0}")]
    LockLost(String),
    /// The file beside a database of SQLite that serves as its lock cannot be used.
    #[error("cannot lock {}: {source}", path.display())]
    LockFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// There is no such migration.
    #[error("there is no migration {name:?}{}", near_ones(near))]
    UnknownName {
        /// What was asked for.
        name: String,
        /// The names nearest to it, the nearest first.
        near: Vec<String>,
    },
    /// Several migrations could be meant.
    #[error("{name:?} could be {}", matches.join(" or "))]
    AmbiguousName {
        /// What was asked for.
        name: String,
        /// All that it could be.
        matches: Vec<String>,
    },
    /// The way down ends at a migration that is not applied.
    #[error("{0} is not applied, so there is no way down to it")]
    NotApplied(String),
    /// The database has migrations applied that this program does not know: it is older than the schema.
    #[error("the database has {} applied, unknown to this program: run a newer one", .0.join(", "))]
    Newer(Vec<String>),
    /// A migration failed, and what it did is undone.
    #[error("{name} ({direction}) failed: {source}\n{}", kept_ones(kept))]
    Failed {
        /// The migration's name.
        name: String,
        /// Which way it was run.
        direction: Direction,
        /// Migrations that ran before it and stay as they are now.
        kept: Vec<String>,
        /// What the database says.
        source: DbErr,
    },
    /// A migration that runs outside a transaction failed.
    #[error(
        "{name} ({direction}) failed: {source}\nIt runs outside a transaction: what it did before it failed stays."
    )]
    FailedBare {
        /// The migration's name.
        name: String,
        /// Which way it was run.
        direction: Direction,
        /// What the database says.
        source: DbErr,
    },
    /// The run would have left rows that refer to nothing (SQLite); it is undone.
    #[error("rows would refer to rows that are not there, so the run is undone: {}", .0.join("; "))]
    ForeignKeys(Vec<String>),
    /// A migration failed half way where the database cannot undo what it did.
    #[error("{0}")]
    HalfDone(Box<HalfDone>),
    /// A migration was cut off earlier and has to be brought to an end first.
    #[error("{0}")]
    Unfinished(Box<Unfinished>),
    /// What ran could not be written down, so the run was stopped.
    #[error("the journal cannot be kept, so the run was stopped: {0}")]
    Journal(String),
}

/// A migration that failed half way.
#[derive(Debug, thiserror::Error)]
pub struct HalfDone {
    /// The migration's name.
    pub name: String,
    /// Which way it was run.
    pub direction: Direction,
    /// The statements that ran and stay.
    pub ran: Vec<String>,
    /// The statement that failed.
    pub failed: String,
    /// How many statements the migration has, where it can be continued.
    pub of: Option<usize>,
    /// What the database says.
    pub source: DbErr,
}

impl fmt::Display for HalfDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, direction, ran, failed, of, source } = self;
        writeln!(f, "{name} ({direction}) failed half way, and this database cannot undo what ran:")?;
        list(f, ran)?;
        writeln!(f, "What failed:\n  {failed}\n  {source}")?;
        write!(f, "Repair the cause and run ")?;
        let last = ran.len();
        match of {
            Some(of) => writeln!(f, "`{direction}` again: it goes on after statement {last} of {of}.")?,
            None => writeln!(
                f,
                "the migration command's `{direction}`: it goes on after statement {last} if it can tell by what \
                 ran what is left."
            )?,
        }
        f.write_str(by_hand(*direction))
    }
}

/// A migration that was cut off, or failed half way, and that this run does not go on with.
#[derive(Debug, thiserror::Error)]
pub struct Unfinished {
    /// The migration's name.
    pub name: String,
    /// Which way it was run.
    pub direction: Direction,
    /// The statements that ran.
    pub ran: Vec<String>,
    /// Why this run does not go on with it, and who does.
    pub reason: String,
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, direction, ran, reason } = self;
        writeln!(f, "{name} ({direction}) was cut off after:")?;
        list(f, ran)?;
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

fn list(f: &mut fmt::Formatter<'_>, ran: &[String]) -> fmt::Result {
    ran.iter().enumerate().try_for_each(|(index, statement)| writeln!(f, "  {}. {statement}", index + 1))
}

fn by_hand(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => {
            "Or undo by hand what ran and `stamp` the migration before it; or do the rest by hand and `stamp` it."
        }
        Direction::Down => {
            "Or do the rest by hand and `stamp` the migration before it; or undo by hand what ran and `stamp` it."
        }
    }
}
