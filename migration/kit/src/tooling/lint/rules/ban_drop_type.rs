//! A type is dropped.

use crate::tooling::lint::page::{Finder, POSTGRES, Page, on, warning};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        POSTGRES,
        "the version that still runs casts to it, and CASCADE drops the columns that have it",
        "release a version without it, change its columns to another type, then drop it",
    )],
    details: "Entities cast values to a native enum by its name. A type that the same migration replaces by one of the same name is exempt.",
    breaks: &[on(POSTGRES, &["CREATE TYPE moods AS ENUM ('good', 'bad')", "DROP TYPE moods"])],
    keeps: &[on(
        POSTGRES,
        &[
            "CREATE TYPE moods AS ENUM ('good', 'bad')",
            "ALTER TYPE moods RENAME TO moods_old",
            "CREATE TYPE moods AS ENUM ('good')",
            "DROP TYPE moods_old",
        ],
    )],
    finder: Finder::Squawk,
};
