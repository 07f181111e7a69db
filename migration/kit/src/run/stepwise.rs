//! A run on MariaDB / MySQL, which commit each DDL statement: migration by migration, with a journal from which a run
//! that was cut off continues.

use std::time::Instant;

use log::{info, warn};
use sea_orm_migration::{
    MigratorTrait, SchemaManager,
    sea_orm::{ConnectionTrait, DbErr, Statement, TransactionTrait},
};

use super::{
    Direction, Error, Session, Step,
    error::{HalfDone, Unfinished},
    journal::{CutOff, Journal, Outcome, UNHEARD, readable, sql},
    ledger::Ledger,
    order::{self, Order, Planned},
    records::Nothing,
};

impl<M: MigratorTrait> Session<M> {
    pub(super) async fn run_stepwise(&mut self, mut order: Order) -> Result<Vec<Step>, Error> {
        let journal = self.journal.clone().expect("a session on MariaDB / MySQL has a journal");
        let mut ledger = Ledger::<M>::new(self.db.get_database_backend());
        self.lock.check().await?;
        let mut steps = Vec::new();
        if let Order::Fresh = order {
            journal.remove(&self.db).await?;
            Nothing::<M>::fresh(&self.db).await?;
        }
        ledger.install(&SchemaManager::new(&self.db)).await?;
        if let Some(step) = self.resume(&journal, &mut ledger, order.direction()).await? {
            steps.push(step);
            order = order.less_one();
        }
        let applied = ledger.applied(&SchemaManager::new(&self.db)).await?;
        ledger.refuse_renamed(&SchemaManager::new(&self.db), &applied).await?;
        let plan = order::plan::<M>(&order, &applied)?;
        if !plan.is_empty() {
            journal.create(&self.db).await?;
        }
        for planned in plan {
            let step = self.run_journaled(&journal, &mut ledger, &planned, &steps).await?;
            order::announce(std::slice::from_ref(&step));
            steps.push(step);
        }
        self.close_books(&order, &mut ledger).await?;
        journal.remove(&self.db).await?;
        Ok(steps)
    }

    async fn close_books(&mut self, order: &Order, ledger: &mut Ledger<M>) -> Result<(), Error> {
        if let Order::Reset = order {
            ledger.uninstall(&SchemaManager::new(&self.db)).await?;
            return Ok(M::uninstall(&self.db).await?);
        }
        let txn = self.db.begin().await?;
        ledger.complete(&SchemaManager::new(&txn)).await?;
        Ok(txn.commit().await?)
    }

    async fn run_journaled(
        &mut self,
        journal: &Journal,
        ledger: &mut Ledger<M>,
        planned: &Planned,
        before: &[Step],
    ) -> Result<Step, Error> {
        let (name, direction, began) = (planned.name(), planned.direction, Instant::now());
        self.lock.check().await?;
        journal.start(&self.db, name, direction, Vec::new()).await?;
        let ran = planned.run(&SchemaManager::new(&self.db)).await;
        let outcome = journal.stop(&self.db).await?;
        match ran {
            Ok(()) => self.finish(journal, ledger, name, direction, began).await,
            Err(source) if outcome.ran.is_empty() && sql::was_answered(&source) => {
                journal.remove(&self.db).await?;
                let kept = before.iter().map(|step| step.name.clone()).collect();
                Err(Error::Failed { name: name.to_owned(), direction, kept, source })
            }
            Err(source) => Err(self.half_done(journal, name, direction, outcome, source).await),
        }
    }

    /// Records the migration and clears its journal, in one transaction.
    async fn finish(
        &mut self,
        journal: &Journal,
        ledger: &mut Ledger<M>,
        name: &str,
        direction: Direction,
        began: Instant,
    ) -> Result<Step, Error> {
        self.lock.check().await?;
        let txn = self.db.begin().await?;
        ledger.record(&SchemaManager::new(&txn), name, direction).await?;
        journal.clear(&txn).await?;
        txn.commit().await?;
        Ok(Step { name: name.to_owned(), direction, elapsed: began.elapsed() })
    }

    async fn half_done(
        &self,
        journal: &Journal,
        name: &str,
        direction: Direction,
        outcome: Outcome,
        source: DbErr,
    ) -> Error {
        if sql::was_answered(&source) {
            let noted = journal.give_up(&self.db, name, direction, outcome.ran.len(), &source).await;
            if let Err(error) = noted {
                // The next run then treats it as cut off, which is the more careful case.
                warn!("warning: the journal could not record that {name} failed: {error}");
            }
        }
        let mut half = HalfDone {
            name: name.to_owned(),
            direction,
            ran: readable(&outcome.ran),
            failed: outcome
                .failed
                .unwrap_or_else(|| "(no statement: the migration returned an error)".to_owned()),
            of: None,
            source,
        };
        let script = self.script_of(name, direction).await.ok();
        if let Some(script) = script.filter(|script| is_beginning(&outcome.ran, script)) {
            // The script also has the statements that SeaORM did not report.
            half.of = Some(script.len());
            half.ran = script[..half.ran.len()].iter().map(ToString::to_string).collect();
            if half.failed == UNHEARD {
                half.failed = script.get(half.ran.len()).map_or(half.failed, ToString::to_string);
            }
        }
        Error::HalfDone(Box::new(half))
    }

