//! Drops what a database contains beside its migrations' records: everything for `fresh`; views, types and functions for
//! `refresh` and `reset`, which leave tables to the migrations. What is excluded stays, with what it needs, and so do the
//! objects of extensions.

use std::collections::BTreeSet;

use log::warn;
use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement},
};

use super::{Error, checksums, recorder};
use crate::{
    pattern::matches,
    sql::definition::{unquoted, words},
};

mod mariadb;
mod postgres;
mod sqlite;

/// Objects to drop, and objects to keep.
#[derive(Debug)]
pub(super) struct Sweep<'s> {
    /// Whether tables are dropped, too.
    pub(super) tables: bool,
    /// Names to keep; `*` matches any characters.
    excluded: &'s [String],
    /// Tables of records, which cannot be excluded.
    records: Vec<String>,
    /// Schemas that migrations create, beside the current one.
    schemas: BTreeSet<String>,
    /// Tables that stay in any case.
    kept: Vec<String>,
}

impl<'s> Sweep<'s> {
    /// For the migrations of `M`.
    pub(super) async fn of<M: MigratorTrait>(
        backend: DbBackend,
        tables: bool,
        excluded: &'s [String],
    ) -> Self {
        let table = M::migration_table_name().to_string();
        let schemas = match backend {
            DbBackend::Sqlite => BTreeSet::new(),
            _ => schemas::<M>(backend).await,
        };
        let records = vec![checksums::table_name(&table), table];
        Self { tables, excluded, records, schemas, kept: Vec::new() }
    }

    /// Keeps a table that belongs to the run.
    pub(super) fn keep(&mut self, table: &str) {
        self.kept.push(table.to_owned());
    }

    /// The statements that drop the objects, in their order.
    ///
    /// # Errors
    /// [`Error::Kept`] if an object that stays refers to one that would be dropped;
    /// [`Error::Database`].
    pub(super) async fn statements(&self, db: &impl ConnectionTrait) -> Result<Vec<String>, Error> {
        match db.get_database_backend() {
            DbBackend::Sqlite => sqlite::statements(self, db).await,
            DbBackend::MySql => mariadb::statements(self, db).await,
            _ => postgres::statements(self, db).await,
        }
    }

    /// Whether an object of this name stays, optionally named with its schema.
    fn excludes(&self, schema: &str, name: &str) -> bool {
        let qualified = format!("{schema}.{name}");
        let is = |pattern: &String| matches(pattern, name) || matches(pattern, &qualified);
        let among = |names: &[String]| names.iter().any(|other| other == name);
        among(&self.kept) || (self.excluded.iter().any(is) && !among(&self.records))
    }
}

/// The schemas that the migrations of `M` create.
async fn schemas<M: MigratorTrait>(backend: DbBackend) -> BTreeSet<String> {
    let ups = recorder::ups::<M>(backend).await;
    for (name, reason) in recorder::doubts(ups.iter().filter(|up| up.unknown.is_some())) {
        warn!("warning: the schemas that {name} creates are not known: {reason}");
    }
    let statements = ups.iter().flat_map(|up| &up.statements);
    statements.filter_map(|statement| created_schema(backend, &statement.sql)).collect()
}

fn created_schema(backend: DbBackend, sql: &str) -> Option<String> {
    let words = words(backend, sql);
    let is = |at: usize, word: &str| words.get(at).is_some_and(|found| found.is(word));
    if !(is(0, "CREATE") && (is(1, "SCHEMA") || is(1, "DATABASE"))) {
        return None;
    }
    let at = if is(2, "IF") { 5 } else { 2 };
    words.get(at).filter(|name| !name.is("AUTHORIZATION")).map(|name| unquoted(name.text))
}

/// Whether `text` contains `name` as a word.
fn mentions(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(&name).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + name.len()..].chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// The rows of a query, as texts.
async fn texts(db: &impl ConnectionTrait, sql: &str) -> Result<Vec<Vec<String>>, DbErr> {
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await?;
    rows.iter()
        .map(|row| (0..row.column_names().len()).map(|column| row.try_get_by_index(column)).collect())
        .collect()
}

/// Runs statements that drop objects.
pub(super) async fn execute(db: &impl ConnectionTrait, statements: &[String]) -> Result<(), DbErr> {
    for sql in statements {
        db.execute_unprepared(sql).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_found_in_the_statements_that_create_them() {
        let postgres = |sql| created_schema(DbBackend::Postgres, sql);
        assert_eq!(postgres("CREATE SCHEMA \"Crm\"").as_deref(), Some("Crm"));
        assert_eq!(postgres("create schema if not exists crm").as_deref(), Some("crm"));
        assert_eq!(postgres("CREATE SCHEMA AUTHORIZATION joe"), None);
        assert_eq!(postgres("CREATE TABLE schema (id int)"), None);
        let mariadb = created_schema(DbBackend::MySql, "CREATE DATABASE `crm`");
        assert_eq!(mariadb.as_deref(), Some("crm"));
    }

    #[test]
    fn a_name_is_mentioned_as_a_word() {
        for (text, expected) in [
            ("select `Rate`(1)", true),
            ("rate(x)", true),
            ("rates", false),
            ("my_rate()", false),
            ("", false),
        ] {
            assert_eq!(mentions(text, "rate"), expected, "{text}");
        }
    }
}
