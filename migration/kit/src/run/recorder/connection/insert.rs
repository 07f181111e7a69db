//! The rows of an INSERT, for a query that reads them back.

use sea_orm_migration::sea_orm::{DbBackend, Statement, Value};
use sqlparser::ast;

use super::{Row, Snapshot};
use crate::snapshot::fold::{last, parse};

/// Rows that were put into a table.
#[derive(Debug)]
pub(super) struct Inserted {
    table: String,
    pub(super) rows: Vec<Row>,
}

impl Inserted {
    /// Whether a query reads rows of that table.
    pub(super) fn is_of(&self, query: &str) -> bool {
        query.contains(&format!("FROM `{}`", self.table))
            || query.contains(&format!("FROM \"{}\"", self.table))
    }
}

/// The rows of an INSERT whose values are bound; the database's own counters go on from `counter`.
pub(super) fn read(
    backend: DbBackend,
    statement: &Statement,
    schema: &Snapshot,
    counter: &mut i64,
) -> Option<Inserted> {
    if !statement.sql.trim_start().get(..6)?.eq_ignore_ascii_case("insert") {
        return None;
    }
    let ast::Statement::Insert(insert) = parse(backend, &statement.sql).ok()?.pop()? else { return None };
    let ast::TableObject::TableName(name) = &insert.table else { return None };
    let table = last(name);
    let columns: Vec<String> = insert.columns.iter().map(last).collect();
    let ast::SetExpr::Values(values) = *insert.source?.body else { return None };
    let mut bound = statement.values.iter().flat_map(|values| values.0.iter());
    let mut rows = Vec::new();
    for expressions in values.rows {
        let mut row = Row::new();
        for (column, expression) in columns.iter().zip(expressions.content) {
            if let ast::Expr::Value(ast::ValueWithSpan { value: ast::Value::Placeholder(_), .. }) = expression
            {
                row.insert(column.clone(), bound.next()?.clone());
            }
        }
        *counter += 1;
        let counted = schema.table(&table).into_iter().flat_map(|table| &table.columns);
        for column in counted.filter(|column| column.auto_increment) {
            row.entry(column.name.clone()).or_insert(Value::BigInt(Some(*counter)));
        }
        rows.push(row);
    }
    Some(Inserted { table, rows })
}
