//! The value of a new column is computed for all rows.

use sqlparser::ast::{AlterTableOperation as Operation, ColumnOption, GeneratedExpressionMode};

use crate::tooling::lint::{
    page::{Claim, Finder, MARIADB, POSTGRES, Page, on, warning},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[
        warning(
            POSTGRES,
            "the table is rewritten to compute a value for each row while nobody may read or write it",
            "add the column without the default, set the default, and fill the rows in batches",
        ),
        warning(
            MARIADB,
            "the table is copied to compute a stored column while nobody may write to it (ALGORITHM=COPY)",
            "a VIRTUAL column, which is computed when it is read",
        ),
    ],
    details: "A constant default costs nothing: both databases keep it beside the table. One that is another for each row, such as \
              gen_random_uuid() or a stored generated column, is computed for every row at once.",
    breaks: &[
        on(POSTGRES, &["ALTER TABLE parcels ADD COLUMN token uuid DEFAULT gen_random_uuid()"])
            .claims(Claim::Copies),
        on(MARIADB, &["ALTER TABLE parcels ADD COLUMN twice bigint GENERATED ALWAYS AS (weight * 2) STORED"])
            .claims(Claim::Copies),
    ],
    keeps: &[
        on(POSTGRES, &["ALTER TABLE parcels ADD COLUMN depth bigint DEFAULT 0"]),
        on(
            MARIADB,
            &[
                "ALTER TABLE parcels ADD COLUMN twice bigint GENERATED ALWAYS AS (weight * 2) VIRTUAL, ALGORITHM=INSTANT",
            ],
        ),
    ],
    finder: Finder::Both(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    let stored = |option: &ColumnOption| {
        let mode = Some(GeneratedExpressionMode::Stored);
        matches!(option, ColumnOption::Generated { generation_expr_mode, .. } if *generation_expr_mode == mode)
    };
    match scan.altered(part) {
        Some((_, Operation::AddColumn { column_def, .. })) => {
            column_def.options.iter().any(|option| stored(&option.option))
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
    fn a_column_of_a_new_table_is_exempt() {
        let statements = [
            "CREATE TABLE drafts (n bigint)",
            "ALTER TABLE drafts ADD COLUMN m bigint GENERATED ALWAYS AS (n * 2) STORED",
        ];
        expect(Rule::AddingFieldWithDefault, MARIADB, &statements, false);
    }
}
