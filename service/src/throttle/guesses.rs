//! Limits of password guesses at one account, from one network and from all networks together.
//!
//! Each network has a quota for each name, which grows with its size: attackers with many addresses in one network do
//! not get a quota for each of them. All networks together have quotas for an hour, a day and a month, so the wait
//! between two guesses grows from seconds to the better part of an hour as an attack goes on. The owner is exempt from
//! these: a known device has a quota of its own, and a network from which the account logged in before has its own one.

use std::net::IpAddr;

use uuid::Uuid;

use super::{
    Subject, Throttle,
    counters::{Charge, Outcome},
    rejection,
};
use crate::{Result, limit::RateLimit, network::Scope};

/// Limits of failed log-ins from one network, by its size.
const BY_NETWORK: [(RateLimit, Scope); 3] = [
    (RateLimit::LogInFailures, Scope::Client),
    (RateLimit::CustomerFailures, Scope::Customer),
    (RateLimit::SiteFailures, Scope::Site),
];

/// Limits of failed log-ins from all networks together, but known ones.
const BY_ACCOUNT: [RateLimit; 3] = [RateLimit::Account, RateLimit::AccountDay, RateLimit::AccountMonth];

/// Log-in attempt that counts as failed until it is refunded.
#[derive(Debug)]
#[must_use]
pub(crate) struct Attempt<'t> {
    throttle: &'t Throttle,
    charges: Vec<Charge<'t>>,
}

impl Attempt<'_> {
    /// Returns the spent quota.
    pub(crate) async fn refund(self) -> Result<()> {
        self.throttle.refund(&self.charges).await
    }
}

impl Throttle {
    /// Counts a log-in attempt as `name` before its result is known, so that concurrent attempts count, too. A
    /// successful attempt is returned by [`Attempt::refund`]. `device` is the id of a device that is known to belong to
    /// the account; `is_known_network` whether the account logged in from the network of `address` before, which is
    /// asked only while the account is under attack.
    ///
    /// # Errors
    /// [`Error::Throttled`](crate::Error::Throttled) while no attempt is admitted, for existing and unknown names alike.
    pub(crate) async fn attempt<'t>(
        &'t self,
        name: &'t str,
        address: Option<IpAddr>,
        device: Option<Uuid>,
        is_known_network: impl AsyncFnOnce() -> Result<bool>,
    ) -> Result<Attempt<'t>> {
        let attempt = |charges| Attempt { throttle: self, charges };
        if let Some(device) = device {
            let of_device = vec![Charge::one(RateLimit::Device, Subject::Device(device))];
            if let Outcome::Admitted(_) = self.charge(&of_device).await? {
                return Ok(attempt(of_device));
            }
        }
        let from_network = from_network(name, address);
        let of_stranger: Vec<_> = from_network.iter().copied().chain(at_account(name, 1)).collect();
        let status = match self.charge(&of_stranger).await? {
            Outcome::Admitted(_) => return Ok(attempt(of_stranger)),
            Outcome::Exceeded(status) => status,
        };
        if BY_ACCOUNT.contains(&status.limit)
            && is_known_network().await?
            && let Outcome::Admitted(_) = self.charge(&from_network).await?
        {
            return Ok(attempt(from_network));
        }
        Err(rejection(status, Subject::NameFrom(name, address)))
    }

    /// Forgets the failed attempts as `name` from all networks: its owner has proven access to the mailbox.
    pub(crate) async fn forget_failures(&self, name: &str) -> Result<()> {
        let spent: Vec<_> = at_account(name, u64::MAX).collect();
        self.refund(&spent).await
    }
}

/// Charges for an attempt from the networks of an address.
fn from_network(name: &str, address: Option<IpAddr>) -> Vec<Charge<'_>> {
    let network = |scope: Scope| address.map(|address| scope.of(address));
    BY_NETWORK
        .iter()
        .map(|(limit, scope)| Charge::one(*limit, Subject::NameFrom(name, network(*scope))))
        .collect()
}

