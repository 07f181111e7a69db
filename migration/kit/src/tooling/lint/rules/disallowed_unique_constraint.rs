//! A unique constraint builds its index while nobody may use the table.

use crate::tooling::lint::page::{Claim, Finder, POSTGRES, Page, on, warning};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        POSTGRES,
        "the index of the constraint is built while nobody may read or write the table",
        "CREATE UNIQUE INDEX CONCURRENTLY first, then ADD CONSTRAINT … UNIQUE USING INDEX",
    )],
    details: "Two rows with the same value make the change fail, after the whole table was read. The index can be built beside \
              the running programs in a migration of its own; the constraint then takes it over at once.",
    breaks: &[on(POSTGRES, &["ALTER TABLE parcels ADD CONSTRAINT one_code UNIQUE (code)"])
        .claims(Claim::FailsWithRows)],
    keeps: &[on(
        POSTGRES,
        &[
            "CREATE UNIQUE INDEX CONCURRENTLY one_id ON parcels (id, code)",
            "ALTER TABLE parcels ADD CONSTRAINT one_id UNIQUE USING INDEX one_id",
        ],
    )
    .bare()],
    finder: Finder::Squawk,
};
