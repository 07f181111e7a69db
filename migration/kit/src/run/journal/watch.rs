//! The journal's view of its connection: SeaORM reports prepared statements, and the pool hands the connection over after
//! each use.

use std::{
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use sea_orm_migration::sea_orm::{
    Statement,
    sqlx::{self, AssertSqlSafe, Executor, Row},
};

use super::{Connection, Outcome, UNHEARD, open, sql};
use crate::run::{
    Direction,
    lock::mysql::{self, Lease},
};

/// The state of the journal, which the connection's callbacks share.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The journal's table, with its database.
    pub(super) table: String,
    recording: Option<Recording>,
    /// The next release is the journal's own.
    pass: bool,
    counters: Counters,
}

/// The migration that runs.
#[derive(Debug)]
pub(super) struct Recording {
    name: String,
    direction: Direction,
    ran: Vec<Option<String>>,
    failed: Option<String>,
    broken: Option<String>,
    announced: Option<String>,
    /// Since the connection was last released: how many statements were heard, and which of them changed something.
    heard: usize,
    changes: Vec<Option<String>>,
}

/// Entry to write when the connection is released.
pub(super) struct Entry {
    name: String,
    direction: Direction,
    first: usize,
    changes: Vec<Option<String>>,
}

impl Recording {
    pub(super) fn new(name: &str, direction: Direction, ran: Vec<Option<String>>) -> Self {
        Self {
            name: name.to_owned(),
            direction,
            ran,
            failed: None,
            broken: None,
            announced: None,
            heard: 0,
            changes: Vec::new(),
        }
    }
}

impl Watch {
    pub(super) fn start(&mut self, recording: Recording, counters: Counters) {
        self.recording = Some(recording);
        self.counters = counters;
        self.pass = true;
    }

    pub(super) fn stop(&mut self) -> (Outcome, Option<String>) {
        self.pass = false;
        match self.recording.take() {
            Some(it) => (Outcome { ran: it.ran, failed: it.failed }, it.broken),
            None => (Outcome::default(), None),
        }
    }

    pub(super) fn announce(&mut self, statement: String) {
        if let Some(recording) = &mut self.recording {
            recording.announced = Some(statement);
        }
    }

    pub(super) fn enter(&mut self, statement: String) {
        if let Some(recording) = &mut self.recording {
            recording.failed = None;
            recording.changes = vec![Some(statement)];
        }
    }

    pub(super) fn pass_over_next_release(&mut self) {
        self.pass = true;
    }

    /// Notes a statement that SeaORM reports.
    pub(super) fn hear(&mut self, statement: &Statement, failed: bool) {
        let Some(recording) = &mut self.recording else { return };
        recording.heard += 1;
        if failed {
            recording.failed = Some(statement.to_string());
        } else if sql::changes(&statement.sql) {
            recording.failed = None;
            recording.changes.push(Some(statement.to_string()));
        }
    }

    /// The entry to write now.
    pub(super) fn entry(&mut self) -> Option<Entry> {
        let recording = self.recording.as_mut()?;
        let changes = std::mem::take(&mut recording.changes);
        let (name, direction, first) = (recording.name.clone(), recording.direction, recording.ran.len() + 1);
        (!changes.is_empty()).then_some(Entry { name, direction, first, changes })
    }

    /// The entry to write after a use of the connection. If no statement was reported, `silence` says whether the
    /// unreported one failed.
    fn settle(&mut self, silence: Option<bool>, counters: Counters) -> Option<Entry> {
        let since = counters.since(self.counters);
        self.counters = counters;
        let recording = self.recording.as_mut()?;
        recording.heard = 0;
        let announced = recording.announced.take();
        match silence {
            Some(true) => recording.failed = Some(announced.unwrap_or_else(|| UNHEARD.to_owned())),
            Some(false) => {
                recording.failed = None;
                recording.changes.push(announced);
            }
            None => {}
        }
        if since.rolled_back > 0 {
            // Only changes that DDL has committed are left.
            let is_ddl = |change: &Option<String>| change.as_deref().is_some_and(sql::commits);
            let kept = recording.changes.iter().rposition(is_ddl).map_or(0, |last| last + 1);
            recording.changes.truncate(kept);
        }
        if since.rolled_back_in_part > 0 {
            // The rest is unknown, so this must not match any script.
            recording.changes.push(Some("ROLLBACK TO SAVEPOINT".to_owned()));
        }
        self.entry()
    }

    /// Whether the release is a migration's, and then whether something was heard before it.
    fn release(&mut self) -> Option<bool> {
        let ours = std::mem::take(&mut self.pass);
        self.recording.as_ref().filter(|_| !ours).map(|recording| recording.heard > 0)
    }

