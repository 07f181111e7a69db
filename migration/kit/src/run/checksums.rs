//! Checksums of applied migrations, by which an edited one is found.
//!
//! A checksum covers the SQL that a migration runs: formatting and refactoring do not change it. The runner writes the
//! checksums in the transaction that records the migrations, into a table of their own beside SeaORM's.

use std::collections::HashMap;

use sea_orm_migration::{
    MigratorTrait, SchemaManager,
    prelude::{Alias, ColumnDef, Expr, ExprTrait, IntoIden, Query, Table},
    sea_orm::{ConnectionTrait as _, DbBackend, DbErr, Statement},
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{
    recorder::{self, Recorded},
    records,
};
use crate::sql::{
    hex, literal,
    pieces::{Piece, pieces},
};

/// Checksum of a migration of this program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checksum {
    /// Name of the migration.
    pub name: String,
    /// SHA-256 in hexadecimal; `None` for a migration with other SQL in every run.
    pub checksum: Option<String>,
}

/// A migration that was edited after it had been applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edited {
    /// Name of the migration.
    pub name: String,
    /// Checksum of the SQL that was applied.
    pub applied: String,
    /// Checksum of the SQL that this program would apply.
    pub now: String,
}

/// Table of the checksums that belong to the records in `table`.
#[must_use]
pub fn table_name(table: &str) -> String {
    format!("_{table}_checksums")
}

/// Checksum of a recorded migration: its statements with their values, without comments, indentation and queries.
#[must_use]
pub fn of(recorded: &Recorded) -> String {
    sum(recorded, true)
}

/// Checksums of all migrations of `M`. A value that differs in every run, such as a random id, is left out.
///
/// # Errors
/// The error of a migration.
pub async fn all<M: MigratorTrait>(backend: DbBackend) -> Result<Vec<Checksum>, DbErr> {
    let (first, second) = (recorder::ups::<M>(backend).await?, recorder::ups::<M>(backend).await?);
    let sums = first.iter().zip(&second).map(|(one, other)| {
        let checksum = [true, false]
            .into_iter()
            .map(|values| (sum(one, values), sum(other, values)))
            .find_map(|(one, other)| (one == other).then_some(one));
        Checksum { name: one.name.clone(), checksum }
    });
    Ok(sums.collect())
}

/// Writes the checksums of applied migrations that have none, and forgets those of migrations that are not applied.
/// Creates the table if necessary.
///
/// # Errors
/// [`DbErr`] of the database.
pub async fn record(manager: &SchemaManager<'_>, table: &str, sums: &[Checksum]) -> Result<(), DbErr> {
    let applied = applied(manager, table).await?;
    create(manager, table).await?;
    let known = read(manager, table).await?;
    // A migration that another program rolled back may come back in another form.
    let stale: Vec<String> = known.keys().filter(|name| !applied.contains(name)).cloned().collect();
    forget(manager, table, &stale).await?;
    for sum in sums.iter().filter(|sum| applied.contains(&sum.name) && !known.contains_key(&sum.name)) {
        insert(manager, table, sum).await?;
    }
    Ok(())
}

/// The migrations among `sums` that were applied with another checksum. Reads only.
///
/// # Errors
/// [`DbErr`] of the database.
pub async fn edited(
    manager: &SchemaManager<'_>,
    table: &str,
    sums: &[Checksum],
) -> Result<Vec<Edited>, DbErr> {
    let known = read(manager, table).await?;
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let applied = applied(manager, table).await?;
    let edited = sums.iter().filter(|sum| applied.contains(&sum.name)).filter_map(|sum| {
        let (before, now) = (known.get(&sum.name)?, sum.checksum.as_ref()?);
        (before != now).then(|| Edited { name: sum.name.clone(), applied: before.clone(), now: now.clone() })
    });
    Ok(edited.collect())
}

/// Forgets the checksums of these migrations, so that their next form counts as the applied one.
///
/// # Errors
/// [`DbErr`] of the database.
pub async fn forget(manager: &SchemaManager<'_>, table: &str, names: &[String]) -> Result<(), DbErr> {
    if names.is_empty() || !manager.has_table(table_name(table)).await? {
        return Ok(());
    }
    let mut delete = Query::delete();
    delete.from_table(Alias::new(table_name(table))).and_where(Expr::col("version").is_in(names));
    manager.execute(delete).await
}

/// Gives the checksum of a migration another name.
pub(super) async fn rename(
    manager: &SchemaManager<'_>,
    table: &str,
    from: &str,
    to: &str,
) -> Result<(), DbErr> {
    forget(manager, table, &[to.to_owned()]).await?;
    let mut update = Query::update();
    update.table(Alias::new(table_name(table))).value("version", to).and_where(Expr::col("version").eq(from));
    manager.execute(update).await
}

