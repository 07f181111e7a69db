//! Connections of a worker, and the choice of one to give up when there are too many.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use tokio::time::Instant;

/// Connection that can be given up.
pub(super) trait Evictable {
    /// Start of the present wait for the client; none while the server works for it.
    fn waiting_since(&self) -> Option<Instant>;

    /// Gives the connection up.
    fn evict(&self);
}

/// Connections of a worker.
pub(super) struct Registry<C> {
    limit: usize,
    queue: RefCell<Queue<C>>,
}

/// Connections in the order in which they were last looked at.
struct Queue<C> {
    next: u64,
    places: BTreeMap<u64, Place<C>>,
}

struct Place<C> {
    connection: Rc<C>,
    key: Rc<Cell<u64>>,
    seen: Instant,
}

/// Place of a connection in the registry. It is left when this is dropped.
pub(super) struct Membership<C> {
    registry: Rc<Registry<C>>,
    key: Rc<Cell<u64>>,
}

impl<C: Evictable> Registry<C> {
    /// Registry of at most `limit` connections.
    pub fn new(limit: usize) -> Self {
        Self { limit, queue: RefCell::new(Queue { next: 0, places: BTreeMap::new() }) }
    }

    /// Adds a connection. At the limit, a connection that waits for its client is given up; if there is none, the new
    /// one is not added.
    pub fn join(self: &Rc<Self>, connection: &Rc<C>, now: Instant) -> Option<Membership<C>> {
        let mut queue = self.queue.borrow_mut();
        if queue.places.len() >= self.limit {
            queue.evict(now)?;
        }
        let key = Rc::new(Cell::new(0));
        queue.push(Place { connection: Rc::clone(connection), key: Rc::clone(&key), seen: now });
        Some(Membership { registry: Rc::clone(self), key })
    }
}

impl<C: Evictable> Queue<C> {
    fn push(&mut self, place: Place<C>) {
        place.key.set(self.next);
        self.places.insert(self.next, place);
        self.next += 1;
    }

    /// Gives up a connection that waits for its client, the first that did nothing since it was last looked at. Others
    /// return to the end of the queue, so each is looked at twice at most.
    fn evict(&mut self, now: Instant) -> Option<()> {
        for _ in 0..2 * self.places.len() {
            let (_, place) = self.places.pop_first()?;
            if place.connection.waiting_since().is_some_and(|since| since <= place.seen) {
                place.connection.evict();
                return Some(());
            }
            self.push(Place { seen: now, ..place });
        }
        None
    }
}

impl<C> Drop for Membership<C> {
    fn drop(&mut self) {
        self.registry.queue.borrow_mut().places.remove(&self.key.get());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[derive(Default)]
    struct Fake {
        waiting: Cell<Option<Instant>>,
        evicted: Cell<bool>,
    }

    impl Evictable for Fake {
        fn waiting_since(&self) -> Option<Instant> {
            self.waiting.get()
        }

        fn evict(&self) {
            self.evicted.set(true);
        }
    }

    fn fakes<const N: usize>(waiting: [Option<Instant>; N]) -> [Rc<Fake>; N] {
        waiting.map(|waiting| Rc::new(Fake { waiting: Cell::new(waiting), evicted: Cell::default() }))
    }

    fn evicted(fakes: &[Rc<Fake>]) -> Vec<bool> {
        fakes.iter().map(|fake| fake.evicted.get()).collect()
    }

    #[test]
    fn the_connection_that_did_nothing_for_longest_is_given_up() {
        let start = Instant::now();
        let later = start + Duration::from_secs(1);
        let (registry, new) = (Rc::new(Registry::new(3)), Rc::new(Fake::default()));
        // The first works, the second began to wait after it joined, the third has waited all the time.
        let fakes = fakes([None, Some(later), Some(start)]);
        let members = fakes.each_ref().map(|fake| registry.join(fake, start).unwrap());
        let fourth = registry.join(&new, later).unwrap();
        assert_eq!(evicted(&fakes), [false, false, true]);
        let fifth = registry.join(&new, later).unwrap();
        assert_eq!(evicted(&fakes), [false, true, true]);
        assert!(registry.join(&new, later).is_none(), "the others work");
        drop((members, fourth));
        assert!(registry.join(&new, later).is_some());
        drop(fifth);
        assert!(registry.queue.borrow().places.is_empty());
    }

    #[test]
    fn connections_that_leave_make_room() {
        let (registry, fake) = (Rc::new(Registry::new(1)), Rc::new(Fake::default()));
        for _ in 0..3 {
            let member = registry.join(&fake, Instant::now()).unwrap();
            assert!(registry.join(&fake, Instant::now()).is_none());
            drop(member);
        }
    }
}
