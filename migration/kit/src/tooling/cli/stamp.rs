//! Records migrations as applied, or under another name, without running them.

use sea_orm_migration::MigratorTrait;

use super::{CliError, Outcome, Settings, args::Stamp, offline::position, write};
use crate::run::{self, Renamed, Session, names};

pub(super) async fn stamp<M: MigratorTrait>(settings: &Settings, asked: &Stamp) -> Outcome {
    match &asked.target {
        Some(target) => up_to::<M>(settings, target, asked).await,
        None => rename::<M>(settings, &asked.rename).await,
    }
}

async fn up_to<M: MigratorTrait>(settings: &Settings, target: &str, asked: &Stamp) -> Outcome {
    let names = names::of::<M>();
    let applied = &names[..position::<M>(target)?];
    let mut session = write::session::<M>(settings).await?;
    let recorded = record(&mut session, &names, applied, asked).await;
    write::finish(session, recorded).await?;
    match applied.last() {
        Some(newest) => log::info!("recorded as applied: all up to {newest}"),
        None => log::info!("recorded as applied: none"),
    }
    Ok(true)
}

async fn record<M: MigratorTrait>(
    session: &mut Session<M>,
    names: &[String],
    applied: &[String],
    asked: &Stamp,
) -> Result<(), CliError> {
    let recorded = run::applied_names::<M>(session.connection()).await?;
    let newer: Vec<String> = recorded.into_iter().filter(|name| !names.contains(name)).collect();
    if !newer.is_empty() && !asked.purge {
        return Err(CliError::Settings(format!(
            "the database has {} applied, unknown to this program: run a newer one, or give --purge to forget it",
            newer.join(", ")
        )));
    }
    session.stamp(applied).await?;
    if asked.forget_unfinished {
        session.forget().await?;
    }
    Ok(())
}

async fn rename<M: MigratorTrait>(settings: &Settings, renames: &[Renamed]) -> Outcome {
    let mut session = write::session::<M>(settings).await?;
    let renamed = session.rename(renames).await;
    for Renamed { from, to } in write::finish(session, renamed).await? {
        log::info!("recorded {from} as {to}");
    }
    Ok(true)
}
