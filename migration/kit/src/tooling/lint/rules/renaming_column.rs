//! A column gets another name.

use sqlparser::ast::AlterTableOperation as Operation;

use crate::tooling::lint::{
    page::{ALL, Finder, MARIADB, Page, on, warning},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        ALL,
        "the version that still runs knows the old name",
        "add the new column, write to both, copy, and drop the old one two releases later",
    )],
    details: "Entities name every column, so a running program of the last release fails on the whole table from that \
              moment. If only the field is to be called otherwise, the entity can keep the column's name by \
              `#[sea_orm(column_name = \"…\")]`, without a migration.",
    breaks: &[
        on(ALL, &["ALTER TABLE parcels RENAME COLUMN code TO label"]),
        on(MARIADB, &["ALTER TABLE parcels CHANGE code label varchar(40) NOT NULL DEFAULT 'none'"]),
    ],
    keeps: &[on(ALL, &["ALTER TABLE parcels ADD COLUMN label varchar(40)"])],
    finder: Finder::Ours(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    match scan.altered(part) {
        Some((table, Operation::RenameColumn { old_column_name, .. })) => {
            !scan.is_added(&table, &old_column_name.value)
        }
        Some((table, Operation::ChangeColumn { old_name, new_name, .. })) => {
            old_name.value != new_name.value && !scan.is_added(&table, &old_name.value)
        }
        _ => scan.dropped(part).iter().filter_map(|table| scan.rebuild_of(table)).any(|(rebuild, old)| {
            rebuild.copied.iter().flatten().any(|(column, new)| {
                new.as_ref().is_some_and(|new| new != column) && old.column(column).is_some()
            })
        }),
    }
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
    fn a_rebuild_may_rename_too() {
        let build = "CREATE TABLE shelves_new (id bigint, title text, size bigint, kind text)";
        let copy =
            "INSERT INTO shelves_new (id, title, size, kind) SELECT id, label, size, kind FROM shelves";
        let rest = ["DROP TABLE shelves", "ALTER TABLE shelves_new RENAME TO shelves"];
        expect(Rule::RenamingColumn, SQLITE, &[build, copy, rest[0], rest[1]], true);
        expect(Rule::RenamingColumn, MARIADB, &["ALTER TABLE shelves CHANGE label label text"], false);
        let added =
            ["ALTER TABLE shelves ADD COLUMN n bigint", "ALTER TABLE shelves RENAME COLUMN n TO number"];
        expect(Rule::RenamingColumn, ALL, &added, false);
    }
}
