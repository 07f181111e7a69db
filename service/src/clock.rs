//! The clock of a process. Its time never decreases. Tests stop it, or move it instead of waiting.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, FixedOffset, SubsecRound, Utc};

/// Source of the time for everything that expires: sessions, tokens, mail and rate limits. If the system's clock is
/// set back, the time continues from its latest value, so that nothing that expired becomes valid again.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    /// Latest time of the start according to the system's clock, in nanoseconds since 1970.
    origin: AtomicI64,
    /// Nanoseconds after the start at which the rate limits were stopped.
    stopped: OnceLock<u64>,
    /// Nanoseconds by which the clock was moved forward.
    ahead: AtomicU64,
    /// Nanoseconds by which the system's clock was set back.
    behind: AtomicI64,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            origin: AtomicI64::new(i64::MIN),
            stopped: OnceLock::new(),
            ahead: AtomicU64::new(0),
            behind: AtomicI64::new(0),
        }
    }
}

impl Clock {
    /// Stops the rate limits, so that they do not recover while a slow machine works: only [`Clock::advance`] moves
    /// them from here on.
    pub fn stop_limits(&self) {
        self.stopped.get_or_init(|| nanos(self.started.elapsed()));
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.ahead.fetch_add(nanos(by), Ordering::Relaxed);
    }

    /// Sets the system's clock back, as this clock sees it.
    pub fn set_system_back(&self, by: Duration) {
        self.behind.fetch_add(signed(nanos(by)), Ordering::Relaxed);
    }

    /// Current time in UTC, with the common precision of all three databases: microseconds.
    #[must_use]
    pub fn now(&self) -> DateTime<FixedOffset> {
        // The system's clock is read first: a pause between the two lines must not move the origin forward.
        let system = Utc::now().timestamp_nanos_opt().unwrap_or(i64::MAX);
        let elapsed = signed(nanos(self.started.elapsed()));
        let origin = system.saturating_sub(elapsed).saturating_sub(self.behind.load(Ordering::Relaxed));
        let origin = self.origin.fetch_max(origin, Ordering::Relaxed).max(origin);
        let ahead = signed(self.ahead.load(Ordering::Relaxed));
        let now = origin.saturating_add(elapsed).saturating_add(ahead);
        DateTime::from_timestamp_nanos(now).trunc_subsecs(6).fixed_offset()
    }

    /// Nanoseconds since the clock was made. They never decrease, even if the system's clock is set back.
    pub(crate) fn monotonic(&self) -> u64 {
        let elapsed = self.stopped.get().copied().unwrap_or_else(|| nanos(self.started.elapsed()));
        elapsed + self.ahead.load(Ordering::Relaxed)
    }
}

/// Duration in nanoseconds, at most 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn signed(nanos: u64) -> i64 {
    i64::try_from(nanos).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn the_time_continues_when_the_system_is_set_back() {
        let clock = Clock::default();
        let before = clock.now();
        assert!((Utc::now() - before.to_utc()).abs() < TimeDelta::minutes(10));
        clock.set_system_back(Duration::from_hours(24));
        let after = clock.now();
        assert!(before <= after && after - before < TimeDelta::minutes(10), "{before} {after}");
        clock.advance(Duration::from_mins(30));
        assert!(clock.now() - after >= TimeDelta::minutes(30));
    }

    #[test]
    fn a_clock_that_starts_after_the_system_was_set_back_knows_no_later_time() {
        let clock = Clock::default();
        clock.set_system_back(Duration::from_hours(24));
        assert!(clock.now() < Utc::now() - TimeDelta::hours(23));
    }
}
