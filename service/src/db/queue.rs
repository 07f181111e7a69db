//! Queue of SQLite's writers.

use std::sync::Arc;

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use crate::{Error, Result};

/// Queue of SQLite's writers, one per process. Other databases have none.
#[derive(Debug, Clone, Default)]
pub struct WriteQueue(Option<Arc<Semaphore>>);

impl WriteQueue {
    /// Queue for the database at `url`.
    #[must_use]
    pub fn for_url(url: &str) -> Self {
        Self(url.starts_with("sqlite:").then(|| Arc::new(Semaphore::new(1))))
    }

    /// Waits until this writer may write, if only one may, but not longer than `deadline`.
    pub(super) async fn take(&self, deadline: Instant) -> Result<Option<OwnedSemaphorePermit>> {
        let Some(semaphore) = &self.0 else { return Ok(None) };
        match timeout_at(deadline, Arc::clone(semaphore).acquire_owned()).await {
            Ok(permit) => Ok(permit.ok()),
            Err(_) => Err(Error::Unavailable("another writer holds the database".into())),
        }
    }
}
