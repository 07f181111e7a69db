//! The first migration of a database that exists already: the statements that create its schema.
//!
//! The statements are tried in scratch space, which gives their order, and the result is compared with the database. A
//! schema that would come out otherwise is refused, by the names of its objects.

use sea_orm_migration::{
    MigrationTrait, MigratorTrait,
    sea_orm::{
        ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseExecutor, DbBackend, DbErr,
        TransactionTrait,
    },
};

use crate::{
    pattern::matches,
    tooling::{
        catalog::{Catalog, Difference},
        drift,
        shadow::{self, Shadow, ShadowError, ShadowTarget},
    },
};

mod mariadb;
mod postgres;
mod source;
mod sqlite;

pub(super) use source::source;

/// A statement that creates something, and the one that undoes it, unless it goes with something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) create: String,
    pub(super) undo: Option<String>,
}

/// A database that a project adopts.
#[derive(Debug, Clone)]
pub struct Existing<'e> {
    /// Its URL.
    pub url: &'e str,
    /// The schema, on PostgreSQL; that of the user's search path if omitted.
    pub schema: Option<&'e str>,
    /// A database of the same kind, beside which scratch space is created; its own if omitted.
    pub shadow: Option<&'e str>,
    /// Tables to leave out; `*` matches any characters.
    pub exclude: &'e [String],
}

/// Failure to adopt a database.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// Scratch space failed, or the database could not be read.
    #[error(transparent)]
    Shadow(#[from] ShadowError),
    /// The database has no tables.
    #[error("the database has no tables to adopt")]
    Empty,
    /// Objects that no statement of a migration could create as they are.
    #[error("these cannot be adopted: {}\nLeave tables out by --exclude, or write them by hand.", .0.join("; "))]
    Unsupported(Vec<String>),
    /// A statement failed in scratch space.
    #[error(
        "in scratch space, this fails: {source}\n{statement}\nLeave tables out by --exclude, or write them by hand."
    )]
    Statement {
        /// The statement.
        statement: String,
        /// Its error.
        source: DbErr,
    },
    /// The schema came out otherwise.
    #[error("in scratch space, the schema comes out otherwise:{}\nLeave tables out by --exclude, or write them by hand.", lines(.0))]
    Differs(Vec<Difference>),
}

fn lines(differences: &[Difference]) -> String {
    let lines: Vec<String> = differences.iter().map(|difference| format!("\n  {difference}")).collect();
    lines.concat()
}

/// Nothing: the records of a project without migrations have their usual names.
struct NoMigrations;

impl MigratorTrait for NoMigrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        Vec::new()
    }
}

/// The pieces of an existing schema, in an order in which they can be created.
///
/// # Errors
/// [`AdoptError`].
pub(super) async fn pieces(existing: &Existing<'_>) -> Result<Vec<Piece>, AdoptError> {
    let keep = |name: &str| {
        !drift::ours::<NoMigrations>(name) && !existing.exclude.iter().any(|pattern| matches(pattern, name))
    };
    let mut options = ConnectOptions::new(existing.url);
    if let Some(schema) = existing.schema {
        options.set_schema_search_path(schema);
    }
    let db = shadow::connect(options).await?;
    let pieces = read(&db, &keep).await?;
    let live = Catalog::read(&db, keep).await.map_err(ShadowError::Read)?;
    let collation = shadow::collation_of(&db).await.map_err(ShadowError::Read)?;
    db.close().await.map_err(ShadowError::Connect)?;
    if pieces.is_empty() {
        return Err(AdoptError::Empty);
    }
    let target =
        ShadowTarget::beside::<NoMigrations>(existing.shadow.unwrap_or(existing.url)).collated(collation);
    let shadow = Shadow::open(&target).await?;
    let tried = tried(&shadow, pieces, &live, keep).await;
    shadow.close().await?;
    tried
}

async fn read(db: &DatabaseConnection, keep: &impl Fn(&str) -> bool) -> Result<Vec<Piece>, AdoptError> {
    let read = match db.get_database_backend() {
        DbBackend::Sqlite => sqlite::read(db, keep).await,
        DbBackend::Postgres => {
            let unsupported = postgres::unsupported(db, keep).await.map_err(ShadowError::Read)?;
            if !unsupported.is_empty() {
                return Err(AdoptError::Unsupported(unsupported));
            }
            postgres::read(db, keep).await
        }
        DbBackend::MySql => mariadb::read(db, keep).await,
        other => Err(DbErr::BackendNotSupported { db: other.as_str(), ctx: "reading a catalogue" }),
    };
    Ok(read.map_err(ShadowError::Read)?)
}

/// The pieces in their order, if they make the schema, and undo it.
async fn tried(
    shadow: &Shadow,
    pieces: Vec<Piece>,
    live: &Catalog,
    keep: impl Fn(&str) -> bool,
) -> Result<Vec<Piece>, AdoptError> {
    let ordered = in_order(&shadow.executor(), pieces).await?;
    let differences = live.differences(&shadow.catalog(&keep).await?);
    if !differences.is_empty() {
        return Err(AdoptError::Differs(differences));
    }
    for statement in ordered.iter().rev().filter_map(|piece| piece.undo.as_ref()) {
        let undone = shadow.executor().execute_unprepared(statement).await;
        undone.map_err(|source| AdoptError::Statement { statement: statement.clone(), source })?;
    }
    let rest = Catalog::default().differences(&shadow.catalog(&keep).await?);
    if rest.is_empty() { Ok(ordered) } else { Err(AdoptError::Differs(rest)) }
}

/// Creates the pieces. One that fails is tried again after the others, on which it may depend.
async fn in_order(db: &DatabaseExecutor<'_>, pieces: Vec<Piece>) -> Result<Vec<Piece>, AdoptError> {
    let mut ordered = Vec::new();
    let mut waiting = pieces;
    loop {
        let (before, mut failed, mut first) = (waiting.len(), Vec::new(), None);
        for piece in waiting {
            match create(db, &piece.create).await {
                Ok(()) => ordered.push(piece),
                Err(source) => {
                    first.get_or_insert(AdoptError::Statement { statement: piece.create.clone(), source });
                    failed.push(piece);
                }
            }
        }
        match first {
            None => return Ok(ordered),
            Some(error) if failed.len() == before => return Err(error),
            Some(_) => waiting = failed,
        }
    }
}

/// On PostgreSQL an error would end the transaction of the scratch space.
async fn create(db: &DatabaseExecutor<'_>, statement: &str) -> Result<(), DbErr> {
    if db.get_database_backend() != DbBackend::Postgres {
        return db.execute_unprepared(statement).await.map(|_| ());
    }
    let savepoint = db.begin().await?;
    match savepoint.execute_unprepared(statement).await {
        Ok(_) => savepoint.commit().await,
        Err(error) => {
            savepoint.rollback().await?;
            Err(error)
        }
    }
}
