//! Limit on the wait for the lock of a table.
//!
//! A change of a table waits for its readers, and all later readers wait for the change. With a limit it gives up soon, lets
//! them pass, and tries again.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher as _, Hasher as _},
    mem,
    sync::PoisonError,
    time::{Duration, Instant},
};

use log::info;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, RuntimeErr, Statement};

use super::{journal::sql, lock::Seen};

/// Default limit of one wait.
pub const TABLE_LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// No attempt begins later than after this many times the limit.
const TOTAL: u32 = 12;

/// Sessions that an error names.
const NAMED: usize = 5;

/// PostgreSQL's `lock_not_available`.
const POSTGRES: &str = "55P03";

/// The number of MariaDB / MySQL for a lock that could not be taken in time.
const MYSQL: u16 = 1205;

/// Transactions of MariaDB / MySQL that began before the wait. It may not tell which of them is in the way.
const OPEN: &str = "SELECT CAST(CONCAT('the server''s connection ', p.id, ' (', p.user, ' from ', p.host, ', for ', \
    TIMESTAMPDIFF(SECOND, t.trx_started, NOW()), ' s)') AS CHAR) AS text \
    FROM information_schema.innodb_trx t JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id \
    WHERE p.id <> CONNECTION_ID() AND t.trx_started <= NOW() - INTERVAL ? SECOND ORDER BY t.trx_started";

/// Attempts of a run, each of which waits for the lock of a table no longer than the limit.
pub(super) struct Attempts {
    limit: Option<Duration>,
    began: Instant,
    count: u32,
    pause: Duration,
    /// The sessions that were in the way.
    pub(super) seen: Seen,
}

impl Attempts {
    pub(super) fn new(limit: Option<Duration>) -> Self {
        let pause = limit.unwrap_or_default() / 5;
        Self { limit, began: Instant::now(), count: 1, pause, seen: Seen::default() }
    }

    /// Statement that limits the waits of a transaction on PostgreSQL.
    pub(super) fn setting(&self, backend: DbBackend) -> Option<String> {
        let limit = self.limit.filter(|_| backend == DbBackend::Postgres)?;
        Some(format!("SET LOCAL lock_timeout = {}", limit.as_millis().max(1)))
    }

    /// The same for a session.
    pub(super) fn setting_of_session(&self, backend: DbBackend) -> Option<String> {
        self.setting(backend).map(|setting| setting.replace(" LOCAL", ""))
    }

    /// Pause between two looks at the sessions in the way.
    pub(super) fn interval(&self) -> Option<Duration> {
        Some(self.limit? / 3)
    }

    /// Lets others pass after an attempt that failed with `error`.
    ///
    /// # Errors
    /// `error` if it has another cause or the time is over; then it says what was in the way.
    pub(super) async fn again(&mut self, db: &impl ConnectionTrait, error: DbErr) -> Result<(), DbErr> {
        let Some(limit) = self.limit.filter(|_| is_timeout(&error)) else { return Err(error) };
        if self.began.elapsed() >= limit * TOTAL {
            return Err(self.explained(db, &error).await);
        }
        let pause = jittered(self.pause);
        info!(
            "a table was locked by others for {} s; trying again in {:.1} s",
            limit.as_secs_f32(),
            pause.as_secs_f32()
        );
        tokio::time::sleep(pause).await;
        self.pause = (self.pause * 2).min(limit);
        self.count += 1;
        Ok(())
    }

    /// The attempts at the next migrations count anew.
    pub(super) fn restart(&mut self) {
        *self = Self::new(self.limit);
    }

    async fn explained(&self, db: &impl ConnectionTrait, error: &DbErr) -> DbErr {
        let mut names = mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner));
        let mut who = "In the way";
        if db.get_database_backend() == DbBackend::MySql {
            // A user without the right PROCESS sees none.
            names = self.open_transactions(db).await.unwrap_or_default();
            who = "Transactions that were open before";
        }
        names.truncate(NAMED);
        let mut text = format!(
            "{error}\nA table was locked by others in {} attempts within {} s.",
            self.count,
            self.began.elapsed().as_secs()
        );
        if !names.is_empty() {
            text.extend([" ", who, ":\n  ", &names.join("\n  ")]);
        }
        DbErr::Custom(text)
    }

    async fn open_transactions(&self, db: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
        let limit = self.limit.unwrap_or_default().as_secs();
        let select = Statement::from_sql_and_values(DbBackend::MySql, OPEN, [limit.into()]);
        db.query_all_raw(select).await?.iter().map(|row| row.try_get("", "text")).collect()
    }
}

/// Whether the statement waited for a lock for longer than the limit.
fn is_timeout(error: &DbErr) -> bool {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    let Some(database) = error.as_database_error() else { return false };
    database.code().as_deref() == Some(POSTGRES) || sql::number_of(database) == Some(MYSQL)
}

/// Between a half and one and a half of `pause`, so that attempts of several programs do not meet again.
fn jittered(pause: Duration) -> Duration {
    // A hash with random keys.
    let random = RandomState::new().build_hasher().finish();
    pause / 2
        + pause.mul_f64(f64::from(u32::try_from(random >> 32).unwrap_or_default()) / f64::from(u32::MAX))
}
