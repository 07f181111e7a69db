//! Queue of SQLite's writers.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Error, Result};

/// Time that a writer waits for the write lock on SQLite, which admits one writer: longer than most imports take,
/// shorter than the limit of a request.
pub(super) const SQLITE_WRITER_PATIENCE: Duration = Duration::from_secs(25);

/// Queue of SQLite's writers, one per process. Other databases have none.
#[derive(Debug, Clone, Default)]
pub struct WriteQueue(Option<Arc<Semaphore>>);

impl WriteQueue {
    /// Queue for the database at `url`.
    #[must_use]
    pub fn for_url(url: &str) -> Self {
        Self(url.starts_with("sqlite:").then(|| Arc::new(Semaphore::new(1))))
    }

    /// Waits until this writer may write, if only one may.
    pub(super) async fn take(&self) -> Result<Option<OwnedSemaphorePermit>> {
        let Some(semaphore) = &self.0 else { return Ok(None) };
        let turn = tokio::time::timeout(SQLITE_WRITER_PATIENCE, semaphore.clone().acquire_owned()).await;
        match turn {
            Ok(permit) => Ok(permit.ok()),
            Err(_) => Err(Error::Unavailable("another writer holds the database".into())),
        }
    }
}
