//! Verbs that only read a database: they create nothing, and need only the right to read.

use std::fmt;

use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{ConnectOptions, DatabaseConnection, DbBackend, DbErr},
};
use serde::Serialize;

use super::{
    CliError, Outcome, Settings,
    args::{Print, Show},
    backend, print, print_json, unknown,
};
use crate::{
    Compatibility,
    run::{Direction, Stopped, recorder},
    tooling::{
        history::{self, History, MigrationState},
        lint, script, shadow,
    },
};

pub(super) async fn status<M: MigratorTrait>(settings: &Settings, how: &Print) -> Outcome {
    let history = history_of::<M>(settings).await?;
    if how.json {
        print_json(&history)?;
    } else {
        print(&history)?;
    }
    Ok(history.is_regular())
}

pub(super) async fn history<M: MigratorTrait>(settings: &Settings, how: &Print) -> Outcome {
    let history = history_of::<M>(settings).await?;
    match (how.json, settings.verbose) {
        (true, _) => print_json(&history)?,
        (false, true) => print(format_args!("{history:#}"))?,
        (false, false) => print(&history)?,
    }
    Ok(true)
}

pub(super) async fn current<M: MigratorTrait>(settings: &Settings, how: &Print) -> Outcome {
    let history = history_of::<M>(settings).await?;
    let current = history.current();
    if how.json {
        print_json(&current)?;
        return Ok(true);
    }
    for entry in &current {
        if settings.verbose {
            print(format_args!("{entry:#}"))?;
        } else {
            print(format_args!("{entry}\n"))?;
        }
    }
    if current.is_empty() {
        print("no migration is applied\n")?;
    }
    Ok(true)
}

pub(super) async fn show<M: MigratorTrait>(settings: &Settings, show: &Show) -> Outcome {
    // Without any database, the SQL of PostgreSQL is shown.
    let backend = backend::of(settings, show.backend).unwrap_or(DbBackend::Postgres);
    let shown = history::show::<M>(backend, &show.name).await?;
    let doubt = shown.unknown.iter().chain(&shown.unknown_down).next();
    unknown::warn(&doubt.map(|reason| (shown.name.clone(), reason.clone())).into_iter().collect());
    if show.print.json {
        print_json(&shown)?;
    } else {
        print(&shown)?;
    }
    Ok(true)
}

pub(super) fn heads<M: MigratorTrait>(how: &Print) -> Outcome {
    let heads = history::heads::<M>();
    if how.json {
        print_json(&heads)?;
    } else {
        heads.iter().try_for_each(|head| print(format_args!("{head}\n")))?;
    }
    Ok(true)
}

/// A pending migration.
#[derive(Serialize)]
struct Planned {
    name: String,
    sql: Vec<String>,
    /// Queries on rows, on whose results it may depend.
    reads: Vec<String>,
    /// The statements that lose data.
    losses: Vec<String>,
    /// How far it ran, if it stopped half way: then the SQL is the rest.
    stopped: Option<Stopped>,
    /// Why the SQL is not all that it does, if it may do more.
    unknown: Option<String>,
    /// Whether programs that do not know it go on after it.
    compatibility: Compatibility,
}

pub(super) async fn plan<M: MigratorTrait>(settings: &Settings, how: &Print) -> Outcome {
    let history = history_of::<M>(settings).await?;
    let planned = planned::<M>(backend(settings)?, &history).await;
    let doubts = planned.iter().filter_map(|each| Some((each.name.clone(), each.unknown.clone()?)));
    unknown::warn(&doubts.collect());
    let half_down = history.stopped().filter(|(_, stopped)| stopped.direction == Direction::Down);
    if let Some((name, stopped)) = half_down {
        log::warn!("warning: {name} ({}) {stopped}, before any `up`", stopped.direction);
    }
    let is_possible = half_down.is_none();
    if how.json {
        print_json(&planned)?;
        return Ok(is_possible);
    }
    if planned.is_empty() {
        print("no migration is pending\n")?;
    }
    planned.iter().try_for_each(print)?;
    for name in &history.out_of_order {
        log::warn!("warning: {name} is pending, and older than an applied migration");
    }
    Ok(is_possible)
}

