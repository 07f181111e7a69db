//! Pages: the explanation of a rule, with examples that tests run through the linter and on the databases.

use std::fmt;

use sea_orm_migration::sea_orm::{
    DatabaseBackend::{MySql, Postgres, Sqlite},
    DbBackend,
};
use serde::Serialize;

use super::{
    name, rules,
    scan::{Part, Scan},
};
use crate::Rule;

pub(super) const ALL: &[DbBackend] = &[Sqlite, Postgres, MySql];
pub(super) const SERVERS: &[DbBackend] = &[Postgres, MySql];
pub(super) const SQLITE: &[DbBackend] = &[Sqlite];
pub(super) const POSTGRES: &[DbBackend] = &[Postgres];
pub(super) const MARIADB: &[DbBackend] = &[MySql];
pub(super) const NOT_MARIADB: &[DbBackend] = &[Sqlite, Postgres];
#[cfg(test)]
pub(super) const NOT_POSTGRES: &[DbBackend] = &[Sqlite, MySql];

/// The tables on which the examples of pages run.
pub const EXAMPLE_SCHEMA: &[&str] = &[
    "CREATE TABLE shelves (id bigint NOT NULL PRIMARY KEY, label varchar(20), size bigint, kind text)",
    "CREATE TABLE parcels (id bigint NOT NULL PRIMARY KEY, code varchar(40) NOT NULL DEFAULT 'none', \
     weight bigint, shelf_id bigint, CONSTRAINT fk_parcels_shelf FOREIGN KEY (shelf_id) REFERENCES shelves (id))",
    "CREATE INDEX idx_parcels_shelf ON parcels (shelf_id)",
    "CREATE VIEW large_shelves AS SELECT id FROM shelves WHERE size > 100",
];

/// How grave it is to break a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Good to know.
    Note,
    /// It locks, rewrites, fails, or breaks the version that still runs.
    Warning,
    /// It loses data.
    Loss,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Loss => "loss",
        })
    }
}

/// The explanation of a rule.
#[derive(Debug)]
pub struct Page {
    /// The effects of breaking it, one for each database.
    pub effects: &'static [Effect],
    /// What goes wrong, and when.
    pub details: &'static str,
    /// Statements that break it.
    pub breaks: &'static [Example],
    /// The safer way: statements that do not break it.
    pub keeps: &'static [Example],
    pub(super) finder: Finder,
}

/// The effect of breaking a rule on some databases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The databases on which this is the effect.
    pub on: &'static [DbBackend],
    /// Severity.
    pub level: Level,
    /// The effect.
    pub why: &'static str,
    /// The safer way.
    pub instead: &'static str,
}

/// Statements of one migration, after one that created [`EXAMPLE_SCHEMA`].
#[derive(Debug)]
pub struct Example {
    /// The databases that it concerns.
    pub on: &'static [DbBackend],
    /// The statements.
    pub sql: &'static [&'static str],
    /// The effect of the last statement on a database with rows.
    pub claim: Claim,
    /// Whether the migration runs outside a transaction.
    pub bare: bool,
}

/// The effect of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It succeeds.
    Runs,
    /// The database refuses it, with or without rows.
    Refused,
    /// It succeeds on empty tables, and fails with rows of some kind.
    FailsWithRows,
    /// The table is stored anew.
    Copies,
    /// Nobody may write to the table until it ends.
    BlocksWriters,
    /// Nobody may read or write the table until it ends.
    BlocksAll,
}

/// The part of the linter that finds a rule's statements.
#[derive(Debug)]
pub(super) enum Finder {
    /// A function of ours, on all databases of the rule.
    Ours(Find),
    /// `squawk` on PostgreSQL; a function of ours elsewhere.
    Both(Find),
    /// `squawk`, on PostgreSQL only.
    Squawk,
    /// The linter itself.
    Linter,
}

/// Whether a part of a migration breaks the rule.
pub(super) type Find = fn(&Scan<'_>, &Part<'_>) -> bool;

impl Page {
    /// The effect on a database.
    #[must_use]
    pub fn effect(&self, backend: DbBackend) -> Option<&'static Effect> {
        self.effects.iter().find(|effect| effect.on.contains(&backend))
    }

    /// The function of ours for a database.
    pub(super) fn find_on(&self, backend: DbBackend) -> Option<Find> {
        self.effect(backend)?;
        match self.finder {
            Finder::Ours(find) => Some(find),
            Finder::Both(find) => (backend != DbBackend::Postgres).then_some(find),
            Finder::Squawk | Finder::Linter => None,
        }
    }
}

