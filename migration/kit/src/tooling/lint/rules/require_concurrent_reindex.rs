//! An index is built again while the table is locked for its users.

use crate::tooling::lint::page::{Claim, Finder, POSTGRES, Page, on, warning};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        POSTGRES,
        "nobody may write to the table, or read it by this index, until the index is built again",
        "REINDEX … CONCURRENTLY in a migration of its own whose use_transaction() is Some(false)",
    )],
    details: "CONCURRENTLY builds a second index beside the first and exchanges them. If it fails, an INVALID index is left behind, which `status` shows.",
    breaks: &[on(POSTGRES, &["REINDEX INDEX idx_parcels_shelf"]).claims(Claim::BlocksWriters)],
    keeps: &[on(POSTGRES, &["REINDEX INDEX CONCURRENTLY idx_parcels_shelf"]).bare()],
    finder: Finder::Squawk,
};
