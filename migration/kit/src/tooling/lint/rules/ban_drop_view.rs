//! A view is dropped.

use sqlparser::ast::{ObjectType, Statement as Sql};

use crate::{
    snapshot::fold::last,
    tooling::lint::{
        page::{ALL, Finder, Page, on, warning},
        scan::{Part, Scan},
    },
};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        ALL,
        "the version that still runs, and reports of others, may read it",
        "release a version that does not read the view, then drop it",
    )],
    details: "A view holds no rows, so nothing is lost. One that the same migration creates again is exempt: it has to go while a \
              column that it names changes.",
    breaks: &[on(ALL, &["DROP VIEW large_shelves"])],
    keeps: &[on(
        ALL,
        &["DROP VIEW large_shelves", "CREATE VIEW large_shelves AS SELECT id FROM shelves WHERE size > 200"],
    )],
    finder: Finder::Both(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    let Part::Parsed(Sql::Drop { object_type: ObjectType::View, names, .. }) = part else { return false };
    names.iter().map(last).any(|name| !created_later(scan, &name))
}

fn created_later(scan: &Scan<'_>, name: &str) -> bool {
    scan.later().any(|sql| matches!(sql, Sql::CreateView(create) if last(&create.name) == name))
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::NOT_POSTGRES, trial::expect},
    };

    #[test]
    fn another_view_is_no_replacement() {
        let statements = ["DROP VIEW IF EXISTS large_shelves", "CREATE VIEW others AS SELECT 1 AS n"];
        expect(Rule::BanDropView, NOT_POSTGRES, &statements, true);
    }
}
