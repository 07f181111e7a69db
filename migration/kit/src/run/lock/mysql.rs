//! The lock of MariaDB / MySQL: a [`Lease`], which every node of a cluster sees, behind `GET_LOCK`.
//!
//! `GET_LOCK` is known to one node only. It ends with its connection, so that the lease of a killed process is free at once
//! for another one at the same node.

use std::{
    str::FromStr,
    sync::{Arc, Weak},
};

use sea_orm_migration::sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, ConnectOptions as _, Executor as _, MySqlConnection, mysql::MySqlConnectOptions},
};
use tokio::sync::oneshot;

use super::{Holder, hash};
use crate::run::{Error, Target, journal::sql};

mod lease;
mod node;

pub(in crate::run) use self::{lease::Lease, node::prepare_session};

/// MySQL takes no longer name.
const LONGEST_NAME: usize = 64;

/// The longest that any server lets a connection lie idle, in seconds, and what the statements of the lease rely on.
const SETTINGS: &str = "SET SESSION wait_timeout = 2147483, autocommit = 1";

/// Percona's error for a statement that its cluster prohibits.
const PROHIBITED: u16 = 1105;

/// Whether this process has the name that `GET_LOCK` gives to one process at a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    NotYet,
    Ours,
    /// The server has no such names.
    Unsupported,
}

/// A connection that holds a named lock, and keeps a lease.
pub(in crate::run) struct Named {
    /// The only strong reference, so that the connection ends with this value.
    lease: Arc<Lease>,
    name: String,
    state: Name,
    /// Dropping it ends the renewal of the lease.
    renewal: Option<oneshot::Sender<()>>,
    is_to_be_dropped: bool,
}

impl Named {
    pub(super) async fn connect(target: &Target, table: &str) -> Result<Self, Error> {
        let options = MySqlConnectOptions::from_str(&target.url).map_err(database)?;
        let mut connection = options.connect().await.map_err(database)?;
        connection.execute(SETTINGS).await.map_err(database)?;
        let schema: Option<String> =
            sqlx::query_scalar("SELECT DATABASE()").fetch_one(&mut connection).await.map_err(database)?;
        let schema = schema.unwrap_or_default();
        let name = name(&schema, table);
        let lease = Lease::of(connection, &schema, table, &target.name).await.map_err(database)?;
        let lease = Arc::new(lease);
        Ok(Self { lease, name, state: Name::NotYet, renewal: None, is_to_be_dropped: false })
    }

    pub(super) fn lease(&self) -> Weak<Lease> {
        Arc::downgrade(&self.lease)
    }

    pub(super) async fn attempt(&mut self) -> Result<bool, Error> {
        if self.state == Name::NotYet {
            self.state = self.take_name().await?;
        }
        let is_first_here = match self.state {
            Name::NotYet => return Ok(false),
            Name::Ours => true,
            Name::Unsupported => false,
        };
        let taken = self.lease.take(is_first_here).await.map_err(database)?;
        if taken {
            self.renewal = Some(Lease::keep(&self.lease));
        }
        Ok(taken)
    }

    async fn take_name(&self) -> Result<Name, Error> {
        let mut connection = self.lease.connection().await;
        let taken = sqlx::query_scalar("SELECT CAST(GET_LOCK(?, 0) AS SIGNED)")
            .bind(&self.name)
            .fetch_one(&mut *connection)
            .await;
        match taken {
            Ok(Some(1_i64)) => Ok(Name::Ours),
            Ok(Some(_) | None) => Ok(Name::NotYet),
            Err(error) if number(&error) == Some(PROHIBITED) => Ok(Name::Unsupported),
            Err(error) => Err(database(error)),
        }
    }

    pub(super) async fn holder(&mut self) -> Result<Holder, Error> {
        self.lease.holder().await.map_err(database)
    }

    pub(super) async fn check(&mut self) -> Result<(), Error> {
        self.lease.check().await.map_err(Error::LockLost)
    }

    /// Makes the release drop the table of the lease.
    pub(super) fn uninstall(&mut self) {
        self.is_to_be_dropped = true;
    }

    /// Ends the lease, then gives the name back.
    pub(super) async fn close(self) {
        drop(self.renewal);
        // A lease that cannot be ended expires, and a name ends with its connection.
        let _ = self.lease.end(self.is_to_be_dropped).await;
        let mut connection = self.lease.connection().await;
        let _ = sqlx::query("DO RELEASE_LOCK(?)").bind(&self.name).execute(&mut *connection).await;
    }
}

/// Whether a process migrates the database of `connection` whose records are in `table`.
pub(in crate::run) async fn is_held(connection: &mut MySqlConnection, table: &str) -> sqlx::Result<bool> {
    let schema: Option<String> = sqlx::query_scalar("SELECT DATABASE()").fetch_one(&mut *connection).await?;
    let holder: Option<i64> = sqlx::query_scalar("SELECT CAST(IS_USED_LOCK(?) AS SIGNED)")
        .bind(name(&schema.unwrap_or_default(), table))
        .fetch_one(&mut *connection)
        .await?;
    Ok(holder.is_some() || lease::is_held_elsewhere(connection, table).await?)
}

/// The server's number of an error.
fn number(error: &sqlx::Error) -> Option<u16> {
    sql::number_of(error.as_database_error()?)
}

fn name(database: &str, table: &str) -> String {
    let name = format!("migrate {database}.{table}");
    if name.chars().count() <= LONGEST_NAME { name } else { format!("migrate {:016x}", hash(&name)) }
}

fn database(error: sqlx::Error) -> Error {
    Error::Database(DbErr::Conn(RuntimeErr::SqlxError(error.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_to_one_that_still_tells_databases_apart() {
        let long = "d".repeat(60);
        let (one, other) = (name(&long, "seaql_migrations"), name(&format!("{long}2"), "seaql_migrations"));
        assert!(one.len() <= LONGEST_NAME && one != other);
        assert_eq!(name("shop", "seaql_migrations"), "migrate shop.seaql_migrations");
    }
}
