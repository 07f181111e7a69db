//! A migration begins a transaction and does not end it.

use crate::tooling::lint::page::{Finder, POSTGRES, Page, on, warning};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        POSTGRES,
        "a transaction that is begun and not ended is undone with the connection, or takes in the rest of the run",
        "leave transactions to the runner; use_transaction() decides whether there is one",
    )],
    details: "It concerns a BEGIN in the statements of a migration. With the transaction of the runner there is nothing to begin (see transaction-nesting).",
    breaks: &[on(POSTGRES, &["BEGIN"])],
    keeps: &[on(POSTGRES, &["UPDATE parcels SET weight = 2 WHERE id = 1"])],
    finder: Finder::Squawk,
};
