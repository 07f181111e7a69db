//! Opening of connections, with the limits that the server enforces.

use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, Statement,
    sqlx::{
        self, Connection, Executor,
        pool::PoolOptions,
        sqlite::{SqliteConnection, SqliteJournalMode, SqliteSynchronous},
    },
};
use tokio::sync::watch;

use super::{DbSettings, limits::Limits};

/// Idle time after which a connection is tested before use.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);

/// Longest wait for the write lock of SQLite, during which a thread can do nothing else.
const SQLITE_LOCK: Duration = Duration::from_secs(30);

/// Operations of SQLite's engine between two looks at the flag that ends a statement.
const SQLITE_STEPS: i32 = 1000;

/// Opens a pool, which connects on first use, except on SQLite. Statements of SQLite end when `gone` is true.
pub(super) async fn connect(
    settings: &DbSettings,
    limits: Limits,
    gone: watch::Receiver<bool>,
) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(&settings.url);
    options
        .max_connections(settings.max_connections)
        .min_connections(settings.min_connections)
        .acquire_timeout(settings.acquire_timeout)
        .connect_timeout(settings.acquire_timeout)
        .idle_timeout(settings.idle_timeout)
        .max_lifetime(settings.max_lifetime)
        .test_before_acquire_if_idle_for(TRUSTED_IDLE)
        .sqlx_logging(settings.echo)
        .sqlx_logging_level(log::LevelFilter::Info)
        .connect_lazy(true)
        .map_sqlx_postgres_opts(move |options| options.options(limits.of_postgres()))
        .map_sqlx_mysql_pool_opts(move |pool| {
            let limits = limits.of_mariadb();
            pool.after_connect(move |connection, _| {
                let limits = sqlx::AssertSqlSafe(limits.clone());
                Box::pin(async move { connection.execute(limits).await.map(drop) })
            })
        })
        .map_sqlx_sqlite_opts(move |options| {
            options
                .create_if_missing(true)
                .foreign_keys(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(limits.lock.min(SQLITE_LOCK))
        })
        .map_sqlx_sqlite_pool_opts(move |pool| interruptible(pool, &gone));
    Box::pin(Database::connect(options)).await
}

/// Pool of SQLite whose statements end when `gone` is true.
fn interruptible(pool: PoolOptions<sqlx::Sqlite>, gone: &watch::Receiver<bool>) -> PoolOptions<sqlx::Sqlite> {
    let gone = gone.clone();
    let pool = pool.after_connect(move |connection, _| {
        let gone = gone.clone();
        Box::pin(async move {
            connection.lock_handle().await?.set_progress_handler(SQLITE_STEPS, move || !*gone.borrow());
            Ok(())
        })
    });
    pool.after_release(|connection, _| Box::pin(is_reusable(connection)))
}

/// Whether a connection of SQLite is usable for another transaction. SQLite rolls back by itself when the disk is full
/// or an I/O error occurs; the driver's own ROLLBACK then fails, it still counts a transaction as open, and the next
/// one would be a savepoint of it that is never committed.
async fn is_reusable(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // Runs a rollback that is still queued.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

/// Whether the server rejects writes: it is a standby, or an option says so. SQLite has no such server.
pub(super) async fn is_read_only(conn: &DatabaseConnection) -> Result<bool, DbErr> {
    let backend = conn.get_database_backend();
    let question = match backend {
        DbBackend::Postgres => "SELECT 1 WHERE current_setting('transaction_read_only') = 'on'",
        DbBackend::MySql => "SELECT 1 FROM DUAL WHERE CAST(@@global.read_only AS CHAR) NOT IN ('0', 'OFF')",
        _ => return Ok(false),
    };
    Ok(conn.query_one_raw(Statement::from_string(backend, question)).await?.is_some())
}
