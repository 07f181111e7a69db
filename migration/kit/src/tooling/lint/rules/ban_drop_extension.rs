//! An extension is dropped.

use crate::tooling::lint::page::{Finder, POSTGRES, Page, on, warning};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        POSTGRES,
        "its types, functions and operators are dropped, with CASCADE also the columns and indexes that use them",
        "release a version without it, drop what uses it by name, then the extension",
    )],
    details: "An extension is often shared: another program in the same database may use it, and creating it again may need a superuser.",
    breaks: &[on(POSTGRES, &["CREATE EXTENSION IF NOT EXISTS citext", "DROP EXTENSION citext"])],
    keeps: &[on(POSTGRES, &["CREATE EXTENSION IF NOT EXISTS citext"])],
    finder: Finder::Squawk,
};
