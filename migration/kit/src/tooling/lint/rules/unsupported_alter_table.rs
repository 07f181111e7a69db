//! ALTER TABLE asks for a change that SQLite cannot make.

use sqlparser::ast::{AlterTableOperation as Operation, ColumnDef, ColumnOption};

use crate::{
    snapshot::Table,
    tooling::lint::{
        page::{Claim, Finder, Page, SQLITE, on, warning},
        scan::{Part, Scan},
    },
};

pub(super) const PAGE: Page = Page {
    effects: &[warning(
        SQLITE,
        "SQLite refuses the statement, some of them only when the table has rows",
        "`dialect::rebuild`, which copies the table into one with the new definition",
    )],
    details: "SQLite can rename a table or a column, and add or drop a column. A new column must not be a key, unique or stored, \
              and its default must be a constant. A column that a key, an index, a check or a foreign key of the table \
              names cannot be dropped.",
    breaks: &[
        on(SQLITE, &["ALTER TABLE parcels ADD CONSTRAINT heavy CHECK (weight > 0)"]).claims(Claim::Refused),
        on(SQLITE, &["ALTER TABLE parcels ALTER COLUMN code SET DEFAULT 'new'"]).claims(Claim::Refused),
        on(SQLITE, &["ALTER TABLE parcels ADD COLUMN number bigint UNIQUE"]).claims(Claim::Refused),
        on(SQLITE, &["ALTER TABLE parcels ADD COLUMN made text DEFAULT CURRENT_TIMESTAMP"])
            .claims(Claim::FailsWithRows),
        on(SQLITE, &["ALTER TABLE parcels DROP COLUMN shelf_id"]).claims(Claim::Refused),
    ],
    keeps: &[
        on(SQLITE, &["ALTER TABLE parcels ADD COLUMN made text DEFAULT 'unknown'"]),
        on(SQLITE, &["ALTER TABLE parcels DROP COLUMN code"]),
    ],
    finder: Finder::Ours(find),
};

fn find(scan: &Scan<'_>, part: &Part<'_>) -> bool {
    let Part::Parsed(sqlparser::ast::Statement::AlterTable(alter)) = part else { return false };
    let table = scan.key(&alter.name);
    match alter.operations.first() {
        None | Some(Operation::RenameTable { .. } | Operation::RenameColumn { .. }) => false,
        Some(Operation::AddColumn { column_def, .. }) => is_refused(column_def, scan.is_new(&table)),
        Some(Operation::DropColumn { column_names, .. }) => {
            let table = scan.schema.table(&table);
            table.is_some_and(|table| column_names.iter().any(|column| is_bound(table, &column.value)))
        }
        Some(_) => true,
    }
}

fn is_refused(column: &ColumnDef, is_empty: bool) -> bool {
    column.options.iter().any(|option| match &option.option {
        ColumnOption::PrimaryKey(_) | ColumnOption::Unique(_) => true,
        ColumnOption::Generated { generation_expr_mode, .. } => {
            *generation_expr_mode == Some(sqlparser::ast::GeneratedExpressionMode::Stored)
        }
        ColumnOption::Default(default) => !is_empty && !is_constant(default),
        _ => false,
    })
}

fn is_constant(default: &sqlparser::ast::Expr) -> bool {
    use sqlparser::ast::Expr;
    match default {
        Expr::Value(_) => true,
        Expr::UnaryOp { expr, .. } => is_constant(expr),
        // TRUE, FALSE and NULL are values; other bare words are texts, except the clock.
        Expr::Identifier(_) => true,
        _ => false,
    }
}

/// Whether a key, an index, a check or a foreign key names the column.
fn is_bound(table: &Table, column: &str) -> bool {
    let quoted = format!("\"{column}\"");
    let named = |columns: &[String]| columns.iter().any(|name| name == column);
    table.primary_key.as_ref().is_some_and(|key| named(&key.columns))
        || table.indexes.iter().any(|index| {
            index.parts.iter().any(|part| part.key == column || part.key.contains(&quoted))
                || index.predicate.as_ref().is_some_and(|predicate| predicate.contains(&quoted))
        })
        || table.foreign_keys.iter().any(|key| named(&key.columns))
        || table.checks.iter().any(|check| check.condition.contains(&quoted))
}

#[cfg(test)]
mod tests {
    use crate::{
        Rule,
        tooling::lint::{page::SQLITE, trial::expect},
    };

    #[test]
    fn constants_of_every_kind_are_allowed() {
        for (default, refused) in
            [("-1", false), ("'x'", false), ("NULL", false), ("TRUE", false), ("(1 + 1)", true)]
        {
            let add = format!("ALTER TABLE parcels ADD COLUMN n DEFAULT {default}");
            expect(Rule::UnsupportedAlterTable, SQLITE, &[&add], refused);
        }
    }

    #[test]
    fn a_column_is_free_after_its_index_is_dropped() {
        let statements = [
            "CREATE INDEX by_code ON parcels (code)",
            "DROP INDEX by_code",
            "ALTER TABLE parcels DROP COLUMN code",
        ];
        expect(Rule::UnsupportedAlterTable, SQLITE, &statements, false);
        expect(Rule::UnsupportedAlterTable, SQLITE, &[statements[0], statements[2]], true);
    }
}
