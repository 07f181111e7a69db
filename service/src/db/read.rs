//! Reads: a select and its class. No operation chooses a connection.

use std::marker::PhantomData;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QuerySelect, Select, SelectorTrait, Statement,
    sea_query::Expr,
};

use super::{Class, Db, Query, is_dead};
use crate::{Error, Result};

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

    /// Number of rows of `select`.
    pub(crate) async fn count<E: EntityTrait>(&self, select: Select<E>) -> Result<u64> {
        let count = select.select_only().column_as(Expr::cust("count(*)"), "n").into_tuple::<i64>();
        let count = self.read(Class::Expensive, count).one().await?;
        Ok(count.map_or(0, i64::unsigned_abs))
    }

    /// Sends a statement; repeats it on another connection if the first was dead.
    async fn send<T>(
        &self,
        _class: Class,
        statement: Statement,
        load: impl AsyncFn(&DatabaseConnection, Statement) -> std::result::Result<T, DbErr>,
    ) -> Result<T> {
        let mut attempts = self.max_connections;
        loop {
            match load(&self.pool, statement.clone()).await {
                Err(error) if attempts > 0 && is_dead(&error) => attempts -= 1,
                answer => return Ok(answer?),
            }
        }
    }
}

impl<R: SelectorTrait> Read<'_, R> {
    /// The row, if there is one. The query selects it by a unique value.
    pub(crate) async fn one(self) -> Result<Option<R::Item>> {
        let Self { db, class, statement, rows: _ } = self;
        let row =
            db.send(class, statement, async |conn, statement| conn.query_one_raw(statement).await).await?;
        row.map(R::from_raw_query_result).transpose().map_err(Error::from)
    }

    /// All rows.
    pub(crate) async fn all(self) -> Result<Vec<R::Item>> {
        let Self { db, class, statement, rows: _ } = self;
        let rows =
            db.send(class, statement, async |conn, statement| conn.query_all_raw(statement).await).await?;
        rows.into_iter().map(|row| R::from_raw_query_result(row).map_err(Error::from)).collect()
    }
}
