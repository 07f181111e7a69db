//! A table is copied into its successor.

use crate::tooling::lint::{
    page::{ALL, Finder, Page, on, warning},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        ALL,
        "the whole table is copied while nobody else may write",
        "make all changes of the table in one rebuild, in a quiet hour",
    )],
    details: "SQLite can only add, drop and rename columns. For every other change a new table is created, the rows are \
              copied, the old table is dropped, and the new one gets its name, as `dialect::rebuild` does. The copy \
              needs as much space again, and its time grows with the rows.",
    breaks: &[on(
        ALL,
        &[
            "CREATE TABLE parcels_new (id bigint NOT NULL PRIMARY KEY, code text NOT NULL, weight bigint, shelf_id bigint)",
            "INSERT INTO parcels_new SELECT id, code, weight, shelf_id FROM parcels",
            "DROP TABLE parcels",
            "ALTER TABLE parcels_new RENAME TO parcels",
        ],
    )],
    keeps: &[on(ALL, &["ALTER TABLE parcels ADD COLUMN note text"])],
    finder: Finder::Ours(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    scan.dropped(part).iter().any(|table| scan.rebuild_of(table).is_some())
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::ALL, trial::expect},
    };

    #[test]
    fn a_rebuild_by_hand_is_one_on_every_database() {
        let rebuild = [
            "CREATE TABLE shelves_new (id bigint, label text, size bigint, kind text)",
            "INSERT INTO shelves_new SELECT * FROM shelves",
            "DROP TABLE shelves",
            "ALTER TABLE shelves_new RENAME TO shelves",
        ];
        expect(Rule::RebuildingTable, ALL, &rebuild, true);
        expect(Rule::RebuildingTable, ALL, &rebuild[..3], false);
    }
}
