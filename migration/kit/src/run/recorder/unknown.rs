//! Reasons why the statements of a migration are not known without a database.

use std::{any::Any, fmt, time::Duration};

use sea_orm_migration::sea_orm::DbErr;

use crate::run::{Direction, describe};

/// Why the statements of a migration are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    /// It returned an error, such as for a row that it expects. Its message.
    Failed(String),
    /// It panicked, such as on a missing row that it unwraps, or since it needs a pool of the driver. Its message.
    Panicked(String),
    /// It took longer than this, for example since it waits for a row.
    Slow(Duration),
    /// Its `down` returned [`DbErr::Migration`], so it cannot be rolled back. Its message.
    Irreversible(String),
}

impl Unknown {
    pub(super) fn failed(direction: Direction, error: &DbErr) -> Self {
        match (direction, error) {
            (Direction::Down, DbErr::Migration(message)) => Self::Irreversible(message.clone()),
            (Direction::Up | Direction::Down, error) => Self::Failed(describe(error)),
        }
    }

    pub(super) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Self::Panicked(text.unwrap_or_else(|| "without a message".to_owned()))
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(message) => write!(f, "without rows it fails: {message}"),
            Self::Panicked(message) => write!(f, "without a database it panics: {message}"),
            Self::Slow(limit) => write!(f, "without rows it takes longer than {} s", limit.as_secs()),
            Self::Irreversible(message) => write!(f, "it cannot be rolled back: {message}"),
        }
    }
}
