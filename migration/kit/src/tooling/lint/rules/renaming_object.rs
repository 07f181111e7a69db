//! Another object, such as a view, a type or a constraint, gets another name.

use crate::tooling::lint::page::{Finder, POSTGRES, Page, on, warning};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        POSTGRES,
        "the version that still runs knows the old name",
        "create a second object of the new name, and drop the old one two releases later",
    )],
    details: "Programs name views and types in their SQL, and constraints when they explain an error. A name that only migrations know can be changed: state that as the reason.",
    breaks: &[on(POSTGRES, &["ALTER VIEW large_shelves RENAME TO big_shelves"])],
    keeps: &[on(POSTGRES, &["CREATE VIEW big_shelves AS SELECT id FROM shelves WHERE size > 100"])],
    finder: Finder::Squawk,
};