    /// Completes the migration in which an earlier run was cut off, if there is one.
    async fn resume(
        &mut self,
        journal: &Journal,
        ledger: &mut Ledger<M>,
        direction: Direction,
    ) -> Result<Option<Step>, Error> {
        let Some(cut) = journal.unfinished(&self.db).await? else { return Ok(None) };
        let applied = ledger.applied(&SchemaManager::new(&self.db)).await?;
        if applied.contains(&cut.name) == (cut.direction == Direction::Up) {
            info!("{} was completed by hand", cut.name);
            journal.remove(&self.db).await?;
            return Ok(None);
        }
        let is_asked_for = cut.direction == direction;
        if !is_asked_for && !cut.ran.is_empty() {
            return Err(unfinished(cut, |of| format!("Run `{of}` first, which continues it.")));
        }
        let script = self.script_of(&cut.name, cut.direction).await;
        let script = match script {
            Ok(script) if is_asked_for => script,
            Err(reason) if !cut.ran.is_empty() => return Err(unfinished(cut, |_| reason)),
            Ok(_) | Err(_) => {
                // At most one statement ran, and running the migration again will show it.
                journal.remove(&self.db).await?;
                return Ok(None);
            }
        };
        if !is_beginning(&cut.ran, &script) {
            let reason = "These are not the first statements of the migration on empty tables, so it cannot be continued.";
            return Err(unfinished(cut, |_| reason.to_owned()));
        }
        self.run_rest(journal, ledger, cut, &script).await.map(Some)
    }

    async fn run_rest(
        &mut self,
        journal: &Journal,
        ledger: &mut Ledger<M>,
        cut: CutOff,
        script: &[Statement],
    ) -> Result<Step, Error> {
        let began = Instant::now();
        let (done, rest) = script.split_at(cut.ran.len());
        let (at, of) = (done.len(), script.len());
        info!("continuing {} ({}) after statement {at} of {of}", cut.name, cut.direction);
        self.lock.check().await?;
        for setting in done.iter().filter(|statement| sql::is_setting(&statement.sql)) {
            self.db.execute_unprepared(&setting.to_string()).await?;
        }
        let ran = done.iter().map(|statement| Some(statement.to_string())).collect();
        journal.start(&self.db, &cut.name, cut.direction, ran).await?;
        let mut result = Ok(());
        for (index, statement) in rest.iter().enumerate() {
            result = self.run_again(journal, statement, index == 0 && cut.failed.is_none()).await;
            if result.is_err() {
                break;
            }
        }
        let outcome = journal.stop(&self.db).await?;
        match result {
            Ok(()) => {
                let step = self.finish(journal, ledger, &cut.name, cut.direction, began).await?;
                order::announce(std::slice::from_ref(&step));
                Ok(step)
            }
            Err(Error::Database(source)) => {
                Err(self.half_done(journal, &cut.name, cut.direction, outcome, source).await)
            }
            Err(error) => Err(error),
        }
    }

    /// Runs a statement of a script. The one during which the process died may have run before.
    async fn run_again(
        &self,
        journal: &Journal,
        statement: &Statement,
        may_have_run: bool,
    ) -> Result<(), Error> {
        let ran = if statement.values.is_some() {
            self.db.execute_raw(statement.clone()).await
        } else {
            journal.announce(statement.to_string());
            self.db.execute_unprepared(&statement.sql).await
        };
        match ran {
            Ok(_) => Ok(()),
            Err(error) if may_have_run && sql::has_run_before(&statement.sql, &error) => {
                info!("it had run already: {statement}");
                journal.note(&self.db, statement.to_string()).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The statements of a migration that change something, or the reason why they are not known.
    async fn script_of(&self, name: &str, direction: Direction) -> Result<Vec<Statement>, String> {
        let Some(script) = &self.script else {
            return Err(format!("Run the migration command's `{direction}`, which can continue it."));
        };
        let statements =
            script(name, direction).await.map_err(|error| format!("It cannot be continued: {error}."))?;
        Ok(statements.into_iter().filter(|statement| sql::changes(&statement.sql)).collect())
    }
}

fn is_beginning(ran: &[Option<String>], script: &[Statement]) -> bool {
    ran.len() <= script.len()
        && ran
            .iter()
            .zip(script)
            .all(|(ran, statement)| ran.as_ref().is_none_or(|ran| *ran == statement.to_string()))
}

fn unfinished(cut: CutOff, reason: impl FnOnce(Direction) -> String) -> Error {
    let mut reason = reason(cut.direction);
    if let Some(failed) = &cut.failed {
        reason = format!("Then it failed: {failed}\n{reason}");
    }
    let (ran, name, direction) = (readable(&cut.ran), cut.name, cut.direction);
    Error::Unfinished(Box::new(Unfinished { name, direction, ran, reason }))
}
