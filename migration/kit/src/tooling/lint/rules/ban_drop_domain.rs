//! A domain is dropped.

use crate::tooling::lint::page::{Finder, POSTGRES, Page, on, warning};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        POSTGRES,
        "the version that still runs may cast to it, and CASCADE drops the columns that have it",
        "release a version without it, change the columns to the type below, then drop it",
    )],
    details: "Without CASCADE, PostgreSQL refuses to drop a domain that a column uses.",
    breaks: &[on(POSTGRES, &["CREATE DOMAIN weights AS bigint", "DROP DOMAIN weights"])],
    keeps: &[on(POSTGRES, &["CREATE DOMAIN weights AS bigint"])],
    finder: Finder::Squawk,
};
