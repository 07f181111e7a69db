//! Maximum number of books of an account. Books are counted rarely: a count admits a share of what is left.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use uuid::Uuid;

use crate::{Clock, clock::nanos};

/// Time for which a full account is not counted again.
const FULL: Duration = Duration::from_secs(10);

/// Accounts that are remembered; all are counted again when there are more.
const REMEMBERED: usize = 10_000;

/// Maximum number of books, and the accounts that were counted.
#[derive(Debug)]
pub(crate) struct BookQuota {
    maximum: u64,
    clock: Arc<Clock>,
    accounts: Mutex<HashMap<Uuid, Counted>>,
}

/// Result of a count.
#[derive(Debug, Clone, Copy)]
struct Counted {
    /// Books that may be added before the next count.
    left: u64,
    /// Time at which a full account may be counted again, in nanoseconds of the clock.
    again: u64,
}

/// Answer to the question whether a book may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Free,
    Full,
    /// The books must be counted first.
    Unknown,
}

impl BookQuota {
    pub(crate) fn new(maximum: u64, clock: Arc<Clock>) -> Self {
        Self { maximum, clock, accounts: Mutex::default() }
    }

    /// Maximum number of books of an account.
    pub(crate) fn maximum(&self) -> u64 {
        self.maximum
    }

    /// Takes the room of one book.
    pub(crate) fn take(&self, account: Uuid) -> Room {
        let now = self.clock.monotonic();
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        match accounts.get_mut(&account) {
            Some(counted) if counted.left > 0 => {
                counted.left -= 1;
                Room::Free
            }
            Some(counted) if counted.again > now => Room::Full,
            Some(_) | None => Room::Unknown,
        }
    }

    /// Notes the number of books of an account, and takes the room of one more: [`Room::Free`] or [`Room::Full`].
    pub(crate) fn count(&self, account: Uuid, books: u64) -> Room {
        let free = self.maximum.saturating_sub(books);
        // Other processes may admit as many.
        let counted = Counted {
            left: free.saturating_sub(1) / 2,
            again: if free == 0 { self.clock.monotonic() + nanos(FULL) } else { 0 },
        };
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= REMEMBERED {
            accounts.clear();
        }
        accounts.insert(account, counted);
        if free > 0 { Room::Free } else { Room::Full }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_gets_as_many_books_as_there_is_room_for_and_few_counts() {
        let (clock, account) = (Arc::new(Clock::default()), Uuid::nil());
        let quota = BookQuota::new(1000, Arc::clone(&clock));
        let (mut books, mut counts) = (100, 0);
        let room = loop {
            let room = match quota.take(account) {
                Room::Unknown => {
                    counts += 1;
                    quota.count(account, books)
                }
                known => known,
            };
            if room != Room::Free {
                break room;
            }
            books += 1;
        };
        assert_eq!((books, room), (1000, Room::Full));
        assert!(counts < 20, "{counts}");
        assert_eq!(quota.take(account), Room::Full);
        clock.advance(FULL);
        assert_eq!(quota.take(account), Room::Unknown, "books may have been deleted");
    }
}
