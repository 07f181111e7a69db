//! Comparison of a schema with the migrations of this program, for a server that starts or reports its health.

use std::fmt;

use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{DatabaseConnection, DbErr},
};

use super::{applied_names, names};

/// State of a database, compared with the migrations of this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaState {
    /// Exactly the migrations of this program are applied.
    Current,
    /// Migrations that the database lacks, oldest first.
    Behind(Vec<String>),
    /// Migrations that the database has and this program lacks.
    Ahead(Vec<String>),
}

impl fmt::Display for SchemaState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Current => f.write_str("the schema is current"),
            Self::Behind(names) => write!(f, "the schema lacks {}", names.join(", ")),
            Self::Ahead(names) => write!(f, "the schema has {}, unknown to this version", names.join(", ")),
        }
    }
}

/// Compares the schema of `db` with the migrations of `M`. Reads only.
///
/// # Errors
/// [`DbErr`] of the database.
pub async fn state<M: MigratorTrait>(db: &DatabaseConnection) -> Result<SchemaState, DbErr> {
    let (known, applied) = (names::of::<M>(), applied_names::<M>(db).await?);
    let only_in = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|name| !those.contains(name)).cloned().collect()
    };
    let (ahead, behind) = (only_in(&applied, &known), only_in(&known, &applied));
    Ok(match (ahead.is_empty(), behind.is_empty()) {
        (true, true) => SchemaState::Current,
        (false, _) => SchemaState::Ahead(ahead),
        (true, false) => SchemaState::Behind(behind),
    })
}
