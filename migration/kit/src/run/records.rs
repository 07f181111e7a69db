//! SeaORM's table of applied migrations, read and written as `sea-orm-migration` does.

use std::time::{SystemTime, UNIX_EPOCH};

use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{
        ConnectionTrait, DatabaseConnection, DbErr, DynIden, ExprTrait,
        sea_query::{Expr, Order as Sort, Query},
    },
    seaql_migrations::Column,
};

use super::{Direction, Error, error::is_missing, names};

/// An applied migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Name of the migration.
    pub name: String,
    /// Time of application, in seconds since 1970.
    pub applied_at: i64,
}

/// The applied migrations, by name. Reads, and creates nothing: a database without the table has none.
///
/// It sends the query without looking for the table first, since a catalogue hides tables that a user may not read.
///
/// # Errors
/// [`DbErr`] of the database; also if the user may not read the table.
pub async fn applied<M: MigratorTrait>(db: &DatabaseConnection) -> Result<Vec<Record>, DbErr> {
    match rows(db, M::migration_table_name()).await {
        Err(error) if is_missing(&error) => Ok(Vec::new()),
        read => read,
    }
}

/// Names of the applied migrations, as [`applied`] reads them.
///
/// # Errors
/// See [`applied`].
pub async fn applied_names<M: MigratorTrait>(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    Ok(applied::<M>(db).await?.into_iter().map(|record| record.name).collect())
}

/// The records of a table that exists.
pub(super) async fn rows(db: &impl ConnectionTrait, table: DynIden) -> Result<Vec<Record>, DbErr> {
    let select = Query::select()
        .columns([Column::Version, Column::AppliedAt])
        .from(table)
        .order_by(Column::Version, Sort::Asc)
        .take();
    let rows = db.query_all(&select).await?;
    rows.iter()
        .map(|row| {
            Ok(Record { name: row.try_get("", "version")?, applied_at: row.try_get("", "applied_at")? })
        })
        .collect()
}

/// The names among the records of a table that exists.
pub(super) async fn names_in(db: &impl ConnectionTrait, table: DynIden) -> Result<Vec<String>, DbErr> {
    Ok(rows(db, table).await?.into_iter().map(|record| record.name).collect())
}

/// Records that a migration was run in this direction.
pub(super) async fn record(
    db: &impl ConnectionTrait,
    table: DynIden,
    name: &str,
    direction: Direction,
) -> Result<(), DbErr> {
    match direction {
        Direction::Up => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            let insert = Query::insert()
                .into_table(table)
                .columns([Column::Version, Column::AppliedAt])
                .values([name.into(), i64::try_from(now).unwrap_or(i64::MAX).into()])
                .map_err(|error| DbErr::Custom(error.to_string()))?
                .take();
            db.execute(&insert).await?;
        }
        Direction::Down => {
            let delete =
                Query::delete().from_table(table).and_where(Expr::col(Column::Version).eq(name)).take();
            db.execute(&delete).await?;
        }
    }
    Ok(())
}

/// Gives the record of a migration another name.
pub(super) async fn rename(
    db: &impl ConnectionTrait,
    table: DynIden,
    from: &str,
    to: &str,
) -> Result<(), DbErr> {
    let mut update = Query::update();
    update.table(table).value(Column::Version, to).and_where(Expr::col(Column::Version).eq(from));
    db.execute(&update).await.map(drop)
}

/// Records exactly these migrations of `M` as applied.
pub(super) async fn stamp<M: MigratorTrait>(
    db: &impl ConnectionTrait,
    migrations: &[String],
) -> Result<(), Error> {
    let known = names::of::<M>();
    let wanted = migrations.iter().map(|name| names::resolve(&known, name)).collect::<Result<Vec<_>, _>>()?;
    let table = M::migration_table_name();
    let recorded = names_in(db, table.clone()).await?;
    for name in recorded.iter().filter(|name| !wanted.contains(name)) {
        record(db, table.clone(), name, Direction::Down).await?;
    }
    for name in wanted.iter().filter(|name| !recorded.contains(name)) {
        record(db, table.clone(), name, Direction::Up).await?;
    }
    Ok(())
}
