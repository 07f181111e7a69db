//! A table with rows is dropped.

use crate::tooling::lint::{
    page::{ALL, Finder, Page, loss, on},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[loss(
        ALL,
        "its rows are lost, and the version that still runs asks for them",
        "release a version that does not use the table, keep a copy, then drop it",
    )],
    details: "DROP TABLE ends at once, and only a backup returns the rows: `down` creates the table without them. Programs \
              of the last release fail at each statement on it. A table that the same migration created is exempt, and \
              so is one whose rows were copied into its successor (see rebuilding-table).",
    breaks: &[on(ALL, &["DROP TABLE parcels"]), on(ALL, &["DROP TABLE IF EXISTS parcels"])],
    keeps: &[on(ALL, &["CREATE TABLE drafts (id bigint NOT NULL PRIMARY KEY)", "DROP TABLE drafts"])],
    finder: Finder::Ours(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    scan.dropped(part).iter().any(|table| scan.rebuild_of(table).is_none())
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{
            page::{ALL, MARIADB, SQLITE},
            trial::expect,
        },
    };

    #[test]
    fn only_a_copy_of_every_row_saves_a_table() {
        let build = "CREATE TABLE parcels_new (id bigint, code text, weight bigint, shelf_id bigint)";
        let rename = "ALTER TABLE parcels_new RENAME TO parcels";
        for (rows, lost) in [("", false), (" WHERE weight > 1", true), (" LIMIT 5", true)] {
            let copy =
                format!("INSERT INTO parcels_new SELECT id, code, weight, shelf_id FROM parcels{rows}");
            expect(Rule::BanDropTable, SQLITE, &[build, &copy, "DROP TABLE parcels", rename], lost);
        }
        let copy = "INSERT INTO parcels_new SELECT id, code, weight, shelf_id FROM parcels";
        let rebuild = [build, copy, "DROP TABLE parcels", rename, "DROP TABLE parcels"];
        expect(Rule::BanDropTable, SQLITE, &rebuild, true);
        expect(Rule::BanDropTable, SQLITE, &[build, copy, "DROP TABLE parcels_new"], false);
        expect(Rule::BanDropTable, ALL, &["DROP TABLE shelves, parcels"], true);
        expect(Rule::BanDropTable, MARIADB, &["DROP TEMPORARY TABLE parcels"], false);
    }
}
