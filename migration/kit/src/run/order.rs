//! The order of a run: the request, and the migrations that follow from it.

use std::{collections::BTreeSet, fmt, time::Duration};

use log::info;
use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager, sea_orm::DbErr};
use serde::Serialize;

use super::{Error, names};

/// Direction in which a migration is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Apply.
    Up,
    /// Roll back.
    Down,
}

impl Direction {
    pub(crate) async fn run(
        self,
        migration: &dyn MigrationTrait,
        manager: &SchemaManager<'_>,
    ) -> Result<(), DbErr> {
        match self {
            Self::Up => migration.up(manager).await,
            Self::Down => migration.down(manager).await,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "up",
            Self::Down => "down",
        })
    }
}

/// Last migration of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Until {
    /// The newest migration, or the first one on the way down.
    End,
    /// This number of migrations.
    Steps(u32),
    /// The migration with this name, or the only one with this part of a name. It is applied after the run, in both
    /// directions.
    Migration(String),
}

/// A migration that was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Name of the migration.
    pub name: String,
    /// Direction of the run.
    pub direction: Direction,
    /// Duration.
    pub elapsed: Duration,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = match self.direction {
            Direction::Up => "applied",
            Direction::Down => "rolled back",
        };
        write!(f, "{done} {} in {} ms", self.name, self.elapsed.as_millis())
    }
}

/// Logs one line for each step. To be called after the commit.
pub(super) fn announce(steps: &[Step]) {
    for step in steps {
        info!("{step}");
    }
}

/// Request to a session.
#[derive(Debug, Clone)]
pub(super) enum Order {
    Up(Until),
    Down(Until),
    Refresh,
    Reset,
    Fresh,
}

impl Order {
    /// Direction of its first migration.
    pub(super) fn direction(&self) -> Direction {
        match self {
            Self::Up(_) | Self::Fresh => Direction::Up,
            Self::Down(_) | Self::Refresh | Self::Reset => Direction::Down,
        }
    }

    /// Whether all migrations are rolled back before the one at `at`, or at the end of the plan, so that what they have left
    /// is dropped.
    pub(super) fn drops_left(&self, plan: &[Planned], at: usize) -> bool {
        let is_way_down = match self {
            Self::Refresh | Self::Reset => true,
            Self::Up(_) | Self::Down(_) | Self::Fresh => false,
        };
        let is_down = |at: usize| plan.get(at).is_none_or(|planned| planned.direction == Direction::Down);
        is_way_down && (at == plan.len() || !is_down(at)) && (at == 0 || is_down(at - 1))
    }
}

/// A migration to run.
pub(super) struct Planned {
    pub(super) migration: Box<dyn MigrationTrait>,
    pub(super) direction: Direction,
}

impl Planned {
    pub(super) fn name(&self) -> &str {
        self.migration.name()
    }

    /// Whether it is this migration in this direction.
    pub(super) fn is(&self, name: &str, direction: Direction) -> bool {
        self.name() == name && self.direction == direction
    }

    /// Whether it must run outside any transaction.
    pub(super) fn is_bare(&self) -> bool {
        self.migration.use_transaction() == Some(false)
    }

    pub(super) async fn run(&self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        self.direction.run(&*self.migration, manager).await
    }
}

/// The applied migrations of a database.
#[derive(Debug, Clone, Default)]
pub(super) struct Applied {
    pub(super) names: Vec<String>,
    /// Those with which programs that do not know them go on.
    pub(super) compatible: BTreeSet<String>,
}

/// The migrations that `order` runs if those in `applied` are applied.
///
/// # Errors
/// [`Error::Newer`] if the database has migrations that `M` lacks, unless they are compatible and there is nothing to
/// apply; those of [`names::resolve`]; [`Error::NotApplied`] for a way down to a migration that is not applied.
pub(super) fn plan<M: MigratorTrait>(order: &Order, applied: &Applied) -> Result<Vec<Planned>, Error> {
    let known = names::of::<M>();
    let newer: Vec<String> = applied.names.iter().filter(|name| !known.contains(name)).cloned().collect();
    let goes_on = matches!(order, Order::Up(_)) && newer.iter().all(|name| applied.compatible.contains(name));
    if !newer.is_empty() && !goes_on {
        return Err(Error::Newer(newer));
    }
    let plan = match order {
        Order::Up(until) => ups::<M>(until, &known, &applied.names)?,
        Order::Down(until) => downs::<M>(until, &known, &applied.names)?,
        Order::Refresh => {
            let mut plan = downs::<M>(&Until::End, &known, &applied.names)?;
            plan.extend(ups::<M>(&Until::End, &known, &[])?);
            plan
        }
        Order::Reset => downs::<M>(&Until::End, &known, &applied.names)?,
        Order::Fresh => ups::<M>(&Until::End, &known, &applied.names)?,
    };
    if newer.is_empty() || plan.is_empty() { Ok(plan) } else { Err(Error::Newer(newer)) }
}

fn ups<M: MigratorTrait>(until: &Until, known: &[String], applied: &[String]) -> Result<Vec<Planned>, Error> {
    let mut candidates = M::migrations();
    if let Until::Migration(name) = until {
        let target = names::resolve(known, name)?;
        let end = known.iter().position(|known| *known == target).map_or(known.len(), |index| index + 1);
        candidates.truncate(end);
    }
    candidates.retain(|migration| !applied.iter().any(|name| name == migration.name()));
    Ok(cut(candidates, until, Direction::Up))
}

fn downs<M: MigratorTrait>(
    until: &Until,
    known: &[String],
    applied: &[String],
) -> Result<Vec<Planned>, Error> {
    let mut candidates = M::migrations();
    if let Until::Migration(name) = until {
        let target = names::resolve(known, name)?;
        if !applied.contains(&target) {
            return Err(Error::NotApplied(target));
        }
        let start = known.iter().position(|known| *known == target).map_or(0, |index| index + 1);
        candidates.drain(..start);
    }
    candidates.retain(|migration| applied.iter().any(|name| name == migration.name()));
    candidates.reverse();
    Ok(cut(candidates, until, Direction::Down))
}

fn cut(mut candidates: Vec<Box<dyn MigrationTrait>>, until: &Until, direction: Direction) -> Vec<Planned> {
    if let Until::Steps(steps) = until {
        candidates.truncate(usize::try_from(*steps).unwrap_or(usize::MAX));
    }
    candidates.into_iter().map(|migration| Planned { migration, direction }).collect()
}
