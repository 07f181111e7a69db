//! How a statement changes one table.

use sea_orm_migration::sea_orm::DbBackend;
use sqlparser::ast::{self, AlterColumnOperation, AlterTableOperation, TableConstraint};

use super::{
    Check, Index, Part, PrimaryKey, Table, kind,
    option::{condition, default},
    part::{characteristics, clauses, foreign_key, include, index_options, method, nulls_distinct, part},
};

impl Table {
    /// Follows one part of an ALTER TABLE; `None` if it is not understood.
    pub(super) fn alter(&mut self, backend: DbBackend, operation: AlterTableOperation) -> Option<()> {
        match operation {
            AlterTableOperation::AddColumn { column_def, if_not_exists, .. } => {
                if if_not_exists && self.column(&column_def.name.value).is_some() {
                    return Some(());
                }
                self.add_column(backend, column_def)
            }
            AlterTableOperation::DropColumn { column_names, .. } => {
                for name in &column_names {
                    self.drop_column(&name.value);
                }
                Some(())
            }
            AlterTableOperation::AddConstraint { constraint, .. } => self.add_constraint(backend, constraint),
            AlterTableOperation::DropConstraint { name, .. }
            | AlterTableOperation::DropForeignKey { name, .. }
            | AlterTableOperation::DropIndex { name } => {
                self.drop_constraint(&name.value);
                Some(())
            }
            AlterTableOperation::DropPrimaryKey { .. } => {
                self.primary_key = None;
                Some(())
            }
            AlterTableOperation::RenameConstraint { old_name, new_name } => {
                self.rename_constraint(&old_name.value, &new_name.value);
                Some(())
            }
            AlterTableOperation::AlterColumn { column_name, op } => {
                self.alter_column(backend, &column_name.value, op)
            }
            AlterTableOperation::ModifyColumn { col_name, data_type, options, .. } => {
                self.replace_column(backend, &col_name.value.clone(), col_name, data_type, options)
            }
            AlterTableOperation::ChangeColumn { old_name, new_name, data_type, options, .. } => {
                self.replace_column(backend, &old_name.value, new_name, data_type, options)
            }
            // These change how a table is stored or who may use it, not its definition.
            AlterTableOperation::OwnerTo { .. }
            | AlterTableOperation::ValidateConstraint { .. }
            | AlterTableOperation::Algorithm { .. }
            | AlterTableOperation::Lock { .. }
            | AlterTableOperation::AutoIncrement { .. }
            | AlterTableOperation::ReplicaIdentity { .. }
            | AlterTableOperation::EnableRowLevelSecurity
            | AlterTableOperation::DisableRowLevelSecurity
            | AlterTableOperation::ForceRowLevelSecurity
            | AlterTableOperation::NoForceRowLevelSecurity
            | AlterTableOperation::EnableTrigger { .. }
            | AlterTableOperation::DisableTrigger { .. } => Some(()),
            _ => None,
        }
    }

    pub(super) fn add_constraint(&mut self, backend: DbBackend, constraint: TableConstraint) -> Option<()> {
        match constraint {
            TableConstraint::PrimaryKey(key) => {
                let columns: Vec<String> = key.columns.into_iter().map(|column| part(column).key).collect();
                if backend != DbBackend::Sqlite {
                    for column in self.columns.iter_mut().filter(|column| columns.contains(&column.name)) {
                        column.nullable = false;
                    }
                }
                let clauses = clauses([include(key.include), characteristics(key.characteristics)]);
                // MariaDB names every primary key alike.
                let name = key.name.map(|name| name.value).filter(|_| backend != DbBackend::MySql);
                self.primary_key = Some(PrimaryKey { name, columns, clauses });
            }
            TableConstraint::Unique(unique) => {
                let distinct =
                    (unique.nulls_distinct == ast::NullsDistinctOption::NotDistinct).then_some(false);
                let clauses = clauses([
                    include(unique.include),
                    nulls_distinct(distinct),
                    characteristics(unique.characteristics),
                    index_options(&unique.index_options),
                ]);
                let name = unique.name.or(unique.index_name).map(|name| name.value);
                let parts = unique.columns.into_iter().map(part).collect();
                // On MariaDB it is an index like any other.
                let constraint = backend != DbBackend::MySql;
                self.indexes.push(Index { constraint, clauses, ..declared(name, parts, true) });
            }
            TableConstraint::Index(index) => {
                let name = index.name.map(|name| name.value);
                let parts = index.columns.into_iter().map(part).collect();
                let method = method(index.index_type, &index.index_options);
                let clauses = index_options(&index.index_options);
                let index = Index { method, clauses, constraint: false, ..declared(name, parts, false) };
                // MariaDB makes the same index for the key by itself.
                if !self.foreign_keys.iter().any(|key| key.makes(&index)) {
                    self.indexes.push(index);
                }
            }
            TableConstraint::FulltextOrSpatial(index) => {
                let method = if index.fulltext { "fulltext" } else { "spatial" };
                let name = index.opt_index_name.map(|name| name.value);
                let parts = index.columns.into_iter().map(part).collect();
                let method = Some(method.to_owned());
                self.indexes.push(Index { method, constraint: false, ..declared(name, parts, false) });
            }
            TableConstraint::ForeignKey(key) => {
                let key = foreign_key(backend, key);
                self.indexes.retain(|index| backend != DbBackend::MySql || !key.makes(index));
                self.foreign_keys.push(key);
            }
            TableConstraint::Check(check) => self.checks.push(condition(check)),
            TableConstraint::Exclude(mut exclude) => {
                let name = exclude.name.take().map(|name| name.value);
                self.checks.push(Check { name, condition: String::new(), clauses: exclude.to_string() });
            }
            _ => return None,
        }
        Some(())
    }

