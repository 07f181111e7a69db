//! What is left of a migration that was cut off.

use log::info;
use sea_orm_migration::{MigratorTrait, sea_orm::Statement};

use super::{BACKEND, unfinished};
use crate::{
    dialect::modify,
    run::{
        Direction, Error,
        journal::{CutOff, Outcome, sql},
        script,
    },
};

/// The statements of a migration, and how far it ran.
pub(super) struct Rest {
    script: Vec<Statement>,
    done: usize,
    /// The process died, so that the next statement may have run.
    may_have_run: bool,
}

impl Rest {
    /// The rest of a migration that an earlier run left; none if it has to run as a whole.
    ///
    /// # Errors
    /// [`Error::Unfinished`] if the rest is not known.
    pub(super) async fn after_cut<M: MigratorTrait>(cut: CutOff) -> Result<Option<Self>, Error> {
        match known::<M>(&cut.name, cut.direction).await {
            Ok(script) if is_beginning(&cut.ran, &script) => {
                let (done, of) = (cut.ran.len(), script.len());
                info!("continuing {} ({}) after statement {done} of {of}", cut.name, cut.direction);
                Ok(Some(Self { script, done, may_have_run: cut.failed.is_none() }))
            }
            // The attempt shows whether its first statement has run.
            Err(_) if cut.ran.is_empty() => Ok(None),
            Ok(_) => {
                let reason = "These are not the first statements of the migration on empty tables, so it cannot be continued.";
                Err(unfinished(cut, reason.to_owned()))
            }
            Err(reason) => Err(unfinished(cut, format!("It cannot be continued: {reason}."))),
        }
    }

    /// The rest after an attempt of this run; none if it is not known.
    pub(super) async fn after<M: MigratorTrait>(
        name: &str,
        direction: Direction,
        outcome: &Outcome,
    ) -> Option<Self> {
        let script = known::<M>(name, direction).await.ok()?;
        let done = outcome.ran.len();
        is_beginning(&outcome.ran, &script).then_some(Self { script, done, may_have_run: false })
    }

    /// Skips what another attempt ran.
    pub(super) fn advance(&mut self, outcome: &Outcome) {
        self.may_have_run &= self.done == outcome.ran.len();
        self.done = outcome.ran.len();
    }

    /// The statements that ran.
    pub(super) fn done(&self) -> &[Statement] {
        &self.script[..self.done]
    }

    /// The statements that are left, and of each whether it may have run.
    pub(super) fn left(&self) -> impl Iterator<Item = (&Statement, bool)> {
        let may_have_run = self.may_have_run;
        self.script[self.done..].iter().enumerate().map(move |(index, it)| (it, may_have_run && index == 0))
    }

    /// All statements.
    pub(super) fn script(&self) -> &[Statement] {
        &self.script
    }
}

/// The statements of a migration that the journal counts.
///
/// # Errors
/// The reason why they are not known.
pub(in crate::run) async fn known<M: MigratorTrait>(
    name: &str,
    direction: Direction,
) -> Result<Vec<Statement>, String> {
    let statements = script::of::<M>(BACKEND, name, direction).await?;
    Ok(statements.into_iter().filter(|statement| sql::changes(&statement.sql)).collect())
}

/// Whether `script` begins with what ran. Of statements that were not reported, the text is not known.
pub(in crate::run) fn is_beginning(ran: &[Option<String>], script: &[Statement]) -> bool {
    ran.len() <= script.len()
        && ran.iter().zip(script).all(|(ran, statement)| {
            ran.as_ref().is_none_or(|ran| modify::is_recorded_as(ran, &statement.to_string()))
        })
}
