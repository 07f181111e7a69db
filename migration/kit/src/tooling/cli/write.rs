//! The verbs that change a database, each under the migration lock.

use sea_orm_migration::{MigratorTrait, sea_orm::DbBackend};

use super::{
    CliError, Outcome, Settings,
    args::{Down, Up},
    guard::confirm,
    read,
};
use crate::{
    run::{Session, Target, Until, recorder},
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
    let ran = session.up(until).await;
    finish(session, ran).await?;
    Ok(true)
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
    let ran = session.down(until).await;
    finish(session, ran).await?;
    Ok(true)
}

pub(super) async fn fresh<M: MigratorTrait>(settings: &Settings) -> Outcome {
    confirm(settings, "This drops every table of the database, including those of other programs")?;
    let mut session = session::<M>(settings).await?;
    let ran = session.fresh().await;
    finish(session, ran).await?;
    Ok(true)
}

pub(super) async fn refresh<M: MigratorTrait>(settings: &Settings) -> Outcome {
    confirm(settings, "This rolls back all migrations, deletes all rows, and applies the migrations again")?;
    let mut session = session::<M>(settings).await?;
    let ran = session.refresh().await;
    finish(session, ran).await?;
    Ok(true)
}

pub(super) async fn reset<M: MigratorTrait>(settings: &Settings) -> Outcome {
    confirm(settings, "This rolls back all migrations and deletes all rows")?;
    let mut session = session::<M>(settings).await?;
    let ran = session.reset().await;
    finish(session, ran).await?;
    Ok(true)
}

/// Takes the lock and opens the database.
pub(super) async fn session<M: MigratorTrait>(settings: &Settings) -> Result<Session<M>, CliError> {
    let mut target = Target::new(read::url(settings)?, "cargo migrate", settings.patience());
    target.schema.clone_from(&settings.database_schema);
    target.table_lock_timeout = settings.table_lock_timeout();
    Ok(Session::open(target).await?)
}

/// Closes the session, also after a failure: in a cluster, others would wait for the end of its lease.
pub(super) async fn finish<M: MigratorTrait, T, E>(
    session: Session<M>,
    ran: Result<T, E>,
) -> Result<T, CliError>
where
    CliError: From<E>,
{
    let closed = session.close().await;
    let ran = ran?;
    closed?;
    Ok(ran)
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
