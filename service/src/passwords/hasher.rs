//! Thread pool for password hashing: few threads of low priority, with a short queue.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use thread_priority::{ThreadPriority, set_current_thread_priority};
use tokio::sync::oneshot;

use crate::{Error, Result};

/// Maximum number of waiting jobs; further ones are rejected.
const QUEUE: usize = 16;

/// Low priority, of 0 to 99: threads that answer other requests run first.
const PRIORITY: u8 = 10;

/// Lowest bcrypt cost with lowered priority. A cheaper hash takes milliseconds, and a thread of low priority would
/// wait for seconds while other programs use the processors.
const EXPENSIVE: u32 = 8;

type Job = Box<dyn FnOnce() + Send>;

/// Pool on half of the processors, at least one.
#[derive(Debug, Clone)]
pub(crate) struct Hasher {
    queue: mpsc::SyncSender<Job>,
}

impl Hasher {
    /// Starts the threads for hashes of this bcrypt cost; they end when the last handle is dropped.
    pub(crate) fn start(cost: u32) -> Self {
        let (queue, jobs) = mpsc::sync_channel::<Job>(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        let threads = thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
        for number in 0..threads {
            let jobs = Arc::clone(&jobs);
            thread::Builder::new()
                .name(format!("hasher-{number}"))
                .spawn(move || {
                    if cost >= EXPENSIVE {
                        lower_priority();
                    }
                    work(&jobs);
                })
                .expect("the system can start a thread");
        }
        Self { queue }
    }

    /// Runs `job` and returns its result.
    ///
    /// # Errors
    /// [`Error::Busy`] when the queue is full.
    pub(crate) async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move || {
            // A job whose caller stopped waiting is skipped.
            if !sender.is_closed() {
                drop(sender.send(job()));
            }
        });
        self.queue.try_send(job).map_err(|_| Error::Busy)?;
        receiver.await.map_err(|_| Error::internal("a hashing job panicked"))
    }
}

fn lower_priority() {
    let priority = ThreadPriority::Crossplatform(PRIORITY.try_into().expect("it lies between 0 and 99"));
    if let Err(error) = set_current_thread_priority(priority) {
        log::debug!("lowering the priority of password hashing failed: {error}");
    }
}

fn work(jobs: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // The caller of a panicked job gets an error through its dropped sender; the thread continues.
        drop(catch_unwind(AssertUnwindSafe(job)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_panics_fails_alone() {
        let hasher = Hasher::start(4);
        for _ in 0..8 {
            let broken: Result<()> = hasher.run(|| panic!("on purpose")).await;
            assert!(matches!(broken, Err(Error::Internal(_))));
            assert_eq!(hasher.run(|| 7).await.unwrap(), 7);
        }
    }
}
