//! Reads SQL that changes a schema, statement by statement, into a [`Snapshot`].
//!
//! Written for the dialect of PostgreSQL, in which schemas are compared. Of the other dialects it reads enough to know
//! which tables, columns and indexes exist.

use std::mem;

use sea_orm_migration::sea_orm::{DbBackend, Statement};
use sqlparser::{
    ast::{self, AlterTableOperation, ObjectType, Statement as Sql},
    dialect::{Dialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect},
    parser::Parser,
    tokenizer::{Token, TokenWithSpan, Tokenizer},
};

use super::{Check, Column, Index, Kind, Part, PrimaryKey, Snapshot, Table};

mod alter;
mod kind;
mod part;
mod sqlite;

use part::{expression, foreign_key, part};

/// The schema after `statements`, from an empty one.
#[must_use]
pub fn fold<'s>(backend: DbBackend, statements: impl IntoIterator<Item = &'s Statement>) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for statement in statements {
        snapshot.apply(backend, &statement.sql);
    }
    snapshot.name_enums();
    snapshot
}

/// Reads SQL in the words of `backend`.
///
/// # Errors
/// [`sqlparser::parser::ParserError`] for SQL outside the parser's grammar.
pub(crate) fn parse(backend: DbBackend, sql: &str) -> Result<Vec<Sql>, sqlparser::parser::ParserError> {
    let dialect: &dyn Dialect = match backend {
        DbBackend::MySql => &MySqlDialect {},
        DbBackend::Sqlite => &SQLiteDialect {},
        _ => &PostgreSqlDialect {},
    };
    let mut tokens = Tokenizer::new(dialect, sql).tokenize_with_location()?;
    for TokenWithSpan { token, .. } in &mut tokens {
        // `E'it\'s'` is how SeaORM writes a text for PostgreSQL, and for no other.
        if let Token::EscapedStringLiteral(text) = token {
            *token = Token::SingleQuotedString(mem::take(text));
        }
    }
    if backend == DbBackend::Sqlite {
        tokens = sqlite::readable(tokens);
    }
    Parser::new(dialect).with_tokens_with_locations(tokens).parse_statements()
}

impl Snapshot {
    /// Follows one statement. Those on rows change nothing; one that cannot be read is listed in `unread`.
    pub fn apply(&mut self, backend: DbBackend, sql: &str) {
        if is_about_rows(sql) {
            return;
        }
        match parse(backend, sql) {
            Ok(statements) => {
                for statement in statements {
                    if self.follow(statement).is_none() {
                        self.unread.push(in_a_line(sql));
                    }
                }
            }
            Err(_) => self.unread.push(in_a_line(sql)),
        }
    }

    /// Distinguishes the enums of the schema from other kinds of PostgreSQL.
    fn name_enums(&mut self) {
        for column in self.tables.values_mut().flat_map(|table| &mut table.columns) {
            if let Kind::Other(name) = &column.kind
                && self.enums.contains_key(name)
            {
                column.kind = Kind::Enum(name.clone());
            }
        }
    }

    /// Follows one statement; `None` if its effect is not part of a snapshot.
    fn follow(&mut self, statement: Sql) -> Option<()> {
        match statement {
            Sql::CreateTable(create) => self.create_table(create),
            Sql::AlterTable(alter) => self.alter_table(alter),
            Sql::CreateIndex(create) => self.create_index(create),
            Sql::Drop { object_type, names, if_exists, table, .. } => {
                for name in names {
                    self.drop(object_type, &last(&name), if_exists, table.as_ref().map(last).as_deref())?;
                }
                Some(())
            }
            Sql::CreateType {
                name,
                representation: Some(ast::UserDefinedTypeRepresentation::Enum { labels }),
            } => {
                self.enums.insert(last(&name), labels.into_iter().map(|label| label.value).collect());
                Some(())
            }
            Sql::AlterType(alter) => self.alter_type(alter),
            Sql::AlterIndex { name, operation } => {
                let ast::AlterIndexOperation::RenameIndex { index_name } = operation;
                let (from, to) = (last(&name), last(&index_name));
                let indexes = self.tables.values_mut().flat_map(|table| &mut table.indexes);
                indexes
                    .filter(|index| index.name.as_ref() == Some(&from))
                    .for_each(|index| index.name = Some(to.clone()));
                Some(())
            }
            Sql::RenameTable(renames) => {
                for rename in renames {
                    self.rename_table(&last(&rename.old_name), &last(&rename.new_name));
                }
                Some(())
            }
            // They decide nothing that a snapshot holds.
            Sql::CreateFunction(_)
            | Sql::CreateTrigger(_)
            | Sql::DropFunction(_)
            | Sql::DropTrigger(_)
            | Sql::Pragma { .. }
            | Sql::Set(_)
            | Sql::LockTables { .. }
            | Sql::UnlockTables
            | Sql::Comment { .. } => Some(()),
            _ => None,
        }
    }

