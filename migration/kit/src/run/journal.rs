//! The journal of a run on MariaDB / MySQL, where DDL commits and a failed migration stays half done: a hidden
//! table with each statement that ran.
//!
//! The migrating connection itself writes it, without autocommit: after each statement, when the connection returns to
//! its pool, the journal's row is written and both are committed. So a change of rows and its entry are one transaction.
//! DDL has committed by then: a process that dies at that moment leaves one statement that is not in the journal.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use sea_orm_migration::{
    SchemaManager,
    sea_orm::{
        ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement,
        TransactionTrait,
        sqlx::{self, AssertSqlSafe, Executor, MySqlConnection},
    },
};

pub(super) use self::cut_off::{CutOff, read};
use self::{
    cut_off::{DROPPING, is_dropping, rows},
    watch::{Counters, Recording, Watch},
};
use super::{Direction, Error, lock::mysql::Lease};

mod cut_off;
pub(super) mod sql;
mod watch;

/// Table of the journal that belongs to the records in `table`.
pub(super) fn table_name(table: &str) -> String {
    format!("_{table}_journal")
}

/// Result of a migration that ran, completely or not.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) ran: Vec<Option<String>>,
    pub(super) failed: Option<String>,
}

/// The journal of one migrating connection.
#[derive(Debug, Clone)]
pub(super) struct Journal {
    name: String,
    watch: Arc<Mutex<Watch>>,
}

impl Journal {
    /// Prepares the options of a connection for the journal of `records`. The underscore hides the table from
    /// `sea-orm-cli generate entity`.
    pub(super) fn attach(
        options: &mut ConnectOptions,
        records: &str,
        lease: Weak<Lease>,
        table_lock_timeout: Option<Duration>,
    ) -> Self {
        let journal = Self { name: table_name(records), watch: Arc::default() };
        let watch = journal.watch.clone();
        options.map_sqlx_mysql_pool_opts(move |pool| {
            let (connecting, releasing) = (watch.clone(), watch.clone());
            let (ours, held) = (lease.clone(), lease.clone());
            pool.after_connect(move |connection, _| {
                Box::pin(watch::connected(connecting.clone(), ours.clone(), table_lock_timeout, connection))
            })
            .after_release(move |connection, _| {
                Box::pin(watch::released(releasing.clone(), held.clone(), connection))
            })
        });
        journal
    }

    /// Listens to the statements on `db`, which was opened with the options of [`Journal::attach`].
    pub(super) async fn listen(&self, db: &mut DatabaseConnection) -> Result<(), DbErr> {
        let watch = self.watch.clone();
        db.set_metric_callback(move |info| open(&watch).hear(info.statement, info.failed));
        let row =
            db.query_one_raw(Statement::from_string(DbBackend::MySql, "SELECT DATABASE() AS name")).await?;
        let database: Option<String> = row.map_or(Ok(None), |row| row.try_get("", "name"))?;
        // A migration may change to another database.
        open(&self.watch).table =
            format!("{}.{}", sql::quoted(&database.unwrap_or_default()), sql::quoted(&self.name));
        Ok(())
    }

    /// Creates the table.
    pub(super) async fn create(&self, db: &DatabaseConnection) -> Result<(), DbErr> {
        let create = format!(
            "CREATE TABLE IF NOT EXISTS {} (migration VARCHAR(255) NOT NULL, direction VARCHAR(4) NOT NULL, \
             position BIGINT NOT NULL, statement LONGTEXT, failed LONGTEXT, PRIMARY KEY (migration, direction, position)) \
             ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
            self.table()
        );
        db.execute_unprepared(&create).await?;
        Ok(())
    }

    /// Drops the table with its contents.
    pub(super) async fn remove(&self, db: &DatabaseConnection) -> Result<(), Error> {
        if SchemaManager::new(db).has_table(&self.name).await? {
            db.execute_unprepared(&format!("DROP TABLE {}", self.table())).await?;
        }
        Ok(())
    }

    /// Clears the entries of the migration, in the transaction that records it.
    pub(super) async fn clear(&self, txn: &impl ConnectionTrait) -> Result<(), DbErr> {
        txn.execute_unprepared(&format!("DELETE FROM {}", self.table())).await?;
        Ok(())
    }

    /// The migration that was begun and is neither done nor undone.
    ///
    /// # Errors
    /// [`Error::HalfDropped`] if tables were being dropped.
    pub(super) async fn unfinished(&self, db: &DatabaseConnection) -> Result<Option<CutOff>, Error> {
        if !SchemaManager::new(db).has_table(&self.name).await? {
            return Ok(None);
        }
        // FOR UPDATE waits for the last commit of a process that died in the middle of it.
        let rows = rows(db, &self.table(), " FOR UPDATE").await?;
        if is_dropping(&rows)? { Err(Error::HalfDropped) } else { Ok(CutOff::of(&rows)?) }
    }

