//! TRUNCATE also empties the tables that refer to the table.

use crate::tooling::lint::page::{Finder, POSTGRES, Page, on, warning};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        POSTGRES,
        "every table with a foreign key to this one is emptied, too, and so on from there",
        "name each table that is to be emptied",
    )],
    details: "The statement says nothing about the other tables, and a foreign key of a later migration adds one without a change here.",
    breaks: &[on(POSTGRES, &["TRUNCATE shelves CASCADE"])],
    keeps: &[on(
        POSTGRES,
        &[
            "DELETE FROM shelves WHERE size IS NULL AND id NOT IN (SELECT shelf_id FROM parcels WHERE shelf_id IS NOT NULL)",
        ],
    )],
    finder: Finder::Squawk,
};
