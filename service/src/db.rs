//! Access to the database: reads by class, and writes in transactions that run to their end.

mod class;
mod query;
mod queue;
mod read;
mod row;
mod settings;
mod write;

use std::sync::Arc;

use sea_orm::{Database, DatabaseConnection, DbBackend, DbErr};

pub(crate) use self::{
    class::Class,
    query::Query,
    row::{delete, set, update},
    write::TransactionOutcome,
};
pub use self::{queue::WriteQueue, settings::DbSettings};
use crate::{Result, error::is_disconnected};

/// A pool of connections to the database.
#[derive(Debug, Clone)]
pub struct Db {
    pool: Arc<DatabaseConnection>,
    max_connections: u32,
    write_queue: WriteQueue,
}

impl Db {
    /// Opens a pool, which connects on first use. Pools that share a file must share their `write_queue`.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable) or [`Error::Internal`](crate::Error::Internal) if the URL or
    /// its options are not valid.
    pub async fn open(settings: &DbSettings, write_queue: WriteQueue) -> Result<Self> {
        // The first connection switches an SQLite file to WAL; two cannot do so at once.
        let _turn = write_queue.take().await?;
        let pool = Database::connect(settings.options()).await?;
        Ok(Self { pool: Arc::new(pool), max_connections: settings.max_connections, write_queue })
    }

    /// Connections of the pool, for comparing the schema with its migrations.
    #[must_use]
    pub fn connection(&self) -> &DatabaseConnection {
        &self.pool
    }

    /// Closes every connection.
    ///
    /// # Errors
    /// Errors of the driver.
    pub async fn close(&self) -> Result<()> {
        Ok(self.pool.close_by_ref().await?)
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }
}

/// Whether the connection died. Failure to get a connection at all is not worth a retry.
fn is_dead(error: &DbErr) -> bool {
    is_disconnected(error) && !matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_))
}
