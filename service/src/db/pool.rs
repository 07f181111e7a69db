//! Connections of one kind, which are renewed when they go silent.
//!
//! A connection whose peer vanished answers nothing, and the driver waits for it without limit, even when it returns
//! the connection to its pool. So each operation has a deadline. The limits of the server are shorter: a statement
//! that is only slow ends there, and leaves its connection in order. An operation that does not end then is silent,
//! and so is a pool that has no connection to give and finishes nothing. If a fresh connection works, it begins a new
//! generation, and the connections of the old one are closed.

use std::{
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use futures_util::FutureExt;
use sea_orm::{DatabaseConnection, DbErr};
use tokio::{
    sync::{Mutex, OwnedSemaphorePermit, Semaphore, watch},
    time::{Instant, timeout, timeout_at},
};

use super::{DbSettings, Health, connect, limits::Limits, pulse::Pulse};
use crate::{
    Error, Result,
    error::{Failure, failure},
};

/// Time in which a fresh connection must answer, and time between two attempts.
const FRESH: Duration = Duration::from_secs(1);

/// Time for which replaced connections may take leave of the server.
const CLOSING: Duration = Duration::from_secs(5);

/// Operation on the database. It owns all that it needs, since it may outlive its caller.
pub(super) type Operation<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// Condition that a fresh connection must meet to replace the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needed {
    /// It answers.
    Answer,
    /// It may write.
    Write,
}

/// Connections between two renewals.
#[derive(Debug)]
pub(super) struct Generation {
    number: u64,
    pub(super) conn: DatabaseConnection,
    /// Turns of writers. They are fewer than the connections, so that reads find one while writers wait for locks.
    pub(super) writers: Arc<Semaphore>,
    /// True once the generation was replaced.
    gone: watch::Sender<bool>,
}

impl Generation {
    pub(super) fn is_gone(&self) -> bool {
        *self.gone.borrow()
    }
}

/// Connections of one kind.
#[derive(Debug)]
pub(super) struct Pool {
    settings: DbSettings,
    pub(super) limits: Limits,
    current: RwLock<Arc<Generation>>,
    /// Time of the last attempt to renew, which at most one task makes.
    renewal: Mutex<Option<Instant>>,
    pulse: Arc<Pulse>,
}

impl Pool {
    /// Pool with these settings, which connects on first use.
    pub(super) async fn open(settings: DbSettings, limits: Limits, health: &Health) -> Result<Self> {
        let first = generation(0, &settings, limits).await?;
        let pulse = Arc::new(Pulse::new(Instant::now()));
        health.watch(&pulse);
        Ok(Self { settings, limits, current: RwLock::new(Arc::new(first)), renewal: Mutex::default(), pulse })
    }

