//! Comparison of a schema with the migrations of this program, for a server that starts or reports its health.

use std::fmt;

use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{DatabaseConnection, DbErr},
};

use super::{applied_names, checksums, names};

/// State of a database, compared with the migrations of this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaState {
    /// Exactly the migrations of this program are applied.
    Current,
    /// Migrations that the database lacks, oldest first.
    Behind(Vec<String>),
    /// Migrations that the database has and this program lacks. Nothing is known of its work on such a schema.
    Ahead(Vec<String>),
    /// Migrations that the database has and this program lacks, with which it works: each of them was recorded as
    /// compatible by the program that applied it.
    AheadCompatible(Vec<String>),
}

impl SchemaState {
    /// Whether this program can serve on the schema.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        match self {
            Self::Current | Self::AheadCompatible(_) => true,
            Self::Behind(_) | Self::Ahead(_) => false,
        }
    }
}

impl fmt::Display for SchemaState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Current => f.write_str("the schema is current"),
            Self::Behind(names) => write!(f, "the schema lacks {}", names.join(", ")),
            Self::Ahead(names) => write!(f, "the schema has {}, unknown to this version", names.join(", ")),
            Self::AheadCompatible(names) => {
                write!(
                    f,
                    "the schema has {}, unknown to this version and compatible with it",
                    names.join(", ")
                )
            }
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
    if ahead.is_empty() {
        return Ok(if behind.is_empty() { SchemaState::Current } else { SchemaState::Behind(behind) });
    }
    let compatible = checksums::compatible(db, &M::migration_table_name().to_string()).await?;
    Ok(match (ahead.iter().all(|name| compatible.contains(name)), behind.is_empty()) {
        (true, true) => SchemaState::AheadCompatible(ahead),
        (true, false) => SchemaState::Behind(behind),
        (false, _) => SchemaState::Ahead(ahead),
    })
}
