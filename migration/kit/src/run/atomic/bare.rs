//! A migration outside a transaction, whose effects stay if it fails.

use std::time::Instant;

use log::warn;
use sea_orm_migration::{
    MigratorTrait, SchemaManager,
    sea_orm::{ConnectionTrait, DbErr, Statement, TransactionTrait},
};

use crate::run::{
    Direction, Error, InvalidIndex, Session, Step, indexes, ledger::Ledger, order::Planned, recorder, script,
    table_lock::Attempts,
};

impl<M: MigratorTrait> Session<M> {
    pub(super) async fn run_bare(
        &mut self,
        planned: &Planned,
        ledger: &mut Ledger<M>,
        attempts: &mut Attempts,
    ) -> Result<Step, Error> {
        let began = Instant::now();
        let (name, direction) = (planned.name().to_owned(), planned.direction);
        let before = indexes::invalid(&self.db).await?;
        let pid = self.pid(&self.db).await?;
        // The next query replaces what is known of the failed statement.
        let ran = match self.attempt_bare(planned, attempts).await {
            Ok(()) => Ok(()),
            Err(source) => Err(self.failure_of(planned, pid, source).await),
        };
        let invalid = indexes::invalid(&self.db).await;
        if let Err(source) = ran {
            let invalid = invalid.unwrap_or_default();
            invalid
                .iter()
                .filter(|index| !before.contains(index))
                .for_each(|index| warn!("warning: {index}"));
            return Err(Error::FailedBare { name, direction, source });
        }
        if direction == Direction::Up {
            self.refuse_invalid(&name, &before, invalid?).await?;
        }
        self.lock.check().await?;
        let txn = self.db.begin().await?;
        ledger.record(&SchemaManager::new(&txn), &name, direction).await?;
        txn.commit().await?;
        Ok(Step { name, direction, elapsed: began.elapsed() })
    }

    async fn attempt_bare(&self, planned: &Planned, attempts: &mut Attempts) -> Result<(), DbErr> {
        let setting = self.limit_of_bare(planned, attempts).await;
        while let Err(source) = self.try_bare(planned, setting.as_deref(), attempts).await {
            match &setting {
                Some(_) => attempts.again(&self.db, source).await?,
                None => return Err(source),
            }
        }
        Ok(())
    }

    /// The limit of a migration outside a transaction: of one statement, since of several the first ones stay, and not
    /// of a concurrent one, which holds nobody up and leaves an invalid index.
    async fn limit_of_bare(&self, planned: &Planned, attempts: &Attempts) -> Option<String> {
        let backend = self.db.get_database_backend();
        let setting = attempts.setting_of_session(backend)?;
        let statements = script::of::<M>(backend, planned.name(), planned.direction).await.ok()?;
        let [statement] = statements.as_slice() else { return None };
        (!statement.sql.to_uppercase().contains("CONCURRENTLY")).then_some(setting)
    }

    async fn try_bare(
        &self,
        planned: &Planned,
        setting: Option<&str>,
        attempts: &Attempts,
    ) -> Result<(), DbErr> {
        let manager = SchemaManager::new(&self.db);
        let Some(setting) = setting else { return planned.run(&manager).await };
        let blockers = self.watch(&self.db, attempts).await?;
        self.db.execute_unprepared(setting).await?;
        let ran = planned.run(&manager).await;
        drop(blockers);
        let reset = self.db.execute_unprepared("RESET lock_timeout").await;
        ran.and(reset.map(drop))
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
        let recorded = recorder::ups::<M>(self.db.get_database_backend()).await;
        let own = recorded.iter().filter(|up| up.name == name).flat_map(|up| &up.statements);
        let own: Vec<&Statement> = own.collect();
        let is_own = |index: &InvalidIndex| own.iter().any(|statement| index.is_named_in(statement));
        let indexes: Vec<InvalidIndex> =
            invalid.into_iter().filter(|index| !before.contains(index) || is_own(index)).collect();
        if indexes.is_empty() {
            Ok(())
        } else {
            Err(Error::InvalidIndexes { name: name.to_owned(), indexes })
        }
    }
}
