//! Queue of SQLite's writers, by priority.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

use crate::{Error, Result};

/// Wait after which an import precedes ordinary writes, so that a steady stream of them cannot stop it.
const OVERDUE: Duration = Duration::from_secs(1);

/// Priority of a writer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Priority {
    /// Log-ins and refreshes: they are few, and people wait for them.
    First,
    /// Ordinary writes.
    #[default]
    Normal,
    /// Transactions of imports.
    Last,
}

/// Queue of SQLite's writers, one per process. Other databases have none.
#[derive(Debug, Clone, Default)]
pub struct WriteQueue(Option<Arc<Mutex<State>>>);

/// State of a queue.
#[derive(Debug, Default)]
struct State {
    is_taken: bool,
    /// Waiting writers by priority, in the order of their arrival.
    waiting: [VecDeque<Waiter>; 3],
}

/// Writer that waits.
#[derive(Debug)]
struct Waiter {
    since: Instant,
    wake: oneshot::Sender<Turn>,
}

/// Right to write, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn(Arc<Mutex<State>>);

impl WriteQueue {
    /// Queue for the database at `url`.
    #[must_use]
    pub fn for_url(url: &str) -> Self {
        Self(url.starts_with("sqlite:").then(Arc::default))
    }

    /// Waits until this writer may write, if only one may, but not longer than `deadline`.
    pub(super) async fn take(&self, priority: Priority, deadline: Instant) -> Result<Option<Turn>> {
        let Some(state) = &self.0 else { return Ok(None) };
        let turn = {
            let mut locked = lock(state);
            if !locked.is_taken {
                locked.is_taken = true;
                return Ok(Some(Turn(Arc::clone(state))));
            }
            let (wake, turn) = oneshot::channel();
            locked.waiting[priority as usize].push_back(Waiter { since: Instant::now(), wake });
            turn
        };
        match timeout_at(deadline, turn).await {
            Ok(Ok(turn)) => Ok(Some(turn)),
            Ok(Err(_)) | Err(_) => Err(Error::Unavailable("another writer holds the database".into())),
        }
    }
}

impl State {
    /// Next writer that still waits; without one, the queue is free.
    fn next(&mut self, now: Instant) -> Option<Waiter> {
        let import = self.waiting[Priority::Last as usize].front();
        let order = if import.is_some_and(|waiter| now.duration_since(waiter.since) > OVERDUE) {
            [Priority::First, Priority::Last, Priority::Normal]
        } else {
            [Priority::First, Priority::Normal, Priority::Last]
        };
        for priority in order {
            while let Some(waiter) = self.waiting[priority as usize].pop_front() {
                if !waiter.wake.is_closed() {
                    return Some(waiter);
                }
            }
        }
        self.is_taken = false;
        None
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = lock(&self.0).next(Instant::now());
        if let Some(waiter) = next {
            // If the writer has just stopped waiting, its turn is dropped here, which passes it on.
            drop(waiter.wake.send(Self(Arc::clone(&self.0))));
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, future::join_all};

    use super::*;

    fn queue() -> WriteQueue {
        WriteQueue::for_url("sqlite://x.db")
    }

    async fn take(queue: &WriteQueue, priority: Priority) -> Option<Turn> {
        queue.take(priority, Instant::now() + Duration::from_mins(10)).await.unwrap()
    }

    #[tokio::test]
    async fn writers_go_by_priority_and_then_by_arrival() {
        let (queue, order) = (queue(), Mutex::new(Vec::new()));
        let first = take(&queue, Priority::Normal).await;
        let arrivals = [
            (Priority::Last, 'e'),
            (Priority::Normal, 'c'),
            (Priority::First, 'a'),
            (Priority::Last, 'f'),
            (Priority::Normal, 'd'),
            (Priority::First, 'b'),
        ];
        let writers = arrivals.map(async |(priority, name)| {
            let _turn = take(&queue, priority).await;
            order.lock().unwrap().push(name);
        });
        let mut writers = Box::pin(join_all(writers));
        assert!(writers.as_mut().now_or_never().is_none(), "one writer at a time");
        drop(first);
        writers.await;
        assert_eq!(order.into_inner().unwrap(), ['a', 'b', 'c', 'd', 'e', 'f']);
        assert!(take(&queue, Priority::Last).now_or_never().is_some(), "the queue is free again");
    }

    #[tokio::test]
    async fn a_writer_that_stopped_waiting_is_skipped() {
        let queue = queue();
        let first = take(&queue, Priority::Normal).await;
        let (mut gone, mut next) =
            (Box::pin(take(&queue, Priority::First)), Box::pin(take(&queue, Priority::Last)));
        assert!(gone.as_mut().now_or_never().is_none() && next.as_mut().now_or_never().is_none());
        drop(gone);
        drop(first);
        drop(next.await);
        // A turn that was sent, but never received, is passed on, too.
        let first = take(&queue, Priority::Normal).await;
        let (mut gone, mut next) =
            (Box::pin(take(&queue, Priority::First)), Box::pin(take(&queue, Priority::Last)));
        assert!(gone.as_mut().now_or_never().is_none() && next.as_mut().now_or_never().is_none());
        drop(first);
        drop(gone);
        next.await;
    }

    #[test]
    fn an_overdue_import_precedes_ordinary_writes() {
        let (mut state, now) = (State::default(), Instant::now());
        let (import, write, log_in) = (now, now + OVERDUE / 4, now + OVERDUE / 2);
        let mut turns = Vec::new();
        let mut order = |late: Duration| {
            for (priority, since) in
                [(Priority::Last, import), (Priority::Normal, write), (Priority::First, log_in)]
            {
                let (wake, turn) = oneshot::channel();
                turns.push(turn);
                state.waiting[priority as usize].push_back(Waiter { since, wake });
            }
            [(); 3].map(|()| state.next(now + late).unwrap().since)
        };
        assert_eq!(order(OVERDUE / 2), [log_in, write, import]);
        assert_eq!(order(OVERDUE * 2), [log_in, import, write]);
    }

    #[tokio::test]
    async fn other_databases_have_no_queue() {
        assert!(take(&WriteQueue::for_url("postgres://x"), Priority::Last).await.is_none());
    }
}
