//! The clock of the limits: it never goes back, and a test can set it forward.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// Counts from when it was made.
#[derive(Debug)]
pub struct Clock {
    origin: Instant,
    /// Nanoseconds that it was set forward by.
    ahead: AtomicU64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { origin: Instant::now(), ahead: AtomicU64::new(0) }
    }
}

impl Clock {
    /// Sets the clock forward, so that nobody need wait to see a limit recover.
    pub fn advance(&self, by: Duration) {
        self.ahead.fetch_add(nanos(by), Ordering::Relaxed);
    }

    /// Nanoseconds since the clock was made.
    pub(super) fn now(&self) -> u64 {
        nanos(self.origin.elapsed()) + self.ahead.load(Ordering::Relaxed)
    }
}

/// A duration in nanoseconds; 584 years at most.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
