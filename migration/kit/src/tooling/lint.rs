//! Finds statements of migrations that lock, rewrite or lose data, and shows a safer way.
//!
//! PostgreSQL is read by `squawk`, MariaDB and SQLite by rules of our own, and so are losses everywhere. Changes of a
//! table that the same migration creates are safe.

use std::fmt;

use sea_orm_migration::sea_orm::DbBackend;
use serde::Serialize;
use sqlparser::ast::ObjectName;

use crate::{
    Exception, Rule,
    run::recorder::Recorded,
    snapshot::{Snapshot, fold::last},
};

mod column;
mod page;
mod postgres;
mod rebuild;
mod rules;
mod scan;
#[cfg(test)]
mod trial;

pub use self::{
    page::{Claim, EXAMPLE_SCHEMA, Effect, Example, Explained, Level, Listed, Page},
    rules::page,
};

/// A statement that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The migration's name.
    pub migration: String,
    /// The database on which it does: `sqlite`, `postgres` or `mariadb`; none, if it is about the migration itself.
    pub database: Option<&'static str>,
    /// The rule.
    pub rule: Rule,
    /// How grave it is.
    pub level: Level,
    /// The statement, shortened to a line.
    pub statement: String,
    /// The effect.
    pub why: &'static str,
    /// The safer way.
    pub instead: &'static str,
    /// The reason that the migration declares for it.
    pub allowed: Option<String>,
}

impl Finding {
    /// Whether it fails the command: it is more than a note, and no reason is declared.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.level != Level::Note && self.allowed.is_none()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.migration)?;
        if let Some(database) = self.database {
            write!(f, " on {database}")?;
        }
        write!(f, ": {}: {}", self.rule, self.why)?;
        if !self.instead.is_empty() {
            write!(f, "; instead: {}", self.instead)?;
        }
        if !self.statement.is_empty() {
            write!(f, " [{}]", self.statement)?;
        }
        if let Some(reason) = &self.allowed {
            write!(f, " (allowed: {reason})")?;
        }
        Ok(())
    }
}

/// The findings in every migration's `up`, oldest first. Takes the recordings of all databases at once, since an exception
/// may be needed on one of them only.
#[must_use]
pub fn run(recordings: &[(DbBackend, Vec<Recorded>)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (backend, migrations) in recordings {
        let mut schema = Snapshot::default();
        for migration in migrations {
            let mut found = scan::migration(*backend, migration, &mut schema);
            if *backend == DbBackend::Postgres {
                postgres::add(migration, &mut found);
            }
            findings.extend(found.into_findings(*backend, migration));
        }
    }
    findings.extend(unused(recordings, &findings));
    let names: Vec<&str> =
        recordings.iter().flat_map(|(_, migrations)| migrations).map(|migration| &*migration.name).collect();
    findings.sort_by_key(|finding| names.iter().position(|name| *name == finding.migration));
    findings
}

/// The losses of data if `migrations`, in that order, run on `backend` after the `ups` of `before`.
#[must_use]
pub fn destructive(backend: DbBackend, before: &[Recorded], migrations: &[Recorded]) -> Vec<Finding> {
    let mut schema = Snapshot::default();
    for statement in before.iter().flat_map(|migration| &migration.statements) {
        schema.apply(backend, &statement.sql);
    }
    losses(backend, schema, migrations)
}

/// The losses of data if `migrations`, in that order, run on a database of this schema.
#[must_use]
pub fn losses(backend: DbBackend, mut schema: Snapshot, migrations: &[Recorded]) -> Vec<Finding> {
    let found = migrations.iter().flat_map(|migration| {
        scan::migration(backend, migration, &mut schema).into_findings(backend, migration)
    });
    found.filter(|finding| finding.level == Level::Loss).collect()
}

/// The findings in a migration, statement by statement.
#[derive(Debug, Default)]
struct Found {
    broken: Vec<Broken>,
    /// The statements that our own rules have read to the end.
    read: Vec<usize>,
}

#[derive(Debug)]
struct Broken {
    /// Which of the migration's statements it is.
    at: usize,
    rule: Rule,
    effect: &'static Effect,
    statement: String,
}

impl Found {
    fn into_findings(mut self, backend: DbBackend, migration: &Recorded) -> Vec<Finding> {
        self.broken.sort_by(|one, other| (one.at, one.rule.as_str()).cmp(&(other.at, other.rule.as_str())));
        let finding = |broken: Broken| Finding {
            allowed: reason(migration, broken.rule),
            migration: migration.name.clone(),
            database: Some(name(backend)),
            rule: broken.rule,
            level: broken.effect.level,
            statement: broken.statement,
            why: broken.effect.why,
            instead: broken.effect.instead,
        };
        self.broken.into_iter().map(finding).collect()
    }
}

/// The name of a table, as a [`Snapshot`] has it.
fn key(_: DbBackend, name: &ObjectName) -> String {
    last(name)
}

fn name(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::MySql => "mariadb",
        DbBackend::Sqlite => "sqlite",
        _ => "postgres",
    }
}

/// The declared reason for breaking a rule. An empty one does not count.
fn reason(migration: &Recorded, rule: Rule) -> Option<String> {
    let exceptions = &migration.exceptions;
    let own =
        exceptions.iter().find(|exception| exception.rule == rule && !exception.reason.trim().is_empty());
    own.map(|exception| exception.reason.to_owned())
}

/// Exceptions that a migration does not need, or that lack a reason.
fn unused(recordings: &[(DbBackend, Vec<Recorded>)], findings: &[Finding]) -> Vec<Finding> {
    let mut unused: Vec<Finding> = Vec::new();
    for migration in recordings.iter().flat_map(|(_, migrations)| migrations) {
        let used = |rule: Rule| {
            let mut own = findings.iter().filter(|finding| finding.migration == migration.name);
            own.any(|finding| finding.allowed.is_some() && finding.rule == rule)
        };
        for exception in migration.exceptions.iter().filter(|exception| !used(exception.rule)) {
            let finding = unneeded(&migration.name, exception);
            if !unused.contains(&finding) {
                unused.push(finding);
            }
        }
    }
    unused
}

fn unneeded(migration: &str, exception: &Exception) -> Finding {
    let Effect { level, why, instead, .. } = rules::page(Rule::UnusedAllow).effects[0];
    Finding {
        migration: migration.to_owned(),
        database: None,
        rule: Rule::UnusedAllow,
        level,
        statement: exception.to_string(),
        why,
        instead,
        allowed: None,
    }
}
