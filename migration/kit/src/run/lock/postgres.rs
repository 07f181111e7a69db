//! The lock of PostgreSQL: an advisory lock that a transaction on a connection of its own holds.
//!
//! It is polled, each time in a transaction of its own: a process that waits inside one, with a snapshot, would
//! stop the CREATE INDEX CONCURRENTLY of the process it waits for, for ever.

use std::{
    str::FromStr,
    sync::{Arc, PoisonError},
    time::Duration,
};

use sea_orm_migration::sea_orm::{
    ConnectionTrait, DbBackend, DbErr, RuntimeErr, Statement,
    sqlx::{
        self, ConnectOptions, Connection, Executor, PgConnection, Row,
        postgres::{PgConnectOptions, PgRow},
    },
};
use tokio::sync::{Mutex, oneshot};

use super::{Holder, Seen, hash, pooling};
use crate::run::{Error, Target, search_path::quoted};

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

/// The sessions that a session waits for. What belongs to other users may be hidden.
const BLOCKERS: &str = "SELECT a.pid, a.application_name, a.usename::text, host(a.client_addr) AS address, a.state, \
    extract(epoch FROM clock_timestamp() - a.xact_start)::bigint AS seconds \
    FROM pg_stat_activity a WHERE a.pid = ANY (pg_blocking_pids($1)) ORDER BY a.xact_start";

/// A transaction that holds an advisory lock.
pub(in crate::run) struct Advisory {
    connection: Arc<Mutex<PgConnection>>,
    key: i64,
    key_of_run: i64,
}

impl Advisory {
    pub(super) async fn connect(target: &Target, table: &str) -> Result<Self, Error> {
        let options = PgConnectOptions::from_str(&target.url).map_err(database)?;
        // PgBouncer refuses a setting that it does not know.
        let options = options.application_name(&target.name).extra_float_digits(None);
        let mut connection = options.connect().await.map_err(database)?;
        pooling::refuse(&mut connection, &options).await?;
        let schema = schema_of(&mut connection, target.schema.as_deref()).await.map_err(database)?;
        let name = format!("{}.{table}", schema.unwrap_or_default());
        let (key, key_of_run) = (key(&format!("sea-orm-migration {name}")), key(&format!("a run of {name}")));
        Ok(Self { connection: Arc::new(Mutex::new(connection)), key, key_of_run })
    }

    /// The lock that the migrating transaction itself holds: the server may be at work for a process that is
    /// gone, and with it the lock.
    pub(super) fn key_of_run(&self) -> i64 {
        self.key_of_run
    }

    /// The latest statement of a process, as far as the server keeps it.
    pub(super) async fn statement_of(&self, pid: i32) -> Option<String> {
        let mut connection = self.connection.lock().await;
        // A transaction sees one state of the sessions until it asks for another.
        connection.execute("SELECT pg_stat_clear_snapshot()").await.ok()?;
        let select = sqlx::query_scalar("SELECT query FROM pg_stat_activity WHERE pid = $1");
        select.bind(pid).fetch_optional(&mut *connection).await.ok()?
    }

    pub(super) async fn attempt(&mut self) -> Result<bool, Error> {
        let mut connection = self.connection.lock().await;
        connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED").await.map_err(database)?;
        connection.execute(NO_TIMEOUT).await.map_err(database)?;
        let taken: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)")
            .bind(self.key)
            .fetch_one(&mut *connection)
            .await
            .map_err(database)?;
        if !taken {
            connection.execute("ROLLBACK").await.map_err(database)?;
        }
        Ok(taken)
    }

    pub(super) async fn holder(&mut self) -> Result<Holder, Error> {
        let mut connection = self.connection.lock().await;
        let row =
            sqlx::query(HOLDER).bind(self.key).fetch_optional(&mut *connection).await.map_err(database)?;
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

    /// Asks every so often for the sessions that stop `session`, until the result is dropped.
    pub(super) fn watch(&self, session: i32, every: Duration, seen: Seen) -> Blockers {
        let (sender, mut ended) = oneshot::channel::<()>();
        // The lock ends with the only strong reference.
        let connection = Arc::downgrade(&self.connection);
        tokio::spawn(async move {
            while tokio::time::timeout(every, &mut ended).await.is_err() {
                let Some(connection) = connection.upgrade() else { return };
                let mut connection = connection.lock().await;
                // A transaction sees one state of the sessions until it asks for another.
                let _ = connection.execute("SELECT pg_stat_clear_snapshot()").await;
                let rows = sqlx::query(BLOCKERS).bind(session).fetch_all(&mut *connection).await;
                // Names are an extra: without them the error is shorter.
                let found: Vec<_> = rows.iter().flatten().filter_map(|row| blocker(row).ok()).collect();
                if !found.is_empty() {
                    *seen.lock().unwrap_or_else(PoisonError::into_inner) = found;
                }
            }
        });
        Blockers { _ended: sender }
    }

    /// The lock lives as long as its transaction, and that as long as the connection.
    pub(super) async fn check(&mut self) -> Result<(), Error> {
        let mut connection = self.connection.lock().await;
        connection.ping().await.map_err(|error| Error::LockLost(error.to_string()))
    }

    pub(super) async fn close(self) {
        // The end of the transaction releases the lock, and the end of the connection does, too.
        let _ = self.connection.lock().await.execute("ROLLBACK").await;
    }
}

/// A watch for sessions in the way, which its end stops.
pub(in crate::run) struct Blockers {
    _ended: oneshot::Sender<()>,
}

fn blocker(row: &PgRow) -> sqlx::Result<String> {
    let text =
        |column| row.try_get::<Option<String>, _>(column).map(|text| text.filter(|text| !text.is_empty()));
    let mut parts: Vec<String> =
        [text("application_name")?, text("usename")?.map(|user| format!("user {user}"))]
            .into_iter()
            .flatten()
            .collect();
    parts.extend(text("address")?.map(|address| format!("from {address}")));
    parts.extend(text("state")?);
    if let Some(seconds) = row.try_get::<Option<i64>, _>("seconds")? {
        parts.push(format!("for {seconds} s"));
    }
    Ok(format!("PostgreSQL's process {} ({})", row.try_get::<i32, _>("pid")?, parts.join(", ")))
}

/// Number of the server's process at the other end of `connection`.
pub(in crate::run) async fn backend_of(connection: &impl ConnectionTrait) -> Result<i32, DbErr> {
    let select = Statement::from_string(DbBackend::Postgres, "SELECT pg_backend_pid() AS pid");
    connection.query_one_raw(select).await?.map_or(Ok(0), |row| row.try_get("", "pid"))
}

/// The schema in which a run with this search path creates tables. Leaves the setting of the session as it is.
async fn schema_of(connection: &mut PgConnection, path: Option<&str>) -> sqlx::Result<Option<String>> {
    let mut transaction = connection.begin().await?;
    if let Some(path) = path {
        sqlx::query("SELECT set_config('search_path', $1, true)")
            .bind(quoted(path))
            .execute(&mut *transaction)
            .await?;
    }
    let schema = sqlx::query_scalar("SELECT current_schema()::text").fetch_one(&mut *transaction).await?;
    transaction.rollback().await?;
    Ok(schema)
}

fn key(name: &str) -> i64 {
    hash(name).cast_signed()
}

fn database(error: sqlx::Error) -> Error {
    Error::Database(DbErr::Conn(RuntimeErr::SqlxError(error.into())))
}
