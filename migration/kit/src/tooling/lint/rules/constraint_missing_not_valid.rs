//! A check is added to a table with rows.

use sqlparser::ast::{AlterTableOperation as Operation, TableConstraint};

use crate::tooling::lint::{
    page::{Claim, Finder, MARIADB, POSTGRES, Page, on, warning},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[
        warning(
            POSTGRES,
            "every row is checked while nobody may use the table",
            "add it as NOT VALID, and VALIDATE CONSTRAINT in a later migration",
        ),
        warning(
            MARIADB,
            "the table is copied while nobody may write to it (ALGORITHM=COPY)",
            "check by a query that every row meets it, then add it in a quiet hour; or gh-ost",
        ),
    ],
    details: "A row that does not meet the condition makes the change fail. On PostgreSQL, NOT VALID checks new rows only and is \
              quick; the later validation lets readers and writers go on. On SQLite a check is added by a rebuild.",
    breaks: &[
        on(POSTGRES, &["ALTER TABLE parcels ADD CONSTRAINT heavy CHECK (weight > 1)"])
            .claims(Claim::FailsWithRows),
        on(MARIADB, &["ALTER TABLE parcels ADD CONSTRAINT heavy CHECK (weight > 0)"]).claims(Claim::Copies),
    ],
    keeps: &[
        on(POSTGRES, &["ALTER TABLE parcels ADD CONSTRAINT heavy CHECK (weight > 1) NOT VALID"]),
        on(MARIADB, &["ALTER TABLE parcels ADD COLUMN depth bigint CHECK (depth > 1)"]),
    ],
    finder: Finder::Both(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    let check = |constraint: &TableConstraint| matches!(constraint, TableConstraint::Check(_));
    match scan.altered(part) {
        Some((_, Operation::AddConstraint { constraint, .. })) => check(constraint),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{
            page::{MARIADB, POSTGRES},
            trial::expect,
        },
    };

    #[test]
    fn a_new_table_has_no_rows_to_check() {
        for on in [MARIADB, POSTGRES] {
            let statements =
                ["CREATE TABLE drafts (n bigint)", "ALTER TABLE drafts ADD CONSTRAINT few CHECK (n < 9)"];
            expect(Rule::ConstraintMissingNotValid, on, &statements, false);
        }
    }
}
