//! A run on PostgreSQL or SQLite: one transaction, the table of records included.
//!
//! A migration whose `use_transaction()` is `Some(false)`, such as one with CREATE INDEX CONCURRENTLY, splits the
//! run: the steps before it are committed, it runs alone, and the rest is a transaction of its own.

use std::{mem, time::Instant};

use log::warn;
use sea_orm_migration::{
    MigratorTrait, SchemaManager,
    sea_orm::{
        ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode, Statement,
        TransactionOptions, TransactionTrait,
    },
};

use super::{
    Error, Session, Step, applied_names, busy,
    foreign_keys::Orphans,
    ledger::Ledger,
    lock::{self, Blockers, Holder, Wait},
    names,
    order::{self, Order, Planned},
    sweep::{self, Sweep},
    table_lock::Attempts,
};

mod bare;
mod failure;

/// A transaction of a run.
struct Open {
    txn: DatabaseTransaction,
    /// The server's process, on PostgreSQL.
    pid: Option<i32>,
    /// The rows without their parents at its beginning; none if they cannot be read.
    orphans: Option<Orphans>,
    _blockers: Option<Blockers>,
}

/// What of a run is committed, and what is left.
#[derive(Default)]
struct Progress {
    /// Everything that the run does, once a part of it is committed.
    plan: Option<Vec<Planned>>,
    /// The migrations of the plan that ran.
    steps: Vec<Step>,
}

impl<M: MigratorTrait> Session<M> {
    pub(super) async fn run_atomic(&mut self, order: Order) -> Result<Vec<Step>, Error> {
        let mut ledger = Ledger::<M>::new(self.db.get_database_backend());
        let applied = applied_names::<M>(&self.db).await?;
        if names::of::<M>().iter().any(|name| !applied.contains(name)) {
            // It takes a while, in which the transaction would keep other writers of SQLite waiting.
            ledger.compute_checksums().await;
        }
        let mut progress = Progress::default();
        let mut attempts = Attempts::new(self.table_lock_timeout);
        loop {
            match self.run_part(&order, &mut ledger, &mut progress, &mut attempts).await {
                Ok(true) => return Ok(progress.steps),
                Ok(false) => attempts.restart(),
                Err(error) => self.again(&mut attempts, error).await?,
            }
        }
    }

    /// Lets others pass if `error` says that a table was locked by them.
    async fn again(&self, attempts: &mut Attempts, mut error: Error) -> Result<(), Error> {
        let Some(source) = error.cause_mut() else { return Err(error) };
        let cause = mem::replace(source, DbErr::Custom(String::new()));
        match attempts.again(&self.db, cause).await {
            Ok(()) => Ok(()),
            Err(cause) => {
                *source = cause;
                Err(error)
            }
        }
    }

    /// Runs the migrations up to and with the next one that is outside a transaction. Returns whether none is left.
    async fn run_part(
        &mut self,
        order: &Order,
        ledger: &mut Ledger<M>,
        progress: &mut Progress,
        attempts: &mut Attempts,
    ) -> Result<bool, Error> {
        let open = self.begin(attempts).await?;
        let plan = if let Some(plan) = progress.plan.take() {
            plan
        } else {
            let plan = prepare(&open.txn, order, ledger, &self.excluded).await?;
            self.ask(&plan, &SchemaManager::new(&open.txn)).await?;
            plan
        };
        let ran = self.run_from(open, order, &plan, ledger, &mut progress.steps, attempts).await;
        if !progress.steps.is_empty() {
            progress.plan = Some(plan);
        }
        ran
    }

    async fn run_from(
        &mut self,
        open: Open,
        order: &Order,
        plan: &[Planned],
        ledger: &mut Ledger<M>,
        steps: &mut Vec<Step>,
        attempts: &mut Attempts,
    ) -> Result<bool, Error> {
        let mut ran = Vec::new();
        for (at, planned) in plan.iter().enumerate().skip(steps.len()) {
            if order.drops_left(plan, at) {
                self.drop_left(&open.txn).await?;
            }
            self.trace.forget();
            if planned.is_bare() {
                self.commit(open, &mut ran, steps).await?;
                let step = self.run_bare(planned, ledger, attempts).await?;
                order::announce(std::slice::from_ref(&step));
                steps.push(step);
                return Ok(false);
            }
            match run_in(&open.txn, planned, ledger).await {
                Ok(step) => ran.push(step),
                Err(source) => return Err(self.failed(planned, steps, open.pid, source).await),
            }
        }
        if order.drops_left(plan, plan.len()) {
            self.drop_left(&open.txn).await?;
        }
        let manager = SchemaManager::new(&open.txn);
        if let Order::Reset = order {
            ledger.uninstall(&manager).await?;
            M::uninstall(&open.txn).await?;
        } else {
            ledger.complete(&manager).await?;
        }
        self.commit(open, &mut ran, steps).await?;
        Ok(true)
    }

