//! An exception that the migration does not need, or without a reason.

use crate::tooling::lint::page::{ALL, Finder, Page, warning};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        ALL,
        "the migration declares an exception that it needs on no database, or one without a reason",
        "remove the exception, or give the reason",
    )],
    details: "An exception that is left behind would hide the next finding of its rule. It counts as needed if the rule is broken on \
              one database of the project at least.",
    breaks: &[],
    keeps: &[],
    finder: Finder::Linter,
};
