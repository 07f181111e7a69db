//! Tests of the table of counters.

use super::*;

const LIMIT: RateLimit = RateLimit::LogInFailures;

impl Table {
    /// Number of stored subjects.
    fn len(&self) -> usize {
        let shards = self.shards.iter().map(|shard| shard.lock().unwrap());
        shards.map(|slots| slots.iter().filter(|slot| slot[0] != 0).count()).sum()
    }

    fn admits(&self, subject: &impl Hash, now: u64) -> bool {
        self.take(LIMIT, subject, now, 1).0
    }

    fn exhaust(&self, subject: &impl Hash, now: u64) {
        while self.admits(subject, now) {}
    }
}

#[test]
fn a_quota_is_spent_at_once_and_recovers_evenly() {
    let (table, interval) = (Table::with_sets(0), LIMIT.interval());
    for spent in 1..=LIMIT.quota() {
        let (admitted, status) = table.take(LIMIT, &"a", 0, 1);
        assert_eq!((admitted, status.remaining), (true, LIMIT.quota() - spent));
    }
    for tenth in 0..10 {
        let (admitted, status) = table.take(LIMIT, &"a", interval * tenth / 10, 1);
        let wait = Duration::from_nanos(interval * (10 - tenth) / 10);
        assert_eq!((admitted, status.wait), (false, wait));
    }
    assert!(table.admits(&"a", interval));
    assert!(!table.admits(&"a", interval));
    assert!(table.admits(&"a", interval * 2));
    let (_, status) = table.take(LIMIT, &"a", interval * 2 + interval * LIMIT.quota(), 1);
    assert_eq!(status.remaining, LIMIT.quota() - 1);
}

#[test]
fn a_refund_returns_one_request_and_never_exceeds_the_quota() {
    let table = Table::with_sets(0);
    table.give_back(LIMIT, &"a", 0, 1);
    table.exhaust(&"a", 0);
    table.give_back(LIMIT, &"a", 0, 1);
    assert!(table.admits(&"a", 0));
    assert!(!table.admits(&"a", 0));
}

#[test]
fn a_cost_is_admitted_as_a_whole_after_its_wait() {
    let (table, interval) = (Table::with_sets(0), LIMIT.interval());
    assert!(table.take(LIMIT, &"a", 0, LIMIT.quota() - 1).0);
    let (admitted, status) = table.take(LIMIT, &"a", 0, 3);
    assert_eq!((admitted, status.wait), (false, Duration::from_nanos(2 * interval)));
    assert!(table.take(LIMIT, &"a", 2 * interval, 3).0);
    assert!(!table.take(LIMIT, &"b", 0, u64::MAX).0);
    table.give_back(LIMIT, &"a", 2 * interval, u64::MAX);
    assert!(table.take(LIMIT, &"a", 2 * interval, LIMIT.quota()).0);
}

#[tokio::test]
async fn charges_count_together_or_not_at_all() {
    let table = Table::with_sets(0);
    let (a, b) = (Subject::Name("a"), Subject::Name("b"));
    let both = [Charge::one(LIMIT, a), Charge { cost: LIMIT.quota() + 1, ..Charge::one(LIMIT, b) }];
    assert!(matches!(table.charge(&both, 0).await.unwrap(), Outcome::Exceeded(_)));
    let whole = Charge { cost: LIMIT.quota(), ..Charge::one(LIMIT, a) };
    assert!(matches!(table.charge(&[whole], 0).await.unwrap(), Outcome::Admitted(_)));
}

#[test]
fn the_table_keeps_its_size_with_more_subjects_than_slots() {
    let table = Table::with_sets(0);
    let slots = WAYS << SHARD_BITS;
    let full =
        |table: &Table| table.shards.iter().map(|shard| shard.lock().unwrap().capacity()).sum::<usize>();
    for subject in 0..slots * 100 {
        assert!(table.admits(&subject, 0), "a new subject is admitted, full table or not");
    }
    assert_eq!((table.len(), full(&table)), (slots, slots));
}

#[test]
fn a_flood_of_new_subjects_does_not_evict_exhausted_ones() {
    let table = Table::with_sets(0);
    // Few enough not to collide in a set.
    let hot: Vec<_> = (0..100).map(|number| format!("hot {number}")).collect();
    for subject in &hot {
        table.exhaust(subject, 0);
    }
    for subject in 0..(WAYS << SHARD_BITS) * 100 {
        // All of the quota except one request, and of another limit with a longer window.
        for _ in 1..LIMIT.quota() {
            table.admits(&subject, 0);
        }
        table.take(RateLimit::Account, &subject, 0, 1);
    }
    assert!(hot.iter().all(|subject| !table.admits(subject, 0)));
}

#[test]
fn recovered_slots_are_evicted_first() {
    let table = Table::with_sets(0);
    let later = LIMIT.interval();
    for subject in 0..(WAYS << SHARD_BITS) * 10 {
        table.admits(&subject, 0);
    }
    table.exhaust(&"hot", later);
    for subject in 0..100 {
        table.admits(&format!("new {subject}"), later);
    }
    assert!(!table.admits(&"hot", later));
    let counts = (0..100).filter(|subject| {
        table.take(LIMIT, &format!("new {subject}"), later, 1).1.remaining == LIMIT.quota() - 2
    });
    assert!(counts.count() > 95, "recovered ones made room for them");
}

/// `cargo test -p service -- --ignored --nocapture a_million`
#[test]
#[ignore = "a measurement; the bound itself is a constant"]
fn a_million_subjects_fit_into_64_mib() {
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    let before = resident();
    let table = Table::new();
    let empty = resident() - before;
    let began = std::time::Instant::now();
    for subject in 0..1_000_000_u32 {
        assert!(table.admits(&subject, 0));
    }
    let each = began.elapsed() / 1_000_000;
    let taken = resident() - before;
    assert!(table.len() > 999_000, "hardly a set is full");
    println!("empty: {empty} KiB; 1,000,000 subjects: {taken} KiB, {each:?} each, {} stored", table.len());
    for subject in 1_000_000..10_000_000_u32 {
        table.admits(&subject, 0);
    }
    println!("10,000,000 subjects: {} KiB, {} stored", resident() - before, table.len());
    assert!(taken < 64 << 10 && resident() - before < 64 << 10);
}
