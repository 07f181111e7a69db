//! A run on PostgreSQL or SQLite: one transaction, the table of records included.
//!
//! A migration whose `use_transaction()` is `Some(false)`, such as one with CREATE INDEX CONCURRENTLY, splits the
//! run: the steps before it are committed, it runs alone, and the rest is a transaction of its own.

use std::time::Instant;

use log::warn;
use sea_orm_migration::{
    MigratorTrait, SchemaManager,
    sea_orm::{
        ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode, Statement,
        TransactionOptions, TransactionTrait,
    },
};

use super::{
    Direction, Error, InvalidIndex, Session, Step,
    foreign_keys::Orphans,
    invalid_indexes,
    ledger::Ledger,
    leftovers,
    lock::{Holder, Wait},
    order::{self, Order, Planned},
    recorder,
    records::Nothing,
};

/// A transaction of a run.
struct Open {
    txn: DatabaseTransaction,
    /// The rows without their parents at its beginning; none if they cannot be read.
    orphans: Option<Orphans>,
}

impl<M: MigratorTrait> Session<M> {
    pub(super) async fn run_atomic(&mut self, order: Order) -> Result<Vec<Step>, Error> {
        let mut ledger = Ledger::<M>::new(self.db.get_database_backend());
        let mut open = self.begin().await?;
        if let Order::Fresh = order {
            Nothing::<M>::fresh(&open.txn).await?;
            leftovers::drop_all(&open.txn).await?;
        }
        ledger.install(&SchemaManager::new(&open.txn)).await?;
        let applied = ledger.applied(&SchemaManager::new(&open.txn)).await?;
        ledger.refuse_renamed(&SchemaManager::new(&open.txn), &applied).await?;
        let (mut steps, mut kept) = (Vec::new(), 0);
        for planned in order::plan::<M>(&order, &applied)? {
            if planned.is_bare() {
                self.commit(open).await?;
                order::announce(&steps[kept..]);
                steps.push(self.run_bare(&planned, &mut ledger).await?);
                order::announce(&steps[steps.len() - 1..]);
                kept = steps.len();
                open = self.begin().await?;
            } else {
                let step = run_in(&open.txn, &planned, &mut ledger).await;
                steps.push(step.map_err(|source| failed(&planned, &steps[..kept], source))?);
            }
        }
        let manager = SchemaManager::new(&open.txn);
        if let Order::Reset = order {
            ledger.uninstall(&manager).await?;
            M::uninstall(&open.txn).await?;
        } else {
            ledger.complete(&manager).await?;
        }
        self.commit(open).await?;
        order::announce(&steps[kept..]);
        Ok(steps)
    }

    /// Begins a transaction that writes, once the server has finished its work for a process that has ended.
    async fn begin(&mut self) -> Result<Open, Error> {
        let mut wait = Wait::new(self.patience);
        let txn = loop {
            let mode = Some(SqliteTransactionMode::Immediate);
            let options = TransactionOptions { sqlite_transaction_mode: mode, ..Default::default() };
            let txn = self.db.begin_with_options(options).await?;
            if self.is_first(&txn).await? {
                break txn;
            }
            txn.rollback().await?;
            wait.pause(Holder::left_behind()).await?;
        };
        let orphans = match Orphans::find(&txn).await {
            Ok(orphans) => Some(orphans),
            Err(error) => {
                warn!("warning: foreign keys cannot be checked: {error}");
                None
            }
        };
        Ok(Open { txn, orphans })
    }

    async fn is_first(&self, txn: &DatabaseTransaction) -> Result<bool, DbErr> {
        let Some(key) = self.lock.key_of_run() else { return Ok(true) };
        let sql = "SELECT pg_try_advisory_xact_lock($1) AS taken";
        let row =
            txn.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [key.into()])).await?;
        row.map_or(Ok(false), |row| row.try_get("", "taken"))
    }

    async fn commit(&mut self, open: Open) -> Result<(), Error> {
        if let Some(before) = &open.orphans {
            before.grown_to(&Orphans::find(&open.txn).await?)?;
        }
        self.lock.check().await?;
        Ok(open.txn.commit().await?)
    }

    /// Fails if the migration left an index INVALID, now or in a run before, whose IF NOT EXISTS then finds it.
    async fn refuse_invalid(
        &self,
        name: &str,
        before: &[InvalidIndex],
        invalid: Vec<InvalidIndex>,
    ) -> Result<(), Error> {
        if invalid.is_empty() {
            return Ok(());
        }
        let recorded = recorder::ups::<M>(self.db.get_database_backend()).await.unwrap_or_default();
        let own = recorded.iter().filter(|up| up.name == name).flat_map(|up| &up.statements);
        let own: Vec<&Statement> = own.collect();
        let is_own = |index: &InvalidIndex| own.iter().any(|statement| names(statement, index));
        let indexes: Vec<InvalidIndex> =
            invalid.into_iter().filter(|index| !before.contains(index) || is_own(index)).collect();
        if indexes.is_empty() {
            Ok(())
        } else {
            Err(Error::InvalidIndexes { name: name.to_owned(), indexes })
        }
    }

    async fn run_bare(&mut self, planned: &Planned, ledger: &mut Ledger<M>) -> Result<Step, Error> {
        let began = Instant::now();
        let (name, direction) = (planned.name().to_owned(), planned.direction);
        let before = invalid_indexes(&self.db).await?;
        let ran = planned.run(&SchemaManager::new(&self.db)).await;
        let invalid = invalid_indexes(&self.db).await?;
        if let Err(source) = ran {
            invalid
                .iter()
                .filter(|index| !before.contains(index))
                .for_each(|index| warn!("warning: {index}"));
            return Err(Error::FailedBare { name, direction, source });
        }
        if direction == Direction::Up {
            self.refuse_invalid(&name, &before, invalid).await?;
        }
        self.lock.check().await?;
        let txn = self.db.begin().await?;
        ledger.record(&SchemaManager::new(&txn), &name, direction).await?;
        txn.commit().await?;
        Ok(Step { name, direction, elapsed: began.elapsed() })
    }
}

/// Whether a statement names the index.
fn names(statement: &Statement, index: &InvalidIndex) -> bool {
    let mut words = statement.sql.split(|c: char| !c.is_alphanumeric() && !"_-$".contains(c));
    words.any(|word| word.eq_ignore_ascii_case(&index.name))
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

fn failed(planned: &Planned, kept: &[Step], source: DbErr) -> Error {
    let kept = kept.iter().map(|step| step.name.clone()).collect();
    Error::Failed { name: planned.name().to_owned(), direction: planned.direction, kept, source }
}
