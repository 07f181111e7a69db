//! The next run of `up`: its SQL, and whether it would begin.

use std::fmt;

use sea_orm_migration::{MigratorTrait, SchemaManager, sea_orm::DbBackend};
use serde::Serialize;

use super::{CliError, Outcome, Settings, args::Plan, guard, print, print_json, read, unknown, write};
use crate::{
    Compatibility,
    run::{
        self, Direction, Proposal, Stopped,
        recorder::{self, Recorded},
    },
    tooling::{
        guard::{Guard, Risk},
        history::{self, History},
        script,
    },
};

/// A migration that the run would apply.
#[derive(Serialize)]
struct Planned {
    name: String,
    sql: Vec<String>,
    /// Queries on rows, on whose results it may depend.
    reads: Vec<String>,
    /// The statements that lose data, or may lose some.
    losses: Vec<String>,
    /// How far it ran, if it stopped half way: then the SQL is the rest.
    stopped: Option<Stopped>,
    /// Why the SQL is not all that it does, if it may do more.
    unknown: Option<String>,
    /// Whether programs that do not know it go on after it.
    compatibility: Compatibility,
}

pub(super) async fn plan<M: MigratorTrait>(settings: &Settings, asked: &Plan) -> Outcome {
    let db = read::connect(settings).await?;
    let history = history::read::<M>(&db).await?;
    for warning in history.warnings() {
        log::warn!("warning: {warning}");
    }
    let proposal = run::preview_up::<M>(&db, write::until(asked.num, asked.to.as_deref())).await?;
    let risks = Guard::<M>::default().risks(&proposal, &SchemaManager::new(&db)).await?;
    db.close().await?;
    let planned = planned::<M>(read::backend(settings)?, &history, &proposal, &risks).await;
    let doubts = planned.iter().filter_map(|each| Some((each.name.clone(), each.unknown.clone()?)));
    unknown::warn(&doubts.collect());
    if asked.print.json {
        print_json(&planned)?;
    } else if planned.is_empty() {
        print("no migration is pending\n")?;
    } else {
        planned.iter().try_for_each(print)?;
    }
    if let Some((name, stopped)) = history.stopped().filter(|(_, stopped)| is_in_the_way(stopped)) {
        log::warn!("warning: {name} ({}) {stopped}, before any `up`", stopped.direction);
        return Ok(false);
    }
    if risks.is_empty() || asked.allow_destructive || guard::is_confirmed(settings) {
        return Ok(true);
    }
    Err(CliError::Unconfirmed { loss: write::losses(&risks) })
}

/// Whether `up` refuses to run before the migration is completed or undone.
fn is_in_the_way(stopped: &Stopped) -> bool {
    stopped.direction == Direction::Down || stopped.reason.is_some()
}

async fn planned<M: MigratorTrait>(
    backend: DbBackend,
    history: &History,
    proposal: &Proposal,
    risks: &[Risk],
) -> Vec<Planned> {
    let mut ups = recorder::ups::<M>(backend).await;
    ups.retain(|up| proposal.steps.iter().any(|(name, _)| *name == up.name));
    let mut planned: Vec<Planned> = ups.into_iter().map(|up| Planned::of(up, history, risks)).collect();
    // A run continues it before it runs others.
    planned.sort_by_key(|each| each.stopped.is_none());
    planned
}

impl Planned {
    fn of(up: Recorded, history: &History, risks: &[Risk]) -> Self {
        let stopped = history.stopped().filter(|(name, _)| *name == up.name).map(|(_, it)| it.clone());
        let own = risks.iter().filter(|risk| risk.migration == up.name);
        let (losses, unknown) = (own.map(|risk| risk.reason.clone()).collect(), up.doubt());
        let statements = match &stopped {
            Some(stopped) => stopped.rest(up.statements),
            None => up.statements,
        };
        Self {
            sql: script::printed(&statements),
            reads: script::printed(&up.reads),
            losses,
            stopped,
            unknown,
            compatibility: up.compatibility,
            name: up.name,
        }
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stopped {
            Some(stopped) => writeln!(f, "-- {}: {stopped}", self.name)?,
            None => writeln!(f, "-- {}", self.name)?,
        }
        writeln!(f, "-- {}", self.compatibility)?;
        if let Some(reason) = &self.unknown {
            writeln!(f, "-- may do more than this: {reason}")?;
        }
        for loss in &self.losses {
            writeln!(f, "-- loses data: {loss}")?;
        }
        self.sql.iter().try_for_each(|sql| writeln!(f, "{};", sql.trim().trim_end_matches(';')))?;
        writeln!(f)
    }
}
