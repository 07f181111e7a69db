//! The lock of MariaDB / MySQL: `GET_LOCK` on a connection of its own, which is server-wide, so that its name
//! has the database in it.

use std::str::FromStr;

use sea_orm_migration::sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, ConnectOptions, Connection, Executor, MySqlConnection, Row, mysql::MySqlConnectOptions},
};

use super::{Holder, hash};
use crate::run::{Error, Target};

/// MySQL takes no longer name.
const LONGEST_NAME: usize = 64;

/// The longest that any server lets a connection lie idle, in seconds.
const NO_TIMEOUT: &str = "SET SESSION wait_timeout = 2147483";

/// Only the connections of one's own user are in the list, unless one may see all.
const HOLDER: &str = "SELECT CAST(l.id AS SIGNED) AS id, CAST(p.user AS CHAR) AS user, CAST(p.host AS CHAR) AS host, \
    CAST(p.time AS SIGNED) AS seconds \
    FROM (SELECT IS_USED_LOCK(?) AS id) l LEFT JOIN information_schema.processlist p ON p.id = l.id";

/// A connection that holds a named lock.
pub(in crate::run) struct Named {
    connection: MySqlConnection,
    name: String,
}

impl Named {
    pub(super) async fn connect(target: &Target, table: &str) -> Result<Self, Error> {
        let options = MySqlConnectOptions::from_str(&target.url).map_err(database)?;
        let mut connection = options.connect().await.map_err(database)?;
        connection.execute(NO_TIMEOUT).await.map_err(database)?;
        let schema: Option<String> =
            sqlx::query_scalar("SELECT DATABASE()").fetch_one(&mut connection).await.map_err(database)?;
        Ok(Self { connection, name: name(&schema.unwrap_or_default(), table) })
    }

    pub(super) async fn attempt(&mut self) -> Result<bool, Error> {
        let taken: Option<i64> = sqlx::query_scalar("SELECT CAST(GET_LOCK(?, 0) AS SIGNED)")
            .bind(&self.name)
            .fetch_one(&mut self.connection)
            .await
            .map_err(database)?;
        Ok(taken == Some(1))
    }

    pub(super) async fn holder(&mut self) -> Result<Holder, Error> {
        let row =
            sqlx::query(HOLDER).bind(&self.name).fetch_one(&mut self.connection).await.map_err(database)?;
        let Some(id) = row.try_get::<Option<i64>, _>("id").map_err(database)? else {
            return Ok(Holder::default());
        };
        let user: Option<String> = row.try_get("user").map_err(database)?;
        let host: Option<String> = row.try_get("host").map_err(database)?;
        let seconds: Option<i64> = row.try_get("seconds").map_err(database)?;
        let mut text = format!("the server's connection {id}");
        if let (Some(user), Some(host)) = (user, host) {
            text = format!("{text} ({user} from {host}, idle for {} s)", seconds.unwrap_or_default());
        }
        Ok(Holder { id: id.to_string(), text })
    }

    pub(super) async fn check(&mut self) -> Result<(), Error> {
        let ours = sqlx::query_scalar("SELECT CAST(IS_USED_LOCK(?) = CONNECTION_ID() AS SIGNED)")
            .bind(&self.name)
            .fetch_one(&mut self.connection)
            .await;
        match ours {
            Ok(Some(1_i64)) => Ok(()),
            Ok(_) => Err(Error::LockLost("another connection holds it".to_owned())),
            Err(error) => Err(Error::LockLost(error.to_string())),
        }
    }

    pub(super) async fn close(self) {
        // The server releases the lock with the connection, also after an unclean end.
        let _ = self.connection.close().await;
    }
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
