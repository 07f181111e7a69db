//! The clock of the limits: it never goes back, and a test can hold it and set it forward.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Counts from when it was made.
#[derive(Debug)]
pub struct Clock {
    origin: Instant,
    /// Nanoseconds at which it was held.
    held: OnceLock<u64>,
    /// Nanoseconds that it was set forward by.
    ahead: AtomicU64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { origin: Instant::now(), held: OnceLock::new(), ahead: AtomicU64::new(0) }
    }
}

impl Clock {
    /// Holds the clock, so that limits do not recover while a slow machine works: only `advance` moves it from here on.
    pub fn hold(&self) {
        self.held.get_or_init(|| nanos(self.origin.elapsed()));
    }

    /// Sets the clock forward, so that nobody need wait to see a limit recover.
    pub fn advance(&self, by: Duration) {
        self.ahead.fetch_add(nanos(by), Ordering::Relaxed);
    }

    /// Nanoseconds since the clock was made.
    pub(super) fn now(&self) -> u64 {
        let elapsed = self.held.get().copied().unwrap_or_else(|| nanos(self.origin.elapsed()));
        elapsed + self.ahead.load(Ordering::Relaxed)
    }
}

/// A duration in nanoseconds; 584 years at most.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
