//! A sequence is dropped.

use crate::tooling::lint::page::{Finder, POSTGRES, Page, on, warning};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        POSTGRES,
        "the version that still runs may take its next number from it, and its position is lost",
        "release a version that does not use it, then drop it",
    )],
    details: "CASCADE also removes the defaults of the columns that count by it, whose INSERTs fail then.",
    breaks: &[on(POSTGRES, &["CREATE SEQUENCE numbers", "DROP SEQUENCE numbers"])],
    keeps: &[on(POSTGRES, &["CREATE SEQUENCE numbers"])],
    finder: Finder::Squawk,
};
