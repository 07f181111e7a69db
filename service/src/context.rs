//! Context of operations: the database, and the parts that all threads of a process share.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::{
    Clock, Db, DbSettings, Error, Keys, Result,
    admission::ImportQueue,
    db::{Health, ReadTurns, WriteQueue},
    passwords::Passwords,
    quota::BookQuota,
    throttle::Throttle,
};

/// Rules of accounts, set by the operator.
#[derive(Debug, Clone)]
pub struct AccountPolicy {
    /// Issuer of access tokens.
    pub issuer: String,
    /// Lifetime of an access token, in seconds.
    pub access_token_ttl: u32,
    /// bcrypt cost of new hashes: 2 to its power rounds.
    pub bcrypt_cost: u32,
    /// True if a new account must verify its address before it may write.
    pub email_verification: bool,
    /// True if mail is sent.
    pub mail: bool,
    /// Base of the links to pages of the frontend, without a slash at its end.
    pub public_url: Option<String>,
    /// Maximum number of books of an account.
    pub books: u64,
}

/// Parts that all contexts of a process share: keys, clock, hashing threads, rate limits and the account policy.
#[derive(Debug)]
pub struct Shared {
    clock: Arc<Clock>,
    keys: Arc<Keys>,
    passwords: Passwords,
    policy: AccountPolicy,
    throttle: Throttle,
    write_queue: WriteQueue,
    read_turns: ReadTurns,
    health: Arc<Health>,
    imports: Arc<ImportQueue>,
    book_quota: BookQuota,
    outbox_filled: Notify,
}

impl Shared {
    /// Starts the threads that hash passwords. `url` is that of the database; `limited` turns rate limits on.
    #[must_use]
    pub fn new(url: &str, keys: Keys, policy: AccountPolicy, limited: bool) -> Self {
        let (clock, keys) = (Arc::new(Clock::default()), Arc::new(keys));
        let throttle = if limited { Throttle::on(Arc::clone(&clock)) } else { Throttle::off() };
        Self {
            passwords: Passwords::new(Arc::clone(&keys), policy.bcrypt_cost),
            write_queue: WriteQueue::for_url(url),
            health: Arc::default(),
            imports: Arc::default(),
            book_quota: BookQuota::new(policy.books, Arc::clone(&clock)),
            read_turns: ReadTurns::default(),
            outbox_filled: Notify::new(),
            clock,
            keys,
            policy,
            throttle,
        }
    }

    /// Clock of everything that expires.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }
}

/// Access of operations to the database and to the shared parts. Clones share the pool of connections.
#[derive(Debug, Clone)]
pub struct Context {
    /// Connections to the database.
    pub db: Db,
    shared: Arc<Shared>,
}

impl Context {
    /// Opens a pool of connections, which connects on first use.
    ///
    /// # Errors
    /// Those of [`Db::open`].
    pub async fn open(shared: Arc<Shared>, settings: &DbSettings) -> Result<Self> {
        let Shared { write_queue, read_turns, health, .. } = &*shared;
        let db = Db::open(settings, write_queue.clone(), read_turns.clone(), Arc::clone(health)).await?;
        Ok(Self { db, shared })
    }

    /// Clock of everything that expires.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Rate limits.
    #[must_use]
    pub fn throttle(&self) -> &Throttle {
        &self.shared.throttle
    }

    pub(crate) fn keys(&self) -> &Arc<Keys> {
        &self.shared.keys
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.shared.passwords
    }

    pub(crate) fn policy(&self) -> &AccountPolicy {
        &self.shared.policy
    }

    pub(crate) fn imports(&self) -> &Arc<ImportQueue> {
        &self.shared.imports
    }

    pub(crate) fn book_quota(&self) -> &BookQuota {
        &self.shared.book_quota
    }

    /// Rejects an operation that would wait for mail for ever.
    pub(crate) fn require_mail(&self) -> Result<()> {
        self.policy().mail.then_some(()).ok_or(Error::CannotMail("this server sends no mail"))
    }

    /// Wakes the task that sends mail.
    pub(crate) fn wake_outbox(&self) {
        self.shared.outbox_filled.notify_one();
    }

    /// Waits for [`Context::wake_outbox`].
    pub(crate) async fn outbox_filled(&self) {
        self.shared.outbox_filled.notified().await;
    }
}
