//! Storage of the counters of rate limits. The rules are in [`Throttle`](super::Throttle); a storage only counts.

use std::{fmt::Debug, time::Duration};

use async_trait::async_trait;

use super::Subject;
use crate::{
    Result,
    limit::{LimitStatus, RateLimit},
};

/// Number of requests that count against a limit for a subject.
#[derive(Debug, Clone, Copy)]
pub(super) struct Charge<'s> {
    pub(super) limit: RateLimit,
    pub(super) subject: Subject<'s>,
    pub(super) cost: u64,
}

impl<'s> Charge<'s> {
    /// Charge of one request.
    pub(super) fn one(limit: RateLimit, subject: Subject<'s>) -> Self {
        Self { limit, subject, cost: 1 }
    }
}

/// Outcome of charges that are admitted together.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Every charge counts; the status of each.
    Admitted(Vec<LimitStatus>),
    /// None counts; the status of the first that exceeds its quota.
    Exceeded(LimitStatus),
}

/// Storage of counters, each a token bucket: a quota that recovers evenly over the window of its limit.
#[async_trait]
pub(super) trait Counters: Debug + Send + Sync {
    /// Counts all of `charges`, or none if one of them exceeds its quota. `now` is in nanoseconds of the process's clock.
    async fn charge(&self, charges: &[Charge<'_>], now: u64) -> Result<Outcome>;

    /// Counts time against a limit whose quota is in seconds, even beyond the quota. Returns the status before.
    async fn spend(
        &self,
        limit: RateLimit,
        subject: Subject<'_>,
        time: Duration,
        now: u64,
    ) -> Result<LimitStatus>;

    /// Returns charges to their quotas.
    async fn refund(&self, charges: &[Charge<'_>], now: u64) -> Result<()>;
}
