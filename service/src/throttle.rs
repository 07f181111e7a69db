//! Rate limits of addresses, of accounts and of password guesses.
//!
//! Every limit is a token bucket by the generic cell rate algorithm (see `table`): its whole quota can be spent at
//! once, and recovers evenly over its window. Counters are kept in memory, in a table of fixed size, under a keyed
//! hash: it contains neither names nor addresses.

mod counters;
mod guesses;
mod table;

use std::{net::IpAddr, sync::Arc, time::Duration};

use uuid::Uuid;

pub(crate) use self::guesses::Attempt;
use self::{
    counters::{Charge, Counters, Outcome},
    table::Table,
};
use crate::{
    Clock, Error, Result,
    limit::{LimitStatus, RateLimit},
    network::Scope,
    security::{AddressClass, Event},
};

/// Subject of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject<'a> {
    /// Clients at an address; for IPv6, in its /64 network.
    Address(Option<IpAddr>),
    /// Signed-in account.
    User(Uuid),
    /// Name or e-mail address in normal form, of an account or not.
    Name(&'a str),
    /// Mail template and e-mail address in normal form.
    Mail(&'a str, &'a str),
    /// Name or e-mail address in normal form, used from a network.
    NameFrom(&'a str, Option<IpAddr>),
    /// Device that is known to belong to an account.
    Device(Uuid),
}

/// Rate limits of a process.
#[derive(Debug)]
pub struct Throttle {
    /// `None` if rate limits are off.
    counters: Option<Box<dyn Counters>>,
    clock: Arc<Clock>,
}

impl Throttle {
    /// Enabled rate limits. Memory grows with use, up to 32 MiB.
    #[must_use]
    pub fn on(clock: Arc<Clock>) -> Self {
        Self { counters: Some(Box::new(Table::new())), clock }
    }

    /// Disabled rate limits.
    #[must_use]
    pub fn off() -> Self {
        Self { counters: None, clock: Arc::default() }
    }

    /// Counts a request; returns `None` if rate limits are off.
    ///
    /// # Errors
    /// [`Error::Throttled`] if `subject` has spent its quota. Rejected requests are not counted: retrying does not
    /// extend the wait.
    pub async fn admit(&self, limit: RateLimit, subject: Subject<'_>) -> Result<Option<LimitStatus>> {
        match self.charge(&[Charge::one(limit, subject.network())]).await? {
            Outcome::Admitted(statuses) => Ok(statuses.first().copied()),
            Outcome::Exceeded(status) => Err(rejection(status, subject)),
        }
    }

    /// Requires that some quota is left, without counting a request.
    ///
    /// # Errors
    /// [`Error::Throttled`] if `subject` has spent its quota.
    pub(crate) async fn require(&self, limit: RateLimit, subject: Subject<'_>) -> Result<()> {
        match self.spend(limit, subject, Duration::ZERO).await? {
            Some(status) if status.remaining == 0 => Err(rejection(status, subject)),
            Some(_) | None => Ok(()),
        }
    }

    /// Counts time against a limit whose quota is in seconds, even beyond the quota. Returns the status before, or `None`
    /// if rate limits are off.
    pub(crate) async fn spend(
        &self,
        limit: RateLimit,
        subject: Subject<'_>,
        time: Duration,
    ) -> Result<Option<LimitStatus>> {
        let Some(counters) = &self.counters else { return Ok(None) };
        counters.spend(limit, subject.network(), time, self.clock.monotonic()).await.map(Some)
    }

    /// Counts all of `charges`, or none.
    async fn charge(&self, charges: &[Charge<'_>]) -> Result<Outcome> {
        match &self.counters {
            Some(counters) => counters.charge(charges, self.clock.monotonic()).await,
            None => Ok(Outcome::Admitted(Vec::new())),
        }
    }

    /// Returns charges to their quotas.
    async fn refund(&self, charges: &[Charge<'_>]) -> Result<()> {
        match &self.counters {
            Some(counters) => counters.refund(charges, self.clock.monotonic()).await,
            None => Ok(()),
        }
    }
}

/// Error of a limit that is exceeded, which is logged.
fn rejection(status: LimitStatus, subject: Subject<'_>) -> Error {
    let (user, address) = match subject {
        Subject::Address(address) | Subject::NameFrom(_, address) => (None, Some(AddressClass::of(address))),
        Subject::User(user) => (Some(user), None),
        Subject::Name(_) | Subject::Mail(..) | Subject::Device(_) => (None, None),
    };
    Event::Throttled { policy: status.limit.name(), user, address }.log();
    Error::Throttled(status)
}

impl Subject<'_> {
    /// Subject with its address as the network of one client.
    fn network(self) -> Self {
        match self {
            Self::Address(address) => Self::Address(address.map(|address| Scope::Client.of(address))),
            Self::User(_) | Self::Name(_) | Self::Mail(..) | Self::NameFrom(..) | Self::Device(_) => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn concurrent_tasks_are_admitted_exactly_up_to_the_quota() {
        let throttle = Arc::new(Throttle::on(Arc::default()));
        let ask = |throttle: Arc<Throttle>| async move {
            let mut admitted = 0;
            for _ in 0..1000 {
                admitted += u64::from(throttle.admit(RateLimit::Account, Subject::Name("a")).await.is_ok());
            }
            admitted
        };
        let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(ask(Arc::clone(&throttle)))).collect();
        let admitted = futures_util::future::join_all(tasks).await;
        assert_eq!(admitted.into_iter().map(|task| task.unwrap()).sum::<u64>(), RateLimit::Account.quota());
    }

    #[tokio::test]
    async fn time_is_spent_beyond_its_quota_and_recovers() {
        let (throttle, limit) = (Throttle::on(Arc::default()), RateLimit::ImportTime);
        let subject = Subject::User(Uuid::nil());
        throttle.spend(limit, subject, Duration::from_secs(limit.quota() - 1)).await.unwrap();
        throttle.require(limit, subject).await.unwrap();
        throttle.spend(limit, subject, Duration::from_secs(11)).await.unwrap();
        let Err(Error::Throttled(status)) = throttle.require(limit, subject).await else {
            panic!("not limited")
        };
        // Eleven seconds are missing until one is left.
        let expected = limit.window() * 11 / u32::try_from(limit.quota()).unwrap();
        assert!(status.wait.abs_diff(expected) < Duration::from_secs(1), "{status:?}");
        throttle.clock.advance(status.wait);
        throttle.require(limit, subject).await.unwrap();
    }

    #[tokio::test]
    async fn without_limits_everything_is_admitted() {
        let throttle = Throttle::off();
        for _ in 0..1000 {
            assert_eq!(throttle.admit(RateLimit::SignUp, Subject::Address(None)).await.unwrap(), None);
            let attempt = throttle.attempt("alice", None, None, async || Ok(false)).await.unwrap();
            drop(attempt);
        }
    }
}