    /// The connections in use.
    pub(super) fn current(&self) -> Arc<Generation> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs an operation on the connections of `generation` until `deadline`. An operation that is late goes on
    /// without its caller until it ends or the connections are replaced: a connection that is dropped in between would
    /// return to its pool in an unknown state.
    pub(super) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        generation: &Arc<Generation>,
        deadline: Instant,
        mut operation: Operation<T>,
    ) -> Result<T> {
        let started = Instant::now();
        if started >= deadline {
            return Err(late());
        }
        if let Ok(done) = timeout_at(deadline, &mut operation).await {
            self.note(generation, done.as_ref().err());
            return done;
        }
        tokio::spawn(Arc::clone(self).attend(Arc::clone(generation), started, operation));
        Err(late())
    }

    /// Turn of a writer among the connections of `generation`; none if they were replaced meanwhile.
    pub(super) async fn writer(
        self: &Arc<Self>,
        generation: &Arc<Generation>,
        deadline: Instant,
    ) -> Result<Option<OwnedSemaphorePermit>> {
        let turn = deadline.min(Instant::now() + self.limits.turn);
        if let Ok(permit) = timeout_at(turn, Arc::clone(&generation.writers).acquire_owned()).await {
            return Ok(permit.ok());
        }
        self.suspect(generation);
        Err(Error::Unavailable("the connections of writers are in use".into()))
    }

    /// Waits for an operation that is late, and renews the connections if it turns out to be silent.
    async fn attend<T>(
        self: Arc<Self>,
        generation: Arc<Generation>,
        started: Instant,
        mut late: Operation<T>,
    ) {
        let mut silent_from = started + self.limits.longest;
        loop {
            if let Ok(done) = timeout_at(silent_from, &mut late).await {
                return self.note(&generation, done.as_ref().err());
            }
            // While others finish, it may be a transaction in one of its statements, which the server will end.
            let ends = started + self.limits.longest + self.limits.statement;
            if self.pulse.is_quiet(Instant::now()) || silent_from >= ends {
                break;
            }
            silent_from = ends;
        }
        self.renew(&generation, Needed::Answer).await;
        let mut gone = generation.gone.subscribe();
        tokio::select! {
            _ = &mut late => {}
            // The pool is closed by now: the connection is closed, not returned.
            _ = gone.wait_for(|gone| *gone) => {}
        }
    }

    /// Draws conclusions from the end of an operation.
    fn note(self: &Arc<Self>, generation: &Arc<Generation>, error: Option<&Error>) {
        match error.and_then(failure) {
            Some(Failure::NoConnection) => self.suspect(generation),
            Some(Failure::Disconnected) => {}
            _ => self.pulse.beat(Instant::now()),
        }
    }

    /// Renews connections that are all in use, unless one of them finished something lately.
    fn suspect(self: &Arc<Self>, generation: &Arc<Generation>) {
        if self.pulse.is_quiet(Instant::now()) && !generation.is_gone() {
            let (pool, generation) = (Arc::clone(self), Arc::clone(generation));
            tokio::spawn(async move { pool.renew(&generation, Needed::Answer).await });
        }
    }

    /// Maximum number of connections.
    pub(super) fn size(&self) -> u32 {
        self.settings.max_connections
    }

    /// Replaces the connections of `seen`, if a fresh one meets the condition. Returns whether they are replaced.
    pub(super) async fn renew(&self, seen: &Generation, needed: Needed) -> bool {
        let mut last = self.renewal.lock().await;
        if seen.is_gone() {
            return true;
        }
        if last.is_some_and(|last| last.elapsed() < FRESH) {
            return false;
        }
        let fresh = timeout(FRESH, self.fresh(seen.number + 1, needed)).await;
        *last = Some(Instant::now());
        let fresh = fresh.ok().and_then(Result::ok).flatten();
        if needed == Needed::Answer {
            self.pulse.renewed(Instant::now(), fresh.is_some());
        }
        let Some(fresh) = fresh else { return false };
        self.replace(fresh);
        true
    }

    /// Fresh connections, if they meet the condition.
    async fn fresh(&self, number: u64, needed: Needed) -> Result<Option<Generation>> {
        let fresh = generation(number, &self.settings, self.limits).await?;
        let suffices = match needed {
            Needed::Answer => fresh.conn.ping().await.map(|()| true)?,
            Needed::Write => !connect::is_read_only(&fresh.conn).await?,
        };
        Ok(suffices.then_some(fresh))
    }

    /// Puts `fresh` in place of the connections, which are closed.
    fn replace(&self, fresh: Generation) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut *current, Arc::new(fresh));
        drop(current);
        log::warn!(target: "bookly::database", generation = old.number + 1; "connections replaced");
        let conn = old.conn.clone();
        let mut closing = Box::pin(async move { conn.close_by_ref().await });
        // From the first poll on, connections that come back are closed, and not tested.
        if closing.as_mut().now_or_never().is_none() {
            tokio::spawn(timeout(CLOSING, closing));
        }
        old.writers.close();
        old.gone.send_replace(true);
    }

    /// Closes every connection. Those in use have a moment to return.
    pub(super) async fn close(&self) -> std::result::Result<(), DbErr> {
        let generation = self.current();
        // A silent connection never returns.
        timeout(CLOSING, generation.conn.close_by_ref()).await.unwrap_or(Ok(()))
    }
}

/// Error of an operation whose time is over.
pub(super) fn late() -> Error {
    Error::Unavailable("the database did not answer in time".into())
}

/// Connections, none of which is opened yet, except on SQLite.
async fn generation(number: u64, settings: &DbSettings, limits: Limits) -> Result<Generation> {
    let (gone, flag) = watch::channel(false);
    let conn = connect::connect(settings, limits, flag).await?;
    let most = settings.max_connections;
    let writers = (most - most.div_ceil(4)).max(1);
    Ok(Generation { number, conn, writers: Arc::new(Semaphore::new(writers as usize)), gone })
}
