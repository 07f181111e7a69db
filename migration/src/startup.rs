//! Migration of the database when a program starts, and the state of its schema.

use sea_orm_migration::sea_orm::{DatabaseConnection, DbErr};
use sea_orm_migration_kit::run::{self, Error, Session, Target, Until};

pub use sea_orm_migration_kit::run::{
    PATIENCE, SchemaState as State, connect, create_sqlite_file, sqlite_file,
};

use crate::Migrator;

/// Applies every pending migration to the database at `url`, under the migration lock.
///
/// # Errors
/// See [`Error`].
pub async fn up(url: &str) -> Result<(), Error> {
    let mut session = Session::<Migrator>::open(Target::new(url, "bookly", PATIENCE)).await?;
    session.up(Until::End).await?;
    session.close().await
}

/// Compares the schema of `db` with the migrations of this program. Reads only.
///
/// # Errors
/// [`DbErr`] of the database.
pub async fn state(db: &DatabaseConnection) -> Result<State, DbErr> {
    run::state::<Migrator>(db).await
}
