//! ALTER TABLE.

use sea_orm_migration::sea_orm::DbBackend;
use sqlparser::ast::{
    self, AlterColumnOperation, AlterTableOperation as Operation, ColumnOption, TableConstraint,
};

use super::{
    super::column::{widens, widens_on_postgres},
    Scan,
};
use crate::{
    Rule,
    snapshot::{Column, Snapshot, fold::last},
};

impl Scan<'_> {
    pub(super) fn alter(&mut self, alter: &ast::AlterTable) {
        let table = last(&alter.name);
        self.renamed(&ast::Statement::AlterTable(alter.clone()));
        for operation in &alter.operations {
            let alone = ast::AlterTable { operations: vec![operation.clone()], ..alter.clone() };
            self.operation(&table, operation, &alone);
        }
    }

    fn operation(&mut self, table: &str, operation: &Operation, alone: &ast::AlterTable) {
        if self.is_new(table) {
            return;
        }
        let mariadb = self.backend == DbBackend::MySql;
        match operation {
            Operation::AddColumn { column_def, .. } => self.column_added(table, column_def),
            Operation::DropColumn { column_names, .. }
                if column_names.iter().any(|column| !self.is_added(table, &column.value)) =>
            {
                self.broken(Rule::BanDropColumn);
            }
            Operation::RenameColumn { old_column_name, .. }
                if !self.is_added(table, &old_column_name.value) =>
            {
                self.broken(Rule::RenamingColumn);
            }
            Operation::ChangeColumn { old_name, new_name, .. } => {
                if old_name.value != new_name.value && !self.is_added(table, &old_name.value) {
                    self.broken(Rule::RenamingColumn);
                }
                self.modified(table, &old_name.value, &new_name.value, alone);
            }
            Operation::ModifyColumn { col_name, .. } => {
                self.modified(table, &col_name.value, &col_name.value, alone);
            }
            Operation::AlterColumn { column_name, op: AlterColumnOperation::SetDataType { .. } } => {
                self.modified(table, &column_name.value, &column_name.value, alone);
            }
            Operation::AddConstraint { constraint, .. } if mariadb => self.constraint_added(constraint),
            Operation::DropPrimaryKey { .. } if mariadb => self.broken(Rule::AddingSerialPrimaryKeyField),
            _ => {}
        }
    }

    fn is_added(&self, table: &str, column: &str) -> bool {
        self.added.contains(&(table.to_owned(), column.to_owned()))
    }

    fn column_added(&mut self, table: &str, column: &ast::ColumnDef) {
        let has = |is: fn(&ColumnOption) -> bool| column.options.iter().any(|option| is(&option.option));
        let counted = has(is_counted) || column.data_type.to_string().to_lowercase().ends_with("serial");
        let filled = counted
            || has(|option| {
                matches!(
                    option,
                    ColumnOption::Default(_) | ColumnOption::Generated { .. } | ColumnOption::Identity(_)
                )
            });
        if has(|option| matches!(option, ColumnOption::NotNull)) && !filled {
            self.broken(Rule::AddingRequiredField);
        }
        if self.backend == DbBackend::MySql {
            if counted || has(|option| matches!(option, ColumnOption::PrimaryKey(_))) {
                self.broken(Rule::AddingSerialPrimaryKeyField);
            }
            let stored = |option: &ColumnOption| {
                let mode = Some(ast::GeneratedExpressionMode::Stored);
                matches!(option, ColumnOption::Generated { generation_expr_mode, .. } if *generation_expr_mode == mode)
            };
            if has(stored) {
                self.broken(Rule::AddingFieldWithDefault);
            }
        }
        self.added.insert((table.to_owned(), column.name.value.clone()));
    }

    fn constraint_added(&mut self, constraint: &TableConstraint) {
        match constraint {
            TableConstraint::ForeignKey(_) if !self.unchecked => {
                self.broken(Rule::AddingForeignKeyConstraint);
            }
            TableConstraint::Check(_) if !self.unchecked => self.broken(Rule::ConstraintMissingNotValid),
            TableConstraint::PrimaryKey(_) => self.broken(Rule::AddingSerialPrimaryKeyField),
            TableConstraint::FulltextOrSpatial(_) => self.broken(Rule::RequireConcurrentIndexCreation),
            _ => {}
        }
    }

    /// A column with a new definition.
    fn modified(&mut self, table: &str, old: &str, new: &str, alter: &ast::AlterTable) {
        if self.is_added(table, old) {
            return;
        }
        let column =
            |schema: &Snapshot, name: &str| -> Option<Column> { schema.table(table)?.column(name).cloned() };
        let before = column(self.schema, old);
        let mut schema = self.schema.clone();
        schema.apply(self.backend, &alter.to_string());
        let (Some(before), Some(after)) = (before, column(&schema, new)) else {
            return self.broken(Rule::ChangingColumnType);
        };
        let same = match self.backend {
            DbBackend::Postgres => widens_on_postgres(&before.kind, &after.kind),
            _ => widens(&before.kind, &after.kind),
        };
        if !same {
            self.broken(Rule::ChangingColumnType);
        }
        if before.kind.narrows(&after.kind) {
            self.broken(Rule::NarrowingColumnType);
        }
        if self.backend == DbBackend::MySql && before.nullable && !after.nullable {
            self.broken(Rule::AddingNotNullableField);
        }
    }
}

fn is_counted(option: &ColumnOption) -> bool {
    match option {
        ColumnOption::DialectSpecific(tokens) => {
            let text: String = tokens.iter().map(ToString::to_string).collect();
            text.replace('_', "").eq_ignore_ascii_case("autoincrement")
        }
        _ => false,
    }
}
