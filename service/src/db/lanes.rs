//! Lanes: the connections of expensive reads and of exports, of which the process uses few at a time.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sea_orm::{DatabaseConnection, DbErr};
use tokio::time::Instant;

use super::{
    DbSettings,
    lane::{Lane, Running},
    limits::Limits,
    pool::Pool,
    turns::Turns,
};
use crate::{
    Result,
    error::{Failure, failure},
};

/// Idle lanes of one kind. Two reads at once are common; opening a connection for each would cost time, and memory that
/// the allocator keeps.
const KEPT: usize = 2;

/// Lanes of one kind of a context, of which the process uses as many as it has turns.
#[derive(Debug)]
pub(super) struct Lanes {
    settings: DbSettings,
    limits: Limits,
    turns: Turns,
    /// Lanes that are kept for the next reads, at most [`KEPT`].
    idle: Mutex<Vec<Lane>>,
}

impl Lanes {
    /// Lanes that are opened when they are needed. Their statements are limited to `longest`.
    pub(super) fn new(settings: &DbSettings, longest: Duration, turns: Turns) -> Self {
        let settings = DbSettings { max_connections: 1, min_connections: 0, ..settings.clone() };
        Self { settings, limits: Limits::of_requests(longest), turns, idle: Mutex::default() }
    }

    /// Longest read.
    pub(super) fn longest(&self) -> Duration {
        self.limits.longest
    }

    /// Runs a query until `deadline`; repeats it on a new lane if its connection was dead. `main` has the connections
    /// over which the server is asked to stop a statement.
    pub(super) async fn run<T, F>(
        &self,
        main: &Arc<Pool>,
        deadline: Instant,
        query: impl Fn(DatabaseConnection) -> F,
    ) -> Result<T>
    where
        F: Future<Output = std::result::Result<T, DbErr>>,
    {
        let mut turn = self.turns.take().await?;
        loop {
            let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let is_kept = kept.is_some();
            let lane = match kept {
                Some(lane) => lane,
                None => Lane::open(&self.settings, self.limits).await?,
            };
            let (answer, lane, ended) = Running::new(lane, turn, main).query(deadline, &query).await?;
            let failure = answer.as_ref().err().and_then(failure);
            let surplus = if failure.is_none() { self.keep(lane) } else { Some(lane) };
            if let Some(lane) = surplus {
                tokio::spawn(lane.close());
            }
            if !is_kept || !matches!(failure, Some(Failure::Disconnected)) {
                return answer;
            }
            turn = ended;
        }
    }

