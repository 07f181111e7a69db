//! Checksums of applied migrations, by which an edited one is found.
//!
//! A checksum covers the SQL that a migration runs: formatting and refactoring do not change it. The runner writes the
//! checksums in the transaction that records the migrations, into a table of their own beside SeaORM's.

use sea_orm_migration::{
    MigratorTrait, SchemaManager,
    sea_orm::{DbBackend, DbErr, Statement},
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

pub(crate) use self::table::read;
use self::table::{NONE, applied};
pub(super) use self::table::{compatible, create, insert, remove, rename};
pub use self::table::{forget, record, table_name};
use super::recorder::{self, Recorded};
use crate::{
    Compatibility,
    sql::{
        hex, literal,
        pieces::{Piece, pieces},
    },
};

mod table;

/// Checksum of a migration of this program.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checksum {
    /// Name of the migration.
    pub name: String,
    /// SHA-256 in hexadecimal; `None` for a migration with other SQL in every run, and for one whose SQL is unknown.
    pub checksum: Option<String>,
    /// Why its SQL is unknown, if it is.
    pub unknown: Option<String>,
    /// Whether programs that do not know it go on after it.
    pub compatibility: Compatibility,
}

/// A migration that was edited after it had been applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edited {
    /// Name of the migration.
    pub name: String,
    /// Checksum of the SQL that was applied.
    pub applied: String,
    /// Checksum of the SQL that this program would apply.
    pub now: String,
}

/// Checksum of a recorded migration: its statements with their values, without comments, indentation and queries.
#[must_use]
pub fn of(recorded: &Recorded) -> String {
    sum(recorded, true)
}

/// Checksums of all migrations of `M`. A value that differs in every run, such as a random id, is left out.
pub async fn all<M: MigratorTrait>(backend: DbBackend) -> Vec<Checksum> {
    let (first, second) = (recorder::ups::<M>(backend).await, recorder::ups::<M>(backend).await);
    first.iter().zip(&second).map(|(one, other)| stable(one, other)).collect()
}

/// The checksum of a migration that was recorded twice.
fn stable(one: &Recorded, other: &Recorded) -> Checksum {
    let unknown = one.unknown.as_ref().or(other.unknown.as_ref()).map(ToString::to_string);
    let checksum = [true, false]
        .into_iter()
        .filter(|_| unknown.is_none())
        .map(|values| (sum(one, values), sum(other, values)))
        .find_map(|(one, other)| (one == other).then_some(one));
    Checksum { name: one.name.clone(), checksum, unknown, compatibility: one.compatibility.clone() }
}

/// The migrations among `sums` that were applied with another checksum. Reads only.
///
/// # Errors
/// [`DbErr`] of the database.
pub async fn edited(
    manager: &SchemaManager<'_>,
    table: &str,
    sums: &[Checksum],
) -> Result<Vec<Edited>, DbErr> {
    let known = read(manager, table).await?;
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let applied = applied(manager, table).await?;
    let edited = sums.iter().filter(|sum| applied.contains(&sum.name)).filter_map(|sum| {
        let before = known.get(&sum.name).filter(|before| *before != NONE)?;
        let now = sum.checksum.as_ref()?;
        (before != now).then(|| Edited { name: sum.name.clone(), applied: before.clone(), now: now.clone() })
    });
    Ok(edited.collect())
}

fn sum(recorded: &Recorded, values: bool) -> String {
    let mut hash = Sha256::new();
    for statement in &recorded.statements {
        hash.update(normal(statement, values));
        // No SQL contains this byte, so it separates the statements.
        hash.update([0]);
    }
    hex(&hash.finalize()).to_lowercase()
}

/// A statement in one line without comments, and with its values unless they are left out.
fn normal(statement: &Statement, values: bool) -> String {
    let mut bound = statement.values.iter().flat_map(|values| &values.0);
    let all: Vec<_> = statement.values.iter().flat_map(|values| &values.0).collect();
    let mut line = String::new();
    for piece in pieces(statement.db_backend, &statement.sql) {
        match piece {
            Piece::Space(_) | Piece::Comment(_) => {
                if !line.ends_with(' ') {
                    line.push(' ');
                }
            }
            Piece::Semicolon => line.push(';'),
            Piece::Other(text) => line.push_str(text),
            Piece::Placeholder(text, _) if !values || statement.values.is_none() => line.push_str(text),
            Piece::Placeholder(text, number) => {
                let next = bound.next();
                match number.map_or(next, |number| all.get(number.wrapping_sub(1)).copied()) {
                    Some(value) => line.push_str(
                        &literal(statement.db_backend, value).unwrap_or_else(|_| format!("{value:?}")),
                    ),
                    None => line.push_str(text),
                }
            }
        }
    }
    line.trim_matches([' ', ';']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(sql: &str, values: Option<i32>) -> Recorded {
        let statement = match values {
            Some(value) => Statement::from_sql_and_values(DbBackend::Sqlite, sql, [value.into()]),
            None => Statement::from_string(DbBackend::Sqlite, sql),
        };
        Recorded { name: "m1".to_owned(), statements: vec![statement], ..Recorded::default() }
    }

    #[test]
    fn only_what_is_run_counts() {
        let sum = |sql, value| of(&one(sql, value));
        let plain = sum("UPDATE shelves SET size = 1 WHERE name = 'a  b'", None);
        assert_eq!(
            plain,
            sum("  UPDATE shelves -- all\n\tSET size = ? /* one */ WHERE name = 'a  b' ;\n", Some(1))
        );
        assert_ne!(plain, sum("UPDATE shelves SET size = ? WHERE name = 'a  b'", Some(2)));
        assert_ne!(plain, sum("UPDATE shelves SET size = 1 WHERE name = 'a b'", None));
        assert_eq!(plain.len(), 64);
    }
}
