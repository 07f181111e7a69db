//! A function or procedure is dropped.

use crate::tooling::lint::page::{Finder, POSTGRES, Page, on, warning};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        POSTGRES,
        "the version that still runs, or a trigger, may call it",
        "release a version that does not call it, then drop it; CREATE OR REPLACE changes its body",
    )],
    details: "Calls from the bodies of other functions are not known to PostgreSQL: it drops the function, and they fail later.",
    breaks: &[on(
        POSTGRES,
        &["CREATE FUNCTION one() RETURNS bigint LANGUAGE sql AS 'SELECT 1'", "DROP FUNCTION one()"],
    )],
    keeps: &[on(POSTGRES, &["CREATE OR REPLACE FUNCTION one() RETURNS bigint LANGUAGE sql AS 'SELECT 1'"])],
    finder: Finder::Squawk,
};
