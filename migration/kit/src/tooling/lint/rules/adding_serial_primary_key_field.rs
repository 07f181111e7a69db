//! The primary key changes.

use sqlparser::ast::{AlterTableOperation as Operation, ColumnOption, TableConstraint};

use crate::tooling::lint::{
    page::{Claim, Finder, MARIADB, POSTGRES, Page, on, warning},
    rules::is_counted,
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[
        warning(
            POSTGRES,
            "the index of the key is built while nobody may read or write the table",
            "CREATE UNIQUE INDEX CONCURRENTLY first, then ADD CONSTRAINT … PRIMARY KEY USING INDEX",
        ),
        warning(
            MARIADB,
            "the table is built anew in the order of the new key, for an auto-increment or with no key left while nobody may \
             write to it",
            "drop the old key and add the new one in one ALTER TABLE, in a quiet hour; or gh-ost",
        ),
    ],
    details: "InnoDB stores the rows in the order of the primary key, so another key means another table, and every other index is \
              built again, too. A column that the database counts up gets its numbers in that copy.",
    breaks: &[
        on(
            POSTGRES,
            &[
                "ALTER TABLE parcels DROP CONSTRAINT parcels_pkey",
                "ALTER TABLE parcels ADD PRIMARY KEY (id, code)",
            ],
        )
        .claims(Claim::BlocksAll),
        on(MARIADB, &["ALTER TABLE parcels ADD COLUMN n bigint NOT NULL AUTO_INCREMENT UNIQUE"])
            .claims(Claim::BlocksWriters),
        on(MARIADB, &["ALTER TABLE parcels DROP PRIMARY KEY, ADD PRIMARY KEY (id, code)"]),
    ],
    keeps: &[on(
        POSTGRES,
        &[
            "CREATE UNIQUE INDEX CONCURRENTLY two_keys ON parcels (id, code)",
            "ALTER TABLE parcels DROP CONSTRAINT parcels_pkey, ADD PRIMARY KEY USING INDEX two_keys",
        ],
    )
    .bare()],
    finder: Finder::Both(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    match scan.altered(part) {
        Some((_, Operation::AddConstraint { constraint: TableConstraint::PrimaryKey(_), .. })) => true,
        Some((_, Operation::DropPrimaryKey { .. })) => true,
        Some((_, Operation::AddColumn { column_def, .. })) => {
            let key = |option: &ColumnOption| matches!(option, ColumnOption::PrimaryKey(_));
            is_counted(column_def) || column_def.options.iter().any(|option| key(&option.option))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::MARIADB, trial::expect},
    };

    #[test]
    fn every_way_to_another_key_is_found() {
        for operation in ["DROP PRIMARY KEY", "ADD PRIMARY KEY (code)", "ADD COLUMN n bigint PRIMARY KEY"] {
            let alter = format!("ALTER TABLE parcels {operation}");
            expect(Rule::AddingSerialPrimaryKeyField, MARIADB, &[&alter], true);
        }
    }
}
