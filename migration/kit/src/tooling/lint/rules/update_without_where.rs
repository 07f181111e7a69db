//! All rows of a table are updated.

use sqlparser::ast::{self, Statement as Sql};

use crate::tooling::lint::{
    page::{ALL, Finder, Page, on, warning},
    rules::{is_always_true, table_of},
    scan::{Part, Scan},
};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        ALL,
        "every row is written in one transaction, which holds up other writers until it ends",
        "a migration of its own that goes through the table in batches by its key",
    )],
    details: "Each row stays locked until the transaction ends; SQLite locks the whole file. PostgreSQL keeps the old \
              version of each row, so the table doubles, and replicas fall behind. To fill a column that was just added \
              means the same, with `WHERE … IS NULL`, since every row is without a value.",
    breaks: &[
        on(ALL, &["UPDATE parcels SET weight = 1"]),
        on(
            ALL,
            &[
                "ALTER TABLE parcels ADD COLUMN note varchar(20)",
                "UPDATE parcels SET note = 'none' WHERE note IS NULL",
            ],
        ),
    ],
    keeps: &[on(ALL, &["UPDATE parcels SET weight = 1 WHERE id BETWEEN 1 AND 1000"])],
    finder: Finder::Ours(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    let Part::Parsed(Sql::Update(update)) = part else { return false };
    let Some(table) = table_of(scan, &update.table) else { return false };
    let all = match &update.selection {
        None => update.limit.is_none(),
        // Of a column that was just added every row is without a value.
        Some(ast::Expr::IsNull(column)) => match &**column {
            ast::Expr::Identifier(column) => scan.is_added(&table, &column.value),
            _ => false,
        },
        Some(condition) => is_always_true(condition),
    };
    all && !scan.is_new(&table)
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{
            page::{ALL, MARIADB},
            trial::expect,
        },
    };

    #[test]
    fn some_rows_may_be_written() {
        expect(Rule::UpdateWithoutWhere, ALL, &["UPDATE parcels SET weight = 1 WHERE weight IS NULL"], false);
        expect(Rule::UpdateWithoutWhere, ALL, &["UPDATE parcels SET weight = 1 WHERE TRUE"], true);
        expect(Rule::UpdateWithoutWhere, MARIADB, &["UPDATE parcels SET weight = 1 LIMIT 5"], false);
        let create = "CREATE TABLE drafts (id bigint)";
        expect(Rule::UpdateWithoutWhere, ALL, &[create, "UPDATE drafts SET id = 2"], false);
    }
}
