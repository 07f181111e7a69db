//! Tries every migration up, down and up again in scratch space, and reports schemas that differ. The tables are empty
//! there, so the effect on rows is not tried.

use std::{
    fmt,
    time::{Duration, Instant},
};

use sea_orm_migration::{MigrationTrait, MigratorTrait, sea_orm::DbErr};
use serde::{Serialize, Serializer};

use super::{
    catalog::{Catalog, Difference},
    drift,
    shadow::{Shadow, ShadowError, ShadowTarget},
};
use crate::run::{Direction, describe};

/// A migration that was tried.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// Its name.
    pub name: String,
    /// The steps of its trial, in order. A step that failed is the last.
    pub steps: Vec<Passage>,
}

/// A way through a migration.
#[derive(Debug, Clone, Serialize)]
pub struct Passage {
    /// Which way.
    pub way: Phase,
    /// Its result.
    pub outcome: Outcome,
    /// How long it took on empty tables; in seconds where it is serialised.
    #[serde(serialize_with = "seconds")]
    pub took: Duration,
}

/// Which way a migration was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Applied.
    Up,
    /// Rolled back; the schema should be the one before it.
    Down,
    /// Applied again; the schema should be the one after the first time.
    Again,
}

/// Result of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The schema is as it should be.
    Good,
    /// The schema is otherwise than it should be.
    Differs(Vec<Difference>),
    /// The migration returns [`DbErr::Migration`], because it cannot be rolled back. Its message.
    Irreversible(String),
    /// It failed. How.
    Failed(String),
}

impl Verified {
    /// Whether no step has a finding. A migration that reports itself as irreversible has none.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.steps.iter().all(|step| match step.outcome {
            Outcome::Good | Outcome::Irreversible(_) => true,
            Outcome::Differs(_) | Outcome::Failed(_) => false,
        })
    }
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, if self.is_good() { "good" } else { "faulty" })?;
        self.steps.iter().try_for_each(|step| write!(f, "{step}"))
    }
}

/// A line for a step with a finding; nothing for a good one.
impl fmt::Display for Passage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.way {
            Phase::Up => "up",
            Phase::Down => "down",
            Phase::Again => "up after down",
        };
        match &self.outcome {
            Outcome::Good => Ok(()),
            Outcome::Irreversible(words) => write!(f, "\n  {way}: irreversible: {words}"),
            Outcome::Failed(words) => write!(f, "\n  {way}: {words}"),
            Outcome::Differs(differences) => {
                let does_not = if self.way == Phase::Down { "does not restore" } else { "does not repeat" };
                write!(f, "\n  {way} {does_not} the schema:")?;
                differences.iter().try_for_each(|difference| write!(f, "\n    {difference}"))
            }
        }
    }
}

/// Tries the migrations of `M`, oldest first, in scratch space beside the database at `url`, which itself is not touched.
/// After a finding the schema is created again, so that the next migration is tried on the right one. The trial ends at a
/// migration whose first `up` fails.
///
/// # Errors
/// See [`ShadowError`]. The failure of a migration is not an error here, but a finding.
pub async fn run<M: MigratorTrait>(url: &str) -> Result<Vec<Verified>, ShadowError> {
    let schemas = if url.starts_with("postgres") { drift::schemas::<M>().await } else { Vec::new() };
    ShadowTarget::beside::<M>(url)
        .with_schemas(schemas)
        .tried(async |target| {
            let mut trial =
                Trial { target, shadow: Shadow::open(target).await?, migrations: M::migrations() };
            let verified = trial.run().await;
            let closed = trial.shadow.close().await;
            verified.and_then(|verified| closed.map(|()| verified))
        })
        .await
}

struct Trial<'s> {
    target: &'s ShadowTarget,
    shadow: Shadow,
    migrations: Vec<Box<dyn MigrationTrait>>,
}

impl Trial<'_> {
    async fn run(&mut self) -> Result<Vec<Verified>, ShadowError> {
        let mut verified = Vec::new();
        let mut before = self.catalog().await?;
        for at in 0..self.migrations.len() {
            let mut steps = Vec::new();
            let after = self.migration(at, &before, &mut steps).await?;
            verified.push(Verified { name: self.migrations[at].name().to_owned(), steps });
            let Some(after) = after else { break };
            before = after;
        }
        Ok(verified)
    }

    /// Returns the schema after the migration, in which the shadow is left; none if the first `up` failed.
    async fn migration(
        &mut self,
        at: usize,
        before: &Catalog,
        steps: &mut Vec<Passage>,
    ) -> Result<Option<Catalog>, ShadowError> {
        let Some(after) = self.step(at, Phase::Up, None, steps).await? else { return Ok(None) };
        let mut now = self.step(at, Phase::Down, Some(before), steps).await?;
        if now.is_some() {
            now = self.step(at, Phase::Again, Some(&after), steps).await?;
        } else {
            // A down that failed may have gone half its way.
            now = Some(self.catalog().await?);
        }
        if now.as_ref() != Some(&after) {
            self.start_over(at).await?;
        }
        Ok(Some(after))
    }

    /// Returns the schema after the step; none if it failed.
    async fn step(
        &self,
        at: usize,
        way: Phase,
        expected: Option<&Catalog>,
        steps: &mut Vec<Passage>,
    ) -> Result<Option<Catalog>, ShadowError> {
        let direction = match way {
            Phase::Up | Phase::Again => Direction::Up,
            Phase::Down => Direction::Down,
        };
        let begun = Instant::now();
        let ended = self.shadow.run(self.migrations[at].as_ref(), direction).await;
        let took = begun.elapsed();
        let (outcome, catalog) = match ended {
            Ok(()) => {
                let catalog = self.catalog().await?;
                let differences = expected.map(|expected| expected.differences(&catalog)).unwrap_or_default();
                let good = differences.is_empty();
                (if good { Outcome::Good } else { Outcome::Differs(differences) }, Some(catalog))
            }
            Err(error) if !self.target.is_database() && error.for_want_of_a_database() => return Err(error),
            Err(ShadowError::Migration { source: DbErr::Migration(words), .. }) if way == Phase::Down => {
                (Outcome::Irreversible(words), None)
            }
            Err(ShadowError::Migration { source, .. }) => (Outcome::Failed(describe(&source)), None),
            Err(ShadowError::Panic { message, .. }) => {
                (Outcome::Failed(format!("panicked: {message}")), None)
            }
            Err(error) => return Err(error),
        };
        steps.push(Passage { way, outcome, took });
        Ok(catalog)
    }

    async fn catalog(&self) -> Result<Catalog, ShadowError> {
        self.shadow.catalog(|_| true).await
    }

    /// Makes the schema again as the migrations up to this one make it.
    async fn start_over(&mut self, at: usize) -> Result<(), ShadowError> {
        let old = std::mem::replace(&mut self.shadow, Shadow::open(self.target).await?);
        old.close().await?;
        for migration in &self.migrations[..=at] {
            self.shadow.up(migration.as_ref()).await?;
        }
        Ok(())
    }
}

fn seconds<S: Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(took.as_secs_f64())
}
