//! Access to the database: reads by class, and writes in transactions that run to their end, each within a limit.

mod budget;
mod class;
mod connect;
mod health;
mod lane;
mod lanes;
mod limits;
mod pool;
mod pulse;
mod query;
mod queue;
mod read;
mod repetition;
mod row;
mod settings;
mod turns;
mod wal;
mod write;

use std::sync::Arc;

use sea_orm::{DatabaseConnection, DbBackend};
use tokio::{sync::OnceCell, time::Instant};

pub(crate) use self::{
    class::Class,
    query::Query,
    queue::Priority,
    repetition::Repetition,
    row::{delete, set, update},
    write::TransactionOutcome,
};
pub use self::{health::Health, queue::WriteQueue, settings::DbSettings, turns::ReadTurns};
use self::{lanes::Lanes, limits::Limits, pool::Pool, read::EXPORT};
use crate::Result;

/// Connections to the database. Imports, exports and expensive reads have some of their own.
#[derive(Debug, Clone)]
pub struct Db {
    requests: Arc<Pool>,
    expensive: Arc<Lanes>,
    exports: Arc<Lanes>,
    /// Opened by the first long operation.
    long: Arc<OnceCell<Arc<Pool>>>,
    settings: Arc<DbSettings>,
    write_queue: WriteQueue,
    /// Priority of its writers.
    priority: Priority,
    /// Whether its lists are batches of an export.
    is_export: bool,
    health: Arc<Health>,
    backend: DbBackend,
}

impl Db {
    /// Opens connections on first use. A process has one `health`, one set of `turns`, and one `write_queue` for each
    /// file.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable) or [`Error::Internal`](crate::Error::Internal) if the URL or its options are not valid.
    pub async fn open(
        settings: &DbSettings,
        write_queue: WriteQueue,
        turns: ReadTurns,
        health: Arc<Health>,
    ) -> Result<Self> {
        let limits = Limits::of_requests(settings.budget);
        // The first connection switches an SQLite file to WAL; two cannot do so at once.
        let priority = Priority::default();
        let _turn = write_queue.take(priority, Instant::now() + settings.long).await?;
        let requests = Arc::new(Pool::open(settings.for_requests(), limits, &health).await?);
        let backend = requests.current().conn.get_database_backend();
        let expensive = Arc::new(Lanes::new(settings, settings.budget, turns.expensive));
        let exports = Arc::new(Lanes::new(settings, EXPORT, turns.exports));
        let (settings, long) = (Arc::new(settings.clone()), Arc::default());
        let is_export = false;
        Ok(Self {
            requests,
            expensive,
            exports,
            long,
            settings,
            write_queue,
            priority,
            is_export,
            health,
            backend,
        })
    }

    /// The same connections for writers of another priority.
    pub(crate) fn with_priority(&self, priority: Priority) -> Self {
        Self { priority, ..self.clone() }
    }

    /// The same connections, except that lists are read as batches of an export. Requests keep their connections then,
    /// and the caches of these do not fill up.
    pub(crate) fn for_export(&self) -> Self {
        Self { is_export: true, ..self.clone() }
    }

    /// The connections of requests, for programs that use them directly.
    #[must_use]
    pub fn connection(&self) -> DatabaseConnection {
        self.requests.current().conn.clone()
    }

    /// Closes every connection.
    ///
    /// # Errors
    /// Errors of the driver.
    pub async fn close(&self) -> Result<()> {
        if let Some(long) = self.long.get() {
            long.close().await?;
        }
        self.expensive.close().await?;
        self.exports.close().await?;
        Ok(self.requests.close().await?)
    }

    /// Runs the work of a request, whose operations on the database share its budget.
    pub async fn within_budget<F: Future>(&self, work: F) -> F::Output {
        budget::within(self.settings.budget, work).await
    }

    /// Health of the database, as this process sees it.
    #[must_use]
    pub fn health(&self) -> &Health {
        &self.health
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.backend
    }

    /// Connections of imports.
    async fn long(&self) -> Result<&Arc<Pool>> {
        let open = async || {
            let limits = Limits::of_long_operations(self.settings.long);
            Pool::open(self.settings.for_long_operations(), limits, &self.health).await.map(Arc::new)
        };
        self.long.get_or_try_init(open).await
    }
}
