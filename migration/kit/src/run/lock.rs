//! The migration lock: one process at a time migrates a database, and waiting processes show its holder.
//!
//! It is taken before the database is opened for migrating, so also before the table of records exists, and
//! on a connection (or file) of its own, so that it outlives every transaction of the run.

use std::{
    fmt,
    sync::{Arc, Mutex, Weak},
    time::{Duration, Instant},
};

use log::info;

use super::{Error, Target};

mod file;
pub(super) mod mysql;
mod pooling;
mod postgres;

pub(super) use self::postgres::{Blockers, backend_of};

/// Pause between two attempts: the first, and the longest.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));

/// Holder of the lock.
#[derive(Debug, Clone, Default)]
pub(super) struct Holder {
    /// Distinguishes holders.
    id: String,
    /// Description for people.
    text: String,
}

impl Holder {
    /// The server itself, still at work for a process that has ended.
    pub(super) fn left_behind() -> Self {
        let text = "the server's statement of a process that has ended".to_owned();
        Self { id: text.clone(), text }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.text.is_empty() { "another process" } else { &self.text })
    }
}

/// The lock, in the form of each database.
pub(super) enum Lock {
    Postgres(postgres::Advisory),
    MySql(mysql::Named),
    File(file::Beside),
    /// A database in memory, which no other process can see.
    Private,
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres(_) => "Postgres",
            Self::MySql(_) => "MySql",
            Self::File(_) => "File",
            Self::Private => "Private",
        })
    }
}

impl Lock {
    /// Waits for the lock on the database at `target` whose records are in `table`.
    ///
    /// # Errors
    /// [`Error::Locked`] after the target's patience.
    pub(super) async fn take(target: &Target, table: &str) -> Result<Self, Error> {
        let mut lock = if target.url.starts_with("sqlite:") {
            file::Beside::of(target)?.map_or(Self::Private, Self::File)
        } else if target.url.starts_with("mysql:") {
            Self::MySql(mysql::Named::connect(target, table).await?)
        } else {
            Self::Postgres(postgres::Advisory::connect(target, table).await?)
        };
        let mut wait = Wait::new(target.patience);
        while !lock.attempt().await? {
            let holder = lock.holder().await?;
            wait.pause(holder).await?;
        }
        Ok(lock)
    }

    /// Checks before each commit that the lock is still held.
    ///
    /// # Errors
    /// [`Error::LockLost`] if it is not, or if the check fails.
    pub(super) async fn check(&mut self) -> Result<(), Error> {
        match self {
            Self::Postgres(lock) => lock.check().await,
            Self::MySql(lock) => lock.check().await,
            Self::File(_) | Self::Private => Ok(()),
        }
    }

    /// Releases the lock. If this fails, the end of its connection or file releases it.
    pub(super) async fn release(self) {
        match self {
            Self::Postgres(lock) => lock.close().await,
            Self::MySql(lock) => lock.close().await,
            Self::File(_) | Self::Private => {}
        }
    }

    /// The lease of a run on MariaDB / MySQL.
    pub(super) fn lease(&self) -> Option<Weak<mysql::Lease>> {
        match self {
            Self::MySql(lock) => Some(lock.lease()),
            Self::Postgres(_) | Self::File(_) | Self::Private => None,
        }
    }

    /// Makes the release remove what the lock has in the database.
    pub(super) fn uninstall(&mut self) {
        match self {
            Self::MySql(lock) => lock.uninstall(),
            Self::Postgres(_) | Self::File(_) | Self::Private => {}
        }
    }

    /// Notes on PostgreSQL which sessions stop the one with this number.
    pub(super) fn watch(&self, session: i32, every: Duration, seen: &Seen) -> Option<Blockers> {
        match self {
            Self::Postgres(lock) => Some(lock.watch(session, every, seen.clone())),
            Self::MySql(_) | Self::File(_) | Self::Private => None,
        }
    }

    /// A second lock for the run itself, if the server can outlive the process.
    pub(super) fn key_of_run(&self) -> Option<i64> {
        match self {
            Self::Postgres(lock) => Some(lock.key_of_run()),
            Self::MySql(_) | Self::File(_) | Self::Private => None,
        }
    }

    /// The latest statement of the server's process `pid`, up to the length that the server keeps.
    pub(super) async fn statement_of(&self, pid: i32) -> Option<String> {
        match self {
            Self::Postgres(lock) => lock.statement_of(pid).await,
            Self::MySql(_) | Self::File(_) | Self::Private => None,
        }
    }

    async fn attempt(&mut self) -> Result<bool, Error> {
        match self {
            Self::Postgres(lock) => lock.attempt().await,
            Self::MySql(lock) => lock.attempt().await,
            Self::File(lock) => lock.attempt(),
            Self::Private => Ok(true),
        }
    }

    async fn holder(&mut self) -> Result<Holder, Error> {
        match self {
            Self::Postgres(lock) => lock.holder().await,
            Self::MySql(lock) => lock.holder().await,
            Self::File(lock) => Ok(lock.holder()),
            Self::Private => Ok(Holder::default()),
        }
    }
}

/// Waiting time of one process, and the holder that it waits for.
pub(super) struct Wait {
    since: Instant,
    patience: Duration,
    pause: Duration,
    holder: Option<Holder>,
}

impl Wait {
    pub(super) fn new(patience: Duration) -> Self {
        Self { since: Instant::now(), patience, pause: BACK_OFF.0, holder: None }
    }

    /// Waits a little, and logs a holder that is new.
    ///
    /// # Errors
    /// [`Error::Locked`] after the patience.
    pub(super) async fn pause(&mut self, holder: Holder) -> Result<(), Error> {
        let waited = self.since.elapsed();
        // A lock that was released between two attempts has no holder.
        if !holder.id.is_empty() && self.holder.as_ref().is_none_or(|known| known.id != holder.id) {
            info!("waiting for {holder}, which is migrating this database");
            self.holder = Some(holder);
        }
        if waited >= self.patience {
            let holder = self.holder.take().unwrap_or_default().to_string();
            return Err(Error::Locked { holder, waited });
        }
        tokio::time::sleep(self.pause.min(self.patience.saturating_sub(waited))).await;
        self.pause = (self.pause * 2).min(BACK_OFF.1);
        Ok(())
    }
}

/// Descriptions of the sessions that stopped a statement last.
pub(super) type Seen = Arc<Mutex<Vec<String>>>;

/// Table of the lock that belongs to the records in `table`, on MariaDB / MySQL. The underscore hides it from
/// `sea-orm-cli generate entity`.
pub(super) fn table_name(table: &str) -> String {
    format!("_{table}_lock")
}

/// A hash of `name` that is the same in every program and version (FNV-1a, 64 bits).
fn hash(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
