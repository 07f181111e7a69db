//! Access to the database: reads that survive a lost connection, and writes that run to their end.

use std::{pin::Pin, sync::Arc, time::Duration};

use sea_orm::{
    ActiveModelBehavior, ActiveValue, ColumnTrait, ConnectOptions, Database, DatabaseConnection,
    DatabaseTransaction, DbBackend, DbErr, DeleteMany, EntityTrait, IntoActiveModel, QueryFilter, QueryTrait,
    SqliteTransactionMode, TransactionOptions, TransactionTrait, Value,
    sqlx::{self, Connection, sqlite},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Error, Result, error::is_disconnected};

/// Time that a writer waits for the write lock on SQLite, which admits one writer: longer than most imports take,
/// shorter than the limit of a request.
const SQLITE_WRITER_PATIENCE: Duration = Duration::from_secs(25);

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

/// A pool of connections to the database.
#[derive(Debug, Clone)]
pub struct Db {
    pool: Arc<DatabaseConnection>,
    max_connections: u32,
    write_queue: WriteQueue,
}

/// Queue of SQLite's writers, one per process. Other databases have none.
#[derive(Debug, Clone, Default)]
pub struct WriteQueue(Option<Arc<Semaphore>>);

impl WriteQueue {
    /// Queue for the database at `url`.
    #[must_use]
    pub fn for_url(url: &str) -> Self {
        Self(url.starts_with("sqlite:").then(|| Arc::new(Semaphore::new(1))))
    }

    /// Waits until this writer may write, if only one may.
    async fn take(&self) -> Result<Option<OwnedSemaphorePermit>> {
        let Some(semaphore) = &self.0 else { return Ok(None) };
        let turn = tokio::time::timeout(SQLITE_WRITER_PATIENCE, semaphore.clone().acquire_owned()).await;
        match turn {
            Ok(permit) => Ok(permit.ok()),
            Err(_) => Err(Error::Unavailable("another writer holds the database".into())),
        }
    }
}

/// Outcome of a transaction whose work succeeded.
pub(crate) enum TransactionOutcome<T> {
    Commit(T),
    Rollback(T),
}

type Work<'t, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 't>>;

impl Db {
    /// Opens a pool, which connects on first use. Pools that share a file must share their `write_queue`.
    ///
    /// # Errors
    /// [`Error::Unavailable`] or [`Error::Internal`] if the URL or its options are not valid.
    pub async fn open(settings: &DbSettings, write_queue: WriteQueue) -> Result<Self> {
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
        // The first connection switches an SQLite file to WAL; two cannot do so at once.
        let _turn = write_queue.take().await?;
        let pool = Database::connect(options).await?;
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

    /// Runs a query; retries it once on another connection if the first was dead.
    pub(crate) async fn read<T>(
        &self,
        query: impl AsyncFn(&DatabaseConnection) -> std::result::Result<T, DbErr>,
    ) -> Result<T> {
        let mut attempts = self.max_connections;
        loop {
            match query(&self.pool).await {
                Err(error) if attempts > 0 && is_dead(&error) => attempts -= 1,
                answer => return Ok(answer?),
            }
        }
    }

    /// Runs `work` in a transaction and commits it, unless `work` fails. See [`Db::transaction`].
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> Work<'t, T> + Send + 'static,
    {
        self.transaction(|txn| {
            let work = work(txn);
            Box::pin(async move { work.await.map(TransactionOutcome::Commit) })
        })
        .await
    }

    /// Runs `work` in a transaction that completes even if the caller is cancelled: neither an open transaction nor
    /// half of the work is left.
    pub(crate) async fn transaction<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> Work<'t, TransactionOutcome<T>> + Send + 'static,
    {
        let db = self.clone();
        let task = tokio::spawn(async move {
            let _turn = db.write_queue.take().await?;
            let transaction = db.begin().await?;
            match work(&transaction).await {
                Ok(TransactionOutcome::Commit(value)) => transaction.commit().await.map(|()| Ok(value))?,
                Ok(TransactionOutcome::Rollback(value)) => {
                    transaction.rollback().await.map(|()| Ok(value))?
                }
                Err(error) => {
                    // The caller needs the first error; a connection that cannot roll back is not used again.
                    if let Err(error) = transaction.rollback().await {
                        log::debug!("rollback failed: {error}");
                    }
                    Err(error)
                }
            }
        });
        task.await.map_err(Error::internal)?
    }

    async fn begin(&self) -> Result<DatabaseTransaction> {
        let options = || TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        let mut attempts = self.max_connections;
        loop {
            match self.pool.begin_with_options(options()).await {
                Err(error) if attempts > 0 && is_dead(&error) => attempts -= 1,
                begun => return Ok(begun?),
            }
        }
    }
}

/// Whether a connection of SQLite is usable for another transaction. SQLite rolls back by itself when the disk is full
/// or an I/O error occurs; the driver's own ROLLBACK then fails, it still counts a transaction as open, and the next
/// one would be a savepoint of it that is never committed.
async fn is_reusable(connection: &mut sqlx::SqliteConnection) -> std::result::Result<bool, sqlx::Error> {
    // Runs a rollback that is still queued.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

/// Whether the connection died. Failure to get a connection at all is not worth a retry.
fn is_dead(error: &DbErr) -> bool {
    is_disconnected(error) && !matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_))
}

/// Writes a changed row and returns it. `versions` are its accepted versions.
///
/// # Errors
/// [`Error::Stale`] if the row has none of `versions`.
pub(crate) async fn update<A>(
    txn: &DatabaseTransaction,
    row: A,
    version: <A::Entity as EntityTrait>::Column,
    versions: Option<Vec<i64>>,
) -> Result<<A::Entity as EntityTrait>::Model>
where
    A: ActiveModelBehavior + Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    let row = A::before_save(row, txn, false).await?;
    let update = A::Entity::update(row)
        .validate()?
        .apply_if(versions, |update, versions| update.filter(version.is_in(versions)));
    match update.exec(txn).await {
        Err(DbErr::RecordNotUpdated) => Err(Error::Stale),
        written => Ok(written?),
    }
}

/// Deletes the single row of `delete`, if its version is one of `versions`.
///
/// # Errors
/// [`Error::Stale`] otherwise.
pub(crate) async fn delete<E: EntityTrait>(
    txn: &DatabaseTransaction,
    delete: DeleteMany<E>,
    version: E::Column,
    versions: Option<Vec<i64>>,
) -> Result<()> {
    let delete = delete.apply_if(versions, |delete, versions| delete.filter(version.is_in(versions)));
    match delete.exec(txn).await?.rows_affected {
        0 => Err(Error::Stale),
        _ => Ok(()),
    }
}

/// Sets a field from a patch; an absent one stays.
pub(crate) fn set<T: Into<Value>>(field: &mut ActiveValue<T>, new: Option<T>) {
    if let Some(value) = new {
        *field = ActiveValue::Set(value);
    }
}
