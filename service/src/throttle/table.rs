//! Table of counters with a constant size.
//!
//! The algorithm is GCRA, "virtual scheduling" (ITU-T I.371, annex A; ATM Forum TM 4.0, section 4.4.2). It keeps
//! one number per subject, the theoretical arrival time, which each admitted request advances by the limit's interval.
//! Its distance from now is the spent quota.
//!
//! The table is set-associative, like a processor's cache. A hash with a key of this process selects the set and
//! tags the slot, so nobody can provoke collisions. In a full set, the slot with the lowest share of spent quota is
//! evicted: to evict an exhausted subject, an attacker needs a full set of other exhausted subjects, so about as many
//! of them as the table has slots.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use super::{
    Subject,
    counters::{Charge, Counters, Outcome},
};
use crate::{
    Result,
    limit::{LimitStatus, RateLimit},
};

/// Number of shards, each with its own lock against contention, as a power of two.
const SHARD_BITS: u32 = 6;

/// Sets in a shard, as a power of two.
const SET_BITS: u32 = 11;

/// Slots in a set.
const WAYS: usize = 16;

/// Tag and theoretical arrival time in nanoseconds; both 0 in an unused slot. The tag has 56 bits of the hash and 8
/// for the limit: two subjects share a quota by collision about once in 10¹⁰.
type Slot = [u64; 2];

/// Total size of the slots in bytes.
const MAX_BYTES: usize = (1 << (SHARD_BITS + SET_BITS)) * WAYS * size_of::<Slot>();
const _: () = assert!(MAX_BYTES == 32 << 20);

/// Table of counters.
#[derive(Debug)]
pub(super) struct Table {
    shards: Vec<Mutex<Vec<Slot>>>,
    set_bits: u32,
    hasher: RandomState,
}

impl Table {
    /// Empty table. The system allocates its memory on first write.
    pub(super) fn new() -> Self {
        Self::with_sets(SET_BITS)
    }

    fn with_sets(set_bits: u32) -> Self {
        let shard = || Mutex::new(vec![[0; 2]; WAYS << set_bits]);
        Self { shards: (0..1 << SHARD_BITS).map(|_| shard()).collect(), set_bits, hasher: RandomState::new() }
    }

    /// Charges `cost` requests to `subject` if its quota admits them; returns whether it did, and the subject's status.
    fn take(&self, limit: RateLimit, subject: &impl Hash, now: u64, cost: u64) -> (bool, LimitStatus) {
        let interval = limit.interval();
        let capacity = interval * limit.quota();
        self.on(limit, subject, now, |spent| {
            let after = spent.saturating_add(interval.saturating_mul(cost));
            let admitted = after <= capacity;
            let spent = if admitted { after } else { spent };
            let remaining = if admitted { (capacity - spent) / interval } else { 0 };
            // The remaining requests are meant to last as long as they took to recover: a client that spreads them
            // evenly is never rejected, and the ratio of the two values stays that of the limit (RateLimit draft,
            // section 6).
            let nanos = match (admitted, remaining) {
                (false, _) => after - capacity,
                (true, 0) => (spent + interval).saturating_sub(capacity),
                (true, remaining) => remaining * interval,
            };
            (spent, (admitted, LimitStatus { limit, remaining, wait: Duration::from_nanos(nanos) }))
        })
    }

    /// Returns `cost` requests to the quota.
    fn give_back(&self, limit: RateLimit, subject: &impl Hash, now: u64, cost: u64) {
        self.on(limit, subject, now, |spent| {
            (spent.saturating_sub(limit.interval().saturating_mul(cost)), ())
        });
    }

    /// Updates the spent quota of `subject`, in nanoseconds of its window.
    fn on<T>(
        &self,
        limit: RateLimit,
        subject: &impl Hash,
        now: u64,
        change: impl FnOnce(u64) -> (u64, T),
    ) -> T {
        let hash = self.hasher.hash_one((limit, subject));
        let tag = (hash << 8) | (limit as u64 + 1);
        let shard = usize::try_from(hash >> (64 - SHARD_BITS)).unwrap_or_default();
        let set = usize::try_from((hash >> 8) % (1 << self.set_bits)).unwrap_or_default();
        let mut slots = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        let slots = &mut slots[set * WAYS..][..WAYS];
        let found = slots.iter().position(|slot| slot[0] == tag);
        let spent = found.map_or(0, |slot| slots[slot][1].saturating_sub(now));
        let (spent, result) = change(spent);
        let chosen = found.or_else(|| (0..WAYS).min_by_key(|slot| share(slots[*slot], now)));
        if let Some(slot) = chosen.filter(|_| spent > 0 || found.is_some()) {
            slots[slot] = [tag, now + spent];
        }
        result
    }
}

#[async_trait]
impl Counters for Table {
    async fn charge(&self, charges: &[Charge<'_>], now: u64) -> Result<Outcome> {
        let mut statuses = Vec::with_capacity(charges.len());
        for Charge { limit, subject, cost } in charges {
            let (admitted, status) = self.take(*limit, subject, now, *cost);
            if !admitted {
                self.refund(&charges[..statuses.len()], now).await?;
                return Ok(Outcome::Exceeded(status));
            }
            statuses.push(status);
        }
        Ok(Outcome::Admitted(statuses))
    }

    async fn spend(
        &self,
        limit: RateLimit,
        subject: Subject<'_>,
        time: Duration,
        now: u64,
    ) -> Result<LimitStatus> {
        let interval = limit.interval();
        let capacity = interval * limit.quota();
        // Each second of the quota recovers in one interval.
        let cost = u128::from(interval) * time.as_nanos() / Duration::from_secs(1).as_nanos();
        let cost = u64::try_from(cost).unwrap_or(u64::MAX);
        Ok(self.on(limit, &subject, now, |spent| {
            let remaining = capacity.saturating_sub(spent) / interval;
            let wait = Duration::from_nanos((spent + interval).saturating_sub(capacity));
            (spent.saturating_add(cost), LimitStatus { limit, remaining, wait })
        }))
    }

    async fn refund(&self, charges: &[Charge<'_>], now: u64) -> Result<()> {
        for Charge { limit, subject, cost } in charges {
            self.give_back(*limit, subject, now, *cost);
        }
        Ok(())
    }
}

/// Share of its quota that a slot's subject has spent, in millionths; 0 after it has recovered.
fn share(slot: Slot, now: u64) -> u64 {
    let limit = usize::try_from(slot[0] & 0xff).ok().and_then(|id| RateLimit::ALL.get(id.checked_sub(1)?));
    let spent = slot[1].saturating_sub(now);
    limit.map_or(0, |limit| spent / (limit.interval() * limit.quota() / 1_000_000).max(1))
}

#[cfg(test)]
mod tests;
