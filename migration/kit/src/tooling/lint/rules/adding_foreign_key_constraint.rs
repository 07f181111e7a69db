//! A foreign key is added to a table with rows.

use sqlparser::ast::{AlterTableOperation as Operation, TableConstraint};

use crate::tooling::lint::{
    page::{Claim, Finder, MARIADB, POSTGRES, Page, on, warning},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[
        warning(
            POSTGRES,
            "every row is checked while nobody may write to either table",
            "add the key as NOT VALID, and VALIDATE CONSTRAINT in a later migration",
        ),
        warning(
            MARIADB,
            "the table is copied while nobody may write to it (ALGORITHM=COPY)",
            "check by a query that every row has its parent, then add the key between SET foreign_key_checks = 0 and 1",
        ),
    ],
    details: "A row without its parent makes the change fail. On PostgreSQL, NOT VALID checks new rows only and is quick; the \
              later validation lets writers go on. MariaDB with foreign_key_checks = 0 checks no row at all, also later. \
              On SQLite a key is added by a rebuild (see rebuilding-table).",
    breaks: &[
        on(
            POSTGRES,
            &["ALTER TABLE parcels ADD CONSTRAINT fk_parcels_weight FOREIGN KEY (weight) REFERENCES shelves (id)"],
        )
        .claims(Claim::FailsWithRows),
        on(
            MARIADB,
            &["ALTER TABLE parcels ADD CONSTRAINT fk_parcels_copy FOREIGN KEY (shelf_id) REFERENCES shelves (id)"],
        )
        .claims(Claim::Copies),
    ],
    keeps: &[
        on(
            POSTGRES,
            &["ALTER TABLE parcels ADD CONSTRAINT fk_parcels_weight FOREIGN KEY (weight) REFERENCES shelves (id) NOT VALID"],
        ),
        on(
            MARIADB,
            &[
                "SET foreign_key_checks = 0",
                "ALTER TABLE parcels ADD CONSTRAINT fk_parcels_copy FOREIGN KEY (shelf_id) REFERENCES shelves (id), \
                 ALGORITHM=INPLACE",
                "SET foreign_key_checks = 1",
            ],
        ),
    ],
    finder: Finder::Both(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    let foreign = |constraint: &TableConstraint| {
        matches!(constraint, TableConstraint::ForeignKey(_)) && !scan.unchecked
    };
    match scan.altered(part) {
        Some((_, Operation::AddConstraint { constraint, .. })) => foreign(constraint),
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
    fn checks_that_are_switched_on_again_count() {
        let add = "ALTER TABLE parcels ADD FOREIGN KEY (weight) REFERENCES shelves (id)";
        let set = ["SET foreign_key_checks = 0", "SET foreign_key_checks = 1", add];
        expect(Rule::AddingForeignKeyConstraint, MARIADB, &set, true);
        expect(Rule::AddingForeignKeyConstraint, MARIADB, &["SET foreign_key_checks = OFF", add], false);
    }
}
