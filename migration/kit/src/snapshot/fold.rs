//! Reads SQL that changes a schema, statement by statement, into a [`Snapshot`].

use std::mem;

use sea_orm_migration::sea_orm::{DbBackend, Statement};
use sqlparser::{
    ast::{self, Statement as Sql},
    dialect::{Dialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect},
    parser::{Parser, ParserError},
    tokenizer::{Token, TokenWithSpan, Tokenizer},
};

use super::{Check, Column, Index, Kind, Part, PrimaryKey, Snapshot, Table};

mod alter;
mod beyond;
mod kind;
mod object;
mod option;
mod part;
mod sqlite;

/// The schema after `statements`, from an empty one.
#[must_use]
pub fn fold<'s>(backend: DbBackend, statements: impl IntoIterator<Item = &'s Statement>) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for statement in statements {
        snapshot.apply(backend, &statement.sql);
    }
    snapshot.settle();
    snapshot
}

/// Reads SQL in the words of `backend`.
///
/// # Errors
/// [`ParserError`] for SQL outside the parser's grammar.
pub(crate) fn parse(backend: DbBackend, sql: &str) -> Result<Vec<Sql>, ParserError> {
    let dialect = dialect(backend);
    let tokens = beyond::understood(backend, tokens(dialect, sql)?);
    let tokens = if backend == DbBackend::Sqlite { sqlite::readable(tokens) } else { tokens };
    Parser::new(dialect).with_tokens_with_locations(tokens).parse_statements()
}

fn dialect(backend: DbBackend) -> &'static dyn Dialect {
    match backend {
        DbBackend::MySql => &MySqlDialect {},
        DbBackend::Sqlite => &SQLiteDialect {},
        _ => &PostgreSqlDialect {},
    }
}

fn tokens(dialect: &dyn Dialect, sql: &str) -> Result<Vec<TokenWithSpan>, ParserError> {
    let mut tokens = Tokenizer::new(dialect, sql).tokenize_with_location()?;
    for TokenWithSpan { token, .. } in &mut tokens {
        // `E'it\'s'` is how SeaORM writes a text for PostgreSQL, and for no other.
        if let Token::EscapedStringLiteral(text) = token {
            *token = Token::SingleQuotedString(mem::take(text));
        }
    }
    Ok(tokens)
}

impl Snapshot {
    /// Follows one statement. Those on rows change nothing; one that cannot be read is listed in `unread`.
    pub fn apply(&mut self, backend: DbBackend, sql: &str) {
        if is_about_rows(sql) {
            return;
        }
        if self.follow_beyond(backend, sql).is_some() {
            return;
        }
        match parse(backend, sql) {
            Ok(statements) => {
                for statement in statements {
                    if self.follow(backend, statement).is_none() {
                        self.unread.push(in_a_line(sql));
                    }
                }
            }
            Err(_) => self.unread.push(in_a_line(sql)),
        }
    }

    /// Completes what single statements leave open: enums among the kinds, and the columns of a foreign key to a primary
    /// key.
    pub fn settle(&mut self) {
        for column in self.tables.values_mut().flat_map(|table| &mut table.columns) {
            if let Kind::Other(name) = &column.kind
                && self.enums.contains_key(name)
            {
                column.kind = Kind::Enum(name.clone());
            }
        }
        let keys: Vec<(String, Vec<String>)> = self
            .tables
            .values()
            .filter_map(|table| Some((table.name.clone(), table.primary_key.as_ref()?.columns.clone())))
            .collect();
        for key in self.tables.values_mut().flat_map(|table| &mut table.foreign_keys) {
            if key.referred.is_empty()
                && let Some((_, columns)) = keys.iter().find(|(table, _)| *table == key.table)
            {
                key.referred.clone_from(columns);
            }
        }
    }

    /// Follows one statement; `None` if its effect is not part of a snapshot.
    fn follow(&mut self, backend: DbBackend, statement: Sql) -> Option<()> {
        match statement {
            Sql::CreateTable(create) => self.create_table(backend, create),
            Sql::AlterTable(alter) => self.alter_table(backend, alter),
            Sql::CreateIndex(create) => self.create_index(backend, create),
            Sql::Drop { object_type, names, if_exists, table, .. } => {
                let table = table.as_ref().map(|table| key(backend, table));
                for name in names {
                    self.drop(backend, object_type, &name, if_exists, table.as_deref())?;
                }
                Some(())
            }
            Sql::CreateType {
                name,
                representation: Some(ast::UserDefinedTypeRepresentation::Enum { labels }),
            } => {
                self.enums.insert(key(backend, &name), labels.into_iter().map(|label| label.value).collect());
                Some(())
            }
            Sql::AlterType(alter) => self.alter_type(backend, alter),
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
                    self.rename_table(&key(backend, &rename.old_name), &key(backend, &rename.new_name));
                }
                Some(())
            }
            Sql::Comment { object_type, object_name, comment, .. } => {
                self.comment(backend, object_type, &object_name, comment);
                Some(())
            }
            // They decide nothing that a snapshot holds.
            Sql::CreateFunction(_)
            | Sql::CreateTrigger(_)
            | Sql::CreateView(_)
            | Sql::CreateExtension(_)
            | Sql::CreateSchema { .. }
            | Sql::CreatePolicy(_)
            | Sql::DropFunction(_)
            | Sql::DropTrigger(_)
            | Sql::DropPolicy(_)
            | Sql::DropExtension(_)
            | Sql::Grant(_)
            | Sql::Revoke(_)
            | Sql::Pragma { .. }
            | Sql::Set(_)
            | Sql::LockTables { .. }
            | Sql::UnlockTables => Some(()),
            _ => None,
        }
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

/// The schema in a name, unless it is the usual one of the database.
pub(crate) fn schema(backend: DbBackend, name: &ast::ObjectName) -> Option<String> {
    let usual = match backend {
        DbBackend::Postgres => "public",
        DbBackend::Sqlite => "main",
        _ => "",
    };
    let at = name.0.len().checked_sub(2)?;
    let schema = name.0[at].as_ident()?.value.clone();
    (schema != usual).then_some(schema)
}

/// The name of a table by which a snapshot knows it: with its schema, unless that is the usual one.
pub(crate) fn key(backend: DbBackend, name: &ast::ObjectName) -> String {
    match schema(backend, name) {
        Some(schema) => format!("{schema}.{}", last(name)),
        None => last(name),
    }
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
