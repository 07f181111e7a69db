//! Records migrations as applied without running them.

use sea_orm_migration::{MigratorTrait, SchemaManager, sea_orm::TransactionTrait as _};

use super::{
    Error, Outcome, Settings,
    args::Stamp,
    offline::{names, place},
    write,
};
use crate::{run, tooling::checksum};

pub(super) async fn stamp<M: MigratorTrait>(settings: &Settings, asked: &Stamp) -> Outcome {
    let names = names::<M>();
    let applied = &names[..place::<M>(&asked.target)?];
    let mut session = write::session::<M>(settings).await?;
    let foreign: Vec<String> = run::applied::<M>(session.connection())
        .await?
        .into_iter()
        .filter(|name| !names.contains(name))
        .collect();
    if !foreign.is_empty() && !asked.purge {
        return Err(Error::Settings(format!(
            "the database has {} applied, unknown to this program: run a newer one, or give --purge to forget it",
            foreign.join(", ")
        )));
    }
    session.stamp(applied).await?;
    // What is recorded from now on is what this program would run.
    let table = M::migration_table_name().to_string();
    let transaction = session.connection().begin().await?;
    checksum::forget(&SchemaManager::new(&transaction), &table, &names).await?;
    transaction.commit().await?;
    write::finish::<M>(session).await?;
    match applied.last() {
        Some(newest) => log::info!("recorded as applied: all up to {newest}"),
        None => log::info!("recorded as applied: none"),
    }
    Ok(true)
}
