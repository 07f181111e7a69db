//! The clock of a process. Tests move it forward instead of waiting.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use chrono::{DateTime, FixedOffset, SubsecRound, TimeDelta, Utc};

/// Source of the time for everything that expires: sessions, tokens, mail and rate limits.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    /// Nanoseconds by which the clock was moved forward.
    ahead: AtomicU64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { started: Instant::now(), ahead: AtomicU64::new(0) }
    }
}

impl Clock {
    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.ahead.fetch_add(nanos(by), Ordering::Relaxed);
    }

    /// Current time in UTC, to the microsecond, which is the precision of all three databases.
    #[must_use]
    pub fn now(&self) -> DateTime<FixedOffset> {
        let ahead = i64::try_from(self.ahead.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        (Utc::now() + TimeDelta::nanoseconds(ahead)).trunc_subsecs(6).fixed_offset()
    }

    /// Nanoseconds since the clock was made. They never decrease, even if the system's clock is set back.
    pub(crate) fn monotonic(&self) -> u64 {
        nanos(self.started.elapsed()) + self.ahead.load(Ordering::Relaxed)
    }
}

/// Duration in nanoseconds, at most 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
