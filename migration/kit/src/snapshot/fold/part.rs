//! The parts of a statement: names, expressions, keys.

use std::ops::ControlFlow;

use sqlparser::ast::{self, VisitMut as _, VisitorMut};

use super::last;
use crate::snapshot::{Action, ForeignKey, Part};

pub(super) fn names(idents: Vec<ast::Ident>) -> Vec<String> {
    idents.into_iter().map(|ident| ident.value).collect()
}

pub(super) fn part(column: ast::IndexColumn) -> Part {
    let descending = column.column.options.to_string().to_lowercase().contains("desc");
    match bare(column.column.expr) {
        ast::Expr::Identifier(ident) => Part { key: ident.value, expression: false, descending },
        other => Part { key: expression(other), expression: true, descending },
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

pub(super) fn foreign_key(key: ast::ForeignKeyConstraint) -> ForeignKey {
    ForeignKey {
        name: key.name.map(|name| name.value),
        columns: names(key.columns),
        table: last(&key.foreign_table),
        referred: names(key.referred_columns),
        on_delete: action(key.on_delete),
        on_update: action(key.on_update),
    }
}
