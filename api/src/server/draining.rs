//! State of a server that is about to stop.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::error::{Code, Problem, Result};

/// Whether the server is about to stop. Clones share the state.
#[derive(Debug, Clone, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    /// Begins to drain: the server is not ready any more, and every response closes its connection.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the server drains.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Checks that the server is to receive requests.
    ///
    /// # Errors
    /// `unavailable` once the server drains.
    pub fn check(&self) -> Result<()> {
        if self.has_begun() {
            return Err(Problem::new(Code::Unavailable, "the server is stopping"));
        }
        Ok(())
    }
}