    /// Begins a transaction that writes, once the server has finished its work for a process that has ended.
    async fn begin(&mut self, attempts: &Attempts) -> Result<Open, Error> {
        let mut wait = Wait::new(self.patience);
        let txn = loop {
            let mode = Some(SqliteTransactionMode::Immediate);
            let options = TransactionOptions { sqlite_transaction_mode: mode, ..Default::default() };
            let txn = self.db.begin_with_options(options).await;
            let txn = txn.map_err(|error| busy::explained(error, self.patience))?;
            if self.is_first(&txn).await? {
                break txn;
            }
            txn.rollback().await?;
            wait.pause(Holder::left_behind()).await?;
        };
        if let Some(setting) = attempts.setting(self.db.get_database_backend()) {
            txn.execute_unprepared(&setting).await?;
        }
        let blockers = self.watch(&txn, attempts).await?;
        let orphans = match Orphans::find(&txn).await {
            Ok(orphans) => Some(orphans),
            Err(error) => {
                warn!("warning: foreign keys cannot be checked: {error}");
                None
            }
        };
        let pid = self.pid(&txn).await?;
        Ok(Open { txn, pid, orphans, _blockers: blockers })
    }

    /// The server's process behind `connection`, on PostgreSQL.
    async fn pid(&self, connection: &impl ConnectionTrait) -> Result<Option<i32>, DbErr> {
        match self.db.get_database_backend() {
            DbBackend::Postgres => Ok(Some(lock::backend_of(connection).await?)),
            _ => Ok(None),
        }
    }

    /// Notes which sessions stop the session at `connection`.
    async fn watch(
        &self,
        connection: &impl ConnectionTrait,
        attempts: &Attempts,
    ) -> Result<Option<Blockers>, DbErr> {
        match attempts.interval().filter(|_| self.db.get_database_backend() == DbBackend::Postgres) {
            Some(interval) => {
                Ok(self.lock.watch(lock::backend_of(connection).await?, interval, &attempts.seen))
            }
            None => Ok(None),
        }
    }

    async fn is_first(&self, txn: &DatabaseTransaction) -> Result<bool, DbErr> {
        let Some(key) = self.lock.key_of_run() else { return Ok(true) };
        let sql = "SELECT pg_try_advisory_xact_lock($1) AS taken";
        let row =
            txn.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [key.into()])).await?;
        row.map_or(Ok(false), |row| row.try_get("", "taken"))
    }

    /// Commits, and adds the migrations that `ran` to the `steps`.
    async fn commit(&mut self, open: Open, ran: &mut Vec<Step>, steps: &mut Vec<Step>) -> Result<(), Error> {
        if let Some(before) = &open.orphans {
            before.grown_to(&Orphans::find(&open.txn).await?)?;
        }
        self.lock.check().await?;
        open.txn.commit().await?;
        order::announce(ran);
        steps.append(ran);
        Ok(())
    }
}

/// What the run does, after the tables of records are there.
async fn prepare<M: MigratorTrait>(
    txn: &DatabaseTransaction,
    order: &Order,
    ledger: &mut Ledger<M>,
    excluded: &[String],
) -> Result<Vec<Planned>, Error> {
    if let Order::Fresh = order {
        let sweep = Sweep::of::<M>(txn.get_database_backend(), true, excluded).await;
        sweep::execute(txn, &sweep.statements(txn).await?).await?;
    }
    ledger.install(&SchemaManager::new(txn)).await?;
    let applied = ledger.applied(&SchemaManager::new(txn)).await?;
    ledger.refuse_renamed(&SchemaManager::new(txn), &applied.names).await?;
    order::plan::<M>(order, &applied)
}

async fn run_in<M: MigratorTrait>(
    txn: &DatabaseTransaction,
    planned: &Planned,
    ledger: &mut Ledger<M>,
) -> Result<Step, DbErr> {
    let began = Instant::now();
    let manager = SchemaManager::new(txn);
    planned.run(&manager).await?;
    ledger.record(&manager, planned.name(), planned.direction).await?;
    Ok(Step { name: planned.name().to_owned(), direction: planned.direction, elapsed: began.elapsed() })
}
