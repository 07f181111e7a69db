//! The lease: a row with its owner and its end, by the clock of the database. It is renewed while the run lasts.
//!
//! In a cluster, of two processes that write the row at two nodes one fails at its commit.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher as _, Hasher as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sea_orm_migration::sea_orm::sqlx::{self, Executor as _, MySqlConnection};
use tokio::sync::{self, oneshot};

use self::row::{Held, Owner};
use super::{
    node::{self, Node},
    number,
};
use crate::run::{
    journal::sql::quoted,
    lock::{self, Holder},
};

mod row;

/// Pause between two renewals.
const RENEWAL: Duration = Duration::from_secs(5);

/// Age of a renewal from which a run renews before it goes on.
const STALE: Duration = Duration::from_secs(10);

/// Another process wrote the row: it exists, it is locked, or the transaction lost against that of another node.
const CONFLICTS: [u16; 3] = [1062, 1205, 1213];

/// Attempts at a renewal that meets another process.
const RENEWALS: usize = 10;

/// A connection that takes and renews the lease of one process.
#[derive(Debug)]
pub(in crate::run) struct Lease {
    connection: sync::Mutex<MySqlConnection>,
    owner: Owner,
    node: String,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    renewed: Instant,
    lost: Option<String>,
    /// A lease that has expired, and when it was first seen so.
    expired: Option<(String, Instant)>,
    /// The server still runs a statement of the process whose lease it is.
    is_at_work: bool,
}

impl Lease {
    /// The lease on `schema`, in a table beside `records`. Takes nothing.
    pub(super) async fn of(
        mut connection: MySqlConnection,
        schema: &str,
        records: &str,
        name: &str,
    ) -> sqlx::Result<Self> {
        node::see_other_nodes(&mut connection, node::READS).await?;
        let node = Node::of(&mut connection).await?.to_string();
        let table = format!("{}.{}", quoted(schema), quoted(&lock::table_name(records)));
        // Two hashes with random keys.
        let random = || RandomState::new().build_hasher().finish();
        let id = format!("{:016x}{:016x}", random(), random());
        Ok(Self {
            connection: sync::Mutex::new(connection),
            owner: Owner::new(table, id, name, node.clone()),
            node,
            state: Mutex::new(State {
                renewed: Instant::now(),
                lost: None,
                expired: None,
                is_at_work: false,
            }),
        })
    }

