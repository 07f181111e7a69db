//! Records migrations as applied without running them.

use sea_orm_migration::MigratorTrait;

use super::{CliError, Outcome, Settings, args::Stamp, offline::position, write};
use crate::run::{self, names};

pub(super) async fn stamp<M: MigratorTrait>(settings: &Settings, asked: &Stamp) -> Outcome {
    let names = names::of::<M>();
    let applied = &names[..position::<M>(&asked.target)?];
    let mut session = write::session::<M>(settings).await?;
    let recorded = run::applied_names::<M>(session.connection()).await?;
    let newer: Vec<String> = recorded.into_iter().filter(|name| !names.contains(name)).collect();
    if !newer.is_empty() && !asked.purge {
        return Err(CliError::Settings(format!(
            "the database has {} applied, unknown to this program: run a newer one, or give --purge to forget it",
            newer.join(", ")
        )));
    }
    session.stamp(applied).await?;
    session.close().await?;
    match applied.last() {
        Some(newest) => log::info!("recorded as applied: all up to {newest}"),
        None => log::info!("recorded as applied: none"),
    }
    Ok(true)
}
