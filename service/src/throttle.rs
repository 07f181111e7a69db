//! Rate limits of addresses, of accounts and of password guesses.
//!
//! Every limit is a token bucket by the generic cell rate algorithm (see `table`): its whole quota can be spent at
//! once, and recovers evenly over its window. Counters are kept in memory, in a table of fixed size, under a keyed
//! hash: it contains neither names nor addresses.

mod table;

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use uuid::Uuid;

use self::table::{Cost, Table};
use crate::{
    Clock, Error, Result,
    limit::{LimitStatus, RateLimit},
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
    /// Name or e-mail address in normal form, used from a client address.
    NameFrom(&'a str, Option<IpAddr>),
}

/// Counters of all rate limits.
#[derive(Debug)]
pub struct Throttle {
    /// `None` if rate limits are off.
    table: Option<Table>,
    clock: Arc<Clock>,
}

impl Throttle {
    /// Enabled rate limits. Memory grows with use, up to 32 MiB.
    #[must_use]
    pub fn on(clock: Arc<Clock>) -> Self {
        Self { table: Some(Table::new()), clock }
    }

    /// Disabled rate limits.
    #[must_use]
    pub fn off() -> Self {
        Self { table: None, clock: Arc::default() }
    }

    /// Counts a request; returns `None` if rate limits are off.
    ///
    /// # Errors
    /// [`Error::Throttled`] if `subject` has spent its quota. Rejected requests are not counted: retrying does not
    /// extend the wait.
    pub fn admit(&self, limit: RateLimit, subject: Subject<'_>) -> Result<Option<LimitStatus>> {
        let Some(table) = &self.table else { return Ok(None) };
        match table.charge(limit, &subject.network(), self.clock.monotonic(), Cost::Any) {
            (true, status) => Ok(Some(status)),
            (false, status) => Err(rejection(status, subject)),
        }
    }

    /// Counts a log-in attempt as `name` before its result is known, so that concurrent attempts count, too. A
    /// successful attempt is returned by [`Attempt::refund`].
    ///
    /// Each address has its own quota for each name. After too many failures of a name from all addresses together,
    /// an address without recent failures still gets one attempt: an attack on an account does not lock its owner out.
    ///
    /// # Errors
    /// [`Error::Throttled`] while no attempt is admitted, for existing and unknown names alike.
    pub(crate) fn attempt<'t>(&'t self, name: &'t str, address: Option<IpAddr>) -> Result<Attempt<'t>> {
        let mut attempt = Attempt { throttle: self, name, address, counted: false };
        let Some(table) = &self.table else { return Ok(attempt) };
        let now = self.clock.monotonic();
        (attempt.counted, _) = table.charge(RateLimit::Account, &Subject::Name(name), now, Cost::Any);
        let from_here = Subject::NameFrom(name, address);
        let cost = if attempt.counted { Cost::Any } else { Cost::First };
        let (admitted, status) = table.charge(RateLimit::LogInFailures, &from_here.network(), now, cost);
        if admitted {
            return Ok(attempt);
        }
        if attempt.counted {
            table.refund(RateLimit::Account, &Subject::Name(name), now);
        }
        Err(rejection(status, from_here))
    }
}

/// Log-in attempt that counts as failed until it is refunded.
#[derive(Debug)]
#[must_use]
pub(crate) struct Attempt<'t> {
    throttle: &'t Throttle,
    name: &'t str,
    address: Option<IpAddr>,
    /// True if it counts for the name, too. It does not if that quota was spent before.
    counted: bool,
}

impl Attempt<'_> {
    /// Returns the spent quota.
    pub(crate) fn refund(self) {
        let Some(table) = &self.throttle.table else { return };
        let now = self.throttle.clock.monotonic();
        table.refund(RateLimit::LogInFailures, &Subject::NameFrom(self.name, self.address).network(), now);
        if self.counted {
            table.refund(RateLimit::Account, &Subject::Name(self.name), now);
        }
    }
}

fn rejection(status: LimitStatus, subject: Subject<'_>) -> Error {
    let (user, address) = match subject {
        Subject::Address(address) | Subject::NameFrom(_, address) => (None, Some(AddressClass::of(address))),
        Subject::User(user) => (Some(user), None),
        Subject::Name(_) | Subject::Mail(..) => (None, None),
    };
    Event::Throttled { policy: status.limit.name(), user, address }.log();
    Error::Throttled(status)
}

