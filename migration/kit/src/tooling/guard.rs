//! Guard against losses: finds what a run would lose on the database as it is, not as its migrations say it should be.

use std::{
    collections::BTreeSet,
    fmt,
    marker::PhantomData,
    sync::{Mutex, MutexGuard, PoisonError},
};

use sea_orm_migration::{
    MigratorTrait, SchemaManager,
    async_trait::async_trait,
    sea_orm::{DbBackend, DbErr},
};

use super::{lint, live};
use crate::{
    run::{
        Consent, Direction, Proposal,
        recorder::{self, Recorded},
    },
    snapshot::fold::{in_a_line, parse},
};

/// A step that loses data, or may lose some.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Risk {
    /// Name of the migration.
    pub migration: String,
    /// The statement that loses data, or why it is not known whether there is one.
    pub reason: String,
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.migration, self.reason)
    }
}

/// Consents to runs of `M` whose risks are accepted.
#[derive(Debug)]
pub struct Guard<M> {
    state: Mutex<State>,
    migrator: PhantomData<fn() -> M>,
}

#[derive(Debug, Default)]
struct State {
    accepted: BTreeSet<Risk>,
    found: Vec<Risk>,
}

/// A guard that accepts no risk yet.
impl<M> Default for Guard<M> {
    fn default() -> Self {
        Self { state: Mutex::default(), migrator: PhantomData }
    }
}

impl<M: MigratorTrait> Guard<M> {
    /// The risks for which the last run was refused.
    #[must_use]
    pub fn found(&self) -> Vec<Risk> {
        self.state().found.clone()
    }

    /// Accepts the risks that were [found](Self::found), and no others.
    pub fn accept(&self) {
        let mut state = self.state();
        let found = std::mem::take(&mut state.found);
        state.accepted.extend(found);
    }

    /// The risks of a run, in its order.
    ///
    /// # Errors
    /// [`DbErr`] of the database.
    pub async fn risks(&self, proposal: &Proposal, manager: &SchemaManager<'_>) -> Result<Vec<Risk>, DbErr> {
        let mut risks: Vec<Risk> = proposal.steps.iter().filter_map(rolled_back).collect();
        let names: Vec<String> = proposal.steps.iter().filter_map(applied).collect();
        if names.is_empty() {
            return Ok(risks);
        }
        let (backend, live) = (manager.get_database_backend(), live::schema(manager).await?);
        let ups = recorder::ups_on::<M>(backend, live.clone(), &names).await;
        for loss in lint::losses(backend, live.clone(), &ups) {
            risks.push(Risk { migration: loss.migration, reason: loss.statement });
        }
        risks.extend(ups.iter().flat_map(|up| unread(backend, up)));
        let doubts = recorder::doubts(&ups);
        let records = M::migration_table_name().to_string();
        if !doubts.is_empty() && live::has_rows(manager, &live, &records).await? {
            risks.extend(doubts.into_iter().map(|(migration, reason)| Risk {
                migration,
                reason: format!("its SQL is unknown and may lose data: {reason}"),
            }));
        }
        risks.sort_by_key(|risk| proposal.steps.iter().position(|(name, _)| *name == risk.migration));
        Ok(risks)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<M: MigratorTrait> Consent for Guard<M> {
    async fn is_given(&self, proposal: &Proposal, manager: &SchemaManager<'_>) -> Result<bool, DbErr> {
        let mut risks = self.risks(proposal, manager).await?;
        let mut state = self.state();
        risks.retain(|risk| !state.accepted.contains(risk));
        state.found = risks;
        Ok(state.found.is_empty())
    }
}

fn rolled_back((name, direction): &(String, Direction)) -> Option<Risk> {
    match direction {
        Direction::Up => None,
        Direction::Down => Some(Risk { migration: name.clone(), reason: "rolled back".to_owned() }),
    }
}

fn applied((name, direction): &(String, Direction)) -> Option<String> {
    match direction {
        Direction::Up => Some(name.clone()),
        Direction::Down => None,
    }
}

fn unread(backend: DbBackend, up: &Recorded) -> impl Iterator<Item = Risk> {
    let statements = up.statements.iter().filter(move |statement| may_drop(backend, &statement.sql));
    statements.map(|statement| Risk {
        migration: up.name.clone(),
        reason: format!("this may lose data: {}", in_a_line(&statement.sql)),
    })
}

/// Whether a statement that the rules of the linter do not cover may drop rows.
fn may_drop(backend: DbBackend, sql: &str) -> bool {
    let words: Vec<String> = sql
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_uppercase)
        .collect();
    let has = |these: &[&str]| words.iter().any(|word| these.contains(&word.as_str()));
    let starts = |verb: &str| words.first().is_some_and(|word| word == verb);
    // Columns of the type go with it.
    if starts("DROP") && has(&["TYPE", "DOMAIN", "EXTENSION"]) && has(&["CASCADE"]) {
        return true;
    }
    // The body of a function or trigger does not run now.
    !starts("CREATE") && has(&["DROP", "DELETE", "TRUNCATE"]) && parse(backend, sql).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_that_cannot_be_read_may_drop_rows() {
        let cases = [
            ("DO $$ BEGIN DROP TABLE shelves; END $$", true),
            ("DROP TYPE mood CASCADE", true),
            ("DROP TYPE mood", false),
            ("DROP TABLE shelves", false),
            (
                "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN DELETE FROM shelves; END $$ LANGUAGE plpgsql",
                false,
            ),
            ("VACUUM (ANALYZE) shelves WITH GREAT CARE", false),
        ];
        for (sql, expected) in cases {
            assert_eq!(may_drop(DbBackend::Postgres, sql), expected, "{sql}");
        }
    }
}
