//! Timer of a connection.

use std::{
    pin::Pin,
    task::{Context, Waker},
};

use tokio::time::{Instant, Sleep, sleep_until};

/// Timer that wakes the task of a connection at the latest at a given time. It may also wake it earlier: moving the
/// timer with every request would cost more than to look again.
#[derive(Default)]
pub(super) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    waker: Option<Waker>,
}

impl Alarm {
    /// Wakes the task at `deadline` or before. The task calls this again whenever it waits.
    pub fn set(&mut self, cx: &mut Context<'_>, deadline: Instant) {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        let known = self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        if known && sleep.deadline() <= deadline && !sleep.is_elapsed() {
            return;
        }
        if sleep.is_elapsed() || sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        if !known {
            self.waker = Some(cx.waker().clone());
        }
        if sleep.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
    }
}
