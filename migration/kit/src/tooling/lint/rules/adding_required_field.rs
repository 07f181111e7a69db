//! A column without a default is added as NOT NULL.

use sqlparser::ast::{AlterTableOperation as Operation, ColumnDef, ColumnOption};

use crate::tooling::lint::{
    page::{ALL, Claim, Finder, MARIADB, NOT_MARIADB, Page, on, warning},
    rules::is_counted,
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[
        warning(
            NOT_MARIADB,
            "it fails on a table with rows, and the version that still runs cannot insert",
            "give it a default; or add it nullable, fill it, and make it NOT NULL in the next release",
        ),
        warning(
            MARIADB,
            "rows that are there get an empty value, and the version that still runs cannot insert",
            "give it a default; or add it nullable, fill it, and make it NOT NULL in the next release",
        ),
    ],
    details: "It works on the empty tables of a test and fails in production. MariaDB invents a value instead: zero, an empty \
              text, the date 0000-00-00. A constant default is cheap: no database writes the rows for it.",
    breaks: &[
        on(NOT_MARIADB, &["ALTER TABLE parcels ADD COLUMN depth bigint NOT NULL"])
            .claims(Claim::FailsWithRows),
        on(MARIADB, &["ALTER TABLE parcels ADD COLUMN depth bigint NOT NULL"]),
    ],
    keeps: &[
        on(ALL, &["ALTER TABLE parcels ADD COLUMN depth bigint NOT NULL DEFAULT 0"]),
        on(ALL, &["ALTER TABLE parcels ADD COLUMN depth bigint"]),
    ],
    finder: Finder::Ours(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    match scan.altered(part) {
        Some((_, Operation::AddColumn { column_def, .. })) => {
            let required = |option: &ColumnOption| matches!(option, ColumnOption::NotNull);
            column_def.options.iter().any(|option| required(&option.option)) && !is_filled(column_def)
        }
        _ => false,
    }
}

/// Whether the database knows a value for the rows that are there.
fn is_filled(column: &ColumnDef) -> bool {
    is_counted(column)
        || column.options.iter().any(|option| {
            matches!(
                option.option,
                ColumnOption::Default(_) | ColumnOption::Generated { .. } | ColumnOption::Identity(_)
            )
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
    fn a_column_that_the_database_fills_is_exempt() {
        for kind in ["bigserial NOT NULL", "bigint GENERATED ALWAYS AS IDENTITY NOT NULL"] {
            let add = format!("ALTER TABLE parcels ADD COLUMN number {kind}");
            expect(Rule::AddingRequiredField, POSTGRES, &[&add], false);
        }
        let counted = "ALTER TABLE parcels ADD COLUMN number bigint NOT NULL AUTO_INCREMENT UNIQUE";
        expect(Rule::AddingRequiredField, MARIADB, &[counted], false);
    }
}
