//! A column loses its default.

use sqlparser::ast::{AlterColumnOperation, AlterTableOperation as Operation};

use crate::tooling::lint::{
    page::{Finder, Page, SERVERS, on, warning},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        SERVERS,
        "a running program that leaves the column out of its INSERT stores NULL, or fails on NOT NULL",
        "release a version that always writes the column, then drop the default",
    )],
    details: "SeaORM leaves a column out if its field is `NotSet`, and relies on the default then. A default that the same \
              migration sets again is exempt.",
    breaks: &[on(SERVERS, &["ALTER TABLE parcels ALTER COLUMN code DROP DEFAULT"])],
    keeps: &[on(SERVERS, &["ALTER TABLE parcels ALTER COLUMN code SET DEFAULT 'new'"])],
    finder: Finder::Both(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    let dropped = |operation: &Operation| match operation {
        Operation::AlterColumn { column_name, op: AlterColumnOperation::DropDefault } => {
            Some(column_name.value.clone())
        }
        _ => None,
    };
    scan.altered(part).is_some_and(|(table, operation)| {
        dropped(operation).is_some_and(|column| !scan.is_added(&table, &column))
    })
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
    fn a_default_that_comes_back_and_one_of_a_new_column_are_exempt() {
        let again = [
            "ALTER TABLE parcels ALTER COLUMN code DROP DEFAULT",
            "ALTER TABLE parcels ALTER COLUMN code SET DEFAULT 'new'",
        ];
        expect(Rule::BanDropDefault, POSTGRES, &again, false);
        let new = [
            "ALTER TABLE parcels ADD COLUMN depth bigint NOT NULL DEFAULT 0",
            "ALTER TABLE parcels ALTER COLUMN depth DROP DEFAULT",
        ];
        expect(Rule::BanDropDefault, MARIADB, &new, false);
    }
}
