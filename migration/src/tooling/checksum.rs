//! Tells when a migration was edited after it had been applied, by the SQL that it runs: formatting and
//! refactoring change nothing. The checksums are in a table of their own beside the bookkeeping.

use std::collections::HashMap;

use sea_orm_migration::{
    MigratorTrait, SchemaManager,
    prelude::{Alias, ColumnDef, Expr, ExprTrait, Query, Table},
    sea_orm::{ConnectionTrait as _, DbBackend, DbErr, Statement},
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{
    record::{self, Recorded},
    script::{
        self, literal,
        scan::{self, Piece},
    },
};

/// What a migration of this binary runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// The migration's name.
    pub name: String,
    /// SHA-256 in hexadecimal; `None` for a migration whose SQL is never the same twice.
    pub checksum: Option<String>,
}

/// A migration that is not what it was when it was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edited {
    /// Its name.
    pub name: String,
    /// The checksum of what was applied.
    pub applied: String,
    /// The checksum of what this binary would apply.
    pub now: String,
}

/// The table that keeps the checksums of what the bookkeeping in `table` lists.
#[must_use]
pub fn table_name(table: &str) -> String {
    format!("_{table}_checksums")
}

/// The checksum of what a migration runs: its statements with their values, without comments, indentation and
/// queries.
#[must_use]
pub fn of(recorded: &Recorded) -> String {
    sum(recorded, true)
}

/// The checksums of all migrations of `M`. A value that is another in every run, such as a random id, is left out.
///
/// # Errors
/// What a migration itself fails with.
pub async fn all<M: MigratorTrait>(backend: DbBackend) -> Result<Vec<Sum>, DbErr> {
    let (first, second) = (record::ups::<M>(backend).await?, record::ups::<M>(backend).await?);
    let sums = first.iter().zip(&second).map(|(one, other)| {
        let checksum = [true, false]
            .into_iter()
            .map(|values| (sum(one, values), sum(other, values)))
            .find_map(|(one, other)| (one == other).then_some(one));
        Sum { name: one.name.clone(), checksum }
    });
    Ok(sums.collect())
}

/// Notes the checksums of those of `sums` that the bookkeeping in `table` lists and that have none yet.
///
/// # Errors
/// What the database says; it creates the table of checksums, if there is none.
pub async fn record(manager: &SchemaManager<'_>, table: &str, sums: &[Sum]) -> Result<(), DbErr> {
    let applied = applied(manager, table).await?;
    create(manager, table).await?;
    let known = read(manager, table).await?;
    // Of what was taken back by another program, the next edition is not an edited one.
    let stale: Vec<String> = known.keys().filter(|name| !applied.contains(name)).cloned().collect();
    forget(manager, table, &stale).await?;
    for sum in sums.iter().filter(|sum| applied.contains(&sum.name) && !known.contains_key(&sum.name)) {
        if let Some(checksum) = &sum.checksum {
            let mut insert = Query::insert();
            insert
                .into_table(Alias::new(table_name(table)))
                .columns(["version", "checksum"])
                .values_panic([Expr::val(sum.name.as_str()), Expr::val(checksum.as_str())]);
            manager.execute(insert).await?;
        }
    }
    Ok(())
}

/// Those of `sums` that are applied with another checksum. Reads only; none, if no checksum was ever noted.
///
/// # Errors
/// What the database says.
pub async fn edited(manager: &SchemaManager<'_>, table: &str, sums: &[Sum]) -> Result<Vec<Edited>, DbErr> {
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

/// Forgets the checksums of migrations that are taken back, or whose edition is accepted.
///
/// # Errors
/// What the database says.
pub async fn forget(manager: &SchemaManager<'_>, table: &str, names: &[String]) -> Result<(), DbErr> {
    if names.is_empty() || !manager.has_table(table_name(table)).await? {
        return Ok(());
    }
    let mut delete = Query::delete();
    delete.from_table(Alias::new(table_name(table))).and_where(Expr::col("version").is_in(names));
    manager.execute(delete).await
}

/// Forgets the checksums of all migrations: each of them was taken back.
///
/// # Errors
/// What the database says.
pub async fn forget_all(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    if !manager.has_table(table_name(table)).await? {
        return Ok(());
    }
    manager.execute(Query::delete().from_table(Alias::new(table_name(table))).take()).await
}

async fn create(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let mut create = Table::create();
    create
        .table(Alias::new(table_name(table)))
        .if_not_exists()
        .col(ColumnDef::new("version").string().not_null().primary_key())
        .col(ColumnDef::new("checksum").string_len(64).not_null());
    manager.create_table(create).await
}

/// The checksums that are noted, by name.
async fn read(manager: &SchemaManager<'_>, table: &str) -> Result<HashMap<String, String>, DbErr> {
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
    let query = Query::select().column("version").from(Alias::new(table)).take();
    let rows = manager.get_connection().query_all(&query).await?;
    rows.into_iter().map(|row| row.try_get("", "version")).collect()
}

fn sum(recorded: &Recorded, values: bool) -> String {
    let mut hash = Sha256::new();
    for statement in &recorded.statements {
        hash.update(normal(statement, values));
        // No SQL has one: two statements are not one.
        hash.update([0]);
    }
    script::hex(&hash.finalize()).to_lowercase()
}

/// A statement in one line without comments, and with its values unless they are left out.
fn normal(statement: &Statement, values: bool) -> String {
    let mut bound = statement.values.iter().flat_map(|values| &values.0);
    let all: Vec<_> = statement.values.iter().flat_map(|values| &values.0).collect();
    let mut line = String::new();
    for piece in scan::pieces(statement.db_backend, &statement.sql) {
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
            allowed: Vec::new(),
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