    /// The connection, for statements that are not the lease's.
    pub(super) async fn connection(&self) -> sync::MutexGuard<'_, MySqlConnection> {
        self.connection.lock().await
    }

    /// Takes the lease if it is free. `is_first_here` says that no living process at this node has it.
    pub(super) async fn take(&self, is_first_here: bool) -> sqlx::Result<bool> {
        let mut connection = self.connection.lock().await;
        let began = Instant::now();
        let taken = match self.try_to_take(&mut connection, is_first_here).await {
            Err(error) if is_conflict(&error) => false,
            taken => taken?,
        };
        if taken {
            self.state().renewed = began;
        }
        Ok(taken)
    }

    async fn try_to_take(&self, connection: &mut MySqlConnection, is_first_here: bool) -> sqlx::Result<bool> {
        self.state().is_at_work = false;
        let Some(held) = self.owner.read(connection).await? else {
            self.owner.create_table(connection).await?;
            return self.owner.insert(connection).await;
        };
        let is_dead = is_first_here && held.node == self.node;
        if !is_dead && !self.has_ended(&held) {
            return Ok(false);
        }
        if let Some(session) = held.session_at(&self.node)
            && is_at_work(connection, session).await?
        {
            self.state().is_at_work = true;
            return Ok(false);
        }
        self.owner.take_over(connection, &held).await
    }

    /// Whether a lease has expired and is not renewed any more. In a cluster, a change of a table delays renewals.
    fn has_ended(&self, held: &Held) -> bool {
        let mut state = self.state();
        if !held.is_expired {
            state.expired = None;
            return false;
        }
        let seen = format!("{} {}", held.owner, held.expires);
        match &state.expired {
            Some((before, since)) if *before == seen => since.elapsed() >= RENEWAL,
            Some(_) | None => {
                state.expired = Some((seen, Instant::now()));
                false
            }
        }
    }

    /// The process that has the lease.
    pub(super) async fn holder(&self) -> sqlx::Result<Holder> {
        if self.state().is_at_work {
            return Ok(Holder::left_behind());
        }
        let mut connection = self.connection.lock().await;
        Ok(self.owner.read(&mut connection).await?.map_or_else(Holder::default, |held| {
            let text = format!("{} (at {}, for {} s)", held.holder, held.address(), held.seconds);
            Holder { id: held.owner, text }
        }))
    }

    /// Notes the connection of the run, since the server can be at work there for a process that has ended.
    pub(in crate::run) async fn register(&self, session: &mut MySqlConnection) -> sqlx::Result<()> {
        let node = Node::of(session).await?.to_string();
        self.owner.note(session, &node).await?;
        // The server may have been told to begin without autocommit.
        session.execute("COMMIT").await.map(drop)
    }

    /// Renews the lease every few seconds, until the sender is dropped or the lease is lost.
    pub(super) fn keep(lease: &Arc<Self>) -> oneshot::Sender<()> {
        let (sender, mut ended) = oneshot::channel();
        let lease = Arc::downgrade(lease);
        tokio::spawn(async move {
            while tokio::time::timeout(RENEWAL, &mut ended).await.is_err() {
                let Some(lease) = lease.upgrade() else { return };
                if lease.check().await.is_err() {
                    return;
                }
            }
        });
        sender
    }

    /// Renews the lease.
    ///
    /// # Errors
    /// The reason for which it is lost.
    pub(in crate::run) async fn check(&self) -> Result<(), String> {
        let mut connection = self.connection.lock().await;
        if let Some(reason) = self.state().lost.clone() {
            return Err(reason);
        }
        let began = Instant::now();
        let lost = match self.renew(&mut connection).await {
            Ok(true) => {
                self.state().renewed = began;
                return Ok(());
            }
            Ok(false) => "another process has it".to_owned(),
            Err(error) => error.to_string(),
        };
        self.state().lost = Some(lost.clone());
        Err(lost)
    }

    /// Fails if the lease is lost. Renews one that was not renewed in time, for example while a change of a table delayed
    /// that.
    pub(in crate::run) async fn ensure(&self) -> Result<(), String> {
        let (lost, age) = {
            let state = self.state();
            (state.lost.clone(), state.renewed.elapsed())
        };
        match lost {
            Some(reason) => Err(reason),
            None if age < STALE => Ok(()),
            None => self.check().await,
        }
    }

    /// Returns whether the lease is still this process's.
    async fn renew(&self, connection: &mut MySqlConnection) -> sqlx::Result<bool> {
        for _ in 1..RENEWALS {
            match self.owner.renew(connection).await {
                Err(error) if is_conflict(&error) => {}
                renewed => return renewed,
            }
        }
        self.owner.renew(connection).await
    }

    /// Gives the lease up, and with `and_table` drops its table.
    pub(super) async fn end(&self, and_table: bool) -> sqlx::Result<()> {
        let mut connection = self.connection.lock().await;
        if and_table && self.renew(&mut connection).await? {
            return self.owner.drop_table(&mut connection).await;
        }
        self.owner.delete(&mut connection).await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock can leave it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a process at another node than that of `connection` has a lease on its database.
pub(super) async fn is_held_elsewhere(connection: &mut MySqlConnection, records: &str) -> sqlx::Result<bool> {
    let node = Node::of(connection).await?.to_string();
    let held = row::read(connection, &quoted(&lock::table_name(records))).await?;
    Ok(held.is_some_and(|held| !held.is_expired && held.node != node))
}

fn is_conflict(error: &sqlx::Error) -> bool {
    number(error).is_some_and(|number| CONFLICTS.contains(&number))
}

/// Whether the server runs a statement on this connection, whose process is gone or has lost its lock.
async fn is_at_work(connection: &mut MySqlConnection, id: &str) -> sqlx::Result<bool> {
    let select = "SELECT COUNT(*) FROM information_schema.processlist WHERE id = ? AND command <> 'Sleep'";
    let count: i64 = sqlx::query_scalar(select).bind(id).fetch_one(connection).await?;
    Ok(count > 0)
}
