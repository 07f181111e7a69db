//! Health of the database as the process sees it.

use std::sync::{
    Arc, Mutex, PoisonError, Weak,
    atomic::{AtomicBool, Ordering},
};

use super::pulse::Pulse;

/// Health of the database, one per process: whether writes succeed, and whether the pools of all threads do.
#[derive(Debug, Default)]
pub struct Health {
    /// Whether a write failed since the disk is full or the database is read-only, and no trial succeeded since.
    unwritable: AtomicBool,
    pulses: Mutex<Vec<Weak<Pulse>>>,
}

impl Health {
    /// Whether writes succeed, as far as is known.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        !self.unwritable.load(Ordering::Relaxed)
    }

    /// Whether connections of this process have been broken for a minute, although the database accepts new ones: a
    /// restart may help.
    #[must_use]
    pub fn is_stuck(&self) -> bool {
        let pulses = self.pulses.lock().unwrap_or_else(PoisonError::into_inner);
        pulses.iter().filter_map(Weak::upgrade).any(|pulse| pulse.is_stuck())
    }

    /// Records whether a write succeeded.
    pub(crate) fn set_writable(&self, is_writable: bool) {
        self.unwritable.store(!is_writable, Ordering::Relaxed);
    }

    /// Watches a pool until it is dropped.
    pub(super) fn watch(&self, pulse: &Arc<Pulse>) {
        let mut pulses = self.pulses.lock().unwrap_or_else(PoisonError::into_inner);
        pulses.retain(|pulse| pulse.strong_count() > 0);
        pulses.push(Arc::downgrade(pulse));
    }
}
