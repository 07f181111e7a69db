//! Preview of a run, by the checks of the run itself. Reads only, without the lock.

use sea_orm_migration::{MigratorTrait, SchemaManager, sea_orm::DatabaseConnection};

use super::{
    Direction, Error, Proposal, Until, applied_names, checksums,
    ledger::Ledger,
    order::{self, Applied, Order},
};

/// The migrations that [`Session::up`](super::Session::up) would run now, in order.
///
/// # Errors
/// Those with which it would refuse the run before the first migration: [`Error::Newer`], [`Error::Renamed`] and errors of
/// names; [`Error::Database`].
pub async fn preview_up<M: MigratorTrait>(db: &DatabaseConnection, until: Until) -> Result<Proposal, Error> {
    let names = applied_names::<M>(db).await?;
    let compatible = checksums::compatible(db, &M::migration_table_name().to_string()).await?;
    let mut ledger = Ledger::<M>::new(db.get_database_backend());
    ledger.refuse_renamed(&SchemaManager::new(db), &names).await?;
    let plan = order::plan::<M>(&Order::Up(until), &Applied { names, compatible })?;
    Ok(Proposal { steps: plan.iter().map(|planned| (planned.name().to_owned(), Direction::Up)).collect() })
}
