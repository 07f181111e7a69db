//! Records migrations as applied, or under another name, without running them.

use sea_orm_migration::MigratorTrait;

use super::{CliError, Outcome, Settings, args::Stamp, offline::position, write};
use crate::run::{self, Renamed, names};

pub(super) async fn stamp<M: MigratorTrait>(settings: &Settings, asked: &Stamp) -> Outcome {
    match &asked.target {
        Some(target) => up_to::<M>(settings, target, asked.purge).await,
        None => rename::<M>(settings, &asked.rename).await,
    }
}

async fn up_to<M: MigratorTrait>(settings: &Settings, target: &str, purge: bool) -> Outcome {
    let names = names::of::<M>();
    let applied = &names[..position::<M>(target)?];
    let mut session = write::session::<M>(settings).await?;
    let recorded = run::applied_names::<M>(session.connection()).await?;
    let newer: Vec<String> = recorded.into_iter().filter(|name| !names.contains(name)).collect();
    if !newer.is_empty() && !purge {
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

async fn rename<M: MigratorTrait>(settings: &Settings, renames: &[Renamed]) -> Outcome {
    let mut session = write::session::<M>(settings).await?;
    let renamed = session.rename(renames).await?;
    session.close().await?;
    for Renamed { from, to } in renamed {
        log::info!("recorded {from} as {to}");
    }
    Ok(true)
}
