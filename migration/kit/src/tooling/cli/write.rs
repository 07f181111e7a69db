//! The verbs that change a database, each under the migration lock.

use sea_orm_migration::{MigratorTrait, sea_orm::DbBackend};

use super::{
    CliError, Outcome, Settings,
    args::{Down, Exclude, Up},
    guard::confirm,
    read,
};
use crate::{
    run::{Session, Target, Until, recorder},
    tooling::{
        compare::Project,
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

pub(super) async fn fresh<M: MigratorTrait>(
    project: &Project<M>,
    settings: &Settings,
    asked: &Exclude,
) -> Outcome {
    let place = match read::backend(settings)? {
        DbBackend::Postgres => "the schema of the connection and of the schemas that migrations create",
        _ => "the database",
    };
    let kept = kept(project, asked);
    let but = but(&kept);
    confirm(
        settings,
        &format!(
            "This drops all tables, views, types and functions of {place}{but}, also those of other programs"
        ),
    )?;
    let mut session = session::<M>(settings).await?.with_excluded(kept);
    let ran = session.fresh().await;
    finish(session, ran).await?;
    Ok(true)
}

pub(super) async fn refresh<M: MigratorTrait>(
    project: &Project<M>,
    settings: &Settings,
    asked: &Exclude,
) -> Outcome {
    let kept = kept(project, asked);
    confirm(settings, &format!("{}, and applies the migrations again", rolled_back(&kept)))?;
    let mut session = session::<M>(settings).await?.with_excluded(kept);
    let ran = session.refresh().await;
    finish(session, ran).await?;
    Ok(true)
}

pub(super) async fn reset<M: MigratorTrait>(
    project: &Project<M>,
    settings: &Settings,
    asked: &Exclude,
) -> Outcome {
    let kept = kept(project, asked);
    confirm(settings, &rolled_back(&kept))?;
    let mut session = session::<M>(settings).await?.with_excluded(kept);
    let ran = session.reset().await;
    finish(session, ran).await?;
    Ok(true)
}

fn rolled_back(kept: &[String]) -> String {
    format!(
        "This rolls back all migrations, deletes the rows of their tables, and drops the views, types and functions that are \
         left{}, also those of other programs",
        but(kept)
    )
}

/// The names that are excluded here and in the project.
fn kept<M>(project: &Project<M>, asked: &Exclude) -> Vec<String> {
    asked.exclude.iter().cloned().chain(project.ignored_tables.iter().map(|&name| name.to_owned())).collect()
}

fn but(kept: &[String]) -> String {
    if kept.is_empty() { String::new() } else { format!(" except {}", kept.join(", ")) }
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
