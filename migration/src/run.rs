//! Runs migrations: one process at a time, and all of a run or nothing of it where the database can.
//!
//! A [`Session`] takes the migration lock before anything else, and gives it back when it ends. On PostgreSQL
//! and SQLite a run is one transaction; on MariaDB / MySQL, which commit each DDL statement, it keeps a journal.
//! Nothing here knows a table but the one that SeaORM keeps its records in.

use std::{fmt, marker::PhantomData, pin::Pin, sync::Arc, time::Duration};

use log::info;
use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{ConnectOptions, DatabaseConnection, DbBackend, DbErr, Statement},
};

use crate::startup;

mod atomic;
mod error;
mod foreign_keys;
mod journal;
mod leftovers;
mod lock;
mod names;
mod order;
mod records;
mod stepwise;

pub use self::{
    error::{Error, HalfDone, Unfinished},
    names::resolve,
    order::{Direction, Extent, Step},
    records::applied,
};
use self::{journal::Journal, lock::Lock, order::Order};

/// Where to migrate, and as whom.
#[derive(Debug, Clone)]
pub struct Place {
    /// `sqlite:`, `postgres://` or `mysql://`.
    pub url: String,
    /// The search path, on PostgreSQL.
    pub schema: Option<String>,
    /// How long to wait for another process that migrates this database.
    pub patience: Duration,
    /// Who we are, for those who wait for us: `bookly serve, process 123`.
    pub name: String,
}

impl Place {
    /// The database at `url`, by its default schema, for this process under `name`.
    #[must_use]
    pub fn new(url: impl Into<String>, name: &str, patience: Duration) -> Self {
        let name = format!("{name}, process {}", std::process::id());
        Self { url: url.into(), schema: None, patience, name }
    }
}

/// What [`Script`] answers.
pub type Scripted = Pin<Box<dyn Future<Output = Result<Vec<Statement>, DbErr>> + Send>>;

/// The statements that a migration of this name runs in this direction on MariaDB / MySQL, in their order.
pub type Script = Arc<dyn Fn(&str, Direction) -> Scripted + Send + Sync>;

/// The right to migrate one database, for as long as it lives.
pub struct Session<M> {
    db: DatabaseConnection,
    lock: Lock,
    patience: Duration,
    journal: Option<Journal>,
    script: Option<Script>,
    migrator: PhantomData<fn() -> M>,
}

impl<M> fmt::Debug for Session<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("db", &self.db).field("lock", &self.lock).finish_non_exhaustive()
    }
}

impl<M: MigratorTrait> Session<M> {
    /// Waits for the migration lock, and only then opens the database. A file of SQLite that is not there
    /// is created.
    ///
    /// # Errors
    /// [`Error::Locked`] when another process holds the lock for longer than the place's patience;
    /// [`Error::Database`] and [`Error::LockFile`] when the database or its folder cannot be opened.
    pub async fn open(place: Place) -> Result<Self, Error> {
        let lock = Lock::take(&place, &M::migration_table_name().to_string()).await?;
        let mut options = ConnectOptions::new(&place.url);
        // What the journal and the locks of a run hang on must not be replaced half way.
        options.max_lifetime(None).idle_timeout(None).set_application_name(&place.name);
        if let Some(schema) = &place.schema {
            options.set_schema_search_path(schema);
        }
        let journal = match lock {
            Lock::MySql(_) => Some(Journal::attach(&mut options, &M::migration_table_name().to_string())),
            Lock::Postgres(_) | Lock::File(_) | Lock::Private => None,
        };
        let mut db = startup::connect(options).await?;
        if let Some(journal) = &journal {
            journal.listen(&mut db).await?;
        }
        Ok(Self { db, lock, patience: place.patience, journal, script: None, migrator: PhantomData })
    }

    /// Lets this session go on where a run on MariaDB / MySQL was cut off, by what `script` says of the
    /// migration concerned.
    #[must_use]
    pub fn with_script(mut self, script: Script) -> Self {
        self.script = Some(script);
        self
    }

    /// The connection that migrates: the only one, and on MariaDB / MySQL without autocommit between a
    /// statement and its end, so use it for whole statements or in transactions.
    #[must_use]
    pub fn connection(&self) -> &DatabaseConnection {
        &self.db
    }

    /// Applies pending migrations, oldest first.
    ///
    /// # Errors
    /// See [`Error`]. On PostgreSQL and SQLite nothing of the run is kept then, save what ran before and in a
    /// migration whose `use_transaction()` is `Some(false)`.
    pub async fn up(&mut self, extent: Extent) -> Result<Vec<Step>, Error> {
        self.run(Order::Up(extent)).await
    }

    /// Rolls applied migrations back, newest first. With [`Extent::To`], the one named stays applied.
    ///
    /// # Errors
    /// As [`Session::up`].
    pub async fn down(&mut self, extent: Extent) -> Result<Vec<Step>, Error> {
        self.run(Order::Down(extent)).await
    }

    /// Rolls everything back and applies it again.
    ///
    /// # Errors
    /// As [`Session::up`].
    pub async fn refresh(&mut self) -> Result<Vec<Step>, Error> {
        self.run(Order::Refresh).await
    }

    /// Rolls everything back and drops the table of records.
    ///
    /// # Errors
    /// As [`Session::up`].
    pub async fn reset(&mut self) -> Result<Vec<Step>, Error> {
        self.run(Order::Reset).await
    }

    /// Drops every table, known or not, and applies everything.
    ///
    /// # Errors
    /// As [`Session::up`].
    pub async fn fresh(&mut self) -> Result<Vec<Step>, Error> {
        self.run(Order::Fresh).await
    }

    /// Records `names` as applied and no others, without running anything, and forgets what an unfinished
    /// migration has done: whoever calls this has seen to it.
    ///
    /// # Errors
    /// [`Error::UnknownName`] for a name that the migrator lacks, and what the database says.
    pub async fn stamp(&mut self, names: &[String]) -> Result<(), Error> {
        self.lock.check().await?;
        records::stamp::<M>(&self.db, names).await?;
        self.forget().await
    }

    /// Drops the journal of MariaDB / MySQL, if there is one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn forget(&self) -> Result<(), Error> {
        match &self.journal {
            Some(journal) => journal.remove(&self.db).await,
            None => Ok(()),
        }
    }

    /// Ends the session and gives the lock back. Dropping it does the same a little later.
    ///
    /// # Errors
    /// What the driver says; the lock is gone all the same.
    pub async fn close(self) -> Result<(), Error> {
        let closed = self.db.close().await;
        self.lock.give_back().await;
        Ok(closed?)
    }

    async fn run(&mut self, order: Order) -> Result<Vec<Step>, Error> {
        let steps = match self.db.get_database_backend() {
            DbBackend::MySql => self.run_stepwise(order).await?,
            _ => self.run_atomic(order).await?,
        };
        if steps.is_empty() {
            info!("no migration to run");
        }
        Ok(steps)
    }
}
