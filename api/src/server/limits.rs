//! Limits of connections: deadlines, sizes and numbers.

use std::time::Duration;

/// Limits of the connections of a process.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Time for the head of a request, from its first byte, and for the first byte of a new connection.
    pub head: Duration,
    /// Most bytes of a head.
    pub head_bytes: usize,
    /// Time for which a connection may be idle between requests.
    pub keep_alive: Duration,
    /// Time without any progress of a body or of a response.
    pub stall: Duration,
    /// Fewest bytes of a body or of a response in each [`Limits::rate_window`].
    pub rate_bytes: u64,
    /// Time of waiting for the client after which its rate is checked.
    pub rate_window: Duration,
    /// Most bytes that are discarded of a body that its response did not wait for.
    pub discard_bytes: usize,
    /// Time for such a body to end.
    pub discard: Duration,
    /// Most connections of the process.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(5),
            head_bytes: 64 * 1024,
            keep_alive: Duration::from_secs(75),
            stall: Duration::from_secs(10),
            rate_bytes: 30 * 1024,
            rate_window: Duration::from_secs(30),
            discard_bytes: 64 * 1024,
            discard: Duration::from_secs(5),
            connections: 16_384,
        }
    }
}