    /// The name of its table.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Notes that tables are being dropped.
    pub(super) async fn start_dropping(&self, db: &DatabaseConnection) -> Result<(), DbErr> {
        self.create(db).await?;
        let table = self.table();
        let begun = format!(
            "INSERT IGNORE INTO {table} (migration, direction, position) VALUES ('', '{DROPPING}', 0)"
        );
        db.execute_unprepared(&begun).await?;
        Ok(())
    }

    /// Assigns the following statements on `db` to this migration, after `ran`, which ran already.
    pub(super) async fn start(
        &self,
        db: &DatabaseConnection,
        name: &str,
        direction: Direction,
        ran: Vec<Option<String>>,
    ) -> Result<(), Error> {
        // Holding the connection ensures that every earlier release is over and no other one follows.
        let mut connection = db.get_mysql_connection_pool().acquire().await.map_err(database)?;
        let table = self.table();
        let begun = format!("INSERT IGNORE INTO {table} (migration, direction, position) VALUES (?, ?, 0)");
        for sql in [
            begun,
            format!("DELETE FROM {table} WHERE migration = ? AND direction = ? AND failed IS NOT NULL"),
        ] {
            let query = sqlx::query(AssertSqlSafe(sql)).bind(name).bind(direction.to_string());
            query.execute(&mut *connection).await.map_err(database)?;
        }
        connection.execute("COMMIT").await.map_err(database)?;
        let counters = Counters::read(&mut connection).await.map_err(database)?;
        open(&self.watch).start(Recording::new(name, direction, ran), counters);
        Ok(())
    }

    /// Ends the assignment of statements to a migration.
    ///
    /// # Errors
    /// [`Error::Journal`] where something ran that could not be written down.
    pub(super) async fn stop(&self, db: &DatabaseConnection) -> Result<Outcome, Error> {
        // As in `start`; if the connection is lost, there is nothing to wait for.
        let connection = db.get_mysql_connection_pool().acquire().await;
        let (outcome, broken) = open(&self.watch).stop();
        drop(connection);
        broken.map_or(Ok(outcome), |error| Err(Error::Journal(error)))
    }

    /// Records that the migration failed, and was not cut off: every statement that ran is in the journal.
    pub(super) async fn give_up(
        &self,
        db: &DatabaseConnection,
        name: &str,
        direction: Direction,
        at: usize,
        error: &DbErr,
    ) -> Result<(), DbErr> {
        let sql = format!(
            "INSERT INTO {} (migration, direction, position, failed) VALUES (?, ?, ?, ?)",
            self.table()
        );
        let at = i64::try_from(at + 1).unwrap_or(i64::MAX);
        let values = [name.into(), direction.to_string().into(), at.into(), error.to_string().into()];
        // The process may end before the connection returns to its pool, which commits.
        let txn = db.begin().await?;
        txn.execute_raw(Statement::from_sql_and_values(DbBackend::MySql, sql, values)).await?;
        txn.commit().await
    }

    /// Names the next statement, which the connection would not report.
    pub(super) async fn announce(&self, db: &DatabaseConnection, statement: String) -> Result<(), Error> {
        // As in `start`: the statement before it may not have been written down yet, under its own name.
        let connection = db.get_mysql_connection_pool().acquire().await.map_err(database)?;
        let mut watch = open(&self.watch);
        watch.announce(statement);
        watch.pass_over_next_release();
        drop(watch);
        drop(connection);
        Ok(())
    }

    /// Enters a statement that had run already.
    pub(super) async fn note(&self, db: &DatabaseConnection, statement: String) -> Result<(), Error> {
        let mut connection = db.get_mysql_connection_pool().acquire().await.map_err(database)?;
        open(&self.watch).enter(statement);
        let entry = open(&self.watch).entry();
        if let Some(entry) = entry {
            watch::write(&self.watch, &mut connection, entry).await.map_err(database)?;
        }
        open(&self.watch).pass_over_next_release();
        Ok(())
    }

    fn table(&self) -> String {
        open(&self.watch).table.clone()
    }
}

/// The statements as a person reads them.
pub(super) fn readable(ran: &[Option<String>]) -> Vec<String> {
    ran.iter().map(|sql| sql.clone().unwrap_or_else(|| UNHEARD.to_owned())).collect()
}

/// SeaORM does not report the statements of `execute_unprepared`.
pub(super) const UNHEARD: &str = "(a statement that went through execute_unprepared)";

fn open(watch: &Mutex<Watch>) -> MutexGuard<'_, Watch> {
    // Nothing under the lock can leave it half changed.
    watch.lock().unwrap_or_else(PoisonError::into_inner)
}

fn database(error: sqlx::Error) -> Error {
    Error::Database(DbErr::Conn(RuntimeErr::SqlxError(error.into())))
}

/// A connection of the driver.
type Connection = MySqlConnection;
