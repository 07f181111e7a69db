//! Details that the dialect of a comparison cannot express, from the SQL of another database.

use sea_orm_migration::sea_orm::{DbBackend, Statement};

use super::write::Rename;
use crate::snapshot::{Column, Kind, Snapshot, fold::fold};

/// Adds what only MariaDB's dialect says: comments, and with `integers` the exact integers, of which others have fewer.
pub(super) fn with_mariadb(schema: &mut Snapshot, mariadb: &Snapshot, integers: bool) {
    for (name, table) in &mut schema.tables {
        let Some(other) = mariadb.table(name) else { continue };
        table.comment = table.comment.take().or_else(|| other.comment.clone());
        for column in &mut table.columns {
            let Some(other) = other.column(&column.name) else { continue };
            column.comment = column.comment.take().or_else(|| other.comment.clone());
            if integers && column.kind.is_integer() && other.kind.is_integer() {
                column.kind = other.kind.clone();
            }
        }
    }
}

/// Removes the lengths and digits that MariaDB's dialect adds where an entity gives none, as SQLite's shows.
pub(super) fn with_sqlite(schema: &mut Snapshot, sqlite: &Snapshot) {
    for (name, table) in &mut schema.tables {
        let Some(other) = sqlite.table(name) else { continue };
        for column in &mut table.columns {
            let other = other.column(&column.name).map(|other| &other.kind);
            match (&column.kind, other) {
                (Kind::String(_), Some(Kind::String(None))) => column.kind = Kind::String(None),
                (Kind::Decimal(_), Some(Kind::Decimal(None))) => column.kind = Kind::Decimal(None),
                _ => {}
            }
        }
    }
}

/// Removes `renamed_from` from the comments.
pub(super) fn without_renames(schema: &mut Snapshot) {
    for column in schema.tables.values_mut().flat_map(|table| &mut table.columns) {
        let Some((at, _)) = renamed_from(column) else { continue };
        let comment = column.comment.take().unwrap_or_default();
        let own = comment[..at].trim_end_matches("; ");
        column.comment = Some(own.to_owned()).filter(|own| !own.is_empty());
    }
}

/// Removes all comments: SQLite has none.
pub(super) fn without_comments(schema: &mut Snapshot) {
    for table in schema.tables.values_mut() {
        table.comment = None;
        table.columns.iter_mut().for_each(|column| column.comment = None);
    }
}

/// The renames that entities declare by `renamed_from`, which SeaORM keeps in the comments of MariaDB's dialect.
pub(super) fn renames(mariadb: &[Statement]) -> Vec<Rename> {
    let schema = fold(DbBackend::MySql, mariadb);
    let mut renames = Vec::new();
    for table in schema.tables.values() {
        for column in &table.columns {
            if let Some((_, from)) = renamed_from(column) {
                let (table, to) = (table.name.clone(), column.name.clone());
                renames.push(Rename::Column { table, from, to });
            }
        }
    }
    renames
}

/// Where the note begins in a comment, and the old name in it.
fn renamed_from(column: &Column) -> Option<(usize, String)> {
    let comment = column.comment.as_ref()?;
    let at = comment.rfind("renamed_from \"")?;
    let old = comment[at..].split('"').nth(1)?;
    Some((at, old.to_owned()))
}
