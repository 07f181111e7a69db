//! Records the SQL that migrations and entities would run, with no database at hand.

use std::sync::{Arc, Mutex};

use sea_orm_migration::{
    MigrationTrait, MigratorTrait, SchemaManager,
    sea_orm::{
        DatabaseConnection, DatabaseConnectionType, DbBackend, DbErr, ExecResult, MockDatabase, MockDatabaseConnection,
        MockDatabaseTrait, MockExecResult, QueryResult, Schema, SchemaBuilder, Statement, Transaction,
    },
};

/// One way through a migration, as one kind of database would be told it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The migration's name.
    pub name: String,
    /// What changes the schema or its rows, in order. What only asks is left out.
    pub statements: Vec<Statement>,
    /// Queries on rows, which met empty tables here: a migration that goes by their answers does something else
    /// on a database with rows.
    pub reads: Vec<Statement>,
    /// Lint rules that the migration says it breaks with reason, as `portable::allow` leaves them.
    pub allowed: Vec<String>,
}

/// The statements of every migration's `up`, oldest first, for `backend`.
///
/// # Errors
/// What a migration itself fails with.
pub async fn ups<M: MigratorTrait>(backend: DbBackend) -> Result<Vec<Recorded>, DbErr> {
    todo!()
}

/// The statements of every migration's `down`, newest first, for `backend`.
///
/// # Errors
/// What a migration itself fails with.
pub async fn downs<M: MigratorTrait>(backend: DbBackend) -> Result<Vec<Recorded>, DbErr> {
    todo!()
}

/// The statements that create what `entities` describe.
///
/// # Errors
/// What SeaORM cannot build.
pub async fn entities(entities: SchemaBuilder, backend: DbBackend) -> Result<Vec<Statement>, DbErr> {
    todo!()
}
