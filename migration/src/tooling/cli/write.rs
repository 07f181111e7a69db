//! The verbs that change a database, each under the migration lock.

use std::sync::Arc;

use sea_orm_migration::{
    MigratorTrait, SchemaManager,
    sea_orm::{DbBackend, DbErr, TransactionTrait as _},
};

use super::{
    Error, Outcome, Settings,
    args::{Down, Up},
    guard::confirm,
    read,
};
use crate::{
    run::{Direction, Extent, Place, Script, Session},
    tooling::{
        checksum,
        history::{History, State},
        lint::{self, Finding},
        record,
    },
};

pub(super) async fn up<M: MigratorTrait>(settings: &Settings, up: &Up) -> Outcome {
    let extent = match (up.num, up.to.as_deref()) {
        (Some(steps), _) => Extent::Steps(steps),
        (None, None | Some("head")) => Extent::All,
        (None, Some(name)) => Extent::To(name.to_owned()),
    };
    let history = read::history_of::<M>(settings).await?;
    warn(&history);
    if !up.allow_destructive {
        let losses = losses_of_up::<M>(read::backend(settings)?, &history, &extent).await?;
        if !losses.is_empty() {
            confirm(settings, &format!("This loses data:\n{}", list(&losses)))?;
        }
    }
    let mut session = session::<M>(settings).await?;
    session.up(extent).await?;
    finish::<M>(session).await
}

pub(super) async fn down<M: MigratorTrait>(settings: &Settings, down: &Down) -> Outcome {
    let extent = match down.to.as_deref() {
        None => Extent::Steps(down.num),
        Some("base") => Extent::All,
        Some(name) => Extent::To(name.to_owned()),
    };
    let what = match &extent {
        Extent::All => "This rolls all migrations back".to_owned(),
        Extent::Steps(steps) => format!("This rolls {steps} of the applied migrations back"),
        Extent::To(name) => format!("This rolls the migrations after {name} back"),
    };
    confirm(settings, &format!("{what}, with what they have added"))?;
    let mut session = session::<M>(settings).await?;
    session.down(extent).await?;
    finish::<M>(session).await
}

pub(super) async fn fresh<M: MigratorTrait>(settings: &Settings) -> Outcome {
    confirm(settings, "This drops every table of the database, also of other programs")?;
    let mut session = session::<M>(settings).await?;
    session.fresh().await?;
    finish::<M>(session).await
}

pub(super) async fn refresh<M: MigratorTrait>(settings: &Settings) -> Outcome {
    confirm(settings, "This rolls all migrations back, with all rows, and applies them again")?;
    let mut session = session::<M>(settings).await?;
    session.refresh().await?;
    forget_all::<M>(&session).await?;
    finish::<M>(session).await
}

pub(super) async fn reset<M: MigratorTrait>(settings: &Settings) -> Outcome {
    confirm(settings, "This rolls all migrations back, with all rows")?;
    let mut session = session::<M>(settings).await?;
    session.reset().await?;
    forget_all::<M>(&session).await?;
    session.close().await?;
    Ok(true)
}

/// Forgets what was applied before, whose next edition is no edited one.
async fn forget_all<M: MigratorTrait>(session: &Session<M>) -> Result<(), Error> {
    let transaction = session.connection().begin().await?;
    let table = M::migration_table_name().to_string();
    checksum::forget_all(&SchemaManager::new(&transaction), &table).await?;
    Ok(transaction.commit().await?)
}

/// Takes the lock, and opens the database.
pub(super) async fn session<M: MigratorTrait>(settings: &Settings) -> Result<Session<M>, Error> {
    let mut place = Place::new(read::url(settings)?, "cargo migrate", settings.patience());
    place.schema.clone_from(&settings.database_schema);
    Ok(Session::open(place).await?.with_script(script::<M>()))
}

/// Notes what was applied, and gives the lock back.
pub(super) async fn finish<M: MigratorTrait>(session: Session<M>) -> Outcome {
    let db = session.connection();
    let sums = checksum::all::<M>(db.get_database_backend()).await?;
    let transaction = db.begin().await?;
    let table = M::migration_table_name().to_string();
    checksum::record(&SchemaManager::new(&transaction), &table, &sums).await?;
    transaction.commit().await?;
    session.close().await?;
    Ok(true)
}

/// How a run on MariaDB finds what is left of a migration that was cut off.
fn script<M: MigratorTrait>() -> Script {
    Arc::new(|name, direction| {
        let name = name.to_owned();
        Box::pin(async move {
            let recorded = match direction {
                Direction::Up => {
                    let ups = record::ups::<M>(DbBackend::MySql).await?;
                    ups.into_iter().find(|up| up.name == name)
                }
                Direction::Down => Some(record::down::<M>(DbBackend::MySql, &name).await?),
            };
            match recorded {
                Some(recorded) if recorded.reads.is_empty() => Ok(recorded.statements),
                Some(_) => {
                    Err(DbErr::Custom(format!("{name} goes by rows, so what is left of it is not known")))
                }
                None => Err(DbErr::Custom(format!("there is no migration {name}"))),
            }
        })
    })
}

/// What is odd about the migrations of a database.
fn warn(history: &History) {
    for name in &history.out_of_order {
        log::warn!("warning: {name} is pending, and older than one that is applied");
    }
    for entry in history.entries.iter().filter(|entry| entry.state == State::Edited) {
        log::warn!("warning: {} was edited after it had been applied here", entry.name);
    }
    if let Some(reason) = &history.unchecked {
        log::warn!("warning: whether migrations were edited is not known: {reason}");
    }
}

async fn losses_of_up<M: MigratorTrait>(
    backend: DbBackend,
    history: &History,
    extent: &Extent,
) -> Result<Vec<Finding>, Error> {
    let state = |name: &str| history.entries.iter().find(|entry| entry.name == name).map(|entry| entry.state);
    let (pending, applied): (Vec<_>, Vec<_>) =
        record::ups::<M>(backend).await?.into_iter().partition(|up| state(&up.name) == Some(State::Pending));
    let many = match extent {
        Extent::All => pending.len(),
        Extent::Steps(steps) => usize::try_from(*steps).unwrap_or(usize::MAX).min(pending.len()),
        // One that is not pending is an error that the run itself explains.
        Extent::To(name) => {
            pending.iter().position(|up| up.name.contains(name)).map_or(0, |position| position + 1)
        }
    };
    Ok(lint::destructive(backend, &applied, &pending[..many]))
}

fn list(losses: &[Finding]) -> String {
    let lines: Vec<String> =
        losses.iter().map(|loss| format!("  {}: {}", loss.migration, loss.statement)).collect();
    lines.join("\n")
}