/// A rule with its effects, for a list.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// The rule.
    pub rule: Rule,
    /// The statements that it finds.
    pub summary: &'static str,
    /// Its effects, one for each database.
    pub databases: Vec<On>,
}

/// The effect of a rule on one database.
#[derive(Debug, Serialize)]
pub struct On {
    /// `sqlite`, `postgres` or `mariadb`.
    pub database: &'static str,
    /// Severity.
    pub level: Level,
    /// The effect.
    pub why: &'static str,
    /// The safer way.
    pub instead: &'static str,
}

impl Listed {
    /// A rule as it is listed.
    #[must_use]
    pub fn of(rule: Rule) -> Self {
        let page = rules::page(rule);
        let on = |backend: &DbBackend| {
            let Effect { level, why, instead, .. } = *page.effect(*backend)?;
            Some(On { database: name(*backend), level, why, instead })
        };
        Self { rule, summary: rule.summary(), databases: ALL.iter().filter_map(on).collect() }
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let databases: Vec<&str> = self.databases.iter().map(|on| on.database).collect();
        write!(f, "{:<44}  {:<25}  {}", self.rule, databases.join(", "), self.summary)
    }
}

/// The page of a rule, as text.
#[derive(Debug)]
pub struct Explained(pub Rule);

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let page = rules::page(self.0);
        writeln!(f, "{}: {}\n", self.0, self.0.summary())?;
        for effect in page.effects {
            let Effect { level, why, instead, .. } = effect;
            writeln!(f, "{}: {level}: {why}\n  Instead: {instead}", names(effect.on))?;
        }
        writeln!(f, "\n{}", wrapped(page.details))?;
        writeln!(f, "\nFound:")?;
        page.breaks.iter().try_for_each(|example| write!(f, "{example}"))?;
        if !page.keeps.is_empty() {
            writeln!(f, "\nNot found:")?;
            page.keeps.iter().try_for_each(|example| write!(f, "{example}"))?;
        }
        match page.finder {
            Finder::Linter => Ok(()),
            Finder::Ours(_) | Finder::Both(_) | Finder::Squawk => writeln!(
                f,
                "\nIn a migration where it is right, state the reason:\n  \
                 lint_exceptions!(Migration, [(Rule::{:?}, \"reason\")]);",
                self.0
            ),
        }
    }
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bare = if self.bare { ", with use_transaction() Some(false)" } else { "" };
        writeln!(f, "  -- {}{bare}", names(self.on))?;
        self.sql.iter().try_for_each(|sql| writeln!(f, "  {sql};"))
    }
}

/// Longest line of a paragraph.
const WIDTH: usize = 100;

/// A paragraph in lines.
fn wrapped(text: &str) -> String {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split(' ') {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.join("\n")
}

fn names(backends: &[DbBackend]) -> String {
    backends.iter().map(|backend| name(*backend)).collect::<Vec<_>>().join(", ")
}

const fn effect(on: &'static [DbBackend], level: Level, why: &'static str, instead: &'static str) -> Effect {
    Effect { on, level, why, instead }
}

pub(super) const fn loss(on: &'static [DbBackend], why: &'static str, instead: &'static str) -> Effect {
    effect(on, Level::Loss, why, instead)
}

pub(super) const fn warning(on: &'static [DbBackend], why: &'static str, instead: &'static str) -> Effect {
    effect(on, Level::Warning, why, instead)
}

pub(super) const fn note(on: &'static [DbBackend], why: &'static str, instead: &'static str) -> Effect {
    effect(on, Level::Note, why, instead)
}

/// An example that succeeds.
pub(super) const fn on(on: &'static [DbBackend], sql: &'static [&'static str]) -> Example {
    Example { on, sql, claim: Claim::Runs, bare: false }
}

impl Example {
    pub(super) const fn claims(mut self, claim: Claim) -> Self {
        self.claim = claim;
        self
    }

    pub(super) const fn bare(mut self) -> Self {
        self.bare = true;
        self
    }
}