impl Subject<'_> {
    /// Subject with its address as limits use it: IPv6 as its /64 network, which is the usual size for one client (RFC
    /// 6177); IPv4 in IPv6 as IPv4.
    fn network(self) -> Self {
        match self {
            Self::Address(address) => Self::Address(address.map(network)),
            Self::NameFrom(name, address) => Self::NameFrom(name, address.map(network)),
            Self::User(_) | Self::Name(_) | Self::Mail(..) => self,
        }
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(address: &str) -> IpAddr {
        address.parse().unwrap()
    }

    fn wait(error: &Error) -> Duration {
        match error {
            Error::Throttled(status) => status.wait,
            other => panic!("{other}"),
        }
    }

    /// Fails log-ins until one is rejected; returns the number of admitted attempts and the error.
    fn exhaust(throttle: &Throttle, name: &str, address: IpAddr) -> (u64, Error) {
        for tries in 0.. {
            if let Err(error) = throttle.attempt(name, Some(address)) {
                return (tries, error);
            }
        }
        unreachable!("the loop has no end");
    }

    #[test]
    fn addresses_of_one_network_share_a_limit_and_others_do_not() {
        let throttle = Throttle::on(Arc::default());
        for (a, b, alike) in [
            ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
        ] {
            let name = format!("{a} {b}");
            exhaust(&throttle, &name, at(a));
            assert_eq!(throttle.attempt(&name, Some(at(b))).is_err(), alike, "{name}");
        }
    }

    #[test]
    fn an_attempt_is_admitted_after_the_wait_and_not_before() {
        let throttle = Throttle::on(Arc::default());
        let (tries, error) = exhaust(&throttle, "alice", at("192.0.2.1"));
        assert_eq!(tries, RateLimit::LogInFailures.quota());
        let wait = wait(&error);
        throttle.clock.advance(wait / 2);
        assert!(throttle.attempt("alice", Some(at("192.0.2.1"))).is_err());
        throttle.clock.advance(wait / 2);
        let _attempt = throttle.attempt("alice", Some(at("192.0.2.1"))).unwrap();
    }

    #[test]
    fn refunds_do_not_count() {
        let throttle = Throttle::on(Arc::default());
        for _ in 0..1000 {
            throttle.attempt("alice", Some(at("192.0.2.1"))).unwrap().refund();
        }
        assert_eq!(exhaust(&throttle, "alice", at("192.0.2.1")).0, RateLimit::LogInFailures.quota());
    }

    #[test]
    fn an_account_under_distributed_attack_admits_one_attempt_per_new_address() {
        let throttle = Throttle::on(Arc::default());
        let mut tries = 0;
        let mut attackers = (0..=255).map(|last| at(&format!("198.51.100.{last}")));
        while tries < RateLimit::Account.quota() {
            tries += exhaust(&throttle, "alice", attackers.next().unwrap()).0;
        }
        for attacker in attackers.take(50) {
            let (tries, error) = exhaust(&throttle, "alice", attacker);
            assert_eq!(tries, 1);
            assert!(wait(&error) <= RateLimit::LogInFailures.window());
        }
        throttle.attempt("alice", Some(at("192.0.2.1"))).unwrap().refund();
        let _again = throttle.attempt("alice", Some(at("192.0.2.1"))).unwrap();
        assert_eq!(exhaust(&throttle, "bob", at("192.0.2.1")).0, RateLimit::LogInFailures.quota());
    }

    #[test]
    fn concurrent_threads_are_admitted_exactly_up_to_the_quota() {
        let throttle = Throttle::on(Arc::default());
        let admitted: usize = std::thread::scope(|scope| {
            let ask = || {
                (0..1000).filter(|_| throttle.admit(RateLimit::Account, Subject::Name("a")).is_ok()).count()
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(admitted, 100);
    }

    #[test]
    fn without_limits_everything_is_admitted() {
        let throttle = Throttle::off();
        for _ in 0..1000 {
            assert_eq!(throttle.admit(RateLimit::SignUp, Subject::Address(None)).unwrap(), None);
            let _attempt = throttle.attempt("alice", None).unwrap();
        }
    }
}
