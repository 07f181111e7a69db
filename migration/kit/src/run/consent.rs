//! Consent to a run: decided under the migration lock, from the very list of migrations that is then run.

use std::sync::Arc;

use sea_orm_migration::{MigratorTrait, SchemaManager, async_trait::async_trait, sea_orm::DbErr};

use super::{Direction, Error, Session, order::Planned};

/// Migrations that a run is about to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Their names and directions, in order.
    pub steps: Vec<(String, Direction)>,
}

/// Decides whether a run may start.
#[async_trait]
pub trait Consent: Send + Sync {
    /// Whether `proposal` may be run, on the database as it is. Nothing has run yet, and no other process of this kit can
    /// change the list in between. On PostgreSQL and SQLite the connection is inside the transaction of the run, so a
    /// question to a person belongs after the refused run, not here.
    ///
    /// # Errors
    /// [`DbErr`] of the database, which ends the run.
    async fn is_given(&self, proposal: &Proposal, manager: &SchemaManager<'_>) -> Result<bool, DbErr>;
}

impl<M: MigratorTrait> Session<M> {
    /// Asks `consent` before every run of this session, except for what [`Session::fresh`] drops.
    #[must_use]
    pub fn with_consent(mut self, consent: Arc<dyn Consent>) -> Self {
        self.consent = Some(consent);
        self
    }

    /// # Errors
    /// [`Error::NoConsent`].
    pub(super) async fn ask(&self, plan: &[Planned], manager: &SchemaManager<'_>) -> Result<(), Error> {
        let Some(consent) = self.consent.as_ref().filter(|_| !plan.is_empty()) else { return Ok(()) };
        let steps = plan.iter().map(|planned| (planned.name().to_owned(), planned.direction)).collect();
        let is_given = consent.is_given(&Proposal { steps }, manager).await?;
        is_given.then_some(()).ok_or(Error::NoConsent)
    }
}