async fn planned<M: MigratorTrait>(backend: DbBackend, history: &History) -> Vec<Planned> {
    let is_pending = |name: &str| {
        history.entries.iter().any(|entry| entry.name == name && entry.state == MigrationState::Pending)
    };
    let (pending, applied): (Vec<_>, Vec<_>) =
        recorder::ups::<M>(backend).await.into_iter().partition(|up| is_pending(&up.name));
    let losses = lint::destructive(backend, &applied, &pending);
    let lost = |name: &str| {
        let losses = losses.iter().filter(|loss| loss.migration == name);
        losses.map(|loss| loss.statement.clone()).collect()
    };
    let planned = pending.into_iter().map(|up| {
        let stopped =
            history.stopped().filter(|(name, _)| *name == up.name).map(|(_, stopped)| stopped.clone());
        let unknown = up.doubt();
        let statements = match &stopped {
            Some(stopped) => stopped.rest(up.statements),
            None => up.statements,
        };
        Planned {
            sql: script::printed(&statements),
            reads: script::printed(&up.reads),
            losses: lost(&up.name),
            unknown,
            compatibility: up.compatibility,
            name: up.name,
            stopped,
        }
    });
    let mut planned: Vec<Planned> = planned.collect();
    // A run continues it before it runs others.
    planned.sort_by_key(|each| each.stopped.is_none());
    planned
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stopped {
            Some(stopped) => writeln!(f, "-- {}: {stopped}", self.name)?,
            None => writeln!(f, "-- {}", self.name)?,
        }
        writeln!(f, "-- {}", self.compatibility)?;
        if let Some(reason) = &self.unknown {
            writeln!(f, "-- may do more than this: {reason}")?;
        }
        for loss in &self.losses {
            writeln!(f, "-- loses data: {loss}")?;
        }
        self.sql.iter().try_for_each(|sql| writeln!(f, "{};", sql.trim().trim_end_matches(';')))?;
        writeln!(f)
    }
}

/// The history of the database. A missing file of SQLite counts as a database without migrations.
pub(super) async fn history_of<M: MigratorTrait>(settings: &Settings) -> Result<History, CliError> {
    let db = connect(settings).await?;
    let history = history::read::<M>(&db).await?;
    db.close().await?;
    Ok(history)
}

pub(super) fn backend(settings: &Settings) -> Result<DbBackend, CliError> {
    url(settings)?;
    backend::of(settings, None)
}

pub(super) fn url(settings: &Settings) -> Result<&str, CliError> {
    let url = settings.database_url.as_deref().unwrap_or_default();
    if url.is_empty() {
        return Err(CliError::Settings("DATABASE_URL is not set: set it, or give -u URL".to_owned()));
    }
    backend::named("DATABASE_URL", url)?;
    Ok(url)
}

async fn connect(settings: &Settings) -> Result<DatabaseConnection, CliError> {
    let url = url(settings)?;
    let mut options = ConnectOptions::new(if is_missing_file(url) { shadow::MEMORY } else { url });
    if let Some(schema) = &settings.database_schema {
        options.set_schema_search_path(schema);
    }
    Ok(shadow::connect(options).await?)
}

fn is_missing_file(url: &str) -> bool {
    let path = url.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path));
    path.and_then(|path| path.split('?').next())
        .is_some_and(|path| path != ":memory:" && !std::path::Path::new(path).exists())
}

/// The history, if a database answers at once.
pub(super) async fn quickly<M: MigratorTrait>(settings: &Settings) -> Option<Result<History, DbErr>> {
    let patience = std::time::Duration::from_secs(5);
    let db = tokio::time::timeout(patience, connect(settings)).await.ok()?.ok()?;
    Some(history::read::<M>(&db).await)
}
