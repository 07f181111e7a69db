//! A domain gets a constraint.

use crate::tooling::lint::page::{Finder, POSTGRES, Page, on, warning};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        POSTGRES,
        "every column of the domain in all tables is checked, while nobody may write to them",
        "a CHECK on each table, added as NOT VALID and validated later",
    )],
    details: "A value that does not meet the constraint, in any table, makes the whole change fail.",
    breaks: &[on(
        POSTGRES,
        &[
            "CREATE DOMAIN weights AS bigint",
            "ALTER DOMAIN weights ADD CONSTRAINT positive CHECK (VALUE > 0)",
        ],
    )],
    keeps: &[on(POSTGRES, &["CREATE DOMAIN weights AS bigint"])],
    finder: Finder::Squawk,
};
