//! A generated column becomes an ordinary one.

use crate::tooling::lint::page::{Finder, POSTGRES, Page, on, warning};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        POSTGRES,
        "the column keeps its values and is not computed any more: the version that still runs does not write it",
        "release a version that writes the column, then drop the expression",
    )],
    details: "Rows of the time between have NULL or the default, and nobody notices. The expression cannot be added again without a new column.",
    breaks: &[on(
        POSTGRES,
        &[
            "ALTER TABLE parcels ADD COLUMN twice bigint GENERATED ALWAYS AS (weight * 2) STORED",
            "ALTER TABLE parcels ALTER COLUMN twice DROP EXPRESSION",
        ],
    )],
    keeps: &[on(POSTGRES, &["ALTER TABLE parcels ADD COLUMN twice bigint"])],
    finder: Finder::Squawk,
};
