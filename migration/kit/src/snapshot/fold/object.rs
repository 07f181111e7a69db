//! How a statement changes objects as a whole: tables, indexes, enums, comments.

use sea_orm_migration::sea_orm::DbBackend;
use sqlparser::ast::{self, AlterTableOperation, CreateTableOptions, ObjectType, SqlOption};

use super::{
    Index, Kind, Snapshot, Table, key, last,
    part::{self, expression},
    schema,
};

impl Snapshot {
    pub(super) fn create_table(&mut self, backend: DbBackend, create: ast::CreateTable) -> Option<()> {
        let name = key(backend, &create.name);
        if create.query.is_some()
            || create.like.is_some()
            || create.temporary
            || create.partition_of.is_some()
        {
            return None;
        }
        if create.if_not_exists && self.tables.contains_key(&name) {
            return Some(());
        }
        let mut table =
            Table { name: name.clone(), schema: schema(backend, &create.name), ..Table::default() };
        table.options = options(&create);
        table.comment = comment(&create);
        for column in create.columns {
            table.add_column(backend, column)?;
        }
        for constraint in create.constraints {
            table.add_constraint(backend, constraint)?;
        }
        self.tables.insert(name, table);
        Some(())
    }

    pub(super) fn create_index(&mut self, backend: DbBackend, create: ast::CreateIndex) -> Option<()> {
        let table = self.tables.get_mut(&key(backend, &create.table_name))?;
        let name = create.name.as_ref().map(last);
        if create.if_not_exists && table.indexes.iter().any(|index| index.name == name) {
            return Some(());
        }
        let clauses = part::clauses([
            part::include(create.include),
            part::nulls_distinct(create.nulls_distinct),
            part::with(&create.with),
            part::index_options(&create.index_options),
        ]);
        table.indexes.push(Index {
            name,
            parts: create.columns.into_iter().map(part::part).collect(),
            unique: create.unique,
            constraint: false,
            predicate: create.predicate.map(expression),
            method: part::method(create.using, &create.index_options),
            clauses,
        });
        Some(())
    }

    pub(super) fn drop(
        &mut self,
        backend: DbBackend,
        kind: ObjectType,
        name: &ast::ObjectName,
        if_exists: bool,
        table: Option<&str>,
    ) -> Option<()> {
        match kind {
            ObjectType::Table => {
                let name = key(backend, name);
                self.tables.remove(&name);
                // Tables that refer to it were dropped before, or lose their foreign keys by CASCADE. On SQLite the
                // keys stay, and refer to the next table of this name.
                for other in self.tables.values_mut().filter(|_| backend != DbBackend::Sqlite) {
                    other.foreign_keys.retain(|key| key.table != name);
                }
                Some(())
            }
            ObjectType::Index => {
                let (schema, name) = (schema(backend, name), last(name));
                let mut found = if_exists;
                for other in self.tables.values_mut() {
                    if table.is_none_or(|table| table == other.name)
                        && (table.is_some() || other.schema == schema)
                    {
                        let before = other.indexes.len();
                        other.indexes.retain(|index| index.name.as_ref() != Some(&name));
                        found |= other.indexes.len() < before;
                    }
                }
                found.then_some(())
            }
            ObjectType::Type => {
                self.enums.remove(&key(backend, name));
                Some(())
            }
            ObjectType::Schema => {
                let name = last(name);
                self.tables.retain(|_, table| table.schema.as_ref() != Some(&name));
                Some(())
            }
            ObjectType::View | ObjectType::MaterializedView => Some(()),
            _ => None,
        }
    }

