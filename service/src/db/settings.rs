//! Settings of the connections.

use std::time::Duration;

use sea_orm::{
    ConnectOptions,
    sqlx::{self, Connection, sqlite},
};

use super::queue::SQLITE_WRITER_PATIENCE;

/// Idle time after which a connection is tested before use.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);

/// Address of the database, and limits of its connection pool.
#[derive(Debug, Clone)]
pub struct DbSettings {
    /// `sqlite://`, `postgres://` or `mysql://`.
    pub url: String,
    /// Maximum number of connections of one pool.
    pub max_connections: u32,
    /// Connections that a pool keeps open.
    pub min_connections: u32,
    /// Time that an operation waits for a connection.
    pub acquire_timeout: Duration,
    /// Idle time after which a connection is closed.
    pub idle_timeout: Duration,
    /// Age at which a connection is closed.
    pub max_lifetime: Duration,
    /// True to log every statement, at level `info`.
    pub echo: bool,
}

impl DbSettings {
    /// Options of a pool, which connects on first use.
    pub(super) fn options(&self) -> ConnectOptions {
        let mut options = ConnectOptions::new(&self.url);
        options
            .max_connections(self.max_connections)
            .min_connections(self.min_connections)
            .acquire_timeout(self.acquire_timeout)
            .connect_timeout(self.acquire_timeout)
            .idle_timeout(self.idle_timeout)
            .max_lifetime(self.max_lifetime)
            .test_before_acquire_if_idle_for(TRUSTED_IDLE)
            .sqlx_logging(self.echo)
            .sqlx_logging_level(log::LevelFilter::Info)
            .connect_lazy(true)
            .map_sqlx_sqlite_opts(|options| {
                options
                    .create_if_missing(true)
                    .foreign_keys(true)
                    .journal_mode(sqlite::SqliteJournalMode::Wal)
                    .synchronous(sqlite::SqliteSynchronous::Full)
                    .busy_timeout(SQLITE_WRITER_PATIENCE)
            })
            .map_sqlx_sqlite_pool_opts(|pool| {
                pool.after_release(|connection, _| Box::pin(is_reusable(connection)))
            });
        options
    }
}

/// Whether a connection of SQLite is usable for another transaction. SQLite rolls back by itself when the disk is full
/// or an I/O error occurs; the driver's own ROLLBACK then fails, it still counts a transaction as open, and the next
/// one would be a savepoint of it that is never committed.
async fn is_reusable(connection: &mut sqlx::SqliteConnection) -> Result<bool, sqlx::Error> {
    // Runs a rollback that is still queued.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}
