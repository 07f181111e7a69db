//! Records the SQL that migrations and entities would run, without a database.

use std::{
    future::{Future, poll_fn},
    panic::AssertUnwindSafe,
    pin::pin,
};

use futures_util::FutureExt as _;
use sea_orm_migration::{
    MigrationTrait, MigratorTrait, SchemaManager,
    sea_orm::{DbBackend, DbErr, SchemaBuilder, Statement},
};

use self::connection::Recorder;
use super::Direction;
use crate::{Exception, exceptions_of};

mod connection;

/// One direction of a migration, in the SQL of one kind of database.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Name of the migration.
    pub name: String,
    /// Statements that change the schema or its rows, in order. Queries are left out.
    pub statements: Vec<Statement>,
    /// Queries on rows. They met empty tables: a migration that depends on their results does something else on a
    /// database with rows.
    pub reads: Vec<Statement>,
    /// Rules of the linter that the migration breaks with reason.
    pub exceptions: Vec<Exception>,
    /// The migration's `use_transaction()`.
    pub transaction: Option<bool>,
}

/// The `up` of every migration, oldest first.
///
/// # Errors
/// The error of a migration; also for one that panics because the database lacks a feature.
pub async fn ups<M: MigratorTrait>(backend: DbBackend) -> Result<Vec<Recorded>, DbErr> {
    on_large_stack(async move {
        let recorder = Recorder::new(backend);
        let mut recorded = Vec::new();
        for migration in M::migrations() {
            recorded.push(record(&recorder, &*migration, Direction::Up).await?);
        }
        Ok(recorded)
    })
    .await
}

/// The `down` of every migration, newest first.
///
/// # Errors
/// The error of a migration; also for one that is irreversible.
pub async fn downs<M: MigratorTrait>(backend: DbBackend) -> Result<Vec<Recorded>, DbErr> {
    on_large_stack(async move {
        let recorder = Recorder::new(backend);
        let migrations = M::migrations();
        for migration in &migrations {
            record(&recorder, &**migration, Direction::Up).await?;
        }
        let mut recorded = Vec::new();
        for migration in migrations.iter().rev() {
            recorded.push(record(&recorder, &**migration, Direction::Down).await?);
        }
        Ok(recorded)
    })
    .await
}

/// The `down` of one migration, after the `up` of it and of all before it.
///
/// # Errors
/// The error of a migration; [`DbErr::Custom`] for an unknown name.
pub async fn down<M: MigratorTrait>(backend: DbBackend, name: &str) -> Result<Recorded, DbErr> {
    on_large_stack(async move {
        let recorder = Recorder::new(backend);
        for migration in M::migrations() {
            record(&recorder, &*migration, Direction::Up).await?;
            if migration.name() == name {
                return record(&recorder, &*migration, Direction::Down).await;
            }
        }
        Err(DbErr::Custom(format!("there is no migration {name}")))
    })
    .await
}

/// The statements that create the tables of `entities`.
///
/// # Errors
/// [`DbErr`] if SeaORM cannot build a statement.
pub async fn entities(entities: SchemaBuilder, backend: DbBackend) -> Result<Vec<Statement>, DbErr> {
    on_large_stack(async move {
        let recorder = Recorder::new(backend);
        entities.apply(&recorder.connection()).await?;
        Ok(recorder.take().statements)
    })
    .await
}

/// Stack for a recording. In a debug build, the parser of SQL needs more than the 2 MiB of a worker or test thread.
const STACK: usize = 16 << 20;

async fn on_large_stack<F: Future>(recording: F) -> F::Output {
    let mut recording = pin!(recording);
    poll_fn(|context| stacker::grow(STACK, || recording.as_mut().poll(context))).await
}

async fn record(
    recorder: &Recorder,
    migration: &dyn MigrationTrait,
    direction: Direction,
) -> Result<Recorded, DbErr> {
    let connection = recorder.connection();
    let manager = SchemaManager::new(&connection);
    let name = migration.name();
    // The query builder panics if the database lacks a feature.
    match AssertUnwindSafe(direction.run(migration, &manager)).catch_unwind().await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(DbErr::Migration(format!("{name}: {error}"))),
        Err(_) => {
            let backend = recorder.backend().as_str();
            return Err(DbErr::Migration(format!(
                "{name} panics on {backend}, which cannot do what it asks"
            )));
        }
    }
    let taken = recorder.take();
    Ok(Recorded {
        name: name.to_owned(),
        statements: taken.statements,
        reads: taken.reads,
        exceptions: exceptions_of(name),
        transaction: migration.use_transaction(),
    })
}
