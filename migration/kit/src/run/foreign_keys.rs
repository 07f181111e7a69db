//! Check that a run on SQLite, which works without foreign keys, leaves no row without its parent.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use log::warn;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use super::Error;

/// Rows that an error names.
const NAMED: usize = 20;

/// A row whose parent is missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Orphan {
    table: String,
    parent: String,
    /// None in a table `WITHOUT ROWID`.
    row: Option<i64>,
}

impl fmt::Display for Orphan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row {
            Some(row) => write!(f, "{} row {row} refers to {}", self.table, self.parent),
            None => write!(f, "{} refers to {}", self.table, self.parent),
        }
    }
}

/// The rows without their parents at one time.
#[derive(Debug, Default)]
pub(super) struct Orphans(BTreeMap<Orphan, usize>);

impl Orphans {
    /// Finds them, on SQLite.
    pub(super) async fn find(db: &impl ConnectionTrait) -> Result<Self, DbErr> {
        if db.get_database_backend() != DbBackend::Sqlite {
            return Ok(Self::default());
        }
        let check = Statement::from_string(DbBackend::Sqlite, "PRAGMA foreign_key_check");
        let mut orphans = BTreeMap::new();
        for row in db.query_all_raw(check).await? {
            let orphan = Orphan {
                table: row.try_get("", "table")?,
                parent: row.try_get("", "parent")?,
                row: row.try_get("", "rowid")?,
            };
            *orphans.entry(orphan).or_default() += 1;
        }
        Ok(Self(orphans))
    }

    /// Compares the orphans before a run with those after it.
    ///
    /// # Errors
    /// [`Error::ForeignKeys`] for new ones. Old ones are only logged, also if a copy of their table gave them other row
    /// ids.
    pub(super) fn grown_to(&self, after: &Self) -> Result<(), Error> {
        let (before_each, after_each) = (self.of_each(), after.of_each());
        let grown: BTreeSet<_> = after_each
            .iter()
            .filter(|(tables, count)| before_each.get(*tables).is_none_or(|before| before < count))
            .map(|(tables, _)| *tables)
            .collect();
        let new: Vec<String> = after
            .0
            .iter()
            .filter(|(orphan, _)| grown.contains(&(&orphan.table, &orphan.parent)))
            .filter(|(orphan, count)| self.0.get(orphan).is_none_or(|before| before < count))
            .take(NAMED)
            .map(|(orphan, _)| orphan.to_string())
            .collect();
        if !grown.is_empty() {
            return Err(Error::ForeignKeys(new));
        }
        for orphan in after.0.keys().take(NAMED) {
            warn!("warning: {orphan}, which was missing before this run");
        }
        Ok(())
    }

    fn of_each(&self) -> BTreeMap<(&String, &String), usize> {
        let mut counts = BTreeMap::new();
        for (orphan, count) in &self.0 {
            *counts.entry((&orphan.table, &orphan.parent)).or_default() += count;
        }
        counts
    }
}
