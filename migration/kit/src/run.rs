//! Runs of migrations: one process at a time, and a whole run or nothing of it if the database can undo one.
//!
//! A [`Session`] takes the migration lock before it opens the database, and releases it at its end. On PostgreSQL and
//! SQLite a run is one transaction. MariaDB and MySQL commit each DDL statement: there a run keeps a journal.

use std::{fmt, marker::PhantomData, sync::Arc, time::Duration};

use log::info;
use sea_orm_migration::{
    MigratorTrait, SchemaManager,
    sea_orm::{
        ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr,
        TransactionTrait as _, sqlx::sqlite::SqliteJournalMode,
    },
};

mod atomic;
mod busy;
pub mod checksums;
mod consent;
mod error;
mod file;
mod foreign_keys;
mod indexes;
mod journal;
mod ledger;
mod lock;
pub mod names;
mod order;
mod preview;
mod reach;
pub mod recorder;
mod records;
mod renames;
mod script;
mod search_path;
mod state;
mod stepwise;
mod stopped;
mod sweep;
mod table_lock;
mod target;
mod trace;

#[cfg(feature = "cli")]
#[cfg(feature = "cli")]
pub(crate) use self::renames::find as find_renamed;
pub use self::{
    consent::{Consent, Proposal},
    error::{Error, Failure, HalfDone, Unfinished, describe},
    file::{create_sqlite_file, sqlite_file},
    indexes::{InvalidIndex, invalid_of as invalid_indexes},
    names::resolve,
    order::{Direction, Step, Until},
    preview::preview_up,
    reach::{Unreachable, server as reach},
    records::{Record, applied, applied_names},
    renames::Renamed,
    state::{SchemaState, state},
    stopped::{Stopped, stopped},
    table_lock::TABLE_LOCK_TIMEOUT,
    target::{PATIENCE, Target},
};
use self::{journal::Journal, ledger::Ledger, lock::Lock, order::Order, sweep::Sweep, trace::Trace};

/// Connects for a migration: one connection, and on SQLite without foreign keys, since the rebuild of a table under
/// them would delete the rows of its children. A file of SQLite is switched to WAL; a new one is readable by its owner
/// only.
///
/// # Errors
/// [`DbErr`] of the driver.
pub async fn connect(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    connect_within(options, None).await
}

/// Connects, and on SQLite waits that long for a lock of another program.
async fn connect_within(
    mut options: ConnectOptions,
    patience: Option<Duration>,
) -> Result<DatabaseConnection, DbErr> {
    create_sqlite_file(options.get_url());
    options
        .max_connections(1)
        .sqlx_logging_level(log::LevelFilter::Debug)
        .map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite =
                sqlite.foreign_keys(false).create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
            match patience {
                Some(patience) => sqlite.busy_timeout(patience),
                None => sqlite,
            }
        })
        // PgBouncer refuses a setting that it does not know.
        .map_sqlx_postgres_opts(|postgres| postgres.extra_float_digits(None));
    Database::connect(options).await
}

/// Right to migrate one database, for the lifetime of the value.
pub struct Session<M> {
    db: DatabaseConnection,
    lock: Lock,
    patience: Duration,
    table_lock_timeout: Option<Duration>,
    journal: Option<Journal>,
    trace: Trace,
    consent: Option<Arc<dyn Consent>>,
    search_path: Option<search_path::Reset>,
    excluded: Vec<String>,
    migrator: PhantomData<fn() -> M>,
}

impl<M> fmt::Debug for Session<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("db", &self.db).field("lock", &self.lock).finish_non_exhaustive()
    }
}

impl<M: MigratorTrait> Session<M> {
    /// Waits for the migration lock, then opens the database. Creates a missing file of SQLite.
    ///
    /// # Errors
    /// [`Error::Unreachable`] within five seconds if the server is away; [`Error::Locked`] if another process holds the lock
    /// for longer than the target's patience; [`Error::Database`] and [`Error::LockFile`] if the database or its folder cannot be opened.
    pub async fn open(target: Target) -> Result<Self, Error> {
        let table = M::migration_table_name().to_string();
        reach(&target.url).await?;
        let lock = Lock::take(&target, &table).await?;
        let mut options = ConnectOptions::new(&target.url);
        // The journal and the locks of a run are bound to this connection, so the pool must not replace it.
        options.max_lifetime(None).idle_timeout(None).set_application_name(&target.name);
        if let Some(path) = &target.schema {
            search_path::attach(&mut options, path);
        }
        let Target { patience, table_lock_timeout, .. } = target;
        let journal =
            lock.lease().map(|lease| Journal::attach(&mut options, &table, lease, table_lock_timeout));
        let mut db =
            busy::connect(options, patience, |options| connect_within(options, Some(patience))).await?;
        let trace = Trace::default();
        match &journal {
            Some(journal) => journal.listen(&mut db).await?,
            None => trace.follow(&mut db),
        }
        let search_path = target.schema.filter(|_| db.get_database_backend() == DbBackend::Postgres);
        let search_path = search_path.map(|_| search_path::Reset::of(&db));
        Ok(Self {
            db,
            lock,
            patience,
            table_lock_timeout,
            journal,
            trace,
            consent: None,
            search_path,
            excluded: Vec::new(),
            migrator: PhantomData,
        })
    }

