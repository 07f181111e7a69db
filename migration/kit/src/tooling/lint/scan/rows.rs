//! Statements on the rows of whole tables.

use sqlparser::ast;

use super::Scan;
use crate::{Rule, snapshot::fold::last};

impl Scan<'_> {
    pub(super) fn truncate(&mut self, truncate: &ast::Truncate) {
        if truncate.table_names.iter().any(|target| !self.is_new(&last(&target.name))) {
            self.broken(Rule::BanTruncate);
        }
    }

    pub(super) fn delete(&mut self, delete: &ast::Delete) {
        let (ast::FromTable::WithFromKeyword(from) | ast::FromTable::WithoutKeyword(from)) = &delete.from;
        let old = from.iter().filter_map(table).any(|table| !self.is_new(&table));
        if old && delete.selection.is_none() && delete.limit.is_none() && delete.using.is_none() {
            self.broken(Rule::DeleteWithoutWhere);
        }
    }

    pub(super) fn update(&mut self, update: &ast::Update) {
        let Some(table) = table(&update.table) else { return };
        let whole = match &update.selection {
            None => update.limit.is_none(),
            // Of a column that was just added every row is without a value.
            Some(ast::Expr::IsNull(column)) => match &**column {
                ast::Expr::Identifier(column) => self.added.contains(&(table.clone(), column.value.clone())),
                _ => false,
            },
            Some(_) => false,
        };
        if whole && !self.is_new(&table) {
            self.broken(Rule::UpdateWithoutWhere);
        }
    }
}

fn table(from: &ast::TableWithJoins) -> Option<String> {
    match &from.relation {
        ast::TableFactor::Table { name, .. } => Some(last(name)),
        _ => None,
    }
}
