//! Signs of life of a pool.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// Time without a finished operation after which a pool that has no connection to give is suspected.
pub(super) const QUIET: Duration = Duration::from_secs(3);

/// Time for which renewed connections serve nothing before the process is declared broken.
const STUCK: Duration = Duration::from_mins(1);

/// Signs of life of a pool: its last finished operation, and the renewals of its connections since.
#[derive(Debug)]
pub(super) struct Pulse {
    start: Instant,
    /// Milliseconds from `start` to the end of the last operation.
    last: AtomicU64,
    /// First and last renewal that no finished operation followed.
    renewals: Mutex<Option<(Instant, Instant)>>,
}

impl Pulse {
    pub(super) fn new(start: Instant) -> Self {
        Self { start, last: AtomicU64::new(0), renewals: Mutex::new(None) }
    }

    /// Records that the database finished an operation.
    pub(super) fn beat(&self, now: Instant) {
        let elapsed = u64::try_from((now - self.start).as_millis()).unwrap_or(u64::MAX);
        self.last.store(elapsed, Ordering::Relaxed);
    }

    /// Whether no operation finished for [`QUIET`].
    pub(super) fn is_quiet(&self, now: Instant) -> bool {
        now - self.last() >= QUIET
    }

    /// Records that the pool served nothing, and whether it was renewed. If a fresh connection does not work either,
    /// the database is away, and nothing is wrong with this process.
    pub(super) fn renewed(&self, now: Instant, works: bool) {
        let last = self.last();
        let mut renewals = self.renewals.lock().unwrap_or_else(PoisonError::into_inner);
        *renewals = match *renewals {
            _ if !works => None,
            Some((first, latest)) if latest > last => Some((first, now)),
            Some(_) | None => Some((now, now)),
        };
    }

    /// Whether renewals have not helped for [`STUCK`], although fresh connections work.
    pub(super) fn is_stuck(&self) -> bool {
        let renewals = *self.renewals.lock().unwrap_or_else(PoisonError::into_inner);
        renewals.is_some_and(|(first, latest)| latest > self.last() && latest - first >= STUCK)
    }

    fn last(&self) -> Instant {
        self.start + Duration::from_millis(self.last.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_pool_is_stuck_when_renewals_do_not_help_for_a_minute() {
        let start = Instant::now();
        let pulse = Pulse::new(start);
        for second in 1..=62 {
            pulse.renewed(start + second * SECOND, true);
            assert_eq!(pulse.is_stuck(), second > 60, "{second}");
        }
        pulse.beat(start + 63 * SECOND);
        assert!(!pulse.is_stuck());
        pulse.renewed(start + 64 * SECOND, true);
        assert!(!pulse.is_stuck(), "the minute begins again");
    }

    #[test]
    fn a_database_that_is_away_does_not_make_a_pool_stuck() {
        let start = Instant::now();
        let pulse = Pulse::new(start);
        for second in 1..=120 {
            pulse.renewed(start + second * SECOND, second % 30 != 0);
            assert!(!pulse.is_stuck(), "{second}");
        }
    }

    #[test]
    fn a_pool_is_quiet_without_finished_operations() {
        let start = Instant::now();
        let pulse = Pulse::new(start);
        assert!(!pulse.is_quiet(start));
        assert!(pulse.is_quiet(start + QUIET));
        pulse.beat(start + QUIET);
        assert!(!pulse.is_quiet(start + QUIET + SECOND));
    }
}
