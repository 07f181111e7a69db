//! Records the SQL that migrations and entities would run, without a database.
//!
//! Recording is best effort: a migration that needs rows or a real connection is [`Unknown`], and the others are recorded
//! all the same.

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    panic::AssertUnwindSafe,
    pin::pin,
    time::Duration,
};

use futures_util::FutureExt as _;
use sea_orm_migration::{
    MigrationTrait, MigratorTrait, SchemaManager,
    sea_orm::{DbBackend, DbErr, SchemaBuilder, Statement},
};

use self::connection::Recorder;
use super::Direction;
use crate::{
    Compatibility, Exception, declared_compatibility, exceptions_of,
    snapshot::{Snapshot, fold::in_a_line},
};

mod additive;
mod connection;
mod silence;
mod unknown;

pub use self::unknown::Unknown;

/// One direction of a migration, in the SQL of one kind of database.
#[derive(Debug, Clone, Default)]
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
    /// Why the statements are not known, if they are not: `statements` then has those before the failure.
    pub unknown: Option<Unknown>,
    /// Whether programs that do not know the migration work on the schema after its `up`.
    pub compatibility: Compatibility,
}

impl Recorded {
    /// Why the migration may do something else than its statements, if it may.
    #[must_use]
    pub fn doubt(&self) -> Option<String> {
        match (&self.unknown, self.reads.first()) {
            (Some(unknown), _) => Some(unknown.to_string()),
            (None, Some(query)) => Some(format!("it depends on rows: {}", in_a_line(&query.sql))),
            (None, None) => None,
        }
    }
}

/// The migrations among `recorded` that may do something else than their statements, each with the reason.
pub fn doubts<'r>(recorded: impl IntoIterator<Item = &'r Recorded>) -> BTreeMap<String, String> {
    recorded.into_iter().filter_map(|each| Some((each.name.clone(), each.doubt()?))).collect()
}

/// The `up` of every migration, oldest first.
pub async fn ups<M: MigratorTrait>(backend: DbBackend) -> Vec<Recorded> {
    on_large_stack(async move {
        let recorder = Recorder::new(backend);
        let mut recorded = Vec::new();
        for migration in M::migrations() {
            recorded.push(record(&recorder, &*migration, Direction::Up).await);
        }
        recorded
    })
    .await
}

/// The `up` of the migrations with these names, in this order, on a database of this schema.
pub async fn ups_on<M: MigratorTrait>(
    backend: DbBackend,
    schema: Snapshot,
    names: &[String],
) -> Vec<Recorded> {
    on_large_stack(async move {
        let recorder = Recorder::on(backend, schema);
        let migrations = M::migrations();
        let mut recorded = Vec::new();
        for name in names {
            if let Some(migration) = migrations.iter().find(|migration| migration.name() == name) {
                recorded.push(record(&recorder, &**migration, Direction::Up).await);
            }
        }
        recorded
    })
    .await
}

/// The `down` of every migration, newest first.
pub async fn downs<M: MigratorTrait>(backend: DbBackend) -> Vec<Recorded> {
    on_large_stack(async move {
        let recorder = Recorder::new(backend);
        let migrations = M::migrations();
        for migration in &migrations {
            record(&recorder, &**migration, Direction::Up).await;
        }
        let mut recorded = Vec::new();
        for migration in migrations.iter().rev() {
            recorded.push(record(&recorder, &**migration, Direction::Down).await);
        }
        recorded
    })
    .await
}

/// The `down` of one migration, after the `up` of it and of all before it.
///
/// # Errors
/// [`DbErr::Custom`] for an unknown name.
pub async fn down<M: MigratorTrait>(backend: DbBackend, name: &str) -> Result<Recorded, DbErr> {
    on_large_stack(async move {
        let recorder = Recorder::new(backend);
        for migration in M::migrations() {
            record(&recorder, &*migration, Direction::Up).await;
            if migration.name() == name {
                return Ok(record(&recorder, &*migration, Direction::Down).await);
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

/// Longest time that a migration may take to be recorded, such as one that waits for a row.
const LONGEST: Duration = Duration::from_secs(10);

async fn record(recorder: &Recorder, migration: &dyn MigrationTrait, direction: Direction) -> Recorded {
    let (connection, before) = (recorder.connection(), recorder.schema());
    let manager = SchemaManager::new(&connection);
    let running = AssertUnwindSafe(direction.run(migration, &manager)).catch_unwind();
    let mut running = pin!(tokio::time::timeout(LONGEST, running));
    let ended = poll_fn(|context| silence::of_panics(|| running.as_mut().poll(context))).await;
    let unknown = match ended {
        Ok(Ok(Ok(()))) => None,
        Ok(Ok(Err(error))) => Some(Unknown::failed(direction, &error)),
        Ok(Err(panic)) => Some(Unknown::panicked(panic.as_ref())),
        Err(_) => Some(Unknown::Slow(LONGEST)),
    };
    let name = migration.name();
    let taken = recorder.take();
    let mut recorded = Recorded {
        name: name.to_owned(),
        statements: taken.statements,
        reads: taken.reads,
        exceptions: exceptions_of(name),
        transaction: migration.use_transaction(),
        unknown,
        compatibility: Compatibility::default(),
    };
    recorded.compatibility = declared_compatibility(name)
        .unwrap_or_else(|| additive::compatibility(recorder.backend(), &before, &recorded));
    recorded
}
