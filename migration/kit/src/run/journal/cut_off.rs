//! What the journal says of a run that did not come to its end.

use sea_orm_migration::{
    SchemaManager,
    sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement},
};

use super::{sql, table_name};
use crate::run::{Direction, Error};

/// Direction of the entry that says that tables are being dropped.
pub(super) const DROPPING: &str = "drop";

/// A migration that was begun and not brought to an end.
#[derive(Debug)]
pub(in crate::run) struct CutOff {
    pub(in crate::run) name: String,
    pub(in crate::run) direction: Direction,
    /// The statements that ran; none for a statement that is not known.
    pub(in crate::run) ran: Vec<Option<String>>,
    /// Why it was given up. None means that the process died, so one more statement may have run.
    pub(in crate::run) failed: Option<String>,
}

/// The migration that the journal beside `records` names, in the database of `db`. Reads only.
pub(in crate::run) async fn read(db: &DatabaseConnection, records: &str) -> Result<Option<CutOff>, DbErr> {
    let name = table_name(records);
    if !SchemaManager::new(db).has_table(&name).await? {
        return Ok(None);
    }
    let rows = rows(db, &sql::quoted(&name), "").await?;
    if is_dropping(&rows)? {
        return Err(DbErr::Custom(Error::HalfDropped.to_string()));
    }
    CutOff::of(&rows)
}

/// Whether the entries say that tables were being dropped.
pub(super) fn is_dropping(rows: &[QueryResult]) -> Result<bool, DbErr> {
    rows.first().map_or(Ok(false), |row| Ok(row.try_get::<String>("", "direction")? == DROPPING))
}

/// The entries in `table`.
pub(super) async fn rows(db: &DatabaseConnection, table: &str, end: &str) -> Result<Vec<QueryResult>, DbErr> {
    let select = format!(
        "SELECT migration, direction, statement, failed FROM {table} ORDER BY migration, direction, position{end}"
    );
    db.query_all_raw(Statement::from_string(DbBackend::MySql, select)).await
}

impl CutOff {
    /// The migration of these rows of the journal: the first one says that it was begun.
    pub(super) fn of(rows: &[QueryResult]) -> Result<Option<Self>, DbErr> {
        let Some((begun, entries)) = rows.split_first() else { return Ok(None) };
        let down = begun.try_get::<String>("", "direction")? == Direction::Down.to_string();
        let mut cut = Self {
            name: begun.try_get("", "migration")?,
            direction: if down { Direction::Down } else { Direction::Up },
            ran: Vec::new(),
            failed: None,
        };
        for row in entries {
            cut.take_in(row)?;
        }
        Ok(Some(cut))
    }

    /// Whether the records say that it was brought to its end by other means.
    pub(in crate::run) fn is_complete(&self, applied: &[String]) -> bool {
        applied.contains(&self.name) == (self.direction == Direction::Up)
    }

    fn take_in(&mut self, row: &QueryResult) -> Result<(), DbErr> {
        let statement = row.try_get("", "statement")?;
        match row.try_get("", "failed")? {
            Some(failed) => self.failed = Some(failed),
            None => self.ran.push(statement),
        }
        Ok(())
    }
}
