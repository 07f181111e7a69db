//! State of a connection, shared by its stream, the application and the registry.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    task::{Context, Waker},
};

use tokio::time::Instant;

use super::{Limits, framing::Framing, inbound::Inbound, pace::Pace, registry::Evictable};

/// State of a connection.
pub struct Connection {
    pub(super) limits: Rc<Limits>,
    pub(super) inbound: RefCell<Inbound>,
    pub(super) outbound: RefCell<Pace>,
    reader: RefCell<Option<Waker>>,
    /// Whether the stream has something for the library that it did not ask the client for.
    pub(super) pending: Cell<bool>,
    evicted: Cell<bool>,
}

impl Connection {
    pub(super) fn new(limits: Rc<Limits>) -> Self {
        Self {
            limits,
            inbound: RefCell::new(Inbound::new(Instant::now())),
            outbound: RefCell::default(),
            reader: RefCell::default(),
            pending: Cell::default(),
            evicted: Cell::default(),
        }
    }

    /// Whether the body of the present request was too slow, and cut off.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.inbound.borrow().is_cut()
    }

    /// Whether the registry gave this connection up.
    pub(super) fn is_evicted(&self) -> bool {
        self.evicted.get()
    }

    /// Notes that the application received a request. Its end is noted when the returned guard is dropped.
    pub(super) fn begin(self: &Rc<Self>, framing: Framing) -> Ending {
        self.inbound.borrow_mut().begin(framing);
        if framing != Framing::None {
            self.wake();
        }
        Ending(Rc::clone(self))
    }

    /// Notes the task that waits for bytes.
    pub(super) fn set_reader(&self, cx: &Context<'_>) {
        let mut reader = self.reader.borrow_mut();
        if !reader.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            *reader = Some(cx.waker().clone());
        }
    }

    /// Lets the library read again.
    fn wake(&self) {
        if let Some(waker) = &*self.reader.borrow() {
            waker.wake_by_ref();
        }
    }
}

impl Evictable for Connection {
    fn waiting_since(&self) -> Option<Instant> {
        self.outbound.borrow().waiting_since().or_else(|| self.inbound.borrow().waiting_since())
    }

    fn evict(&self) {
        self.evicted.set(true);
        self.inbound.borrow_mut().close();
        self.wake();
    }
}

/// Notes the end of a response when it is dropped: with the response's body, or with a cancelled handler.
pub(super) struct Ending(Rc<Connection>);

impl Ending {
    /// Notes that the connection closes after this response.
    pub fn close_connection(&self) {
        self.0.inbound.borrow_mut().close_after_response();
    }

    /// Whether the body of the request was too slow, and cut off.
    pub fn is_cut(&self) -> bool {
        self.0.is_cut()
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let unread = {
            let mut inbound = self.0.inbound.borrow_mut();
            inbound.end(Instant::now(), &self.0.limits);
            inbound.is_discarding()
        };
        if unread || self.0.pending.get() {
            self.0.wake();
        }
    }
}
