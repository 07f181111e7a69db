//! Writes: transactions that run to their end.

use std::pin::Pin;

use sea_orm::{DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait};

use super::{Db, is_dead};
use crate::{Error, Result};

/// Outcome of a transaction whose work succeeded.
pub(crate) enum TransactionOutcome<T> {
    Commit(T),
    Rollback(T),
}

/// Work of a transaction.
pub(crate) type Work<'t, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 't>>;

impl Db {
    /// Runs `work` in a transaction and commits it, unless `work` fails. See [`Db::transaction`]. The work may run
    /// several times, each time with a clone of `input`.
    pub(crate) async fn write<I, T, F>(&self, input: I, work: F) -> Result<T>
    where
        I: Clone + Send + 'static,
        T: Send + 'static,
        F: for<'t> Fn(&'t DatabaseTransaction, I) -> Work<'t, T> + Send + 'static,
    {
        self.transaction(move |txn| {
            let work = work(txn, input);
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
