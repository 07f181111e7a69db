//! A partition is detached while the table is locked for its users.

use crate::tooling::lint::page::{Finder, POSTGRES, Page, on, warning};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        POSTGRES,
        "nobody may read or write the partitioned table until the partition is detached",
        "DETACH PARTITION … CONCURRENTLY in a migration of its own whose use_transaction() is Some(false)",
    )],
    details: "The lock is on the whole partitioned table, not only on the partition, and waits for every running query.",
    breaks: &[on(
        POSTGRES,
        &[
            "CREATE TABLE events (at date) PARTITION BY RANGE (at)",
            "CREATE TABLE events_old PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
            "ALTER TABLE events DETACH PARTITION events_old",
        ],
    )],
    keeps: &[on(
        POSTGRES,
        &[
            "CREATE TABLE events (at date) PARTITION BY RANGE (at)",
            "CREATE TABLE events_old PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
            "ALTER TABLE events DETACH PARTITION events_old CONCURRENTLY",
        ],
    )
    .bare()],
    finder: Finder::Squawk,
};
