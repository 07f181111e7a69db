//! Writes: transactions that run to their end, even if their caller is gone.

use std::{pin::Pin, sync::Arc, time::Duration};

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout_at},
};

use super::{
    Db, budget,
    pool::{Generation, Needed, Pool, late},
    repetition::Repetition,
};
use crate::{
    Error, Result,
    error::{Failure, failure, kind},
};

/// Repetition of a transaction that another one excluded: the pause is at most 20 ms, and twice as long each time.
static CONFLICTS: Repetition = Repetition {
    failures: &[Failure::Conflict],
    most: 3,
    pause: |number| Duration::from_millis(20 << number).mul_f64(fastrand::f64()),
};

/// Outcome of a transaction whose work succeeded.
pub(crate) enum TransactionOutcome<T> {
    Commit(T),
    Rollback(T),
}

/// Work of a transaction.
pub(crate) type Work<'t, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 't>>;

/// Open transaction, with the turn of its writer.
type Begun = (DatabaseTransaction, OwnedSemaphorePermit);

impl Db {
    /// Runs `work` in a transaction within the budget of the request, and commits it, unless `work` fails. It
    /// completes even if the caller is cancelled: neither an open transaction nor half of the work is left. The work
    /// may run several times, each time with a clone of `input`, since it is repeated when another transaction
    /// excluded it, and when the database accepts writes again.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database does not answer in time, [`Error::ReadOnly`] if it accepts no writes.
    pub(crate) async fn write<I, T, F>(&self, input: I, work: F) -> Result<T>
    where
        I: Clone + Send + Sync + 'static,
        T: Send + 'static,
        F: for<'t> Fn(&'t DatabaseTransaction, I) -> Work<'t, T> + Send + Sync + 'static,
    {
        let started = Instant::now();
        let deadline = started + budget::available(self.requests.limits.longest);
        let (db, work) = (self.clone(), Arc::new(work));
        let task =
            tokio::spawn(async move { CONFLICTS.run(|| db.attempt(deadline, input.clone(), &work)).await });
        let done = task.await;
        budget::spend(started.elapsed());
        done.map_err(Error::internal)?
    }

    /// Runs `work` in a transaction of a long operation, on connections and within limits of its own. It completes
    /// even if the caller is cancelled.
    ///
    /// # Errors
    /// Those of [`Db::write`].
    pub(crate) async fn transaction<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> Work<'t, TransactionOutcome<T>> + Send + 'static,
    {
        let db = self.clone();
        let task = tokio::spawn(async move {
            let pool = db.long().await?;
            let (seen, deadline) = (pool.current(), Instant::now() + pool.limits.longest);
            let done = db.transact(pool, deadline, work).await;
            if is_read_only(&done) {
                pool.renew(&seen, Needed::Write).await;
            }
            done
        });
        task.await.map_err(Error::internal)?
    }

    /// Runs `work` once, or twice if the database accepts writes on new connections only.
    async fn attempt<I, T, F>(&self, deadline: Instant, input: I, work: &Arc<F>) -> Result<T>
    where
        I: Clone + Send + 'static,
        T: Send + 'static,
        F: for<'t> Fn(&'t DatabaseTransaction, I) -> Work<'t, T> + Send + Sync + 'static,
    {
        let (pool, seen) = (&self.requests, self.requests.current());
        let run = || {
            let (input, work) = (input.clone(), Arc::clone(work));
            self.transact(pool, deadline, move |txn| {
                let work = work(txn, input);
                Box::pin(async move { work.await.map(TransactionOutcome::Commit) })
            })
        };
        let done = run().await;
        if is_read_only(&done) && pool.renew(&seen, Needed::Write).await { run().await } else { done }
    }

    /// Runs `work` in a transaction that ends by `deadline`.
    async fn transact<T, F>(&self, pool: &Arc<Pool>, deadline: Instant, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> Work<'t, TransactionOutcome<T>> + Send + 'static,
    {
        let queued = Instant::now() + pool.limits.longest * 7 / 16;
        let turn = self.write_queue.take(self.priority, queued.min(deadline)).await?;
        let (generation, (txn, permit)) = begin(pool, deadline).await?;
        let operation = async move {
            let outcome = timeout_at(deadline, work(&txn)).await.unwrap_or_else(|_| Err(late()));
            let done = end(txn, outcome).await;
            drop((turn, permit));
            done
        };
        let done = pool.run(&generation, deadline, Box::pin(operation)).await;
        if matches!(done.as_ref().err().and_then(failure), Some(Failure::Full | Failure::ReadOnly)) {
            self.health.set_writable(false);
        }
        done
    }
}

/// Begins a transaction when it is the writer's turn.
async fn begin(pool: &Arc<Pool>, deadline: Instant) -> Result<(Arc<Generation>, Begun)> {
    loop {
        let generation = pool.current();
        let Some(permit) = pool.writer(&generation, deadline).await? else { continue };
        let (conn, attempts) = (generation.conn.clone(), pool.size());
        let operation = async move { Ok((begin_on(&conn, attempts).await?, permit)) };
        match pool.run(&generation, deadline, Box::pin(operation)).await {
            Err(error) if generation.is_gone() && failure(&error) == Some(Failure::NoConnection) => {}
            begun => return begun.map(|begun| (generation, begun)),
        }
    }
}

/// Begins a transaction; tries another connection if the first is dead.
async fn begin_on(
    conn: &DatabaseConnection,
    mut attempts: u32,
) -> std::result::Result<DatabaseTransaction, DbErr> {
    loop {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        match conn.begin_with_options(options).await {
            Err(error) if attempts > 0 && kind(&error) == Some(Failure::Disconnected) => attempts -= 1,
            begun => return begun,
        }
    }
}

/// Ends a transaction as the outcome of its work requires.
async fn end<T>(txn: DatabaseTransaction, outcome: Result<TransactionOutcome<T>>) -> Result<T> {
    match outcome {
        Ok(TransactionOutcome::Commit(value)) => Ok(txn.commit().await.map(|()| value)?),
        Ok(TransactionOutcome::Rollback(value)) => Ok(txn.rollback().await.map(|()| value)?),
        Err(error) => {
            // The caller needs the first error; a connection that cannot roll back is not used again.
            if let Err(error) = txn.rollback().await {
                log::debug!("rollback failed: {error}");
            }
            Err(error)
        }
    }
}

fn is_read_only<T>(done: &Result<T>) -> bool {
    done.as_ref().err().and_then(failure) == Some(Failure::ReadOnly)
}
