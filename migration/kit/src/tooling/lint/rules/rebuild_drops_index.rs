//! A rebuilt table lacks an index that it had before.

use crate::tooling::lint::{
    page::{ALL, Finder, Page, on, warning},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        ALL,
        "the indexes of the old table are dropped with it",
        "`dialect::rebuild`, which creates them again; or CREATE INDEX after the new table has its name",
    )],
    details: "Indexes belong to the table that is dropped. Queries become slow, and a unique index no longer refuses rows, \
              without any error. An index on a column that the rebuild leaves out is exempt.",
    breaks: &[on(
        ALL,
        &[
            "CREATE TABLE parcels_new (id bigint NOT NULL PRIMARY KEY, code text NOT NULL, weight bigint, shelf_id bigint)",
            "INSERT INTO parcels_new SELECT id, code, weight, shelf_id FROM parcels",
            "DROP TABLE parcels",
            "ALTER TABLE parcels_new RENAME TO parcels",
        ],
    )],
    keeps: &[on(
        ALL,
        &[
            "CREATE TABLE parcels_new (id bigint NOT NULL PRIMARY KEY, code text NOT NULL, weight bigint, shelf_id bigint)",
            "INSERT INTO parcels_new SELECT id, code, weight, shelf_id FROM parcels",
            "DROP TABLE parcels",
            "ALTER TABLE parcels_new RENAME TO parcels",
            "CREATE INDEX idx_parcels_shelf ON parcels (shelf_id)",
        ],
    )],
    finder: Finder::Ours(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    let rebuilt = scan.dropped(part);
    rebuilt.iter().filter_map(|table| scan.rebuild_of(table)).any(|(rebuild, old)| {
        let Some(new) = scan.end.table(&rebuild.name) else { return false };
        let on_kept_columns = old.indexes.iter().filter(|index| {
            index.columns().all(|column| new.column(column).is_some()) && index.columns().count() > 0
        });
        let same = |parts: &[_]| new.indexes.iter().any(|index| index.parts == parts);
        on_kept_columns.into_iter().any(|index| !same(&index.parts))
    })
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::SQLITE, trial::expect},
    };

    #[test]
    fn an_index_on_a_column_that_goes_is_exempt() {
        let rebuild = [
            "CREATE TABLE parcels_new (id bigint, code text, weight bigint)",
            "INSERT INTO parcels_new SELECT id, code, weight FROM parcels",
            "DROP TABLE parcels",
            "ALTER TABLE parcels_new RENAME TO parcels",
        ];
        expect(Rule::RebuildDropsIndex, SQLITE, &rebuild, false);
    }
}
