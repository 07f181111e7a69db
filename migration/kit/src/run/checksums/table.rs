//! The table of checksums, beside SeaORM's table of records. It also says of each applied migration whether programs that do
//! not know it go on.

use std::collections::{BTreeSet, HashMap};

use log::warn;
use sea_orm_migration::{
    SchemaManager,
    prelude::{Alias, ColumnDef, Expr, ExprTrait, IntoIden, Query, Table},
    sea_orm::{ConnectionTrait, DbErr},
};

use super::Checksum;
use crate::run::{error::is_refused, records};

const COMPATIBLE: &str = "compatible";

/// Record of an applied migration that has no checksum.
pub(super) const NONE: &str = "";

/// Table of the checksums that belong to the records in `table`.
#[must_use]
pub fn table_name(table: &str) -> String {
    format!("_{table}_checksums")
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
pub(in crate::run) async fn rename(
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

/// Creates the table of checksums unless it exists, and adds the column that earlier versions of the kit did not have.
pub(in crate::run) async fn create(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let name = table_name(table);
    // PostgreSQL sends a notice for every IF NOT EXISTS that finds the table.
    if manager.has_table(&name).await? {
        if !manager.has_column(&name, COMPATIBLE).await? {
            let add = Table::alter().table(Alias::new(name)).add_column(column()).take();
            manager.alter_table(add).await?;
        }
        return Ok(());
    }
    let mut create = Table::create();
    create
        .table(Alias::new(name))
        .if_not_exists()
        .col(ColumnDef::new("version").string().not_null().primary_key())
        .col(ColumnDef::new("checksum").string_len(64).not_null())
        .col(column());
    manager.create_table(create).await
}

/// Whether older programs go on; null in rows of earlier versions of the kit.
fn column() -> ColumnDef {
    ColumnDef::new(COMPATIBLE).boolean().null().take()
}

/// Drops the table of checksums if it exists.
pub(in crate::run) async fn remove(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    if manager.has_table(table_name(table)).await? {
        manager.drop_table(Table::drop().table(Alias::new(table_name(table))).take()).await?;
    }
    Ok(())
}

/// Writes one checksum. Warns of a migration whose SQL is unknown.
pub(in crate::run) async fn insert(
    manager: &SchemaManager<'_>,
    table: &str,
    sum: &Checksum,
) -> Result<(), DbErr> {
    if let Some(reason) = &sum.unknown {
        warn!("warning: the SQL of {} is unknown, so a later edit will not be found: {reason}", sum.name);
    }
    let checksum = sum.checksum.as_deref().unwrap_or(NONE);
    let mut insert = Query::insert();
    insert
        .into_table(Alias::new(table_name(table)))
        .columns(["version", "checksum", COMPATIBLE])
        .values_panic([
            Expr::val(sum.name.as_str()),
            Expr::val(checksum),
            Expr::val(sum.compatibility.is_compatible()),
        ]);
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

pub(super) async fn applied(manager: &SchemaManager<'_>, table: &str) -> Result<Vec<String>, DbErr> {
    if !manager.has_table(table).await? {
        return Ok(Vec::new());
    }
    records::names_in(manager.get_connection(), Alias::new(table).into_iden()).await
}

/// The applied migrations with which older programs go on. A table that is missing, older or not readable has none.
pub(in crate::run) async fn compatible(
    db: &impl ConnectionTrait,
    table: &str,
) -> Result<BTreeSet<String>, DbErr> {
    let query = Query::select()
        .column("version")
        .from(Alias::new(table_name(table)))
        .and_where(Expr::col(COMPATIBLE).eq(true))
        .take();
    match db.query_all(&query).await {
        Ok(rows) => rows.iter().map(|row| row.try_get("", "version")).collect(),
        Err(error) if is_refused(&error) => Ok(BTreeSet::new()),
        Err(error) => Err(error),
    }
}
