//! Progress of one direction of a connection.

use std::time::Duration;

use tokio::time::Instant;

use super::Limits;

/// Progress of one direction of a connection. Only time spent waiting for the client counts, so a slow handler is
/// never held against its client.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Start of the present wait.
    since: Option<Instant>,
    /// Length of the past waits.
    waited: Duration,
    /// Value of `waited` at which the present window began.
    window: Duration,
    /// Bytes in the present window.
    bytes: u64,
}

impl Pace {
    /// Counts bytes that arrived or were accepted.
    pub fn progress(&mut self, bytes: usize, now: impl FnOnce() -> Instant) {
        if let Some(since) = self.since.take() {
            self.waited += now().saturating_duration_since(since);
        }
        self.bytes += bytes as u64;
    }

    /// Next time to check the progress of a client that keeps the server waiting; none if it is too slow.
    pub fn wait(&mut self, now: Instant, limits: &Limits) -> Option<Instant> {
        let since = *self.since.get_or_insert(now);
        let stall = since + limits.stall;
        if now >= stall {
            return None;
        }
        let waited = self.waited + (now - since);
        if waited >= self.window + limits.rate_window {
            if self.bytes < limits.rate_bytes {
                return None;
            }
            (self.window, self.bytes) = (waited, 0);
        }
        Some(stall.min(now + (self.window + limits.rate_window).saturating_sub(waited)))
    }

    /// Start of the present wait.
    pub fn waiting_since(&self) -> Option<Instant> {
        self.since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_stalled_client_is_too_slow_at_the_end_of_its_time() {
        let (limits, mut pace, start) = (Limits::default(), Pace::default(), Instant::now());
        assert_eq!(pace.wait(start, &limits), Some(start + limits.stall));
        let almost = start + limits.stall - SECOND;
        assert_eq!(pace.wait(almost, &limits), Some(start + limits.stall));
        pace.progress(1, || almost);
        assert_eq!(pace.wait(almost, &limits), Some(almost + limits.stall), "a byte starts the time again");
        assert_eq!(pace.wait(almost + limits.stall, &limits), None);
    }

    #[test]
    fn a_byte_now_and_then_is_too_slow() {
        let (limits, mut pace, mut now) = (Limits::default(), Pace::default(), Instant::now());
        let start = now;
        while pace.wait(now, &limits).is_some() {
            now += 3 * SECOND;
            pace.progress(1, || now);
            assert!(now <= start + limits.rate_window + 3 * SECOND);
        }
        assert!(now >= start + limits.rate_window);
    }

    #[test]
    fn the_lowest_rate_lasts_for_ever() {
        let (limits, mut pace, mut now) = (Limits::default(), Pace::default(), Instant::now());
        for _ in 0..1_000 {
            assert!(pace.wait(now, &limits).is_some());
            now += SECOND;
            pace.progress(1_100, || now);
        }
    }

    #[test]
    fn time_of_the_server_does_not_count() {
        let (limits, mut pace, mut now) = (Limits::default(), Pace::default(), Instant::now());
        for _ in 0..100 {
            assert!(pace.wait(now, &limits).is_some());
            pace.progress(100, || now);
            now += 20 * SECOND;
        }
    }
}
