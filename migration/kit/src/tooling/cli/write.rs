//! The verbs that change a database, each under the migration lock.

use std::sync::Arc;

use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{DbBackend, DbErr},
};

use super::{
    CliError, Outcome, Settings,
    args::{Down, Up},
    guard::confirm,
    read,
};
use crate::{
    run::{Direction, Script, Session, Target, Until, recorder},
    tooling::{
        history::{History, MigrationState},
        lint::{self, Finding},
    },
};

pub(super) async fn up<M: MigratorTrait>(settings: &Settings, up: &Up) -> Outcome {
    let until = match (up.num, up.to.as_deref()) {
        (Some(steps), _) => Until::Steps(steps),
        (None, None | Some("head")) => Until::End,
        (None, Some(name)) => Until::Migration(name.to_owned()),
    };
    let history = read::history_of::<M>(settings).await?;
    warn(&history);
    if !up.allow_destructive {
        let losses = losses_of_up::<M>(read::backend(settings)?, &history, &until).await?;
        if !losses.is_empty() {
            confirm(settings, &format!("This loses data:\n{}", list(&losses)))?;
        }
    }
    let mut session = session::<M>(settings).await?;
    session.up(until).await?;
    finish(session).await
}

pub(super) async fn down<M: MigratorTrait>(settings: &Settings, down: &Down) -> Outcome {
    let until = match down.to.as_deref() {
        None => Until::Steps(down.num),
        Some("base") => Until::End,
        Some(name) => Until::Migration(name.to_owned()),
    };
    let what = match &until {
        Until::End => "This rolls all migrations back".to_owned(),
        Until::Steps(steps) => format!("This rolls {steps} of the applied migrations back"),
        Until::Migration(name) => format!("This rolls the migrations after {name} back"),
    };
    confirm(settings, &format!("{what}, with the tables and columns that they added"))?;
    let mut session = session::<M>(settings).await?;
    session.down(until).await?;
    finish(session).await
}

pub(super) async fn fresh<M: MigratorTrait>(settings: &Settings) -> Outcome {
    confirm(settings, "This drops every table of the database, including those of other programs")?;
    let mut session = session::<M>(settings).await?;
    session.fresh().await?;
    finish(session).await
}

pub(super) async fn refresh<M: MigratorTrait>(settings: &Settings) -> Outcome {
    confirm(settings, "This rolls back all migrations, deletes all rows, and applies the migrations again")?;
    let mut session = session::<M>(settings).await?;
    session.refresh().await?;
    finish(session).await
}

pub(super) async fn reset<M: MigratorTrait>(settings: &Settings) -> Outcome {
    confirm(settings, "This rolls back all migrations and deletes all rows")?;
    let mut session = session::<M>(settings).await?;
    session.reset().await?;
    finish(session).await
}

/// Takes the lock and opens the database.
pub(super) async fn session<M: MigratorTrait>(settings: &Settings) -> Result<Session<M>, CliError> {
    let mut target = Target::new(read::url(settings)?, "cargo migrate", settings.patience());
    target.schema.clone_from(&settings.database_schema);
    Ok(Session::open(target).await?.with_script(script::<M>()))
}

async fn finish<M: MigratorTrait>(session: Session<M>) -> Outcome {
    session.close().await?;
    Ok(true)
}

/// Finds the rest of a migration that was cut off on MariaDB.
fn script<M: MigratorTrait>() -> Script {
    Arc::new(|name, direction| {
        let name = name.to_owned();
        Box::pin(async move {
            let recorded = match direction {
                Direction::Up => {
                    let ups = recorder::ups::<M>(DbBackend::MySql).await?;
                    ups.into_iter().find(|up| up.name == name)
                }
                Direction::Down => Some(recorder::down::<M>(DbBackend::MySql, &name).await?),
            };
            match recorded {
                Some(recorded) if recorded.reads.is_empty() => Ok(recorded.statements),
                Some(_) => {
                    Err(DbErr::Custom(format!("{name} depends on rows, so the rest of it is not known")))
                }
                None => Err(DbErr::Custom(format!("there is no migration {name}"))),
            }
        })
    })
}

/// Warns of irregular migrations of a database.
fn warn(history: &History) {
    for warning in history.warnings() {
        log::warn!("warning: {warning}");
    }
    for entry in history.entries.iter().filter(|entry| entry.state == MigrationState::Edited) {
        log::warn!("warning: {} was edited after it had been applied here", entry.name);
    }
}

async fn losses_of_up<M: MigratorTrait>(
    backend: DbBackend,
    history: &History,
    until: &Until,
) -> Result<Vec<Finding>, CliError> {
    let state = |name: &str| history.entries.iter().find(|entry| entry.name == name).map(|entry| entry.state);
    let (pending, applied): (Vec<_>, Vec<_>) = recorder::ups::<M>(backend)
        .await?
        .into_iter()
        .partition(|up| state(&up.name) == Some(MigrationState::Pending));
    let many = match until {
        Until::End => pending.len(),
        Until::Steps(steps) => usize::try_from(*steps).unwrap_or(usize::MAX).min(pending.len()),
        // The run itself reports a name that is not pending.
        Until::Migration(name) => {
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
