//! Scratch space of a database's kind, in which migrations run so that their schema can be read. Nothing of it stays, and
//! no row of the database beside it is touched.
//!
//! SQLite: memory. MariaDB: a database `shadow_…` that is dropped afterwards. PostgreSQL: a schema `shadow_…` in one
//! transaction that is rolled back; migrations that cannot run in such a transaction get a database instead.
//! A process that is killed leaves its `shadow_…` database behind.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicU32, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use futures_util::FutureExt as _;
use sea_orm_migration::{
    MigrationTrait, SchemaManager,
    sea_orm::{
        ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseExecutor, DatabaseTransaction,
        DbBackend, Statement, TransactionTrait,
    },
};

use super::catalog::Catalog;
use crate::run::{Direction, reach};

mod error;
mod scratch;
mod target;

pub use error::ShadowError;
pub(in crate::tooling) use scratch::collation_of;
pub use target::ShadowTarget;

use scratch::Scratch;

pub(in crate::tooling) const MEMORY: &str = "sqlite::memory:";

/// Scratch space.
#[derive(Debug)]
pub struct Shadow {
    space: Space,
    schemas: Vec<String>,
}

#[derive(Debug)]
enum Space {
    Memory(DatabaseConnection),
    // The fields are dropped in their order: the transaction before its connection.
    Schema { transaction: DatabaseTransaction, db: DatabaseConnection, name: String },
    Database(Scratch),
}

impl Shadow {
    /// Creates empty scratch space.
    ///
    /// # Errors
    /// [`ShadowError::Connect`], or [`ShadowError::Space`] with the right that is missing.
    pub async fn open(target: &ShadowTarget) -> Result<Self, ShadowError> {
        if target.url.starts_with("sqlite:") {
            let space = Space::Memory(connect(ConnectOptions::new(MEMORY)).await?);
            return Ok(Self { space, schemas: Vec::new() });
        }
        let db = connect(ConnectOptions::new(&target.url)).await?;
        let space = match db.get_database_backend() {
            DbBackend::Postgres if !target.database => schema(db).await?,
            _ => Space::Database(Scratch::make(db, &target.url, target.collation.clone()).await?),
        };
        Ok(Self { space, schemas: target.schemas.clone() })
    }

    /// The connection, for `SchemaManager::new`.
    #[must_use]
    pub fn executor(&self) -> DatabaseExecutor<'_> {
        match &self.space {
            Space::Memory(db) => DatabaseExecutor::Connection(db),
            Space::Schema { transaction, .. } => DatabaseExecutor::Transaction(transaction),
            Space::Database(scratch) => DatabaseExecutor::Connection(scratch.db()),
        }
    }

    /// Applies a migration, in a transaction where `Migrator::up` would.
    ///
    /// # Errors
    /// [`ShadowError::Migration`] and [`ShadowError::Panic`].
    pub async fn up(&self, migration: &dyn MigrationTrait) -> Result<(), ShadowError> {
        self.run(migration, Direction::Up).await
    }

    /// Takes a migration back, in a transaction where `Migrator::down` would.
    ///
    /// # Errors
    /// [`ShadowError::Migration`] and [`ShadowError::Panic`].
    pub async fn down(&self, migration: &dyn MigrationTrait) -> Result<(), ShadowError> {
        self.run(migration, Direction::Down).await
    }

    /// The schema at this moment.
    ///
    /// # Errors
    /// [`ShadowError::Read`].
    pub async fn catalog(&self, keep: impl Fn(&str) -> bool) -> Result<Catalog, ShadowError> {
        Catalog::read_with(&self.executor(), &self.schemas, keep).await.map_err(ShadowError::Read)
    }

    /// Removes the scratch space. Dropping the value does the same, as far as possible.
    ///
    /// # Errors
    /// [`ShadowError::Read`] when something stays.
    pub async fn close(self) -> Result<(), ShadowError> {
        match self.space {
            Space::Memory(db) => db.close().await,
            Space::Schema { transaction, db, name } => {
                transaction.rollback().await.map_err(ShadowError::Read)?;
                // There is one only if a migration has ended the transaction by itself.
                let drop = format!("SET client_min_messages = error; DROP SCHEMA IF EXISTS {name} CASCADE");
                db.execute_unprepared(&drop).await.map_err(ShadowError::Read)?;
                db.close().await
            }
            Space::Database(scratch) => scratch.drop().await,
        }
        .map_err(ShadowError::Read)
    }

    pub(super) async fn run(
        &self,
        migration: &dyn MigrationTrait,
        direction: Direction,
    ) -> Result<(), ShadowError> {
        let name = || migration.name().to_owned();
        let wrapped = match &self.space {
            Space::Schema { .. } => true,
            Space::Memory(_) | Space::Database(_) => migration
                .use_transaction()
                .unwrap_or(self.executor().get_database_backend() == DbBackend::Postgres),
        };
        let running = async {
            if !wrapped {
                return direction.run(migration, &SchemaManager::new(self.executor())).await;
            }
            let transaction = self.executor().begin().await?;
            direction.run(migration, &SchemaManager::new(&transaction)).await?;
            transaction.commit().await
        };
        match AssertUnwindSafe(running).catch_unwind().await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(source)) => Err(ShadowError::Migration { name: name(), source }),
            Err(panic) => Err(ShadowError::Panic { name: name(), message: words(panic.as_ref()) }),
        }
    }
}

