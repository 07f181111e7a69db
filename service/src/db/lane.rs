//! Lane: one connection, so that its statement, and no other, can be stopped. A statement whose caller went away, or
//! whose time is over, is stopped on the server, and its lane is closed.

use std::{sync::Arc, time::Duration};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use tokio::{
    runtime::Handle,
    sync::watch,
    time::{Instant, timeout, timeout_at},
};

use super::{
    DbSettings, connect,
    limits::Limits,
    pool::{Pool, late},
    turns::Turn,
};
use crate::{Error, Result};

/// Time in which the server is asked to stop a statement.
const STOPPING: Duration = Duration::from_secs(2);

/// Longest time until a closed lane is forgotten.
const CLOSING: Duration = Duration::from_secs(5);

/// Connection, and the flag that ends a statement of SQLite.
#[derive(Debug)]
pub(super) struct Lane {
    conn: DatabaseConnection,
    stopped: watch::Sender<bool>,
}

impl Lane {
    /// Lane whose statements have these limits.
    pub(super) async fn open(settings: &DbSettings, limits: Limits) -> Result<Self> {
        let (stopped, flag) = watch::channel(false);
        let conn = connect::connect(settings, limits, flag).await?;
        Ok(Self { conn, stopped })
    }

    /// Takes leave of the server.
    pub(super) async fn leave(self) -> std::result::Result<(), DbErr> {
        self.conn.close_by_ref().await
    }

    /// Closes the lane, which takes until its statement has ended.
    pub(super) async fn close(self) {
        if timeout(CLOSING, self.leave()).await.is_err() {
            log::debug!("a lane did not close in time");
        }
    }
}

/// Query on a lane. Dropped before it ends, it is stopped.
pub(super) struct Running {
    /// None after the query has ended.
    work: Option<(Lane, Turn)>,
    /// Id of the session on the server.
    session: Option<i64>,
    main: Arc<Pool>,
}

impl Running {
    /// Query that has not begun. `main` has the connections over which the server is asked to stop a statement.
    pub(super) fn new(lane: Lane, turn: Turn, main: &Arc<Pool>) -> Self {
        Self { work: Some((lane, turn)), session: None, main: Arc::clone(main) }
    }

    /// Runs the query until `deadline`. Returns its result, and lane and turn for another one.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the query did not end in time.
    pub(super) async fn query<T, F>(
        mut self,
        deadline: Instant,
        query: impl Fn(DatabaseConnection) -> F,
    ) -> Result<(Result<T>, Lane, Turn)>
    where
        F: Future<Output = std::result::Result<T, DbErr>>,
    {
        let conn = self.work.as_ref().map(|(lane, _)| lane.conn.clone()).ok_or_else(late)?;
        let session_of_query = &mut self.session;
        let work = async {
            *session_of_query = session(&conn).await?;
            query(conn).await
        };
        let done = timeout_at(deadline, work).await.map_err(|_| late())?;
        let (lane, turn) = self.work.take().ok_or_else(late)?;
        Ok((done.map_err(Error::from), lane, turn))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some((lane, turn)) = self.work.take() else { return };
        lane.stopped.send_replace(true);
        let (session, main) = (self.session, Arc::clone(&self.main));
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                if let Some(session) = session {
                    stop(&main.current().conn, session).await;
                }
                lane.close().await;
                // Until here, the server may be busy with the statement.
                drop(turn);
            });
        }
    }
}

/// Id of the session of a connection; SQLite has none.
async fn session(conn: &DatabaseConnection) -> std::result::Result<Option<i64>, DbErr> {
    let backend = conn.get_database_backend();
    let question = match backend {
        DbBackend::Postgres => "SELECT CAST(pg_backend_pid() AS bigint)",
        DbBackend::MySql => "SELECT CAST(connection_id() AS SIGNED)",
        _ => return Ok(None),
    };
    let row = conn.query_one_raw(Statement::from_string(backend, question)).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

/// Stops the statement of a session, over another connection.
async fn stop(conn: &DatabaseConnection, session: i64) {
    let statement = match conn.get_database_backend() {
        DbBackend::Postgres => format!("SELECT pg_cancel_backend({session})"),
        _ => format!("KILL QUERY {session}"),
    };
    match timeout(STOPPING, conn.execute_unprepared(&statement)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => log::debug!("stopping a statement failed: {error}"),
        Err(_) => log::debug!("stopping a statement failed: the server does not answer"),
    }
}