    /// Keeps objects of these names in [`Session::fresh`], [`Session::refresh`] and [`Session::reset`], with what they need;
    /// `*` matches any characters, and a schema may precede the name.
    #[must_use]
    pub fn with_excluded(mut self, names: Vec<String>) -> Self {
        self.excluded = names;
        self
    }

    /// The only connection of the session. On MariaDB / MySQL it has no autocommit between a statement and its end, so
    /// use it for whole statements or in transactions.
    #[must_use]
    pub fn connection(&self) -> &DatabaseConnection {
        &self.db
    }

    /// Applies pending migrations, oldest first.
    ///
    /// # Errors
    /// See [`Error`]. On PostgreSQL and SQLite nothing of the run is kept then, except the effects of a migration
    /// whose `use_transaction()` is `Some(false)` and of the migrations before it.
    pub async fn up(&mut self, until: Until) -> Result<Vec<Step>, Error> {
        self.run(Order::Up(until)).await
    }

    /// Rolls applied migrations back, newest first. With [`Until::Migration`], the named one stays applied.
    ///
    /// # Errors
    /// As [`Session::up`].
    pub async fn down(&mut self, until: Until) -> Result<Vec<Step>, Error> {
        self.run(Order::Down(until)).await
    }

    /// Rolls everything back, drops views, types, functions and the like that are left, and applies everything again.
    ///
    /// # Errors
    /// As [`Session::up`].
    pub async fn refresh(&mut self) -> Result<Vec<Step>, Error> {
        self.run(Order::Refresh).await
    }

    /// Rolls everything back, drops views, types, functions and the like that are left, and the tables of records.
    ///
    /// # Errors
    /// As [`Session::up`].
    pub async fn reset(&mut self) -> Result<Vec<Step>, Error> {
        self.run(Order::Reset).await
    }

    /// Drops every table, view, type and function, including those of other programs, and applies everything.
    ///
    /// # Errors
    /// As [`Session::up`]; [`Error::Kept`] if an object that is excluded, or in another schema, refers to one of them.
    pub async fn fresh(&mut self) -> Result<Vec<Step>, Error> {
        self.run(Order::Fresh).await
    }

    /// Records exactly these migrations as applied, each in the form that this program has, without running any. A
    /// migration that was cut off on MariaDB / MySQL stays so, unless it is recorded as complete by this.
    ///
    /// # Errors
    /// [`Error::UnknownName`] for a name that the migrator lacks; [`Error::Database`].
    pub async fn stamp(&mut self, names: &[String]) -> Result<(), Error> {
        self.lock.check().await?;
        let mut ledger = Ledger::<M>::new(self.db.get_database_backend());
        // On MariaDB / MySQL, DDL ends a transaction, so the tables come first.
        ledger.install(&SchemaManager::new(&self.db)).await?;
        let txn = self.db.begin().await?;
        ledger.stamp(&SchemaManager::new(&txn), names).await?;
        txn.commit().await?;
        Ok(())
    }

    /// Records applied migrations under the names that this program has, without running any.
    ///
    /// # Errors
    /// [`Error::UnknownName`] and [`Error::AmbiguousName`] for a former name that is not recorded or that this program has,
    /// and for a new one that it lacks; [`Error::AlreadyApplied`] for a new one that is recorded; [`Error::Database`].
    pub async fn rename(&mut self, renames: &[Renamed]) -> Result<Vec<Renamed>, Error> {
        self.lock.check().await?;
        let ledger = Ledger::<M>::new(self.db.get_database_backend());
        ledger.install(&SchemaManager::new(&self.db)).await?;
        let txn = self.db.begin().await?;
        let renamed = ledger.rename(&SchemaManager::new(&txn), renames).await?;
        txn.commit().await?;
        Ok(renamed)
    }

    /// Forgets the migration that was cut off on MariaDB / MySQL, whose statements were undone by hand.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn forget(&self) -> Result<(), Error> {
        match &self.journal {
            Some(journal) => journal.remove(&self.db).await,
            None => Ok(()),
        }
    }

    /// Ends the session and releases the lock. Dropping the session does the same a little later.
    ///
    /// # Errors
    /// [`Error::Database`] of the driver; the lock is released all the same.
    pub async fn close(self) -> Result<(), Error> {
        if let Some(search_path) = self.search_path {
            search_path.now().await;
        }
        let closed = self.db.close().await;
        self.lock.release().await;
        Ok(closed?)
    }

    /// Drops what the migrations have left, apart from tables.
    async fn drop_left(&self, db: &impl ConnectionTrait) -> Result<(), Error> {
        let sweep = Sweep::of::<M>(db.get_database_backend(), false, &self.excluded).await;
        Ok(sweep::execute(db, &sweep.statements(db).await?).await?)
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
