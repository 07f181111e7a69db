//! The verbs that change a database, each under the migration lock.

use std::sync::Arc;

use sea_orm_migration::{MigratorTrait, sea_orm::DbBackend};

use super::{
    CliError, Outcome, Settings,
    args::{Down, Exclude, Up},
    guard::confirm,
    read,
};
use crate::{
    run::{self, Session, Step, Target, Until},
    tooling::{
        compare::Project,
        guard::{Guard, Risk},
        history::{History, MigrationState},
    },
};

/// Question before a run that loses data.
const LOSES: &str = "This loses data";

/// The end of a run of `up`.
pub(super) fn until(num: Option<u32>, to: Option<&str>) -> Until {
    match (num, to) {
        (Some(steps), _) => Until::Steps(steps),
        (None, None | Some("head")) => Until::End,
        (None, Some(name)) => Until::Migration(name.to_owned()),
    }
}

/// What `up` asks, or says when it cannot.
pub(super) fn losses(risks: &[Risk]) -> String {
    format!("{LOSES}:\n{}", list(risks))
}

pub(super) async fn up<M: MigratorTrait + 'static>(settings: &Settings, up: &Up) -> Outcome {
    let until = until(up.num, up.to.as_deref());
    warn(&read::history_of::<M>(settings).await?);
    let is_accepted = settings.yes || up.allow_destructive;
    let up = async |session: &mut Session<M>| session.up(until.clone()).await;
    guarded(settings, is_accepted, LOSES, up).await
}

pub(super) async fn down<M: MigratorTrait + 'static>(settings: &Settings, down: &Down) -> Outcome {
    let until = match down.to.as_deref() {
        None => Until::Steps(down.num),
        Some("base") => Until::End,
        Some(name) => Until::Migration(name.to_owned()),
    };
    let loss = "This rolls migrations back, with the tables and columns that they added";
    let down = async |session: &mut Session<M>| session.down(until.clone()).await;
    guarded(settings, settings.yes, loss, down).await
}

/// Runs under a guard that refuses losses. Each refused run is followed by the question for its losses, without the lock,
/// and by another run, which may lose those and no others.
async fn guarded<M: MigratorTrait + 'static>(
    settings: &Settings,
    is_accepted: bool,
    loss: &str,
    run: impl AsyncFn(&mut Session<M>) -> Result<Vec<Step>, run::Error>,
) -> Outcome {
    let guard = Arc::new(Guard::<M>::default());
    loop {
        let mut session = session::<M>(settings).await?;
        if !is_accepted {
            session = session.with_consent(guard.clone());
        }
        let ran = run(&mut session).await;
        match finish(session, ran).await {
            Err(CliError::Run(run::Error::NoConsent)) => {
                confirm(settings, &format!("{loss}:\n{}", list(&guard.found())))?;
                guard.accept();
            }
            ran => return ran.map(|_| true),
        }
    }
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

fn list(risks: &[Risk]) -> String {
    risks.iter().map(|risk| format!("  {risk}")).collect::<Vec<_>>().join("\n")
}
