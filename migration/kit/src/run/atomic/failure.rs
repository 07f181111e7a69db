//! The failure of a migration, with the statement that failed as far as it can be found out.

use sea_orm_migration::{MigratorTrait, sea_orm::DbErr};

use crate::run::{
    Error, Session, Step,
    error::{Failure, database_error},
    order::Planned,
    script,
};

impl<M: MigratorTrait> Session<M> {
    /// The error of a run whose transaction is undone. `pid` is its process on PostgreSQL.
    pub(super) async fn failed(
        &self,
        planned: &Planned,
        kept: &[Step],
        pid: Option<i32>,
        source: DbErr,
    ) -> Error {
        let kept = kept.iter().map(|step| step.name.clone()).collect();
        let source = self.failure_of(planned, pid, source).await;
        Error::Failed { name: planned.name().to_owned(), direction: planned.direction, kept, source }
    }

    pub(super) async fn failure_of(
        &self,
        planned: &Planned,
        pid: Option<i32>,
        source: DbErr,
    ) -> Box<Failure> {
        let statement = match database_error(&source) {
            Some(error) => self.failed_statement(planned, pid, error.message().to_owned()).await,
            None => None,
        };
        Box::new(Failure { statement, source })
    }

    async fn failed_statement(&self, planned: &Planned, pid: Option<i32>, message: String) -> Option<String> {
        if let Some(statement) = self.trace.failed() {
            return Some(statement);
        }
        if let Some(pid) = pid {
            // Of a statement that was followed by another, the server knows no more.
            let is_own = |sql: &String| !["ROLLBACK", "RESET"].iter().any(|verb| sql.starts_with(verb));
            if let Some(statement) = self.lock.statement_of(pid).await.filter(is_own) {
                return Some(statement);
            }
        }
        let backend = self.db.get_database_backend();
        let script = script::of::<M>(backend, planned.name(), planned.direction).await.ok()?;
        self.trace.guess(&script, &message)
    }
}
