//! Verbs that only read a database: they create nothing, and need only the right to read.

use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{ConnectOptions, DatabaseConnection, DbBackend, DbErr},
};

use super::{
    CliError, Outcome, Settings,
    args::{Print, Show},
    backend, print, print_json, unknown,
};
use crate::tooling::{
    history::{self, History},
    shadow,
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

pub(super) async fn connect(settings: &Settings) -> Result<DatabaseConnection, CliError> {
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
