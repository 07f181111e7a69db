//! A foreign key has no index on its columns.

use sqlparser::ast::{AlterTableOperation as Operation, ColumnOption, Statement as Sql, TableConstraint};

use crate::{
    snapshot::ForeignKey,
    tooling::lint::{
        page::{Finder, NOT_MARIADB, Page, note, on},
        rules::covers,
        scan::{Part, Scan},
    },
};

pub(super) const PAGE: Page = Page {
    effects: &[note(
        NOT_MARIADB,
        "each change of a key and each deletion in the other table reads this whole table",
        "an index that begins with the columns of the key",
    )],
    details: "Only MariaDB creates an index for a foreign key. Without one, a deletion of one parent takes as long as a search \
              through all children, and PostgreSQL holds the locks for that time. A small table needs none.",
    breaks: &[on(
        NOT_MARIADB,
        &["CREATE TABLE labels (id bigint NOT NULL PRIMARY KEY, parcel_id bigint REFERENCES parcels (id))"],
    )],
    keeps: &[on(
        NOT_MARIADB,
        &[
            "CREATE TABLE labels (id bigint NOT NULL PRIMARY KEY, parcel_id bigint REFERENCES parcels (id))",
            "CREATE INDEX idx_labels_parcel ON labels (parcel_id)",
        ],
    )],
    finder: Finder::Ours(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    let Part::Parsed(sql) = part else { return false };
    let Some((table, columns)) = keys(scan, sql) else { return false };
    let Some(table) = scan.end.table(&table) else { return false };
    let without = |key: &&ForeignKey| !covers(table, &key.columns);
    table.foreign_keys.iter().filter(without).any(|key| columns.contains(&key.columns))
}

/// The table whose foreign keys a statement creates, and the columns of each.
fn keys(scan: &Scan<'_>, sql: &Sql) -> Option<(String, Vec<Vec<String>>)> {
    match sql {
        Sql::CreateTable(create) => {
            let columns =
                create.columns.iter().filter(|column| column.options.iter().any(|it| refers(&it.option)));
            let inline = columns.map(|column| vec![column.name.value.clone()]);
            Some((
                scan.key(&create.name),
                inline.chain(create.constraints.iter().filter_map(named)).collect(),
            ))
        }
        Sql::AlterTable(alter) => {
            let columns = alter.operations.iter().filter_map(|operation| match operation {
                Operation::AddConstraint { constraint, .. } => named(constraint),
                Operation::AddColumn { column_def, .. } => {
                    let refers = column_def.options.iter().any(|option| refers(&option.option));
                    refers.then(|| vec![column_def.name.value.clone()])
                }
                _ => None,
            });
            Some((scan.key(&alter.name), columns.collect()))
        }
        _ => None,
    }
}

fn refers(option: &ColumnOption) -> bool {
    matches!(option, ColumnOption::ForeignKey(_))
}

fn named(constraint: &TableConstraint) -> Option<Vec<String>> {
    match constraint {
        TableConstraint::ForeignKey(key) => {
            Some(key.columns.iter().map(|column| column.value.clone()).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{
            page::{NOT_MARIADB, POSTGRES},
            trial::expect,
        },
    };

    #[test]
    fn a_key_is_served_by_every_index_that_begins_with_it() {
        let rule = Rule::ForeignKeyWithoutIndex;
        for (key, found) in [("PRIMARY KEY (parcel_id, n)", false), ("UNIQUE (n, parcel_id)", true)] {
            let create = format!(
                "CREATE TABLE labels (n bigint, parcel_id bigint, {key}, \
                 FOREIGN KEY (parcel_id) REFERENCES parcels (id))"
            );
            expect(rule, NOT_MARIADB, &[&create], found);
        }
        let add = "ALTER TABLE parcels ADD CONSTRAINT fk FOREIGN KEY (weight) REFERENCES shelves (id)";
        expect(rule, POSTGRES, &[add], true);
        let column = "ALTER TABLE parcels ADD COLUMN other bigint REFERENCES shelves (id)";
        expect(rule, NOT_MARIADB, &[column], true);
    }
}
