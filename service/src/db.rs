//! The one way to the database: reads that survive a lost connection, and writes that cannot be cut
//! off half way.

use std::{pin::Pin, sync::Arc, time::Duration};

use sea_orm::{
    ActiveModelBehavior, ActiveValue, ColumnTrait, ConnectOptions, Database, DatabaseConnection,
    DatabaseTransaction, DbBackend, DbErr, DeleteMany, EntityTrait, IntoActiveModel, QueryFilter, QueryTrait,
    SqliteTransactionMode, TransactionOptions, TransactionTrait, Value,
    sqlx::{self, Connection, sqlite},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Error, Result, error::is_disconnected};

/// How long a writer waits for its turn on SQLite, which has one writer at a time: longer than most imports take, and
/// not as long as a request may.
const SQLITE_WRITER_PATIENCE: Duration = Duration::from_secs(25);

/// How long a connection may lie idle before it is asked whether it still lives.
const TRUSTED_IDLE: Duration = Duration::from_secs(5);

/// Where the database is, and how many connections it may have.
#[derive(Debug, Clone)]
pub struct DbSettings {
    /// `sqlite://`, `postgres://` or `mysql://`.
    pub url: String,
    /// The most connections of one pool.
    pub max_connections: u32,
    /// Connections that a pool keeps open.
    pub min_connections: u32,
    /// How long an operation waits for a connection.
    pub acquire_timeout: Duration,
    /// After how long an unused connection is closed.
    pub idle_timeout: Duration,
    /// After how long any connection is closed.
    pub max_lifetime: Duration,
    /// Whether every statement is logged, at level `info`.
    pub echo: bool,
}

/// A pool of connections to the database.
#[derive(Debug, Clone)]
pub struct Db {
    pool: Arc<DatabaseConnection>,
    max_connections: u32,
    write_queue: WriteQueue,
}

/// The queue of SQLite's writers, one for the whole process. Other databases have none.
#[derive(Debug, Clone, Default)]
pub struct WriteQueue(Option<Arc<Semaphore>>);

impl WriteQueue {
    /// The queue that the database at `url` needs.
    #[must_use]
    pub fn for_url(url: &str) -> Self {
        Self(url.starts_with("sqlite:").then(|| Arc::new(Semaphore::new(1))))
    }

    /// Waits for the turn to write, where only one may.
    async fn take(&self) -> Result<Option<OwnedSemaphorePermit>> {
        let Some(semaphore) = &self.0 else { return Ok(None) };
        let turn = tokio::time::timeout(SQLITE_WRITER_PATIENCE, semaphore.clone().acquire_owned()).await;
        match turn {
            Ok(permit) => Ok(permit.ok()),
            Err(_) => Err(Error::Unavailable("another writer holds the database".into())),
        }
    }
}

/// How a transaction ends that did what it was to do.
pub(crate) enum TransactionOutcome<T> {
    Commit(T),
    Rollback(T),
}

type Work<'t, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 't>>;

impl Db {
    /// Opens a pool; connections are made when they are first needed. Pools that share a file must share
    /// their `write_queue`.
    ///
    /// # Errors
    /// [`Error::Unavailable`] or [`Error::Internal`] where the URL or its options cannot be used.
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
        // The first connection to a file of SQLite switches it to WAL, which two cannot do at once.
        let _turn = write_queue.take().await?;
        let pool = Database::connect(options).await?;
        Ok(Self { pool: Arc::new(pool), max_connections: settings.max_connections, write_queue })
    }

    /// The connections themselves, for whoever compares the schema with its migrations.
    #[must_use]
    pub fn connection(&self) -> &DatabaseConnection {
        &self.pool
    }

    /// Closes every connection.
    ///
    /// # Errors
    /// Whatever the driver says.
    pub async fn close(&self) -> Result<()> {
        Ok(self.pool.close_by_ref().await?)
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }

    /// Runs a query, again on another connection when it met a dead one.
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

    /// Runs `work` in a transaction and commits it, unless it fails. See [`Db::transaction`].
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

    /// Runs `work` in a transaction that begins and ends whatever becomes of the caller: one who gives up
    /// waiting leaves neither an open transaction nor half of the work behind.
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
                    // The cause is what the caller needs; a connection that cannot roll back is not used again.
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

/// Whether a connection of SQLite may serve another transaction. SQLite rolls back by itself when the disk is full or
/// an I/O error occurs; the driver's own ROLLBACK then fails, it still counts a transaction as open, and the next one
/// would be a savepoint of it that is never committed.
async fn is_reusable(connection: &mut sqlx::SqliteConnection) -> std::result::Result<bool, sqlx::Error> {
    // Runs a rollback that is still queued.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

/// Whether the connection died; one that could not be had at all is not worth another try.
fn is_dead(error: &DbErr) -> bool {
    is_disconnected(error) && !matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_))
}

/// Writes a changed row and gives it back as it is now. `versions` are those that the row may have.
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

/// Deletes the one row that `delete` names, if its version is one of `versions`.
///
/// # Errors
/// [`Error::Stale`] when it has none of them.
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

/// Sets what a patch names.
pub(crate) fn set<T: Into<Value>>(field: &mut ActiveValue<T>, new: Option<T>) {
    if let Some(value) = new {
        *field = ActiveValue::Set(value);
    }
}
