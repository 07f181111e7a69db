//! Recognises the rebuild of a table, which loses only the columns that are not copied.

use std::ops::ControlFlow;

use sea_orm_migration::sea_orm::DbBackend;
use sqlparser::ast::{self, Statement as Sql};

use super::key;
use crate::snapshot::fold::last;

/// A table that is dropped after its rows were copied to the one that gets its name.
#[derive(Debug)]
pub(super) struct Rebuild {
    /// Which statement drops it.
    pub(super) at: usize,
    /// Its name when it is dropped.
    pub(super) dropped: String,
    /// Its name at first, which is the name of its successor in the end.
    pub(super) name: String,
    /// The table that has its rows, by its name when it is dropped.
    pub(super) successor: String,
    /// The columns that are copied, each with its new name where that is known; `None` if all are.
    pub(super) copied: Option<Vec<(String, Option<String>)>>,
}

impl Rebuild {
    /// Whether the values of a column are copied.
    pub(super) fn keeps(&self, column: &str) -> bool {
        self.copied
            .as_ref()
            .is_none_or(|copied| copied.iter().any(|(name, _)| name.eq_ignore_ascii_case(column)))
    }
}

struct Copy {
    at: usize,
    from: String,
    into: String,
    copied: Option<Vec<(String, Option<String>)>>,
}

/// The rebuilds in a migration's statements, each with its place.
pub(super) fn find(backend: DbBackend, statements: &[(usize, Sql)]) -> Vec<Rebuild> {
    let copies: Vec<Copy> = statements.iter().filter_map(|(at, sql)| copy(backend, *at, sql)).collect();
    let renames: Vec<(usize, String, String)> = statements
        .iter()
        .flat_map(|(at, sql)| renames(backend, sql).into_iter().map(|(old, new)| (*at, old, new)))
        .collect();
    let mut rebuilds = Vec::new();
    for (at, sql) in statements {
        let Sql::Drop { object_type: ast::ObjectType::Table, names, .. } = sql else { continue };
        for dropped in names.iter().map(|name| key(backend, name)) {
            let emptied = |copy: &Copy| {
                statements
                    .iter()
                    .any(|(when, sql)| (copy.at..*at).contains(when) && deletes(backend, sql, &copy.into))
            };
            let copy = copies.iter().find(|copy| copy.from == dropped && copy.at < *at && !emptied(copy));
            let Some(copy) = copy else { continue };
            let takes_place =
                renames.iter().any(|(when, old, new)| when > at && *old == copy.into && *new == dropped);
            let made_place = renames
                .iter()
                .any(|(when, old, new)| *when < copy.at && *old == copy.into && *new == dropped);
            if takes_place || made_place {
                let name = if takes_place { dropped.clone() } else { copy.into.clone() };
                let (successor, copied) = (copy.into.clone(), copy.copied.clone());
                rebuilds.push(Rebuild { at: *at, dropped, name, successor, copied });
            }
        }
    }
    rebuilds
}