    /// Keeps a lane for the next read; returns it if there are enough.
    fn keep(&self, lane: Lane) -> Option<Lane> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() >= KEPT {
            return Some(lane);
        }
        idle.push(lane);
        None
    }

    /// Closes the lanes that are kept.
    pub(super) async fn close(&self) -> std::result::Result<(), DbErr> {
        let kept = mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for lane in kept {
            lane.leave().await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};
    use tokio::time::timeout;

    use super::*;
    use crate::{
        Db, Error,
        db::{Class, ReadTurns, WriteQueue},
    };

    /// Time in which a statement is stopped; far less than it would take.
    const SOON: Duration = Duration::from_secs(15);

    #[derive(Debug, FromQueryResult)]
    struct Row {
        n: i64,
    }

    /// Databases of every server that the environment names, and SQLite in a folder.
    fn urls(folder: &std::path::Path) -> Vec<String> {
        #[expect(clippy::disallowed_methods, reason = "the settings of tests")]
        let servers = ["TEST_POSTGRES_URL", "TEST_MARIADB_URL"].map(|name| std::env::var(name).ok());
        let file = format!("sqlite://{}?mode=rwc", folder.join("bookly.db").display());
        servers.into_iter().flatten().chain([file]).collect()
    }

    /// Database with one turn for expensive reads.
    async fn open(url: &str, budget: Duration) -> Db {
        let settings = DbSettings {
            url: url.to_owned(),
            max_connections: 4,
            min_connections: 0,
            acquire_timeout: SOON,
            idle_timeout: SOON,
            max_lifetime: SOON,
            budget,
            long: SOON,
            echo: false,
        };
        let turns = ReadTurns { expensive: Turns::new(1, 0, Duration::ZERO), ..ReadTurns::default() };
        Db::open(&settings, WriteQueue::for_url(url), turns, Arc::default()).await.unwrap()
    }

    async fn read(db: &Db, sql: &str) -> Result<Option<i64>> {
        let query = Row::find_by_statement(Statement::from_string(db.backend(), sql));
        Ok(db.read(Class::Expensive, query).one().await?.map(|row| row.n))
    }

    /// Query of minutes.
    fn slow(db: &Db) -> &'static str {
        match db.backend() {
            DbBackend::Postgres => "SELECT CAST(1 AS bigint) AS n FROM pg_sleep(300)",
            DbBackend::MySql => "SELECT CAST(SLEEP(300) AS SIGNED) AS n",
            _ => {
                "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) \
                 SELECT count(*) AS n FROM numbers"
            }
        }
    }

    /// Waits until no session of the server runs the slow query.
    async fn wait_for_server(db: &Db) {
        let sql = match db.backend() {
            DbBackend::Postgres => {
                "SELECT count(*) AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT CAST(1 AS%'"
            }
            DbBackend::MySql => {
                "SELECT count(*) AS n FROM information_schema.processlist WHERE info LIKE 'SELECT CAST(SLEEP%'"
            }
            _ => return,
        };
        let query = || Row::find_by_statement(Statement::from_string(db.backend(), sql));
        let ended = async {
            while db.read(Class::Key, query()).one().await.unwrap().unwrap().n > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(SOON, ended).await.expect("the statement was stopped on the server");
    }

    /// Runs the slow query for `pause` at most, unless it ends before; then waits until it has ended everywhere.
    async fn leave(db: &Db, pause: Duration) -> Option<Result<()>> {
        let (used, backend, sql) = (Mutex::new(None), db.backend(), slow(db));
        let query = |conn: DatabaseConnection| {
            *used.lock().unwrap() = Some(conn.clone());
            async move { conn.query_all_raw(Statement::from_string(backend, sql)).await.map(drop) }
        };
        let deadline = Instant::now() + db.expensive.longest();
        let left = timeout(pause, db.expensive.run(&db.requests, deadline, query)).await.ok();
        if let Some(conn) = used.into_inner().unwrap() {
            timeout(SOON, conn.close_by_ref()).await.expect("the statement was stopped").unwrap();
        }
        wait_for_server(db).await;
        left
    }

    /// Query of a moment, which returns 1.
    const QUICK: &str = "SELECT count(*) AS n FROM (SELECT 1 AS one) AS ones";

    /// Waits until a turn is free; returns the result of a query that takes it.
    async fn next(db: &Db) -> Option<i64> {
        let free = async {
            loop {
                match read(db, QUICK).await {
                    Err(Error::Busy) => tokio::time::sleep(Duration::from_millis(20)).await,
                    done => return done.unwrap(),
                }
            }
        };
        timeout(SOON, free).await.expect("the statement was stopped")
    }

    #[tokio::test]
    async fn a_query_whose_caller_goes_away_is_stopped() {
        let folder = tempfile::tempdir().unwrap();
        for url in urls(folder.path()) {
            let db = open(&url, 4 * SOON).await;
            for pause in [0, 1, 10, 200] {
                let left = leave(&db, Duration::from_millis(pause)).await;
                assert!(left.is_none(), "{left:?}");
                assert_eq!(next(&db).await, Some(1));
            }
        }
    }

    #[tokio::test]
    async fn a_query_ends_at_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        for url in urls(folder.path()) {
            let db = open(&url, Duration::from_secs(1)).await;
            let late = leave(&db, SOON).await.expect("it has a limit");
            assert!(matches!(late, Err(Error::Unavailable(_))), "{late:?}");
            assert_eq!(next(&db).await, Some(1));
        }
    }

    #[tokio::test]
    async fn reads_by_key_do_not_wait_for_expensive_ones() {
        let folder = tempfile::tempdir().unwrap();
        for url in urls(folder.path()) {
            let db = open(&url, 4 * SOON).await;
            let mut busy = Box::pin(read(&db, slow(&db)));
            assert!(timeout(Duration::from_millis(100), &mut busy).await.is_err());
            assert!(matches!(read(&db, QUICK).await, Err(Error::Busy)));
            let query = Row::find_by_statement(Statement::from_string(db.backend(), QUICK));
            let row = timeout(SOON, db.read(Class::Key, query).one()).await.unwrap();
            assert_eq!(row.unwrap().map(|row| row.n), Some(1));
            drop(busy);
            assert_eq!(next(&db).await, Some(1));
        }
    }
}
