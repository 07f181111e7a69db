//! An object moves to another schema.

use crate::tooling::lint::page::{Finder, POSTGRES, Page, on, warning};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        POSTGRES,
        "the version that still runs looks for it in the old schema",
        "a view in the old schema, or a search path with both, before the object moves",
    )],
    details: "Every statement of a running program on the object fails from that moment, unless the new schema is in its search path.",
    breaks: &[on(POSTGRES, &["CREATE SCHEMA depot", "ALTER TABLE parcels SET SCHEMA depot"])],
    keeps: &[on(POSTGRES, &["CREATE SCHEMA depot"])],
    finder: Finder::Squawk,
};
