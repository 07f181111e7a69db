//! The attempts at one migration on MariaDB / MySQL.

use std::time::Instant;

use log::{info, warn};
use sea_orm_migration::{
    MigratorTrait, SchemaManager,
    sea_orm::{ConnectionTrait, DbErr, Statement, TransactionTrait},
};

use super::{rest::Rest, unfinished};
use crate::{
    dialect::modify,
    run::{
        Error, Session, Step, describe,
        error::{Failure, HalfDone},
        journal::{CutOff, Journal, Outcome, UNHEARD, readable, sql},
        ledger::Ledger,
        order::Planned,
        table_lock::Attempts,
    },
};

/// An attempt that ended, and what it ran.
type Ended = (Result<(), DbErr>, Outcome);

impl<M: MigratorTrait> Session<M> {
    /// Runs a migration, or the rest of one that was cut off. An attempt that could not lock a table is repeated from the
    /// statement at which it failed.
    pub(super) async fn run_planned(
        &mut self,
        journal: &Journal,
        ledger: &mut Ledger<M>,
        planned: &Planned,
        cut: Option<CutOff>,
        before: &[Step],
    ) -> Result<Step, Error> {
        let began = Instant::now();
        let was_cut = cut.is_some();
        let mut rest = match cut {
            Some(cut) => Rest::after_cut::<M>(cut).await?,
            None => None,
        };
        let mut attempts = Attempts::new(self.table_lock_timeout);
        loop {
            self.lock.check().await?;
            let (ran, outcome) = self.attempt(journal, planned, rest.as_ref()).await?;
            let Err(source) = ran else { return self.finish(journal, ledger, planned, began).await };
            let is_known = rest.is_some() || outcome.ran.is_empty();
            if !is_known {
                rest = Rest::after::<M>(planned.name(), planned.direction, &outcome).await;
            }
            let again =
                if is_known || rest.is_some() { attempts.again(&self.db, source).await } else { Err(source) };
            match (again, &mut rest) {
                (Ok(()), Some(rest)) => rest.advance(&outcome),
                (Ok(()), None) => {}
                (Err(source), None) if was_cut && outcome.ran.is_empty() => {
                    return Err(still_cut(planned, &source));
                }
                (Err(source), _) => {
                    return Err(self.failure(journal, planned, rest, outcome, source, before).await);
                }
            }
        }
    }

    /// Runs the migration, or its rest.
    async fn attempt(
        &mut self,
        journal: &Journal,
        planned: &Planned,
        rest: Option<&Rest>,
    ) -> Result<Ended, Error> {
        let (name, direction) = (planned.name(), planned.direction);
        let ran = if let Some(rest) = rest {
            self.run_rest(journal, planned, rest).await
        } else {
            journal.start(&self.db, name, direction, Vec::new()).await?;
            Ok(planned.run(&SchemaManager::new(&self.db)).await)
        };
        let stopped = journal.stop(&self.db).await;
        if stopped.is_err() {
            // The reason may be that the lock was lost.
            self.lock.check().await?;
        }
        Ok((ran?, stopped?))
    }

    /// Runs the statements that are left. The inner error is that of one of them.
    async fn run_rest(
        &self,
        journal: &Journal,
        planned: &Planned,
        rest: &Rest,
    ) -> Result<Result<(), DbErr>, Error> {
        for setting in rest.done().iter().filter(|statement| sql::is_setting(&statement.sql)) {
            self.db.execute_unprepared(&setting.to_string()).await?;
        }
        let done = rest.done().iter().map(|statement| Some(statement.to_string())).collect();
        journal.start(&self.db, planned.name(), planned.direction, done).await?;
        for (statement, may_have_run) in rest.left() {
            if let Err(error) = self.run_again(journal, statement, may_have_run).await? {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    /// Runs a statement of a script. The one during which the process died may have run before.
    async fn run_again(
        &self,
        journal: &Journal,
        statement: &Statement,
        may_have_run: bool,
    ) -> Result<Result<(), DbErr>, Error> {
        let statement = &modify::completed(&self.db, statement).await?;
        let ran = if statement.values.is_some() {
            self.db.execute_raw(statement.clone()).await
        } else {
            journal.announce(&self.db, statement.to_string()).await?;
            self.db.execute_unprepared(&statement.sql).await
        };
        match ran {
            Ok(_) => Ok(Ok(())),
            Err(error) if may_have_run && sql::has_run_before(&statement.sql, &error) => {
                info!("it had run already: {statement}");
                journal.note(&self.db, statement.to_string()).await.map(Ok)
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// Records the migration and clears its journal, in one transaction.
    async fn finish(
        &mut self,
        journal: &Journal,
        ledger: &mut Ledger<M>,
        planned: &Planned,
        began: Instant,
    ) -> Result<Step, Error> {
        let (name, direction) = (planned.name(), planned.direction);
        self.lock.check().await?;
        let txn = self.db.begin().await?;
        ledger.record(&SchemaManager::new(&txn), name, direction).await?;
        journal.clear(&txn).await?;
        txn.commit().await?;
        Ok(Step { name: name.to_owned(), direction, elapsed: began.elapsed() })
    }

    async fn failure(
        &self,
        journal: &Journal,
        planned: &Planned,
        rest: Option<Rest>,
        outcome: Outcome,
        source: DbErr,
        before: &[Step],
    ) -> Error {
        let (name, direction) = (planned.name().to_owned(), planned.direction);
        if outcome.ran.is_empty() && sql::was_answered(&source) {
            if let Err(error) = journal.remove(&self.db).await {
                return error;
            }
            let kept = before.iter().map(|step| step.name.clone()).collect();
            let source = Box::new(Failure { statement: outcome.failed, source });
            return Error::Failed { name, direction, kept, source };
        }
        if sql::was_answered(&source) {
            let noted = journal.give_up(&self.db, &name, direction, outcome.ran.len(), &source).await;
            if let Err(error) = noted {
                // The next run then treats it as cut off, which is the more careful case.
                warn!("warning: the journal could not record that {name} failed: {error}");
            }
        }
        let rest = match rest {
            Some(rest) => Some(rest),
            None => Rest::after::<M>(&name, direction, &outcome).await,
        };
        Error::HalfDone(Box::new(half_done(planned, rest.as_ref(), outcome, source)))
    }
}

fn half_done(planned: &Planned, rest: Option<&Rest>, outcome: Outcome, source: DbErr) -> HalfDone {
    let mut half = HalfDone {
        name: planned.name().to_owned(),
        direction: planned.direction,
        ran: readable(&outcome.ran),
        failed: outcome
            .failed
            .unwrap_or_else(|| "(no statement: the migration returned an error)".to_owned()),
        of: None,
        source,
    };
    if let Some(rest) = rest {
        // The script also has the statements that SeaORM did not report.
        let script = rest.script();
        half.of = Some(script.len());
        half.ran = script[..half.ran.len()].iter().map(ToString::to_string).collect();
        if half.failed == UNHEARD {
            half.failed = script.get(half.ran.len()).map_or(half.failed, ToString::to_string);
        }
    }
    half
}

/// A migration that was cut off in or before its first statement, and whose statements are not known: its journal stays,
/// since this failure may show that the first one has run.
fn still_cut(planned: &Planned, source: &DbErr) -> Error {
    let cut = CutOff {
        name: planned.name().to_owned(),
        direction: planned.direction,
        ran: Vec::new(),
        failed: None,
    };
    unfinished(cut, format!("Run again, it failed: {}", describe(source)))
}
