//! Verbs that compare: entities with migrations, databases with migrations.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use sea_orm_migration::{MigratorTrait, sea_orm::DbBackend};
use serde::Serialize;

use super::{
    CliError, Outcome, Settings,
    args::{Autogenerate, ComparisonArgs, Drift, Generate, Verify},
    backend, print, print_json, read, unknown,
};
use crate::{
    run::names,
    tooling::{
        autogenerate, branches,
        compare::{CompareOptions, Comparison, Project, compare},
        drift, mention,
        merge::Unspecified,
        register, verify,
        write::Rename,
    },
};

pub(super) fn generate<M: MigratorTrait>(project: &Project<M>, asked: &Generate) -> Outcome {
    let source = register::empty(&asked.migration_name);
    register(&folder(project)?, &asked.migration_name, asked.local_time, &source)
}

pub(super) async fn autogenerate<M: MigratorTrait>(project: &Project<M>, asked: &Autogenerate) -> Outcome {
    let folder = folder(project)?;
    let comparison = compared(project, &asked.comparison, &asked.rename).await?;
    report_unread(&comparison);
    let backfills = asked.backfill.iter().cloned().collect();
    let source = autogenerate::draft(&comparison, &backfills, asked.allow_destructive, &folder)?;
    for rename in &comparison.renames {
        print(format_args!("{rename}\n"))?;
    }
    for change in &comparison.changes {
        print(format_args!("{change}\n"))?;
    }
    for mention in mention::find(project, &comparison).await {
        log::warn!("warning: {mention}: create it again in this migration");
    }
    report_branches(&folder, &comparison);
    register(&folder, &asked.name, false, &source)
}

/// The migration crate around the working folder.
fn folder<M: MigratorTrait>(project: &Project<M>) -> Result<PathBuf, CliError> {
    #[expect(clippy::disallowed_methods, reason = "cargo sets it when it runs a program")]
    let run_by_cargo = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let here = std::env::current_dir()?;
    Ok(register::find(Path::new(project.folder), run_by_cargo.as_deref(), &here, &names::of::<M>())?)
}

/// Warns of migrations of other branches that change the same tables.
fn report_branches(folder: &Path, comparison: &Comparison) {
    let changed = branches::changed_tables(comparison);
    for branches::Elsewhere { branch, name, tables } in branches::elsewhere(folder, &changed) {
        let tables = tables.join(" and ");
        log::warn!(
            "warning: {name} on the branch {branch}, which is not merged here, names {tables}, too: merge it first, or \
             see that both changes can be made in either order"
        );
    }
}

fn register(folder: &Path, name: &str, local: bool, source: &str) -> Outcome {
    let mut written = register::register(folder, name, local, source)?.to_vec();
    written.extend(branches::merge_by_lines(folder)?);
    let here = std::env::current_dir().unwrap_or_default();
    for file in written {
        print(format_args!("wrote {}\n", file.strip_prefix(&here).unwrap_or(&file).display()))?;
    }
    Ok(true)
}

pub(super) async fn drift<M: MigratorTrait>(
    project: &Project<M>,
    settings: &Settings,
    asked: &Drift,
) -> Outcome {
    let mut exclude = asked.exclude.clone();
    exclude.extend(project.ignored_tables.iter().map(|&pattern| pattern.to_owned()));
    let found = drift::find::<M>(read::url(settings)?, asked.shadow.as_deref(), &exclude).await?;
    if asked.print.json {
        print_json(&found)?;
    } else if found.is_empty() {
        print("the database matches its applied migrations\n")?;
    } else {
        print("The database differs from its applied migrations:\n")?;
        print(Lines(&found))?;
    }
    Ok(found.is_empty())
}

pub(super) async fn verify<M: MigratorTrait>(settings: &Settings, asked: &Verify) -> Outcome {
    /// The results on one database.
    #[derive(Serialize)]
    struct On {
        database: &'static str,
        migrations: Vec<verify::Verified>,
    }
    let own;
    let urls = if asked.on.is_empty() {
        own = [read::url(settings)?.to_owned()];
        &own[..]
    } else {
        &asked.on
    };
    let mut all = Vec::new();
    for url in urls {
        let database = match backend::named("--on", url)? {
            DbBackend::Sqlite => "sqlite",
            DbBackend::MySql => "mariadb",
            _ => "postgres",
        };
        let tried = verify::run::<M>(url).await;
        // Only the URL of the settings is hidden elsewhere, not those of `--on`.
        let migrations =
            tried.map_err(|error| CliError::Settings(error.to_string().replace(url, "the database")))?;
        all.push(On { database, migrations });
    }
    let is_good = all.iter().flat_map(|on| &on.migrations).all(verify::Verified::is_good);
    if asked.print.json {
        print_json(&all)?;
        return Ok(is_good);
    }
    for on in &all {
        print(format_args!("on {}:\n{}", on.database, Lines(&on.migrations)))?;
    }
    Ok(is_good)
}

pub(super) async fn compared<M: MigratorTrait>(
    project: &Project<M>,
    asked: &ComparisonArgs,
    renames: &[Rename],
) -> Result<Comparison, CliError> {
    let unspecified = if asked.strict { Unspecified::Drop } else { Unspecified::Keep };
    let options = CompareOptions { renames: renames.to_vec(), excluded: asked.exclude.clone(), unspecified };
    Ok(compare(project, &options).await?)
}

/// Warns of statements that the comparison leaves out.
pub(super) fn report_unread(comparison: &Comparison) {
    for statement in &comparison.unread {
        log::warn!("warning: not part of the comparison: {statement}");
    }
    unknown::warn(&comparison.unknown);
}

/// One item a line.
pub(super) struct Lines<'l, T>(pub(super) &'l [T]);

impl<T: fmt::Display> fmt::Display for Lines<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
