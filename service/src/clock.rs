//! The clock of a process. Tests stop it, or move it forward instead of waiting.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, FixedOffset, SubsecRound, TimeDelta, Utc};

/// Source of the time for everything that expires: sessions, tokens, mail and rate limits.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    /// Nanoseconds after the start at which the rate limits were stopped.
    stopped: OnceLock<u64>,
    /// Nanoseconds by which the clock was moved forward.
    ahead: AtomicU64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { started: Instant::now(), stopped: OnceLock::new(), ahead: AtomicU64::new(0) }
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

    /// Current time in UTC, with the common precision of all three databases: microseconds.
    #[must_use]
    pub fn now(&self) -> DateTime<FixedOffset> {
        let ahead = i64::try_from(self.ahead.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        (Utc::now() + TimeDelta::nanoseconds(ahead)).trunc_subsecs(6).fixed_offset()
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
