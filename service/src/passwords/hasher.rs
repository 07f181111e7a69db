//! Thread pool for password hashing: few threads, with a short queue that serves clients in turn.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

use tokio::sync::oneshot;

use super::{Client, queue::FairQueue};
use crate::{Error, Result};

/// Pool on half of the processors, at least one. Its threads end when it is dropped.
#[derive(Debug)]
pub(crate) struct Hasher {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    started: Instant,
}

#[derive(Debug)]
struct State {
    jobs: FairQueue<Box<dyn Job>>,
    is_closed: bool,
}

/// Work for a caller that waits for it.
trait Job: Send + std::fmt::Debug {
    fn run(self: Box<Self>);
    fn reject(self: Box<Self>);
    fn is_abandoned(&self) -> bool;
}

/// Work, and the channel to its caller.
struct Task<T, F> {
    work: F,
    caller: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: FnOnce() -> T + Send> Job for Task<T, F> {
    fn run(self: Box<Self>) {
        drop(self.caller.send(Ok((self.work)())));
    }

    fn reject(self: Box<Self>) {
        drop(self.caller.send(Err(Error::Busy)));
    }

    fn is_abandoned(&self) -> bool {
        self.caller.is_closed()
    }
}

impl<T, F> std::fmt::Debug for Task<T, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Task").finish_non_exhaustive()
    }
}

impl Hasher {
    /// Starts the threads.
    pub(crate) fn start() -> Self {
        let state = Mutex::new(State { jobs: FairQueue::new(), is_closed: false });
        let shared = Arc::new(Shared { state, changed: Condvar::new(), started: Instant::now() });
        let threads = thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
        for number in 0..threads {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name(format!("hasher-{number}"))
                .spawn(move || {
                    yield_to_readers();
                    shared.work();
                })
                .expect("the system can start a thread");
        }
        Self { shared }
    }

    /// Runs `work` for a client and returns its result.
    ///
    /// # Errors
    /// [`Error::Busy`] when the queue is full.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        client: Client,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let (caller, result) = oneshot::channel();
        self.shared.add(client, Box::new(Task { work, caller }));
        result.await.map_err(|_| Error::internal("a hashing job panicked"))?
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        self.shared.state().is_closed = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, client: Client, job: Box<dyn Job>) {
        let rejected = {
            let jobs = &mut self.state().jobs;
            if jobs.is_full() {
                jobs.remove(|job| job.is_abandoned());
            }
            jobs.push(client, job, self.started.elapsed())
        };
        self.changed.notify_one();
        if let Some(job) = rejected {
            job.reject();
        }
    }

    /// Runs jobs until the pool is closed.
    fn work(&self) {
        while let Some(job) = self.next() {
            if !job.is_abandoned() {
                // The caller of a panicked job gets an error through its dropped channel; the thread continues.
                drop(catch_unwind(AssertUnwindSafe(|| job.run())));
            }
        }
    }

    /// Waits for the next job; none after the pool was closed.
    fn next(&self) -> Option<Box<dyn Job>> {
        let mut state = self.state();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(job) = state.jobs.pop() {
                return Some(job);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Lets threads that answer requests run first when they wake up. The share of the processors stays that of any other
/// thread: at a low priority, hashing would wait behind every other program of the machine.
#[cfg(target_os = "linux")]
fn yield_to_readers() {
    use thread_priority::{
        NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
        thread_native_id,
    };
    /// Nice value 0, of the range from 0 to 99.
    const NORMAL: u8 = 48;
    let priority = ThreadPriority::Crossplatform(NORMAL.try_into().expect("it lies between 0 and 99"));
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Batch);
    if let Err(error) = set_thread_priority_and_policy(thread_native_id(), priority, policy) {
        log::debug!("setting the scheduling policy of password hashing failed: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn yield_to_readers() {}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn client(number: u8) -> Client {
        Client::at(Some(Ipv4Addr::new(192, 0, number, 1).into()))
    }

    #[tokio::test]
    async fn a_job_that_panics_fails_alone() {
        let hasher = Hasher::start();
        for _ in 0..8 {
            let broken: Result<()> = hasher.run(client(0), || panic!("on purpose")).await;
            assert!(matches!(broken, Err(Error::Internal(_))));
            assert_eq!(hasher.run(client(0), || 7).await.unwrap(), 7);
        }
    }

    #[tokio::test]
    async fn a_client_gets_its_turn_beside_sixty_busy_ones() {
        let hasher = Hasher::start();
        let (release, released) = std::sync::mpsc::channel::<()>();
        let released = Arc::new(Mutex::new(released));
        let block = || {
            let released = Arc::clone(&released);
            move || released.lock().unwrap().recv().unwrap_or_default()
        };
        let mut busy = Vec::new();
        for number in (0..60).flat_map(|number| [number; 3]) {
            let mut job = Box::pin(hasher.run(client(number), block()));
            assert!(futures_util::future::poll_immediate(&mut job).await.is_none(), "it waits");
            busy.push(job);
        }
        let mut other = Box::pin(hasher.run(client(99), || 7));
        assert!(futures_util::future::poll_immediate(&mut other).await.is_none(), "it waits");
        release.send(()).unwrap();
        assert_eq!(other.await.unwrap(), 7, "it is next");
        drop(release);
        let answers = futures_util::future::join_all(busy).await;
        assert!(answers.iter().any(Result::is_err), "the queue was full");
        assert!(answers.iter().all(|answer| matches!(answer, Ok(()) | Err(Error::Busy))));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashing_threads_have_the_share_of_any_other_thread() {
        use thread_priority::{NormalThreadSchedulePolicy, ThreadSchedulePolicy, thread_schedule_policy};
        let hasher = Hasher::start();
        let policy = hasher.run(client(0), thread_schedule_policy).await.unwrap();
        assert_eq!(policy, Ok(ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Batch)));
        let stat = hasher.run(client(0), || std::fs::read_to_string("/proc/thread-self/stat")).await.unwrap();
        let own = std::fs::read_to_string("/proc/self/stat").unwrap();
        let nice = |stat: &str| stat.rsplit(") ").next().unwrap().split(' ').nth(16).unwrap().to_owned();
        assert_eq!(nice(&stat.unwrap()), nice(&own));
    }
}