    fn create_table(&mut self, create: ast::CreateTable) -> Option<()> {
        let name = last(&create.name);
        if create.query.is_some() || create.like.is_some() || create.temporary {
            return None;
        }
        if create.if_not_exists && self.tables.contains_key(&name) {
            return Some(());
        }
        let mut table = Table { name: name.clone(), ..Table::default() };
        for column in create.columns {
            table.add_column(column)?;
        }
        for constraint in create.constraints {
            table.add_constraint(constraint)?;
        }
        self.tables.insert(name, table);
        Some(())
    }

    fn create_index(&mut self, create: ast::CreateIndex) -> Option<()> {
        let table = self.tables.get_mut(&last(&create.table_name))?;
        let name = create.name.as_ref().map(last);
        if create.if_not_exists && table.indexes.iter().any(|index| index.name == name) {
            return Some(());
        }
        table.indexes.push(Index {
            name,
            parts: create.columns.into_iter().map(part).collect(),
            unique: create.unique,
            constraint: false,
            predicate: create.predicate.map(expression),
            method: create
                .using
                .map(|method| method.to_string().to_lowercase())
                .filter(|method| method != "btree"),
        });
        Some(())
    }

    fn drop(&mut self, kind: ObjectType, name: &str, if_exists: bool, table: Option<&str>) -> Option<()> {
        match kind {
            ObjectType::Table => {
                self.tables.remove(name);
                // Tables that refer to it were dropped before, or lose their foreign keys by CASCADE.
                for other in self.tables.values_mut() {
                    other.foreign_keys.retain(|key| key.table != name);
                }
                Some(())
            }
            ObjectType::Index => {
                let mut found = if_exists;
                for (_, other) in
                    self.tables.iter_mut().filter(|(of, _)| table.is_none_or(|table| table == *of))
                {
                    let before = other.indexes.len();
                    other.indexes.retain(|index| index.name.as_deref() != Some(name));
                    found |= other.indexes.len() < before;
                }
                found.then_some(())
            }
            ObjectType::Type => {
                self.enums.remove(name);
                Some(())
            }
            _ => None,
        }
    }

    fn alter_type(&mut self, alter: ast::AlterType) -> Option<()> {
        let name = last(&alter.name);
        match alter.operation {
            ast::AlterTypeOperation::Rename(rename) => {
                let values = self.enums.remove(&name)?;
                let new = rename.new_name.value;
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
                let values = self.enums.get_mut(&name)?;
                values.iter_mut().filter(|value| **value == rename.from.value).for_each(|value| {
                    value.clone_from(&rename.to.value);
                });
            }
        }
        Some(())
    }

    fn alter_table(&mut self, alter: ast::AlterTable) -> Option<()> {
        let name = last(&alter.name);
        for operation in alter.operations {
            match operation {
                AlterTableOperation::RenameTable { table_name } => {
                    let (ast::RenameTableNameKind::As(new) | ast::RenameTableNameKind::To(new)) = table_name;
                    self.rename_table(&name, &last(&new));
                }
                AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
                    self.rename_column(&name, &old_column_name.value, &new_column_name.value);
                }
                operation => self.tables.get_mut(&name)?.alter(operation)?,
            }
        }
        Some(())
    }
}

/// Whether a statement reads or writes rows or settings, which leaves a schema unchanged.
fn is_about_rows(sql: &str) -> bool {
    let word = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    [
        "insert", "update", "delete", "select", "with", "replace", "pragma", "set", "truncate", "analyze",
        "vacuum",
    ]
    .iter()
    .any(|verb| word.eq_ignore_ascii_case(verb))
}

/// A statement shortened to a line.
pub(crate) fn in_a_line(sql: &str) -> String {
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The name itself, without the schema that it is in.
pub(crate) fn last(name: &ast::ObjectName) -> String {
    name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_same_however_it_was_escaped() {
        let mut snapshot = Snapshot::default();
        snapshot.apply(DbBackend::Postgres, r"CREATE TYPE moods AS ENUM ('good', E'don\'t ask')");
        snapshot.apply(DbBackend::Postgres, r"CREATE TABLE vans (label text DEFAULT E'it\'s a \\ van')");
        assert_eq!(snapshot.unread, Vec::<String>::new());
        assert_eq!(snapshot.enums["moods"], ["good", "don't ask"]);
        let label = snapshot.tables["vans"].column("label").and_then(|label| label.default.as_deref());
        assert_eq!(label, Some(r"'it''s a \ van'"));
    }
}
