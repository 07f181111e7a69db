//! Queue that serves clients in turn: the next job is that of the client that was served least lately.
//!
//! Each job takes [`SHARE`] of its client's time, and a client's next job ranks behind the time that it has taken
//! (start-time fair queueing). A client with up to three jobs in a while is served before all others, the latest job
//! first: when more ask than can be served, the last to ask does not wait until the others have given up.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use super::Client;

/// Maximum number of waiting jobs.
const CAPACITY: usize = 64;

/// Maximum number of waiting jobs of one client.
const PER_CLIENT: usize = 16;

/// Time that a job takes of its client's share.
const SHARE: Duration = Duration::from_secs(30);

/// Time that a client may have taken to be served before others: sign-up, log-in, and a mistyped password.
const LIGHT: Duration = Duration::from_mins(1);

/// Time after which a client that took any number of jobs ranks with others again.
const MEMORY: Duration = Duration::from_mins(10);

/// Rank of a job: zero for a light client, otherwise the time that it has taken; then the order of arrival.
type Rank = (Duration, i64);

/// Waiting jobs of type `J`.
#[derive(Debug)]
pub(super) struct FairQueue<J> {
    waiting: BTreeMap<Rank, (Client, J)>,
    clients: HashMap<Client, Account>,
    arrivals: i64,
}

/// Hashing time that a client has used, and its waiting jobs.
#[derive(Debug, Default)]
struct Account {
    /// Time up to which the client has taken its share.
    taken: Duration,
    waiting: usize,
}

impl<J> FairQueue<J> {
    pub(super) fn new() -> Self {
        Self { waiting: BTreeMap::new(), clients: HashMap::new(), arrivals: 0 }
    }

    /// Adds a job at time `now`, and returns the job for which there is no room: this one, or that with the last rank.
    pub(super) fn push(&mut self, client: Client, job: J, now: Duration) -> Option<J> {
        self.clients.retain(|_, account| account.waiting > 0 || account.taken > now);
        let account = self.clients.entry(client).or_default();
        if account.waiting >= PER_CLIENT {
            return Some(job);
        }
        self.arrivals += 1;
        let rank = match account.taken {
            taken if taken > now + LIGHT => (taken, self.arrivals),
            _ => (Duration::ZERO, -self.arrivals),
        };
        account.taken = (account.taken.max(now) + SHARE).min(now + MEMORY);
        account.waiting += 1;
        self.waiting.insert(rank, (client, job));
        if self.waiting.len() <= CAPACITY {
            return None;
        }
        let (_, (client, job)) = self.waiting.pop_last()?;
        self.leave(client, SHARE);
        Some(job)
    }

    /// Takes the next job.
    pub(super) fn pop(&mut self) -> Option<J> {
        let (_, (client, job)) = self.waiting.pop_first()?;
        self.leave(client, Duration::ZERO);
        Some(job)
    }

    /// Whether the next job takes the place of another.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= CAPACITY
    }

    /// Removes the jobs that nobody waits for.
    pub(super) fn remove(&mut self, is_abandoned: impl Fn(&J) -> bool) {
        let abandoned = self.waiting.extract_if(.., |_, (_, job)| is_abandoned(job));
        for (client, _) in abandoned.map(|(_, entry)| entry).collect::<Vec<_>>() {
            self.leave(client, Duration::ZERO);
        }
    }

    /// Counts a job that waits no longer, and gives `returned` back to its client.
    fn leave(&mut self, client: Client, returned: Duration) {
        if let Some(account) = self.clients.get_mut(&client) {
            account.waiting -= 1;
            account.taken = account.taken.saturating_sub(returned);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn client(number: u8) -> Client {
        Client::at(Some(Ipv4Addr::new(198, 51, number, 7).into()))
    }

    /// Queue in which each of `clients` has added `jobs` jobs at time zero.
    fn queue(clients: u8, jobs: u32) -> FairQueue<(u8, u32)> {
        let mut queue = FairQueue::new();
        for number in 0..clients {
            for job in 0..jobs {
                assert!(queue.push(client(number), (number, job), Duration::ZERO).is_none());
            }
        }
        queue
    }

    #[test]
    fn clients_are_served_in_turn_after_their_first_jobs() {
        let mut queue = queue(3, 5);
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order[..3], [(2, 2), (2, 1), (2, 0)]);
        assert_eq!(order[9..], [(0, 3), (1, 3), (2, 3), (0, 4), (1, 4), (2, 4)]);
    }

    #[test]
    fn a_client_has_a_bounded_number_of_jobs() {
        let mut queue = queue(1, u32::try_from(PER_CLIENT).unwrap());
        assert_eq!(queue.push(client(0), (0, 99), SECOND), Some((0, 99)));
        queue.pop();
        assert_eq!(queue.push(client(0), (0, 100), SECOND), None);
        assert_eq!(queue.push(client(1), (1, 0), SECOND), None);
    }

    #[test]
    fn a_full_queue_has_room_for_a_client_that_asked_for_less() {
        let mut queue = queue(16, 4);
        assert!(queue.is_full());
        let rejected = queue.push(client(99), (99, 0), SECOND).unwrap();
        assert_eq!(rejected.1, 3, "the last job of one of the others");
        assert_eq!(queue.push(client(0), (0, 4), SECOND), Some((0, 4)), "their next job ranks last itself");
        assert_eq!(queue.pop(), Some((99, 0)), "before all that wait");
    }

    #[test]
    fn jobs_that_nobody_waits_for_make_room() {
        let mut queue = queue(16, 4);
        queue.remove(|(number, _)| *number < 8);
        assert_eq!(queue.push(client(0), (0, 4), SECOND), None);
        assert_eq!(std::iter::from_fn(|| queue.pop()).count(), 33);
    }

    /// Sixty networks that use up their limits of 30 log-ins in five minutes ask for more than one thread can compute.
    #[test]
    fn busy_networks_do_not_delay_another_one() {
        const HASH: Duration = Duration::from_millis(250);
        let mut queue = FairQueue::new();
        let (mut now, mut waits) = (Duration::ZERO, Vec::new());
        for round in 0_u32..2400 {
            // Each asks every ten seconds: 6 a second for 4 that can be served.
            for number in 0..60_u8 {
                if (round + u32::from(number)).is_multiple_of(40) {
                    queue.push(client(number), (number, round), now);
                }
            }
            if round % 400 == 399 {
                let rejected = queue.push(client(99), (99, round), now);
                assert!(rejected.is_none_or(|(number, _)| number != 99) && queue.is_full());
            }
            if let Some((99, began)) = queue.pop() {
                waits.push(round - began);
            }
            now += HASH;
        }
        assert!(waits.len() == 6 && waits.iter().all(|rounds| *rounds < 4), "{waits:?}");
    }

    #[test]
    fn clients_are_forgotten() {
        let mut queue = queue(60, 1);
        while queue.pop().is_some() {}
        queue.push(client(99), (99, 0), MEMORY);
        assert_eq!(queue.clients.len(), 1);
    }
}