    fn written(&mut self, entry: Entry) {
        if let Some(recording) = &mut self.recording {
            recording.ran.extend(entry.changes);
        }
    }

    fn break_off(&mut self, error: &sqlx::Error) {
        if let Some(recording) = &mut self.recording {
            recording.broken = Some(error.to_string());
        }
    }
}

/// Number of rollbacks of the connection, which SeaORM does not report.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counters {
    rolled_back: u64,
    rolled_back_in_part: u64,
}

impl Counters {
    pub(super) async fn read(connection: &mut Connection) -> sqlx::Result<Self> {
        let show = "SHOW SESSION STATUS WHERE Variable_name IN ('Com_rollback', 'Com_rollback_to_savepoint')";
        let mut counters = Self::default();
        for row in connection.fetch_all(show).await? {
            let count = row.try_get::<String, _>(1)?.parse().unwrap_or_default();
            match row.try_get::<String, _>(0)?.as_str() {
                "Com_rollback" => counters.rolled_back = count,
                _ => counters.rolled_back_in_part = count,
            }
        }
        Ok(counters)
    }

    fn since(self, earlier: Self) -> Self {
        Self {
            rolled_back: self.rolled_back.saturating_sub(earlier.rolled_back),
            rolled_back_in_part: self.rolled_back_in_part.saturating_sub(earlier.rolled_back_in_part),
        }
    }
}

/// Prepares a new connection. One that replaces another in the middle of a migration may only read.
pub(super) async fn connected(
    watch: Arc<Mutex<Watch>>,
    lease: Weak<Lease>,
    table_lock_timeout: Option<Duration>,
    connection: &mut Connection,
) -> sqlx::Result<()> {
    if let Some(lease) = lease.upgrade() {
        lease.register(connection).await?;
    }
    mysql::prepare_session(connection).await?;
    if let Some(limit) = table_lock_timeout {
        // In whole seconds, and MySQL takes no 0.
        let seconds = limit.as_secs_f64().ceil().max(1.0);
        let set = format!("SET SESSION lock_wait_timeout = {seconds}");
        connection.execute(AssertSqlSafe(set)).await?;
    }
    if open(&watch).recording.is_some() {
        connection.execute("SET SESSION TRANSACTION READ ONLY").await?;
    }
    Ok(())
}

/// Writes the use of the connection into the journal, and commits both. Returns whether it may be used again.
///
/// # Errors
/// Also if the lock is lost: then neither this use nor a further one is committed.
pub(super) async fn released(
    watch: Arc<Mutex<Watch>>,
    lease: Weak<Lease>,
    connection: &mut Connection,
) -> sqlx::Result<bool> {
    let release = open(&watch).release();
    let Some(heard) = release else {
        connection.execute("COMMIT").await?;
        return Ok(true);
    };
    let held = match lease.upgrade() {
        Some(lease) => lease.ensure().await,
        None => Err("it was released".to_owned()),
    };
    let written = match held {
        Ok(()) => write_down(&watch, heard, connection).await,
        Err(reason) => Err(sqlx::Error::Protocol(format!("the migration lock was lost: {reason}"))),
    };
    if let Err(error) = written {
        open(&watch).break_off(&error);
        // Its changes are rolled back with it.
        return Err(error);
    }
    Ok(true)
}

async fn write_down(watch: &Mutex<Watch>, heard: bool, connection: &mut Connection) -> sqlx::Result<()> {
    // The count is that of the last statement, so it is read first.
    let silence = if heard { None } else { Some(has_failed(connection).await?) };
    let counters = Counters::read(connection).await?;
    let entry = open(watch).settle(silence, counters);
    match entry {
        Some(entry) => write(watch, connection, entry).await,
        None => connection.execute("COMMIT").await.map(drop),
    }
}

/// Writes an entry and commits it.
pub(super) async fn write(
    watch: &Mutex<Watch>,
    connection: &mut Connection,
    entry: Entry,
) -> sqlx::Result<()> {
    let table = open(watch).table.clone();
    let insert =
        format!("INSERT INTO {table} (migration, direction, position, statement) VALUES (?, ?, ?, ?)");
    for (index, change) in entry.changes.iter().enumerate() {
        sqlx::query(AssertSqlSafe(insert.clone()))
            .bind(&entry.name)
            .bind(entry.direction.to_string())
            .bind(i64::try_from(entry.first + index).unwrap_or(i64::MAX))
            .bind(change)
            .execute(&mut *connection)
            .await?;
    }
    connection.execute("COMMIT").await?;
    open(watch).written(entry);
    Ok(())
}

async fn has_failed(connection: &mut Connection) -> sqlx::Result<bool> {
    let row = connection.fetch_one("SHOW COUNT(*) ERRORS").await?;
    Ok(row.try_get_unchecked::<i64, _>(0)? > 0)
}
