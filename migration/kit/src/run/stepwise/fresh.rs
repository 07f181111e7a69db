//! Removal of everything in a database of MariaDB / MySQL, which a run that is cut off leaves half done.

use sea_orm_migration::{MigratorTrait, sea_orm::ConnectionTrait as _};

use super::BACKEND;
use crate::run::{
    Error, Session,
    journal::Journal,
    lock,
    sweep::{self, Sweep},
};

impl<M: MigratorTrait> Session<M> {
    /// Drops everything that is not excluded, except the lock. The journal says so until the end.
    pub(super) async fn drop_all(&self, journal: &Journal) -> Result<(), Error> {
        let mut sweep = Sweep::of::<M>(BACKEND, true, &self.excluded).await;
        sweep.keep(journal.name());
        sweep.keep(&lock::table_name(&M::migration_table_name().to_string()));
        let drops = sweep.statements(&self.db).await?;
        journal.start_dropping(&self.db).await?;
        self.db.execute_unprepared("SET SESSION foreign_key_checks = 0").await?;
        let dropped = sweep::execute(&self.db, &drops).await;
        self.db.execute_unprepared("SET SESSION foreign_key_checks = DEFAULT").await?;
        dropped?;
        journal.remove(&self.db).await
    }
}
