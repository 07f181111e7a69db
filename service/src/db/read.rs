//! Reads: a select and its class. No operation chooses a connection.

use std::{marker::PhantomData, sync::Arc, time::Duration};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QuerySelect, Select, SelectorTrait, Statement,
    sea_query::Expr,
};
use tokio::time::Instant;

use super::{Class, Db, Query, budget, connect, pool::Pool};
use crate::{
    Error, Result,
    error::{Failure, failure},
};

/// Longest read of a batch of an export.
pub(super) const EXPORT: Duration = Duration::from_secs(30);

/// Read that has not been sent yet.
#[must_use = "a read is sent by `one` or `all`"]
pub(crate) struct Read<'d, R> {
    db: &'d Db,
    class: Class,
    statement: Statement,
    rows: PhantomData<R>,
}

impl Db {
    /// Read of `query`. Its `class` decides where it runs, and for how long.
    pub(crate) fn read<Q: Query>(&self, class: Class, query: Q) -> Read<'_, Q::Rows> {
        Read { db: self, class, statement: query.into_statement(self.backend()), rows: PhantomData }
    }

    /// Number of rows of `select`, which is read as one of `class`.
    pub(crate) async fn count<E: EntityTrait>(&self, class: Class, select: Select<E>) -> Result<u64> {
        let count = select.select_only().column_as(Expr::cust("count(*)"), "n").into_tuple::<i64>();
        let count = self.read(class, count).one().await?;
        Ok(count.map_or(0, i64::unsigned_abs))
    }

    /// Runs a query of another crate on the connections of requests, within the budget.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database does not answer in time.
    pub async fn inspect<T, F>(&self, query: impl Fn(DatabaseConnection) -> F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = std::result::Result<T, DbErr>> + Send + 'static,
    {
        run(&self.requests, self.requests.limits.longest, query).await
    }

    /// Whether the server rejects writes.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the database does not answer in time.
    pub(crate) async fn is_read_only(&self) -> Result<bool> {
        self.inspect(|conn| async move { connect::is_read_only(&conn).await }).await
    }

    /// Runs a query on the connections of its class.
    async fn send<T, F>(&self, class: Class, query: impl Fn(DatabaseConnection) -> F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = std::result::Result<T, DbErr>> + Send + 'static,
    {
        let lanes = match class {
            Class::List if self.is_export => &self.exports,
            Class::Key | Class::List => {
                return run(&self.requests, self.requests.limits.longest, query).await;
            }
            Class::Expensive => &self.expensive,
            Class::Export => &self.exports,
        };
        let started = Instant::now();
        let deadline = started + budget::available(lanes.longest());
        let answer = lanes.run(&self.requests, deadline, query).await;
        budget::spend(started.elapsed());
        answer
    }
}

impl<R: SelectorTrait> Read<'_, R> {
    /// The row, if there is one. The query selects it by a unique value.
    pub(crate) async fn one(self) -> Result<Option<R::Item>> {
        let row = self.send(|conn, statement| async move { conn.query_one_raw(statement).await }).await?;
        row.map(R::from_raw_query_result).transpose().map_err(Error::from)
    }

    /// All rows.
    pub(crate) async fn all(self) -> Result<Vec<R::Item>> {
        let rows = self.send(|conn, statement| async move { conn.query_all_raw(statement).await }).await?;
        rows.into_iter().map(|row| R::from_raw_query_result(row).map_err(Error::from)).collect()
    }

    /// Sends the statement, perhaps several times.
    async fn send<T, F>(self, query: impl Fn(DatabaseConnection, Statement) -> F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = std::result::Result<T, DbErr>> + Send + 'static,
    {
        self.db.send(self.class, |conn| query(conn, self.statement.clone())).await
    }
}

/// Runs a query within `limit` and the budget of the request; repeats it if its connection was dead or replaced.
async fn run<T, F>(pool: &Arc<Pool>, limit: Duration, query: impl Fn(DatabaseConnection) -> F) -> Result<T>
where
    T: Send + 'static,
    F: Future<Output = std::result::Result<T, DbErr>> + Send + 'static,
{
    let started = Instant::now();
    let deadline = started + budget::available(limit);
    let mut attempts = pool.size();
    let answer = loop {
        let generation = pool.current();
        let operation = query(generation.conn.clone());
        let operation = Box::pin(async move { operation.await.map_err(Error::from) });
        let answer = pool.run(&generation, deadline, operation).await;
        match answer.as_ref().err().and_then(failure) {
            Some(Failure::NoConnection | Failure::Limit) if generation.is_gone() => {}
            Some(Failure::Disconnected) if attempts > 0 => attempts -= 1,
            _ => break answer,
        }
    };
    budget::spend(started.elapsed());
    answer
}
