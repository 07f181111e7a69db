//! A run on MariaDB / MySQL, which commit each DDL statement: migration by migration, with a journal from which a run
//! that was cut off continues.

use log::info;
use sea_orm_migration::{
    MigratorTrait, SchemaManager,
    sea_orm::{DbBackend, TransactionTrait},
};

use super::{
    Direction, Error, Session, Step,
    error::Unfinished,
    journal::{CutOff, Journal, readable},
    ledger::Ledger,
    names,
    order::{self, Order, Planned},
};

mod attempt;
mod fresh;
mod rest;

pub(super) use self::rest::{is_beginning, known};

impl<M: MigratorTrait> Session<M> {
    pub(super) async fn run_stepwise(&mut self, order: Order) -> Result<Vec<Step>, Error> {
        let journal = self.journal.clone().expect("a session on MariaDB / MySQL has a journal");
        let mut ledger = Ledger::<M>::new(self.db.get_database_backend());
        self.lock.check().await?;
        if let Order::Fresh = order {
            self.drop_all(&journal).await?;
        }
        ledger.install(&SchemaManager::new(&self.db)).await?;
        let (plan, mut cut) = self.plan(&journal, &mut ledger, &order).await?;
        self.ask(&plan, &SchemaManager::new(&self.db)).await?;
        if !plan.is_empty() {
            journal.create(&self.db).await?;
        }
        let mut steps = Vec::new();
        for (at, planned) in plan.iter().enumerate() {
            if order.drops_left(&plan, at) {
                self.drop_left(&self.db).await?;
            }
            let step = self.run_planned(&journal, &mut ledger, planned, cut.take(), &steps).await?;
            order::announce(std::slice::from_ref(&step));
            steps.push(step);
        }
        if order.drops_left(&plan, plan.len()) {
            self.drop_left(&self.db).await?;
        }
        self.close_books(&order, &mut ledger).await?;
        journal.remove(&self.db).await?;
        Ok(steps)
    }

    async fn close_books(&mut self, order: &Order, ledger: &mut Ledger<M>) -> Result<(), Error> {
        if let Order::Reset = order {
            ledger.uninstall(&SchemaManager::new(&self.db)).await?;
            self.lock.uninstall();
            return Ok(M::uninstall(&self.db).await?);
        }
        let txn = self.db.begin().await?;
        ledger.complete(&SchemaManager::new(&txn)).await?;
        Ok(txn.commit().await?)
    }

    /// The migrations of `order`, of which the first one was cut off if there is such a one.
    ///
    /// # Errors
    /// [`Error::Unfinished`] for one that the order does not include. Its journal stays.
    async fn plan(
        &self,
        journal: &Journal,
        ledger: &mut Ledger<M>,
        order: &Order,
    ) -> Result<(Vec<Planned>, Option<CutOff>), Error> {
        let cut = journal.unfinished(&self.db).await?;
        let applied = ledger.applied(&SchemaManager::new(&self.db)).await?;
        ledger.refuse_renamed(&SchemaManager::new(&self.db), &applied.names).await?;
        let mut plan = order::plan::<M>(order, &applied)?;
        let Some(cut) = cut else { return Ok((plan, None)) };
        if cut.is_complete(&applied.names) {
            info!("{} was completed by hand", cut.name);
            journal.remove(&self.db).await?;
            return Ok((plan, None));
        }
        let is_first = cut.direction == order.direction();
        let position = plan.iter().position(|planned| is_first && planned.is(&cut.name, cut.direction));
        let Some(position) = position else {
            let reason = way_on(&names::of::<M>(), &cut, is_first);
            return Err(unfinished(cut, reason));
        };
        plan[..=position].rotate_right(1);
        Ok((plan, Some(cut)))
    }
}

/// The command that continues a migration which this run does not include.
fn way_on(known: &[String], cut: &CutOff, is_same_direction: bool) -> String {
    let CutOff { name, direction, .. } = cut;
    if !known.contains(name) {
        return "This program does not know it: run a newer one.".to_owned();
    }
    if !is_same_direction {
        return format!("Run `{direction}` first, which continues it.");
    }
    match direction {
        Direction::Up => format!("Run `up --to {name}` first, which continues it."),
        Direction::Down => "Run a `down` that includes it first, which continues it.".to_owned(),
    }
}

fn unfinished(cut: CutOff, mut reason: String) -> Error {
    if let Some(failed) = &cut.failed {
        reason = format!("Then it failed: {failed}\n{reason}");
    }
    let (ran, name, direction) = (readable(&cut.ran), cut.name, cut.direction);
    Error::Unfinished(Box::new(Unfinished { name, direction, ran, reason }))
}

/// The database of such a run.
const BACKEND: DbBackend = DbBackend::MySql;
