//! What a run is asked to do, and the migrations that this comes to.

use std::{fmt, time::Duration};

use log::info;
use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager, sea_orm::DbErr};

use super::{Error, names};

/// Which way a migration is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// It is applied.
    Up,
    /// It is rolled back.
    Down,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "up",
            Self::Down => "down",
        })
    }
}

/// How far a run goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// To the newest migration, or back to the empty database.
    All,
    /// So many migrations.
    Steps(u32),
    /// To the migration of this name, or of which this is a part that no other has. It is applied afterwards,
    /// whichever way the run goes.
    To(String),
}

/// A migration that was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The migration's name.
    pub name: String,
    /// Which way it was run.
    pub direction: Direction,
    /// How long it took.
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

/// Says so, one line a migration. Called when it is certain, that is after the commit.
pub(super) fn announce(steps: &[Step]) {
    for step in steps {
        info!("{step}");
    }
}

/// What a session was asked for.
#[derive(Debug, Clone)]
pub(super) enum Order {
    Up(Extent),
    Down(Extent),
    Refresh,
    Reset,
    Fresh,
}

impl Order {
    /// Which way it goes first.
    pub(super) fn direction(&self) -> Direction {
        match self {
            Self::Up(_) | Self::Fresh => Direction::Up,
            Self::Down(_) | Self::Refresh | Self::Reset => Direction::Down,
        }
    }

    /// What is left of it when one migration has been run already.
    pub(super) fn less_one(self) -> Self {
        let less = |extent| match extent {
            Extent::Steps(steps) => Extent::Steps(steps.saturating_sub(1)),
            Extent::All | Extent::To(_) => extent,
        };
        match self {
            Self::Up(extent) => Self::Up(less(extent)),
            Self::Down(extent) => Self::Down(less(extent)),
            Self::Refresh | Self::Reset | Self::Fresh => self,
        }
    }
}

/// A migration that is to be run.
pub(super) struct Planned {
    pub(super) migration: Box<dyn MigrationTrait>,
    pub(super) direction: Direction,
}

impl Planned {
    pub(super) fn name(&self) -> &str {
        self.migration.name()
    }

    /// Whether it asks to be run outside any transaction.
    pub(super) fn is_bare(&self) -> bool {
        self.migration.use_transaction() == Some(false)
    }

    pub(super) async fn run(&self, manager: &SchemaManager<'_>) -> Result<(), DbErr> {
        match self.direction {
            Direction::Up => self.migration.up(manager).await,
            Direction::Down => self.migration.down(manager).await,
        }
    }
}

/// The migrations that `order` comes to where those in `applied` are applied.
///
/// # Errors
/// [`Error::Foreign`] where the database knows migrations that `M` does not; those of [`names::resolve`];
/// [`Error::NotApplied`] for a way down to what is not there.
pub(super) fn plan<M: MigratorTrait>(order: &Order, applied: &[String]) -> Result<Vec<Planned>, Error> {
    let known: Vec<String> = M::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    let foreign: Vec<String> = applied.iter().filter(|name| !known.contains(name)).cloned().collect();
    if !foreign.is_empty() {
        return Err(Error::Foreign(foreign));
    }
    match order {
        Order::Up(extent) => ups::<M>(extent, &known, applied),
        Order::Down(extent) => downs::<M>(extent, &known, applied),
        Order::Refresh => {
            let mut plan = downs::<M>(&Extent::All, &known, applied)?;
            plan.extend(ups::<M>(&Extent::All, &known, &[])?);
            Ok(plan)
        }
        Order::Reset => downs::<M>(&Extent::All, &known, applied),
        Order::Fresh => ups::<M>(&Extent::All, &known, applied),
    }
}

fn ups<M: MigratorTrait>(
    extent: &Extent,
    known: &[String],
    applied: &[String],
) -> Result<Vec<Planned>, Error> {
    let mut candidates = M::migrations();
    if let Extent::To(name) = extent {
        let target = names::resolve(known, name)?;
        let end = known.iter().position(|known| *known == target).map_or(known.len(), |index| index + 1);
        candidates.truncate(end);
    }
    candidates.retain(|migration| !applied.iter().any(|name| name == migration.name()));
    Ok(cut(candidates, extent, Direction::Up))
}

fn downs<M: MigratorTrait>(
    extent: &Extent,
    known: &[String],
    applied: &[String],
) -> Result<Vec<Planned>, Error> {
    let mut candidates = M::migrations();
    if let Extent::To(name) = extent {
        let target = names::resolve(known, name)?;
        if !applied.contains(&target) {
            return Err(Error::NotApplied(target));
        }
        let start = known.iter().position(|known| *known == target).map_or(0, |index| index + 1);
        candidates.drain(..start);
    }
    candidates.retain(|migration| applied.iter().any(|name| name == migration.name()));
    candidates.reverse();
    Ok(cut(candidates, extent, Direction::Down))
}

fn cut(mut candidates: Vec<Box<dyn MigrationTrait>>, extent: &Extent, direction: Direction) -> Vec<Planned> {
    if let Extent::Steps(steps) = extent {
        candidates.truncate(usize::try_from(*steps).unwrap_or(usize::MAX));
    }
    candidates.into_iter().map(|migration| Planned { migration, direction }).collect()
}
