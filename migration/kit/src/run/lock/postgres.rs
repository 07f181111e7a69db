//! The lock of PostgreSQL: an advisory lock that a transaction on a connection of its own holds.
//!
//! It is polled, each time in a transaction of its own: a process that waits inside one, with a snapshot, would
//! stop the CREATE INDEX CONCURRENTLY of the process it waits for, for ever.

use std::str::FromStr;

use sea_orm_migration::sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, ConnectOptions, Connection, Executor, PgConnection, Row, postgres::PgConnectOptions},
};

use super::{Holder, hash};
use crate::run::{Error, Target};

/// No time-out of the server may end the transaction that holds the lock. Those that this server lacks are
/// not asked for.
const NO_TIMEOUT: &str = "SELECT set_config(name, '0', true) FROM pg_settings \
    WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout', 'statement_timeout', 'lock_timeout')";

/// `host()` leaves out the netmask.
const HOLDER: &str = "SELECT l.pid, a.application_name, host(a.client_addr) AS address, \
    extract(epoch FROM clock_timestamp() - a.xact_start)::bigint AS seconds \
    FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid \
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
    AND ((l.classid::bigint << 32) | l.objid::bigint) = $1";

/// A transaction that holds an advisory lock.
pub(in crate::run) struct Advisory {
    connection: PgConnection,
    key: i64,
    key_of_run: i64,
}

impl Advisory {
    pub(super) async fn connect(target: &Target, table: &str) -> Result<Self, Error> {
        let options =
            PgConnectOptions::from_str(&target.url).map_err(database)?.application_name(&target.name);
        let mut connection = options.connect().await.map_err(database)?;
        if let Some(schema) = &target.schema {
            sqlx::query("SELECT set_config('search_path', $1, false)")
                .bind(quoted(schema))
                .execute(&mut connection)
                .await
                .map_err(database)?;
        }
        let schema: Option<String> = sqlx::query_scalar("SELECT current_schema()::text")
            .fetch_one(&mut connection)
            .await
            .map_err(database)?;
        let name = format!("{}.{table}", schema.unwrap_or_default());
        let (key, key_of_run) = (key(&format!("sea-orm-migration {name}")), key(&format!("a run of {name}")));
        Ok(Self { connection, key, key_of_run })
    }

    /// The lock that the migrating transaction itself holds: the server may be at work for a process that is
    /// gone, and with it the lock.
    pub(super) fn key_of_run(&self) -> i64 {
        self.key_of_run
    }

    pub(super) async fn attempt(&mut self) -> Result<bool, Error> {
        self.connection.execute("BEGIN").await.map_err(database)?;
        self.connection.execute(NO_TIMEOUT).await.map_err(database)?;
        let taken: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)")
            .bind(self.key)
            .fetch_one(&mut self.connection)
            .await
            .map_err(database)?;
        if !taken {
            self.connection.execute("ROLLBACK").await.map_err(database)?;
        }
        Ok(taken)
    }

    pub(super) async fn holder(&mut self) -> Result<Holder, Error> {
        let row = sqlx::query(HOLDER)
            .bind(self.key)
            .fetch_optional(&mut self.connection)
            .await
            .map_err(database)?;
        let Some(row) = row else { return Ok(Holder::default()) };
        let pid: i32 = row.try_get("pid").map_err(database)?;
        let name: Option<String> = row.try_get("application_name").map_err(database)?;
        let address: Option<String> = row.try_get("address").map_err(database)?;
        let seconds: Option<i64> = row.try_get("seconds").map_err(database)?;
        let mut text = name.filter(|name| !name.is_empty()).unwrap_or_else(|| "another process".to_owned());
        text = format!("{text} (PostgreSQL's process {pid}");
        if let Some(address) = address {
            text = format!("{text}, from {address}");
        }
        if let Some(seconds) = seconds {
            text = format!("{text}, for {seconds} s");
        }
        Ok(Holder { id: pid.to_string(), text: format!("{text})") })
    }

    /// The lock lives as long as its transaction, and that as long as the connection.
    pub(super) async fn check(&mut self) -> Result<(), Error> {
        self.connection.ping().await.map_err(|error| Error::LockLost(error.to_string()))
    }

    pub(super) async fn close(self) {
        // The server ends the transaction with the connection, also after an unclean end.
        let _ = self.connection.close().await;
    }
}

fn key(name: &str) -> i64 {
    hash(name).cast_signed()
}

/// The names of a search path, quoted as SeaORM quotes them.
fn quoted(path: &str) -> String {
    let each = path
        .split(',')
        .map(|name| if name.starts_with('"') { name.to_owned() } else { format!("\"{name}\"") });
    each.collect::<Vec<_>>().join(",")
}

fn database(error: sqlx::Error) -> Error {
    Error::Database(DbErr::Conn(RuntimeErr::SqlxError(error.into())))
}