/// Creates the table of checksums unless it exists.
pub(super) async fn create(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    // PostgreSQL sends a notice for every IF NOT EXISTS that finds the table.
    if manager.has_table(table_name(table)).await? {
        return Ok(());
    }
    let mut create = Table::create();
    create
        .table(Alias::new(table_name(table)))
        .if_not_exists()
        .col(ColumnDef::new("version").string().not_null().primary_key())
        .col(ColumnDef::new("checksum").string_len(64).not_null());
    manager.create_table(create).await
}

/// Drops the table of checksums if it exists.
pub(super) async fn remove(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    if manager.has_table(table_name(table)).await? {
        manager.drop_table(Table::drop().table(Alias::new(table_name(table))).take()).await?;
    }
    Ok(())
}

/// Writes one checksum. A migration without a stable one is left out.
pub(super) async fn insert(manager: &SchemaManager<'_>, table: &str, sum: &Checksum) -> Result<(), DbErr> {
    let Some(checksum) = &sum.checksum else { return Ok(()) };
    let mut insert = Query::insert();
    insert
        .into_table(Alias::new(table_name(table)))
        .columns(["version", "checksum"])
        .values_panic([Expr::val(sum.name.as_str()), Expr::val(checksum.as_str())]);
    manager.execute(insert).await
}

/// The recorded checksums, by name.
pub(crate) async fn read(manager: &SchemaManager<'_>, table: &str) -> Result<HashMap<String, String>, DbErr> {
    let name = table_name(table);
    if !manager.has_table(&name).await? {
        return Ok(HashMap::new());
    }
    let query = Query::select().columns(["version", "checksum"]).from(Alias::new(name)).take();
    let rows = manager.get_connection().query_all(&query).await?;
    rows.into_iter().map(|row| Ok((row.try_get("", "version")?, row.try_get("", "checksum")?))).collect()
}

async fn applied(manager: &SchemaManager<'_>, table: &str) -> Result<Vec<String>, DbErr> {
    if !manager.has_table(table).await? {
        return Ok(Vec::new());
    }
    records::names_in(manager.get_connection(), Alias::new(table).into_iden()).await
}

fn sum(recorded: &Recorded, values: bool) -> String {
    let mut hash = Sha256::new();
    for statement in &recorded.statements {
        hash.update(normal(statement, values));
        // No SQL contains this byte, so it separates the statements.
        hash.update([0]);
    }
    hex(&hash.finalize()).to_lowercase()
}

/// A statement in one line without comments, and with its values unless they are left out.
fn normal(statement: &Statement, values: bool) -> String {
    let mut bound = statement.values.iter().flat_map(|values| &values.0);
    let all: Vec<_> = statement.values.iter().flat_map(|values| &values.0).collect();
    let mut line = String::new();
    for piece in pieces(statement.db_backend, &statement.sql) {
        match piece {
            Piece::Space(_) | Piece::Comment(_) => {
                if !line.ends_with(' ') {
                    line.push(' ');
                }
            }
            Piece::Semicolon => line.push(';'),
            Piece::Other(text) => line.push_str(text),
            Piece::Placeholder(text, _) if !values || statement.values.is_none() => line.push_str(text),
            Piece::Placeholder(text, number) => {
                let next = bound.next();
                match number.map_or(next, |number| all.get(number.wrapping_sub(1)).copied()) {
                    Some(value) => line.push_str(
                        &literal(statement.db_backend, value).unwrap_or_else(|_| format!("{value:?}")),
                    ),
                    None => line.push_str(text),
                }
            }
        }
    }
    line.trim_matches([' ', ';']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(sql: &str, values: Option<i32>) -> Recorded {
        let statement = match values {
            Some(value) => Statement::from_sql_and_values(DbBackend::Sqlite, sql, [value.into()]),
            None => Statement::from_string(DbBackend::Sqlite, sql),
        };
        Recorded {
            name: "m1".to_owned(),
            statements: vec![statement],
            reads: Vec::new(),
            exceptions: Vec::new(),
            transaction: None,
        }
    }

    #[test]
    fn only_what_is_run_counts() {
        let sum = |sql, value| of(&one(sql, value));
        let plain = sum("UPDATE shelves SET size = 1 WHERE name = 'a  b'", None);
        assert_eq!(
            plain,
            sum("  UPDATE shelves -- all\n\tSET size = ? /* one */ WHERE name = 'a  b' ;\n", Some(1))
        );
        assert_ne!(plain, sum("UPDATE shelves SET size = ? WHERE name = 'a  b'", Some(2)));
        assert_ne!(plain, sum("UPDATE shelves SET size = 1 WHERE name = 'a b'", None));
        assert_eq!(plain.len(), 64);
    }
}
