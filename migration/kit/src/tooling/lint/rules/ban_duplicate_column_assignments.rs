//! A statement names a column twice.

use crate::tooling::lint::page::{Claim, Finder, POSTGRES, Page, on, warning};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        POSTGRES,
        "PostgreSQL refuses a statement that names one column twice",
        "name each column once",
    )],
    details: "This is a slip of the pen in SQL that was written by hand. The statement fails in every run, also on empty tables.",
    breaks: &[
        on(POSTGRES, &["UPDATE parcels SET weight = 1, weight = 2 WHERE id = 1"]).claims(Claim::Refused)
    ],
    keeps: &[on(POSTGRES, &["UPDATE parcels SET weight = 1 WHERE id = 1"])],
    finder: Finder::Squawk,
};
