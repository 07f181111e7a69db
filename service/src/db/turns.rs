//! Turns of the reads that a process runs few at a time, for all of its contexts.

use std::{sync::Arc, thread, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{Error, Result};

/// Longest wait of an expensive read for its turn.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Waiting expensive reads, for each that runs.
const WAITING: usize = 8;

/// Batches of exports that run.
const EXPORTS: usize = 2;

/// Longest wait of a batch of an export for its turn. A response that began cannot fail in order.
const EXPORT_PATIENCE: Duration = Duration::from_secs(20);

/// Turns of all reads that have some. Contexts of a process share them.
#[derive(Debug, Clone)]
pub struct ReadTurns {
    pub(super) expensive: Turns,
    pub(super) exports: Turns,
}

impl Default for ReadTurns {
    /// A turn for each processor, two at least: one slow query does not keep all others waiting.
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(2, |count| count.get().clamp(2, 8));
        Self {
            expensive: Turns::new(processors, processors * WAITING, PATIENCE),
            exports: Turns::new(EXPORTS, EXPORTS * WAITING, EXPORT_PATIENCE),
        }
    }
}

/// A bounded number of turns, and of reads that wait for one.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    /// Places to run and to wait.
    places: Arc<Semaphore>,
    running: Arc<Semaphore>,
    patience: Duration,
}

/// Turn of a read, which ends when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _place: OwnedSemaphorePermit,
    _running: OwnedSemaphorePermit,
}

impl Turns {
    pub(super) fn new(running: usize, waiting: usize, patience: Duration) -> Self {
        let (places, running) = (Semaphore::new(running + waiting), Semaphore::new(running));
        Self { places: Arc::new(places), running: Arc::new(running), patience }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`Error::Busy`] if too many wait, or if the wait is too long.
    pub(super) async fn take(&self) -> Result<Turn> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Error::Busy)?;
        match timeout(self.patience, Arc::clone(&self.running).acquire_owned()).await {
            Ok(Ok(running)) => Ok(Turn { _place: place, _running: running }),
            Ok(Err(_)) | Err(_) => Err(Error::Busy),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::poll_immediate;

    use super::*;

    #[tokio::test]
    async fn turns_and_waiting_reads_are_bounded() {
        let turns = Turns::new(2, 1, Duration::from_mins(10));
        let (first, _second) = (turns.take().await.unwrap(), turns.take().await.unwrap());
        let mut third = Box::pin(turns.take());
        assert!(poll_immediate(&mut third).await.is_none(), "it waits");
        assert!(matches!(turns.take().await, Err(Error::Busy)));
        drop(first);
        third.await.unwrap();
        turns.take().await.unwrap();
    }

    #[tokio::test]
    async fn a_read_that_stops_waiting_leaves_its_place() {
        let turns = Turns::new(1, 1, Duration::from_millis(1));
        let turn = turns.take().await.unwrap();
        for _ in 0..3 {
            assert!(matches!(turns.take().await, Err(Error::Busy)));
        }
        drop(turn);
        turns.take().await.unwrap();
    }
}
