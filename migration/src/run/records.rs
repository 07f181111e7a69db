//! The table in which SeaORM keeps what is applied, written as `sea-orm-migration` writes it.

use std::{
    marker::PhantomData,
    time::{SystemTime, UNIX_EPOCH},
};

use sea_orm_migration::{
    MigrationTrait, MigratorTrait, SchemaManager,
    sea_orm::{
        ConnectionTrait, DatabaseConnection, DbErr, DynIden, ExprTrait, TransactionTrait,
        sea_query::{Expr, Order as Sort, Query},
    },
    seaql_migrations::Column,
};

use super::{Direction, Error, names};

/// The names of the migrations that are applied, by name. Reads, and creates nothing: a database without the
/// table has none.
///
/// # Errors
/// What the database says.
pub async fn applied<M: MigratorTrait>(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let table = M::migration_table_name();
    if SchemaManager::new(db).has_table(table.to_string()).await? {
        rows(db, table).await
    } else {
        Ok(Vec::new())
    }
}

/// As [`applied`], where the table is there.
pub(super) async fn rows(db: &impl ConnectionTrait, table: DynIden) -> Result<Vec<String>, DbErr> {
    let select =
        Query::select().column(Column::Version).from(table).order_by(Column::Version, Sort::Asc).take();
    db.query_all(&select).await?.iter().map(|row| row.try_get("", "version")).collect()
}

/// Writes down that the migration was run in this direction.
pub(super) async fn record<M: MigratorTrait>(
    db: &impl ConnectionTrait,
    name: &str,
    direction: Direction,
) -> Result<(), DbErr> {
    let table = M::migration_table_name();
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

/// Records `names` as applied, and no others.
pub(super) async fn stamp<M: MigratorTrait>(db: &DatabaseConnection, names: &[String]) -> Result<(), Error> {
    let known: Vec<String> = M::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    let names = names.iter().map(|name| names::resolve(&known, name)).collect::<Result<Vec<_>, _>>()?;
    // On MariaDB / MySQL, DDL ends a transaction, so the table comes first.
    M::install(db).await?;
    let txn = db.begin().await?;
    let there = rows(&txn, M::migration_table_name()).await?;
    for gone in there.iter().filter(|name| !names.contains(name)) {
        record::<M>(&txn, gone, Direction::Down).await?;
    }
    for new in names.iter().filter(|name| !there.contains(name)) {
        record::<M>(&txn, new, Direction::Up).await?;
    }
    Ok(txn.commit().await?)
}

/// A migrator with the same table of records as `M` and no migrations: its `fresh` drops every table and
/// type and applies nothing.
pub(super) struct Nothing<M>(PhantomData<fn() -> M>);

#[sea_orm_migration::async_trait::async_trait]
impl<M: MigratorTrait> MigratorTrait for Nothing<M> {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        Vec::new()
    }

    fn migration_table_name() -> DynIden {
        M::migration_table_name()
    }
}
