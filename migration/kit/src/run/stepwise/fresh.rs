//! Removal of everything in a database of MariaDB / MySQL, which a run that is cut off leaves half done.

use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement},
};

use super::BACKEND;
use crate::run::{
    Error, Session,
    journal::{Journal, sql::quoted},
    lock,
};

const TABLES: &str = "SELECT CAST(table_name AS CHAR) AS name, CAST(table_type AS CHAR) AS kind \
    FROM information_schema.tables WHERE table_schema = DATABASE()";

impl<M: MigratorTrait> Session<M> {
    /// Drops every table, view and sequence, except the lock. The journal says so until the end.
    pub(super) async fn drop_all(&self, journal: &Journal) -> Result<(), Error> {
        let own = journal.start_dropping(&self.db).await?;
        let kept = [own.to_owned(), lock::table_name(&M::migration_table_name().to_string())];
        self.db.execute_unprepared("SET SESSION foreign_key_checks = 0").await?;
        let dropped = drop_except(&self.db, &kept).await;
        self.db.execute_unprepared("SET SESSION foreign_key_checks = DEFAULT").await?;
        dropped?;
        journal.remove(&self.db).await
    }
}

async fn drop_except(db: &DatabaseConnection, kept: &[String]) -> Result<(), DbErr> {
    for row in db.query_all_raw(Statement::from_string(BACKEND, TABLES)).await? {
        let (name, kind): (String, String) = (row.try_get("", "name")?, row.try_get("", "kind")?);
        if kept.contains(&name) {
            continue;
        }
        let kind = match kind.as_str() {
            "VIEW" => "VIEW",
            "SEQUENCE" => "SEQUENCE",
            _ => "TABLE",
        };
        db.execute_unprepared(&format!("DROP {kind} IF EXISTS {}", quoted(&name))).await?;
    }
    Ok(())
}