    pub(super) fn alter_type(&mut self, backend: DbBackend, alter: ast::AlterType) -> Option<()> {
        let name = key(backend, &alter.name);
        match alter.operation {
            ast::AlterTypeOperation::Rename(rename) => {
                let values = self.enums.remove(&name)?;
                let new = match schema(backend, &alter.name) {
                    Some(schema) => format!("{schema}.{}", rename.new_name.value),
                    None => rename.new_name.value,
                };
                let columns = self.tables.values_mut().flat_map(|table| &mut table.columns);
                for column in columns.filter(|column| column.kind.to_string() == name) {
                    column.kind = Kind::Other(new.clone());
                }
                self.enums.insert(new, values);
            }
            ast::AlterTypeOperation::AddValue(add) => {
                let values = self.enums.get_mut(&name)?;
                let place = |other: &ast::Ident| values.iter().position(|value| *value == other.value);
                let at = match &add.position {
                    None => values.len(),
                    Some(ast::AlterTypeAddValuePosition::Before(other)) => place(other)?,
                    Some(ast::AlterTypeAddValuePosition::After(other)) => place(other)? + 1,
                };
                if !values.contains(&add.value.value) {
                    values.insert(at, add.value.value);
                }
            }
            ast::AlterTypeOperation::RenameValue(rename) => {
                self.settle();
                self.rename_value(&name, &rename.from.value, &rename.to.value);
            }
        }
        Some(())
    }

    pub(super) fn alter_table(&mut self, backend: DbBackend, alter: ast::AlterTable) -> Option<()> {
        let name = key(backend, &alter.name);
        for operation in alter.operations {
            match operation {
                AlterTableOperation::RenameTable { table_name } => {
                    let (ast::RenameTableNameKind::As(new) | ast::RenameTableNameKind::To(new)) = table_name;
                    self.rename_table(&name, &key(backend, &new));
                }
                AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
                    self.rename_column(&name, &old_column_name.value, &new_column_name.value);
                }
                operation => self.tables.get_mut(&name)?.alter(backend, operation)?,
            }
        }
        Some(())
    }

    pub(super) fn comment(
        &mut self,
        backend: DbBackend,
        of: ast::CommentObject,
        name: &ast::ObjectName,
        comment: Option<String>,
    ) {
        let comment = comment.filter(|comment| !comment.is_empty());
        match of {
            ast::CommentObject::Table => {
                if let Some(table) = self.tables.get_mut(&key(backend, name)) {
                    table.comment = comment;
                }
            }
            ast::CommentObject::Column => {
                let table = ast::ObjectName(name.0[..name.0.len().saturating_sub(1)].to_vec());
                let columns = self.tables.get_mut(&key(backend, &table)).map(|table| &mut table.columns);
                let column = columns.into_iter().flatten().find(|column| column.name == last(name));
                if let Some(column) = column {
                    column.comment = comment;
                }
            }
            // Other objects are not part of a snapshot.
            _ => {}
        }
    }
}

/// How a table is stored, one text for each clause.
fn options(create: &ast::CreateTable) -> Vec<String> {
    let mut options = Vec::new();
    options.extend(create.unlogged.then(|| "UNLOGGED".to_owned()));
    options.extend(create.inherits.as_ref().map(|parents| format!("INHERITS ({})", part::list(parents))));
    options.extend(create.partition_by.as_ref().map(|by| format!("PARTITION BY {by}")));
    match &create.table_options {
        CreateTableOptions::None => {}
        CreateTableOptions::Plain(plain) => {
            let others = plain.iter().filter(|option| !matches!(option, SqlOption::Comment(_)));
            options.extend(others.map(ToString::to_string));
        }
        other => options.push(other.to_string()),
    }
    options.extend(create.strict.then(|| "STRICT".to_owned()));
    options.extend(create.without_rowid.then(|| "WITHOUT ROWID".to_owned()));
    options
}

fn comment(create: &ast::CreateTable) -> Option<String> {
    let CreateTableOptions::Plain(options) = &create.table_options else { return None };
    let comment = options.iter().find_map(|option| match option {
        SqlOption::Comment(comment) => Some(comment.to_string()),
        _ => None,
    });
    comment.filter(|comment| !comment.is_empty())
}