/// The tables that a statement renames, from and to.
pub(super) fn renames(backend: DbBackend, sql: &Sql) -> Vec<(String, String)> {
    match sql {
        Sql::AlterTable(alter) => alter
            .operations
            .iter()
            .filter_map(|operation| match operation {
                ast::AlterTableOperation::RenameTable {
                    table_name: ast::RenameTableNameKind::As(new) | ast::RenameTableNameKind::To(new),
                } => {
                    let old = key(backend, &alter.name);
                    // The table stays in its schema.
                    let new = match old.rsplit_once('.') {
                        Some((schema, _)) => format!("{schema}.{}", last(new)),
                        None => last(new),
                    };
                    Some((old, new))
                }
                _ => None,
            })
            .collect(),
        Sql::RenameTable(renames) => renames
            .iter()
            .map(|rename| (key(backend, &rename.old_name), key(backend, &rename.new_name)))
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether a statement deletes rows of a table.
fn deletes(backend: DbBackend, sql: &Sql, table: &str) -> bool {
    match sql {
        Sql::Delete(delete) => {
            let (ast::FromTable::WithFromKeyword(from) | ast::FromTable::WithoutKeyword(from)) = &delete.from;
            from.iter().any(
                |from| matches!(&from.relation, ast::TableFactor::Table { name, .. } if key(backend, name) == table),
            )
        }
        Sql::Truncate(truncate) => {
            truncate.table_names.iter().any(|target| key(backend, &target.name) == table)
        }
        _ => false,
    }
}

/// An INSERT that takes every row of one table.
fn copy(backend: DbBackend, at: usize, sql: &Sql) -> Option<Copy> {
    let Sql::Insert(insert) = sql else { return None };
    let ast::TableObject::TableName(into) = &insert.table else { return None };
    let query = insert.source.as_ref()?;
    let ast::SetExpr::Select(select) = &*query.body else { return None };
    let [ast::TableWithJoins { relation: ast::TableFactor::Table { name, .. }, joins }] = &*select.from
    else {
        return None;
    };
    let all = joins.is_empty()
        && select.selection.is_none()
        && select.having.is_none()
        && select.distinct.is_none()
        && matches!(&select.group_by, ast::GroupByExpr::Expressions(by, _) if by.is_empty())
        && !select.projection.iter().any(aggregates)
        && query.with.is_none()
        && query.limit_clause.is_none()
        && query.fetch.is_none();
    if !all || insert.or.is_some() || insert.ignore {
        return None;
    }
    let names: Vec<String> = insert.columns.iter().map(last).collect();
    Some(Copy { at, from: key(backend, name), into: key(backend, into), copied: columns(select, &names) })
}

fn columns(select: &ast::Select, into: &[String]) -> Option<Vec<(String, Option<String>)>> {
    let mut columns = Vec::new();
    for (place, item) in select.projection.iter().enumerate() {
        let (ast::SelectItem::UnnamedExpr(expr) | ast::SelectItem::ExprWithAlias { expr, .. }) = item else {
            return None;
        };
        if let ast::Expr::Identifier(ident) = expr {
            columns.push((ident.value.clone(), into.get(place).cloned()));
            continue;
        }
        let mut kept = Vec::new();
        keep(expr, &mut kept);
        columns.extend(kept.into_iter().map(|name| (name, None)));
    }
    Some(columns)
}

/// The columns whose values can be found in those of an expression.
fn keep(expr: &ast::Expr, columns: &mut Vec<String>) {
    match expr {
        ast::Expr::Identifier(ident) => columns.push(ident.value.clone()),
        ast::Expr::CompoundIdentifier(idents) => {
            columns.extend(idents.last().map(|ident| ident.value.clone()));
        }
        ast::Expr::Nested(inner)
        | ast::Expr::Cast { expr: inner, .. }
        | ast::Expr::Collate { expr: inner, .. }
        | ast::Expr::Trim { expr: inner, .. } => keep(inner, columns),
        ast::Expr::BinaryOp { left, op, right } => {
            let invertible = matches!(
                op,
                ast::BinaryOperator::Plus
                    | ast::BinaryOperator::Minus
                    | ast::BinaryOperator::Multiply
                    | ast::BinaryOperator::Divide
                    | ast::BinaryOperator::StringConcat
            );
            if invertible {
                keep(left, columns);
                keep(right, columns);
            }
        }
        ast::Expr::Function(function) => {
            let name = last(&function.name).to_lowercase();
            let ast::FunctionArguments::List(list) = &function.args else { return };
            if ["coalesce", "ifnull", "trim", "json", "jsonb", "hex", "quote"].contains(&name.as_str())
                && let Some(ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(first))) = list.args.first()
            {
                keep(first, columns);
            }
        }
        _ => {}
    }
}

/// Whether a column of a query sums rows up.
fn aggregates(item: &ast::SelectItem) -> bool {
    const AGGREGATES: [&str; 9] =
        ["avg", "count", "group_concat", "json_group_array", "max", "min", "string_agg", "sum", "total"];
    let (ast::SelectItem::UnnamedExpr(expr) | ast::SelectItem::ExprWithAlias { expr, .. }) = item else {
        return false;
    };
    let found = ast::visit_expressions(expr, |expr| match expr {
        // Of several values, `max` and `min` of SQLite select one in each row.
        ast::Expr::Function(function) => {
            let name = last(&function.name).to_lowercase();
            let many = matches!(&function.args, ast::FunctionArguments::List(list) if list.args.len() > 1);
            let selects = many && ["max", "min"].contains(&name.as_str());
            if AGGREGATES.contains(&name.as_str()) && !selects {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        }
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}
