//! A name is longer than the database keeps.

use sqlparser::ast::{AlterTableOperation as Operation, Statement as Sql, TableConstraint};

use crate::{
    snapshot::fold::last,
    tooling::lint::{
        page::{Claim, Finder, MARIADB, POSTGRES, Page, on, warning},
        scan::{Part, Scan},
    },
};

/// Characters of a name on MariaDB and MySQL.
const LONGEST: usize = 64;

pub(super) const PAGE: Page = Page {
    effects: &[
        warning(
            POSTGRES,
            "PostgreSQL cuts the name at 63 bytes, so two of them may be one, and a later DROP does not find it",
            "a name of at most 63 bytes",
        ),
        warning(
            MARIADB,
            "MariaDB refuses a name of more than 64 characters (error 1059)",
            "a name of at most 64 characters; 63 bytes serve on every database",
        ),
    ],
    details: "Names that are put together from a table and several columns, such as idx-table-column-column, get too long \
              easily. SQLite has no limit, so a test on it finds nothing.",
    breaks: &[
        on(
            MARIADB,
            &["CREATE INDEX idx_parcels_by_their_code_and_weight_and_shelf_for_the_list_of_heavy_ones ON parcels (code)"],
        )
        .claims(Claim::Refused),
        on(
            POSTGRES,
            &["CREATE TABLE parcels_with_their_code_and_weight_and_shelf_for_the_list_of_heavy_ones (id bigint)"],
        ),
    ],
    keeps: &[
        on(MARIADB, &["CREATE INDEX idx_parcels_code ON parcels (code)"]),
        on(POSTGRES, &["CREATE TABLE heavy_ones (id bigint)"]),
    ],
    finder: Finder::Both(find),
};

fn find(_: &Scan<'_>, part: &Part<'_>) -> bool {
    let Part::Parsed(sql) = part else { return false };
    names(sql).iter().any(|name| name.chars().count() > LONGEST)
}

/// The names that a statement gives.
fn names(sql: &Sql) -> Vec<String> {
    match sql {
        Sql::CreateTable(create) => {
            let columns = create.columns.iter().map(|column| column.name.value.clone());
            let constraints = create.constraints.iter().filter_map(constraint);
            columns.chain(constraints).chain([last(&create.name)]).collect()
        }
        Sql::CreateIndex(create) => create.name.iter().map(last).collect(),
        Sql::CreateView(create) => vec![last(&create.name)],
        Sql::AlterTable(alter) => alter
            .operations
            .iter()
            .filter_map(|operation| match operation {
                Operation::AddColumn { column_def, .. } => Some(column_def.name.value.clone()),
                Operation::RenameColumn { new_column_name, .. } => Some(new_column_name.value.clone()),
                Operation::AddConstraint { constraint: added, .. } => constraint(added),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn constraint(constraint: &TableConstraint) -> Option<String> {
    let name = match constraint {
        TableConstraint::Unique(unique) => unique.name.as_ref().or(unique.index_name.as_ref()),
        TableConstraint::ForeignKey(key) => key.name.as_ref(),
        TableConstraint::Check(check) => check.name.as_ref(),
        TableConstraint::Index(index) => index.name.as_ref(),
        _ => None,
    };
    name.map(|name| name.value.clone())
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::MARIADB, trial::expect},
    };

    #[test]
    fn a_name_of_the_greatest_length_is_allowed() {
        for (length, found) in [(64, false), (65, true)] {
            let name = "x".repeat(length);
            for sql in [
                format!("CREATE TABLE {name} (id bigint)"),
                format!("ALTER TABLE parcels ADD COLUMN {name} bigint"),
                format!("ALTER TABLE parcels ADD CONSTRAINT {name} CHECK (weight > 0)"),
            ] {
                expect(Rule::IdentifierTooLong, MARIADB, &[&sql], found);
            }
        }
    }
}
