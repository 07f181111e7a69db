//! An index is dropped while the table is locked for its users.

use crate::tooling::lint::page::{Claim, Finder, POSTGRES, Page, on, warning};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        POSTGRES,
        "nobody may read or write the table until the index is gone, and the drop waits for every running query first",
        "DROP INDEX CONCURRENTLY in a migration of its own whose use_transaction() is Some(false)",
    )],
    details: "The drop itself takes a moment. But it waits for all queries that are under way, and every later query waits behind it.",
    breaks: &[on(POSTGRES, &["DROP INDEX idx_parcels_shelf"]).claims(Claim::BlocksAll)],
    keeps: &[on(POSTGRES, &["DROP INDEX CONCURRENTLY idx_parcels_shelf"]).bare()],
    finder: Finder::Squawk,
};
