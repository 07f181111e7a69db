//! The parts of a statement: names, expressions, keys, and clauses that are kept as text.

use std::{fmt::Display, ops::ControlFlow};

use sea_orm_migration::sea_orm::DbBackend;
use sqlparser::ast::{self, OrderBySort, VisitMut as _, VisitorMut};

use super::{Part, key};
use crate::snapshot::{Action, ForeignKey};

pub(super) fn names(idents: Vec<ast::Ident>) -> Vec<String> {
    idents.into_iter().map(|ident| ident.value).collect()
}

pub(super) fn list<T: Display>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Clauses in a line, without those that are empty.
pub(super) fn clauses(clauses: impl IntoIterator<Item = String>) -> String {
    clauses.into_iter().filter(|clause| !clause.is_empty()).collect::<Vec<_>>().join(" ")
}

pub(super) fn include(columns: Vec<ast::Ident>) -> String {
    if columns.is_empty() {
        return String::new();
    }
    let quoted: Vec<String> = columns.into_iter().map(|column| format!("\"{}\"", column.value)).collect();
    format!("INCLUDE ({})", quoted.join(", "))
}

/// Nulls are distinct unless something else is said.
pub(super) fn nulls_distinct(distinct: Option<bool>) -> String {
    if distinct == Some(false) { "NULLS NOT DISTINCT".to_owned() } else { String::new() }
}

pub(super) fn with(options: &[ast::Expr]) -> String {
    if options.is_empty() { String::new() } else { format!("WITH ({})", list(options)) }
}

/// The options of an index of MariaDB, except for its method.
pub(super) fn index_options(options: &[ast::IndexOption]) -> String {
    clauses(
        options
            .iter()
            .filter(|option| !matches!(option, ast::IndexOption::Using(_)))
            .map(ToString::to_string),
    )
}

/// The method of an index, unless it is a B-tree.
pub(super) fn method(using: Option<ast::IndexType>, options: &[ast::IndexOption]) -> Option<String> {
    let among = options.iter().find_map(|option| match option {
        ast::IndexOption::Using(method) => Some(method.clone()),
        ast::IndexOption::Comment(_) => None,
    });
    using.or(among).map(|method| method.to_string().to_lowercase()).filter(|method| method != "btree")
}

/// When a constraint is checked, in the shortest words.
pub(super) fn characteristics(given: Option<ast::ConstraintCharacteristics>) -> String {
    let Some(given) = given else { return String::new() };
    let deferred = given.initially == Some(ast::DeferrableInitial::Deferred);
    let when = match given.deferrable {
        _ if deferred => "DEFERRABLE INITIALLY DEFERRED",
        Some(true) => "DEFERRABLE",
        Some(false) | None => "",
    };
    let enforced = if given.enforced == Some(false) { "NOT ENFORCED" } else { "" };
    clauses([when.to_owned(), enforced.to_owned()])
}

pub(super) fn part(column: ast::IndexColumn) -> Part {
    let options = column.column.options;
    let descending = options.sort == Some(OrderBySort::Desc);
    // Where nulls are by default: behind the others, so in front of them in the reverse order.
    let nulls = match options.nulls_first {
        Some(first) if first != descending => {
            if first {
                "NULLS FIRST"
            } else {
                "NULLS LAST"
            }
        }
        Some(_) | None => "",
    };
    let class = column.operator_class.map(|class| class.to_string()).unwrap_or_default();
    let part = Part { descending, nulls: nulls.to_owned(), class, ..Part::default() };
    keyed(bare(column.column.expr), part)
}

/// Puts the key into a part: a column, a column with a collation, the beginning of a column, or an expression.
fn keyed(expr: ast::Expr, part: Part) -> Part {
    match expr {
        ast::Expr::Identifier(ident) => Part { key: ident.value, ..part },
        ast::Expr::Collate { expr, collation } if matches!(*expr, ast::Expr::Identifier(_)) => {
            let class = clauses([format!("COLLATE {collation}"), part.class.clone()]);
            keyed(*expr, Part { class, ..part })
        }
        ast::Expr::Function(function) => match prefix(&function) {
            Some(length) => Part { key: super::last(&function.name), length: Some(length), ..part },
            None => Part { key: expression(ast::Expr::Function(function)), expression: true, ..part },
        },
        other => Part { key: expression(other), expression: true, ..part },
    }
}

/// The length in `name(10)`, the key of the first characters of a column on MariaDB.
fn prefix(function: &ast::Function) -> Option<u64> {
    let ast::FunctionArguments::List(list) = &function.args else { return None };
    match list.args.as_slice() {
        [ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(ast::Expr::Value(value)))] => {
            match &value.value {
                ast::Value::Number(length, _) => length.parse().ok(),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The SQL of an expression with every name in double quotes and no parentheses round it, so that two that mean
/// the same mostly read the same.
pub(super) fn expression(expr: ast::Expr) -> String {
    struct Quote;
    impl VisitorMut for Quote {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &mut ast::Expr) -> ControlFlow<()> {
            match expr {
                ast::Expr::Identifier(ident) => ident.quote_style = Some('"'),
                ast::Expr::CompoundIdentifier(idents) => {
                    for ident in idents {
                        ident.quote_style = Some('"');
                    }
                }
                ast::Expr::Value(value) => {
                    // How MariaDB may write a text.
                    if let ast::Value::DoubleQuotedString(text) = &value.value {
                        value.value = ast::Value::SingleQuotedString(text.clone());
                    }
                }
                _ => {}
            }
            ControlFlow::Continue(())
        }
    }
    let mut expr = bare(expr);
    let ControlFlow::Continue(()) = expr.visit(&mut Quote) else { return expr.to_string() };
    expr.to_string()
}

fn bare(expr: ast::Expr) -> ast::Expr {
    match expr {
        ast::Expr::Nested(inner) => bare(*inner),
        other => other,
    }
}

pub(super) fn action(action: Option<ast::ReferentialAction>) -> Action {
    match action {
        None | Some(ast::ReferentialAction::NoAction) => Action::NoAction,
        Some(ast::ReferentialAction::Restrict) => Action::Restrict,
        Some(ast::ReferentialAction::Cascade) => Action::Cascade,
        Some(ast::ReferentialAction::SetNull) => Action::SetNull,
        Some(ast::ReferentialAction::SetDefault) => Action::SetDefault,
    }
}

pub(super) fn foreign_key(backend: DbBackend, given: ast::ForeignKeyConstraint) -> ForeignKey {
    let matching = given.match_kind.map(|kind| kind.to_string()).filter(|kind| kind != "MATCH SIMPLE");
    ForeignKey {
        name: given.name.map(|name| name.value),
        columns: names(given.columns),
        table: key(backend, &given.foreign_table),
        referred: names(given.referred_columns),
        on_delete: action(given.on_delete),
        on_update: action(given.on_update),
        clauses: clauses([matching.unwrap_or_default(), characteristics(given.characteristics)]),
    }
}
