//! Finds what locks, rewrites or loses data in the SQL of migrations, and says what is safer.
//!
//! PostgreSQL is read by `squawk`, the other two, and losses everywhere, by rules of our own. What is done to a
//! table that the same migration creates is safe.

use std::fmt;

use sea_orm_migration::sea_orm::DbBackend;
use serde::Serialize;

use super::{record::Recorded, snapshot::Snapshot};

mod column;
mod postgres;
mod rebuild;
mod rules;
mod scan;

pub use postgres::LEFT_OUT;
pub use rules::{Level, RULES, Rule};

/// A statement that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The migration's name.
    pub migration: String,
    /// The database on which it does: `sqlite`, `postgres` or `mariadb`; none, if it is about the migration itself.
    pub database: Option<&'static str>,
    /// The rule's name, the same on all databases, and `squawk`'s own where it has one.
    pub rule: String,
    /// How grave it is.
    pub level: Level,
    /// The statement, shortened to a line.
    pub statement: String,
    /// What it does.
    pub why: String,
    /// What is safer.
    pub instead: String,
    /// The reason that the migration gives for it, if it does.
    pub allowed: Option<String>,
}

impl Finding {
    /// Whether it stands in the way of a release: it is no mere note, and nobody gave a reason for it.
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

/// What every migration's `up` breaks, oldest first. Takes the recordings of all databases at once, since a rule that a
/// migration allows itself may be broken on one of them only.
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

/// What loses data when `migrations`, in that order, are run on `backend` after the `ups` of `before`.
#[must_use]
pub fn destructive(backend: DbBackend, before: &[Recorded], migrations: &[Recorded]) -> Vec<Finding> {
    let mut schema = Snapshot::default();
    for statement in before.iter().flat_map(|migration| &migration.statements) {
        schema.apply(backend, &statement.sql);
    }
    let found = migrations.iter().flat_map(|migration| {
        scan::migration(backend, migration, &mut schema).into_findings(backend, migration)
    });
    found.filter(|finding| finding.level == Level::Loss).collect()
}

/// What a migration breaks, statement by statement.
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
    rule: String,
    level: Level,
    statement: String,
    why: String,
    instead: String,
}

impl Found {
    fn into_findings(mut self, backend: DbBackend, migration: &Recorded) -> Vec<Finding> {
        self.broken.sort_by(|one, other| (one.at, &one.rule).cmp(&(other.at, &other.rule)));
        let finding = |broken: Broken| Finding {
            allowed: reason(migration, &broken.rule),
            migration: migration.name.clone(),
            database: Some(name(backend)),
            rule: broken.rule,
            level: broken.level,
            statement: broken.statement,
            why: broken.why,
            instead: broken.instead,
        };
        self.broken.into_iter().map(finding).collect()
    }
}

fn name(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::MySql => "mariadb",
        DbBackend::Sqlite => "sqlite",
        _ => "postgres",
    }
}

/// The reason for which a migration breaks a rule; without one it has no right to.
fn reason(migration: &Recorded, rule: &str) -> Option<String> {
    let allowed = migration.allowed.iter().filter_map(|allowed| allowed.split_once(':'));
    allowed
        .map(|(name, reason)| (name.trim(), reason.trim()))
        .find(|(name, reason)| *name == rule && !reason.is_empty())
        .map(|(_, reason)| reason.to_owned())
}

/// Rules that a migration allows itself to break, and does not break, or gives no reason for.
fn unused(recordings: &[(DbBackend, Vec<Recorded>)], findings: &[Finding]) -> Vec<Finding> {
    let mut unused: Vec<Finding> = Vec::new();
    for migration in recordings.iter().flat_map(|(_, migrations)| migrations) {
        for allowed in &migration.allowed {
            let used = findings.iter().any(|finding| {
                finding.migration == migration.name
                    && finding.allowed.is_some()
                    && allowed.split(':').next().is_some_and(|rule| rule.trim() == finding.rule)
            });
            let known = |other: &Finding| other.migration == migration.name && other.statement == *allowed;
            if !used && !unused.iter().any(known) {
                let rule = rules::UNUSED;
                unused.push(Finding {
                    migration: migration.name.clone(),
                    database: None,
                    rule: rule.name.to_owned(),
                    level: rule.level,
                    statement: allowed.clone(),
                    why: rule.why.to_owned(),
                    instead: rule.instead.to_owned(),
                    allowed: None,
                });
            }
        }
    }
    unused
}
