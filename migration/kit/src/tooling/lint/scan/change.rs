//! A column that a statement defines anew.

use sqlparser::ast::{AlterColumnOperation, AlterTableOperation as Operation, Statement as Sql};

use super::Scan;
use crate::snapshot::{Column, Snapshot};

/// A column before and after a part.
#[derive(Debug)]
pub(in crate::tooling::lint) struct Changed {
    /// None if it is not known.
    pub(in crate::tooling::lint) before: Option<Column>,
    /// None if it is not known.
    pub(in crate::tooling::lint) after: Option<Column>,
    /// Whether the statement repeats the whole definition, as MODIFY does.
    pub(in crate::tooling::lint) whole: bool,
}

impl Scan<'_> {
    /// The column of an earlier migration that a part with one operation defines anew.
    pub(super) fn change_of(&self, sql: &Sql) -> Option<Changed> {
        let Sql::AlterTable(alter) = sql else { return None };
        let table = self.key(&alter.name);
        let (old, new, whole) = match alter.operations.first()? {
            Operation::ChangeColumn { old_name, new_name, .. } => (old_name, new_name, true),
            Operation::ModifyColumn { col_name, .. } => (col_name, col_name, true),
            Operation::AlterColumn { column_name, op: AlterColumnOperation::SetDataType { .. } } => {
                (column_name, column_name, false)
            }
            _ => return None,
        };
        if self.is_new(&table) || self.is_added(&table, &old.value) {
            return None;
        }
        let column =
            |schema: &Snapshot, name: &str| -> Option<Column> { schema.table(&table)?.column(name).cloned() };
        let mut schema = self.schema.clone();
        schema.apply(self.backend, &sql.to_string());
        Some(Changed { before: column(self.schema, &old.value), after: column(&schema, &new.value), whole })
    }
}

impl Changed {
    /// Both definitions, if they are known.
    pub(in crate::tooling::lint) fn both(&self) -> Option<(&Column, &Column)> {
        self.before.as_ref().zip(self.after.as_ref())
    }
}
