//! A column with values is dropped.

use sqlparser::ast::AlterTableOperation as Operation;

use crate::tooling::lint::{
    page::{ALL, Finder, Page, SQLITE, loss, on},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[loss(
        ALL,
        "its values are lost, and the version that still runs asks for them",
        "release a version that neither reads nor writes the column, then drop it",
    )],
    details: "Entities name every column in SELECT and INSERT, so a program of the last release fails on the table from \
              that moment, whether it uses the column or not. Only a backup returns the values. A rebuild on SQLite \
              that leaves a column out drops it, too.",
    breaks: &[
        on(ALL, &["ALTER TABLE parcels DROP COLUMN code"]),
        on(
            SQLITE,
            &[
                "CREATE TABLE parcels_new (id bigint, code text, shelf_id bigint)",
                "INSERT INTO parcels_new (id, code, shelf_id) SELECT id, code, shelf_id FROM parcels",
                "DROP TABLE parcels",
                "ALTER TABLE parcels_new RENAME TO parcels",
            ],
        ),
    ],
    keeps: &[on(ALL, &["ALTER TABLE parcels ADD COLUMN note text", "ALTER TABLE parcels DROP COLUMN note"])],
    finder: Finder::Ours(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    if let Some((table, Operation::DropColumn { column_names, .. })) = scan.altered(part) {
        return column_names.iter().any(|column| !scan.is_added(&table, &column.value));
    }
    let rebuilt = scan.dropped(part);
    rebuilt.iter().filter_map(|table| scan.rebuild_of(table)).any(|(rebuild, old)| {
        let lost = |name: &str| !rebuild.keeps(name) && !scan.is_added(&rebuild.name, name);
        old.columns.iter().any(|column| column.generated.is_none() && lost(&column.name))
    })
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::SQLITE, trial::expect},
    };

    #[test]
    fn a_rebuild_loses_the_columns_that_it_does_not_read() {
        let build = "CREATE TABLE shelves_new (id bigint, label text, size bigint, kind text)";
        let rename = "ALTER TABLE shelves_new RENAME TO shelves";
        for (copied, lost) in [
            ("SELECT * FROM shelves", false),
            ("SELECT id, trim(label), coalesce(size, 0), kind FROM shelves", false),
            ("SELECT id, label, size, NULL FROM shelves", true),
        ] {
            let copy = format!("INSERT INTO shelves_new {copied}");
            expect(Rule::BanDropColumn, SQLITE, &[build, &copy, "DROP TABLE shelves", rename], lost);
        }
    }
}