/// Charges for attempts from any network.
fn at_account(name: &str, cost: u64) -> impl Iterator<Item = Charge<'_>> {
    BY_ACCOUNT.into_iter().map(move |limit| Charge { limit, subject: Subject::Name(name), cost })
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;
    use crate::Error;

    fn at(address: &str) -> IpAddr {
        address.parse().unwrap()
    }

    async fn stranger<'t>(throttle: &'t Throttle, name: &'t str, address: &str) -> Result<Attempt<'t>> {
        throttle.attempt(name, Some(at(address)), None, async || Ok(false)).await
    }

    fn wait(error: &Error) -> Duration {
        match error {
            Error::Throttled(status) => status.wait,
            other => panic!("{other}"),
        }
    }

    /// Fails log-ins until one is rejected; returns the number of admitted attempts and the error.
    async fn exhaust(throttle: &Throttle, name: &str, address: &str) -> (u64, Error) {
        for tries in 0.. {
            if let Err(error) = stranger(throttle, name, address).await {
                return (tries, error);
            }
        }
        unreachable!("the loop has no end");
    }

    /// Fails log-ins from one network after another; returns the number of admitted attempts.
    async fn attack(throttle: &Throttle, name: &str, networks: impl IntoIterator<Item = String>) -> u64 {
        let mut tries = 0;
        for network in networks {
            tries += exhaust(throttle, name, &network).await.0;
        }
        tries
    }

    /// Addresses in as many networks of different sites.
    fn sites() -> impl Iterator<Item = String> {
        (0..=255).map(|site| format!("198.51.{site}.7"))
    }

    #[tokio::test]
    async fn addresses_of_one_network_share_a_limit_and_others_do_not() {
        let throttle = Throttle::on(Arc::default());
        for (a, b, alike) in [
            ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
        ] {
            let name = format!("{a} {b}");
            exhaust(&throttle, &name, a).await;
            assert_eq!(stranger(&throttle, &name, b).await.is_err(), alike, "{name}");
        }
    }

    #[tokio::test]
    async fn a_larger_network_has_a_larger_quota_and_never_one_for_each_address() {
        let throttle = Throttle::on(Arc::default());
        let [client, customer, site] = BY_NETWORK.map(|(limit, _)| limit.quota());
        assert!(client < customer && customer < site && site < RateLimit::Account.quota());
        for (name, addresses, quota) in [
            ("a", (0..=255).map(|n| format!("192.0.2.{n}")).collect::<Vec<_>>(), customer),
            ("b", (0..=255).map(|n| format!("2001:db8:1:{n:02x}::1")).collect(), customer),
            ("c", (0..=255).map(|n| format!("2001:db8:1:{n:02x}00::1")).collect(), site),
            ("d", vec!["192.0.2.1".to_owned(); 256], client),
        ] {
            assert_eq!(attack(&throttle, name, addresses).await, quota, "{name}");
        }
    }

    #[tokio::test]
    async fn an_attempt_is_admitted_after_the_wait_and_not_before() {
        let throttle = Throttle::on(Arc::default());
        let (tries, error) = exhaust(&throttle, "alice", "192.0.2.1").await;
        assert_eq!(tries, RateLimit::LogInFailures.quota());
        let wait = wait(&error);
        throttle.clock.advance(wait / 2);
        assert!(stranger(&throttle, "alice", "192.0.2.1").await.is_err());
        throttle.clock.advance(wait / 2);
        let _attempt = stranger(&throttle, "alice", "192.0.2.1").await.unwrap();
    }

    #[tokio::test]
    async fn refunds_do_not_count() {
        let throttle = Throttle::on(Arc::default());
        for _ in 0..1000 {
            stranger(&throttle, "alice", "192.0.2.1").await.unwrap().refund().await.unwrap();
        }
        assert_eq!(exhaust(&throttle, "alice", "192.0.2.1").await.0, RateLimit::LogInFailures.quota());
    }

    #[tokio::test]
    async fn an_attack_from_many_networks_is_bounded_and_slows_down() {
        let throttle = Throttle::on(Arc::default());
        throttle.clock.stop_limits();
        assert_eq!(attack(&throttle, "alice", sites()).await, RateLimit::Account.quota());
        let (hour, mut waits, mut tries) = (Duration::from_hours(1), Vec::new(), 0);
        for day in 1..=30 {
            for _ in 0..24 {
                throttle.clock.advance(hour);
                tries += attack(&throttle, "alice", sites().take(12)).await;
            }
            if [1, 10, 30].contains(&day) {
                waits.push(wait(&exhaust(&throttle, "alice", "203.0.113.1").await.1));
            }
        }
        assert!(waits[0] > Duration::from_mins(1) && waits[2] > Duration::from_mins(10), "{waits:?}");
        assert!(tries <= 2 * RateLimit::AccountMonth.quota(), "{tries}");
        assert_eq!(exhaust(&throttle, "bob", "198.51.0.7").await.0, RateLimit::LogInFailures.quota());
    }

    #[tokio::test]
    async fn a_known_device_and_a_known_network_are_admitted_during_an_attack() {
        let throttle = Throttle::on(Arc::default());
        throttle.clock.stop_limits();
        attack(&throttle, "alice", sites()).await;
        let (address, device) = (Some(at("203.0.113.1")), Some(Uuid::now_v7()));
        assert!(stranger(&throttle, "alice", "203.0.113.1").await.is_err());
        for (limit, device, is_known) in
            [(RateLimit::Device, device, false), (RateLimit::LogInFailures, None, true)]
        {
            let attempt = async || throttle.attempt("alice", address, device, async || Ok(is_known)).await;
            for _ in 0..3 {
                attempt().await.unwrap().refund().await.unwrap();
            }
            let mut tries = 0;
            while attempt().await.is_ok() {
                tries += 1;
            }
            assert_eq!(tries, limit.quota(), "{limit:?}");
        }
    }

    #[tokio::test]
    async fn a_known_device_is_not_affected_by_attacks_from_its_own_network() {
        let throttle = Throttle::on(Arc::default());
        exhaust(&throttle, "alice", "203.0.113.1").await;
        let device = Some(Uuid::now_v7());
        let attempt = throttle.attempt("alice", Some(at("203.0.113.1")), device, async || Ok(false)).await;
        assert!(attempt.is_ok());
    }

    #[tokio::test]
    async fn forgotten_failures_do_not_count() {
        let throttle = Throttle::on(Arc::default());
        throttle.clock.stop_limits();
        attack(&throttle, "alice", sites()).await;
        throttle.forget_failures("alice").await.unwrap();
        assert_eq!(
            attack(&throttle, "alice", ["203.0.113.1".to_owned()]).await,
            RateLimit::LogInFailures.quota()
        );
    }
}