    /// Removes the constraints of that name, given or, on PostgreSQL, by its own convention.
    fn drop_constraint(&mut self, name: &str) {
        let table = self.bare_name().to_owned();
        let is = |given: Option<&String>, columns: &[&str], suffix: &str| match given {
            Some(given) => given == name,
            None => name == format!("{table}_{}_{suffix}", columns.join("_")),
        };
        if self.primary_key.as_ref().is_some_and(|key| match &key.name {
            Some(given) => given == name,
            None => name == format!("{table}_pkey"),
        }) {
            self.primary_key = None;
        }
        self.indexes.retain(|index| !is(index.name.as_ref(), &index.columns().collect::<Vec<_>>(), "key"));
        self.foreign_keys.retain(|key| {
            !is(key.name.as_ref(), &key.columns.iter().map(String::as_str).collect::<Vec<_>>(), "fkey")
        });
        self.checks.retain(|check| match &check.name {
            Some(given) => given != name,
            None => !(name.starts_with(&table) && name.contains("check")),
        });
    }

    fn rename_constraint(&mut self, from: &str, to: &str) {
        let names = self
            .indexes
            .iter_mut()
            .map(|index| &mut index.name)
            .chain(self.foreign_keys.iter_mut().map(|key| &mut key.name))
            .chain(self.checks.iter_mut().map(|check| &mut check.name))
            .chain(self.primary_key.iter_mut().map(|key| &mut key.name));
        names.filter(|name| name.as_deref() == Some(from)).for_each(|name| *name = Some(to.to_owned()));
    }

    fn alter_column(
        &mut self,
        backend: DbBackend,
        name: &str,
        operation: AlterColumnOperation,
    ) -> Option<()> {
        let column = self.columns.iter_mut().find(|column| column.name == name)?;
        match operation {
            AlterColumnOperation::SetNotNull => column.nullable = false,
            AlterColumnOperation::DropNotNull => column.nullable = true,
            AlterColumnOperation::SetDefault { value } => column.default = Some(default(value)),
            AlterColumnOperation::DropDefault => column.default = None,
            AlterColumnOperation::SetDataType { data_type, .. } => {
                column.kind = kind::of(backend, &data_type).0;
                // The new type comes with its own.
                column.collation = None;
            }
            AlterColumnOperation::AddGenerated { .. } => {
                column.auto_increment = true;
                column.nullable = false;
            }
        }
        Some(())
    }

    fn replace_column(
        &mut self,
        backend: DbBackend,
        old: &str,
        name: ast::Ident,
        data_type: ast::DataType,
        options: Vec<ast::ColumnOption>,
    ) -> Option<()> {
        let at = self.columns.iter().position(|column| column.name == old)?;
        let options = options.into_iter().map(|option| ast::ColumnOptionDef { name: None, option }).collect();
        self.add_column(backend, ast::ColumnDef { name, data_type, options })?;
        let mut column = self.columns.pop()?;
        column.nullable &= !self.primary_key.as_ref().is_some_and(|key| key.columns.contains(&column.name));
        let new = column.name.clone();
        self.columns[at] = column;
        if new != old {
            old.clone_into(&mut self.columns[at].name);
            self.rename_column(old, &new);
        }
        Some(())
    }
}

/// An index that is declared with its table.
pub(super) fn declared(name: Option<String>, parts: Vec<Part>, unique: bool) -> Index {
    Index { name, parts, unique, constraint: true, predicate: None, method: None, clauses: String::new() }
}
