//! A domain is created with a constraint.

use crate::tooling::lint::page::{Finder, POSTGRES, Page, on, warning};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        POSTGRES,
        "a later change of the constraint checks every column of the domain in all tables, under their locks",
        "a CHECK on the table, which can be added as NOT VALID",
    )],
    details: "A domain is shared by the tables that use it. Its constraint cannot be changed for one table, and the check of all of them is one statement.",
    breaks: &[on(POSTGRES, &["CREATE DOMAIN weights AS bigint CHECK (VALUE > 0)"])],
    keeps: &[on(POSTGRES, &["CREATE DOMAIN weights AS bigint"])],
    finder: Finder::Squawk,
};
