//! Whether a migration only adds to a schema, so that programs which do not know it work as before.
//!
//! Each kind of statement that adds is listed here. Any other one, and one that cannot be read, counts as breaking.

use std::{collections::HashSet, ops::ControlFlow};

use sea_orm_migration::sea_orm::DbBackend;
use sqlparser::ast::{self, AlterTableOperation, ColumnOption, ObjectType, Statement as Sql};

use super::Recorded;
use crate::{
    Compatibility,
    snapshot::{
        Snapshot,
        fold::{in_a_line, last, parse},
    },
};

/// The compatibility of a migration that declares none, on the schema before it.
pub(super) fn compatibility(backend: DbBackend, before: &Snapshot, recorded: &Recorded) -> Compatibility {
    if let Some(reason) = recorded.doubt() {
        return Compatibility::Breaking(format!("its SQL is unknown: {reason}").into());
    }
    let mut additive = Additive { before, created: HashSet::new(), added: HashSet::new() };
    let breaking = recorded.statements.iter().find(|statement| {
        let parsed = parse(backend, &statement.sql);
        !parsed.is_ok_and(|parsed| parsed.iter().all(|sql| additive.adds(sql)))
    });
    match breaking {
        None => Compatibility::Compatible,
        Some(statement) => Compatibility::Breaking(in_a_line(&statement.sql).into()),
    }
}

struct Additive<'s> {
    before: &'s Snapshot,
    /// Tables that this migration has created, which no older program uses.
    created: HashSet<String>,
    /// Columns that it has added: the table, and the column.
    added: HashSet<(String, String)>,
}

impl Additive<'_> {
    fn adds(&mut self, sql: &Sql) -> bool {
        match sql {
            Sql::CreateTable(create) => {
                let table = last(&create.name);
                if self.before.table(&table).is_none() {
                    self.created.insert(table);
                }
                !create.or_replace
            }
            Sql::CreateIndex(create) => !create.unique || self.is_new(&last(&create.table_name)),
            Sql::CreateTrigger(create) => self.is_new(&last(&create.table_name)),
            Sql::CreateFunction(create) => !create.or_replace,
            Sql::CreateView(create) => !create.or_replace,
            Sql::CreateType { .. }
            | Sql::CreateSequence { .. }
            | Sql::CreateSchema { .. }
            | Sql::CreateExtension(_)
            | Sql::Comment { .. }
            | Sql::Set(_)
            | Sql::Pragma { .. } => true,
            Sql::AlterTable(alter) => self.alters(alter),
            Sql::Drop { object_type: ObjectType::Table, names, .. } => {
                names.iter().all(|name| self.created.remove(&last(name)))
            }
            Sql::Insert(insert) => self.inserts(insert),
            Sql::Update(update) => self.updates(update),
            Sql::Delete(delete) => {
                let (ast::FromTable::WithFromKeyword(from) | ast::FromTable::WithoutKeyword(from)) =
                    &delete.from;
                from.iter().all(|from| table(from).is_some_and(|table| self.is_new(&table)))
            }
            _ => false,
        }
    }

    fn is_new(&self, table: &str) -> bool {
        self.created.contains(table)
    }

    fn alters(&mut self, alter: &ast::AlterTable) -> bool {
        let table = last(&alter.name);
        let is_new = self.is_new(&table);
        alter.operations.iter().all(|operation| match operation {
            AlterTableOperation::RenameTable {
                table_name: ast::RenameTableNameKind::As(new) | ast::RenameTableNameKind::To(new),
            } => self.created.remove(&table) && self.created.insert(last(new)),
            AlterTableOperation::AddColumn { column_def, .. } => {
                let column = &column_def.name.value;
                // IF NOT EXISTS leaves an old column as it is.
                if self.before.table(&table).is_none_or(|before| before.column(column).is_none()) {
                    self.added.insert((table.clone(), column.clone()));
                }
                is_new || leaves_writers_alone(column_def)
            }
            _ => is_new,
        })
    }

    /// Whether rows are only added: none of an older program is replaced.
    fn inserts(&self, insert: &ast::Insert) -> bool {
        let ast::TableObject::TableName(name) = &insert.table else { return false };
        let replaces = insert.replace_into || insert.or.is_some() || insert.on.is_some() || insert.overwrite;
        !replaces || self.is_new(&last(name))
    }

    /// Whether only columns are written that no older program reads.
    fn updates(&self, update: &ast::Update) -> bool {
        let Some(table) = table(&update.table) else { return false };
        let is_added = |name: &ast::ObjectName| self.added.contains(&(table.clone(), last(name)));
        self.is_new(&table)
            || update.assignments.iter().all(|assignment| match &assignment.target {
                ast::AssignmentTarget::ColumnName(name) => is_added(name),
                ast::AssignmentTarget::Tuple(names) => names.iter().all(is_added),
            })
    }
}

/// Whether programs that do not write the new column can still insert rows.
fn leaves_writers_alone(column: &ast::ColumnDef) -> bool {
    let has = |is: &dyn Fn(&ColumnOption) -> bool| column.options.iter().any(|option| is(&option.option));
    let default = has(&|option| match option {
        ColumnOption::Default(value) => !value.to_string().eq_ignore_ascii_case("null"),
        _ => false,
    });
    let counted = column.data_type.to_string().to_lowercase().ends_with("serial")
        || has(&|option| match option {
            ColumnOption::Identity(_) => true,
            ColumnOption::DialectSpecific(tokens) => {
                let text: String = tokens.iter().map(ToString::to_string).collect();
                text.replace('_', "").eq_ignore_ascii_case("autoincrement")
            }
            _ => false,
        });
    let filled = default || counted || has(&|option| matches!(option, ColumnOption::Generated { .. }));
    column.options.iter().all(|option| match &option.option {
        ColumnOption::NotNull => filled,
        // Rows of older programs all have the same value.
        ColumnOption::Unique(_) => counted || !filled,
        ColumnOption::PrimaryKey(_) => false,
        ColumnOption::Check(check) => names_only(&check.expr, &column.name.value),
        _ => true,
    })
}

/// Whether an expression names no other column than this one.
fn names_only(expr: &ast::Expr, column: &str) -> bool {
    let other = |expr: &ast::Expr| match expr {
        ast::Expr::Identifier(ident) => ident.value != column,
        ast::Expr::CompoundIdentifier(idents) => idents.last().is_some_and(|ident| ident.value != column),
        _ => false,
    };
    let found = ast::visit_expressions(expr, |expr| {
        if other(expr) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    found.is_continue()
}

fn table(from: &ast::TableWithJoins) -> Option<String> {
    match &from.relation {
        ast::TableFactor::Table { name, .. } if from.joins.is_empty() => Some(last(name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
