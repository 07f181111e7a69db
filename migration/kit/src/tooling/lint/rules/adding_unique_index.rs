//! A table with rows gets a unique index.

use sqlparser::ast::{AlterTableOperation as Operation, Statement as Sql, TableConstraint};

use crate::tooling::lint::{
    page::{ALL, Claim, Finder, MARIADB, Page, note, on},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[note(
        ALL,
        "two rows that are alike make it fail, and a running program may still write such rows",
        "find such rows by a query and mend them first: SELECT … GROUP BY … HAVING count(*) > 1",
    )],
    details: "It works on the empty tables of a test. On PostgreSQL, CREATE UNIQUE INDEX CONCURRENTLY that fails leaves an INVALID \
              index behind, which serves no query and must be dropped or built again.",
    breaks: &[
        on(ALL, &["CREATE UNIQUE INDEX one_code ON parcels (code)"]).claims(Claim::FailsWithRows),
        on(MARIADB, &["ALTER TABLE parcels ADD UNIQUE (code)"]).claims(Claim::FailsWithRows),
    ],
    keeps: &[on(ALL, &["CREATE INDEX by_code ON parcels (code, id)"])],
    finder: Finder::Ours(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    if let Part::Parsed(Sql::CreateIndex(create)) = part {
        return create.unique && !scan.is_new(&scan.key(&create.table_name));
    }
    match scan.altered(part) {
        Some((_, Operation::AddConstraint { constraint: TableConstraint::Unique(_), .. })) => {
            // For PostgreSQL, there is a rule of its own.
            scan.backend != sea_orm_migration::sea_orm::DbBackend::Postgres
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::ALL, trial::expect},
    };

    #[test]
    fn a_new_table_has_no_rows_that_are_alike() {
        let statements = ["CREATE TABLE drafts (n bigint)", "CREATE UNIQUE INDEX one_n ON drafts (n)"];
        expect(Rule::AddingUniqueIndex, ALL, &statements, false);
    }
}
