//! A migration that was cut off on MariaDB / MySQL, for those who look at a database.

use std::fmt;

use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{DatabaseConnection, DbBackend, DbErr, RuntimeErr, Statement, sqlx},
};
use serde::Serialize;

use super::{
    Direction,
    journal::{self, sql},
    lock::mysql,
    records,
    stepwise::{is_beginning, known},
};

/// A migration that stopped half way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stopped {
    /// Name of the migration.
    #[serde(skip)]
    pub name: String,
    /// Direction of the run.
    pub direction: Direction,
    /// Number of its statements that ran. If the process died, one more may have run.
    pub after: usize,
    /// Number of all its statements, if a run can continue it.
    pub of: Option<usize>,
    /// Error of the statement at which it was given up.
    pub failed: Option<String>,
    /// Why no run can continue it, if none can.
    pub reason: Option<String>,
}

impl Stopped {
    /// How far it ran, and how it goes on.
    #[must_use]
    pub fn progress(&self) -> String {
        let after = format!("after statement {}", self.after);
        match (self.of, &self.reason) {
            (Some(of), _) => format!("{after} of {of}; `{}` continues", self.direction),
            (None, Some(reason)) => format!("{after}; it cannot be continued: {reason}"),
            (None, None) => format!("{after}; `{}` tries it again", self.direction),
        }
    }

    /// The statements that a run executes of all `statements` of the migration.
    #[must_use]
    pub fn rest(&self, statements: Vec<Statement>) -> Vec<Statement> {
        let counted = statements.into_iter().filter(|statement| sql::changes(&statement.sql));
        counted.skip(self.of.map_or(0, |_| self.after)).collect()
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stopped {}", self.progress())
    }
}

/// The migration that stopped half way in `db`, if there is one and no process is running it. Reads only.
///
/// # Errors
/// [`DbErr`] of the database.
pub async fn stopped<M: MigratorTrait>(db: &DatabaseConnection) -> Result<Option<Stopped>, DbErr> {
    let table = M::migration_table_name().to_string();
    if db.get_database_backend() != DbBackend::MySql {
        return Ok(None);
    }
    let Some(cut) = journal::read(db, &table).await? else { return Ok(None) };
    if cut.is_complete(&records::applied_names::<M>(db).await?) || is_held(db, &table).await? {
        return Ok(None);
    }
    let (of, reason) = match known::<M>(&cut.name, cut.direction).await {
        Ok(script) if is_beginning(&cut.ran, &script) => (Some(script.len()), None),
        Ok(_) => (None, Some("its statements were others".to_owned())),
        Err(_) if cut.ran.is_empty() => (None, None),
        Err(reason) => (None, Some(reason)),
    };
    let (name, direction, after, failed) = (cut.name, cut.direction, cut.ran.len(), cut.failed);
    Ok(Some(Stopped { name, direction, after, of, failed, reason }))
}

async fn is_held(db: &DatabaseConnection, table: &str) -> Result<bool, DbErr> {
    let database = |error: sqlx::Error| DbErr::Query(RuntimeErr::SqlxError(error.into()));
    let mut connection = db.get_mysql_connection_pool().acquire().await.map_err(database)?;
    mysql::is_held(&mut connection, table).await.map_err(database)
}