/// Connects with one lasting connection, and on SQLite without foreign keys, as migrations run.
pub(in crate::tooling) async fn connect(options: ConnectOptions) -> Result<DatabaseConnection, ShadowError> {
    connect_to(options, None).await
}

/// As [`connect`], to another database of the server.
async fn connect_to(
    mut options: ConnectOptions,
    database: Option<String>,
) -> Result<DatabaseConnection, ShadowError> {
    let other = database.clone();
    reach(options.get_url()).await?;
    options
        .max_connections(1)
        .min_connections(0)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .sqlx_logging_level(log::LevelFilter::Debug)
        .map_sqlx_mysql_opts(move |mysql| match &other {
            Some(database) => mysql.database(database),
            None => mysql,
        })
        .map_sqlx_postgres_opts(move |postgres| {
            // PgBouncer refuses a setting that it does not know.
            let postgres = postgres.extra_float_digits(None);
            match &database {
                Some(database) => postgres.database(database),
                None => postgres,
            }
        });
    if options.get_url() == MEMORY {
        options.map_sqlx_sqlite_opts(|sqlite| sqlite.foreign_keys(false));
    } else {
        options.map_sqlx_sqlite_opts(|sqlite| {
            sqlite.foreign_keys(false).create_if_missing(false).read_only(true)
        });
    }
    Database::connect(options).await.map_err(ShadowError::Connect)
}

async fn schema(db: DatabaseConnection) -> Result<Space, ShadowError> {
    let transaction = db.begin().await.map_err(ShadowError::Connect)?;
    let name = unique_name();
    transaction.execute_unprepared(&format!("CREATE SCHEMA {name}")).await.map_err(|source| {
        ShadowError::Space { space: "a scratch schema", right: "the right CREATE on the database", source }
    })?;
    // Only schemas with extensions stay on the path. SET and not SET LOCAL: after a migration that commits by itself, the
    // next one must not find the tables of the database beside.
    let reachable = "SELECT string_agg(', ' || quote_ident(s.name), '' ORDER BY s.at) AS schemas
        FROM unnest(current_schemas(false)) WITH ORDINALITY AS s(name, at)
        WHERE s.name IN (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace)";
    let row = transaction
        .query_one_raw(Statement::from_string(DbBackend::Postgres, reachable))
        .await
        .map_err(ShadowError::Read)?;
    let schemas: Option<String> =
        row.map(|row| row.try_get("", "schemas")).transpose().map_err(ShadowError::Read)?.flatten();
    let path = format!("SET search_path = {name}{}", schemas.unwrap_or_default());
    transaction.execute_unprepared(&path).await.map_err(ShadowError::Read)?;
    Ok(Space::Schema { transaction, db, name })
}

fn unique_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
    format!("shadow_{}_{}_{time}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}
