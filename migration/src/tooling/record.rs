//! Records the SQL that migrations and entities would run, with no database at hand.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use sea_orm_migration::{
    MigrationTrait, MigratorTrait, SchemaManager,
    sea_orm::{DbBackend, DbErr, SchemaBuilder, Statement},
};

mod recorder;

use recorder::Recorder;

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
    /// Lint rules that the migration says it breaks with reason, each as `rule: reason`.
    pub allowed: Vec<String>,
}

/// The statements of every migration's `up`, oldest first, for `backend`.
///
/// # Errors
/// What a migration itself fails with, also where it panics because the database cannot do what it asks.
pub async fn ups<M: MigratorTrait>(backend: DbBackend) -> Result<Vec<Recorded>, DbErr> {
    let recorder = Recorder::new(backend);
    let mut recorded = Vec::new();
    for migration in M::migrations() {
        recorded.push(record(&recorder, &*migration, Way::Up).await?);
    }
    Ok(recorded)
}

/// The statements of every migration's `down`, newest first, for `backend`.
///
/// # Errors
/// What a migration itself fails with; one that cannot be taken back fails here, too.
pub async fn downs<M: MigratorTrait>(backend: DbBackend) -> Result<Vec<Recorded>, DbErr> {
    let recorder = Recorder::new(backend);
    let migrations = M::migrations();
    for migration in &migrations {
        record(&recorder, &**migration, Way::Up).await?;
    }
    let mut recorded = Vec::new();
    for migration in migrations.iter().rev() {
        recorded.push(record(&recorder, &**migration, Way::Down).await?);
    }
    Ok(recorded)
}

/// The statements of one migration's `down`, after the `up` of it and of all that come before.
///
/// # Errors
/// What a migration itself fails with; [`DbErr::Custom`] where there is none of that name.
pub async fn down<M: MigratorTrait>(backend: DbBackend, name: &str) -> Result<Recorded, DbErr> {
    let recorder = Recorder::new(backend);
    for migration in M::migrations() {
        record(&recorder, &*migration, Way::Up).await?;
        if migration.name() == name {
            return record(&recorder, &*migration, Way::Down).await;
        }
    }
    Err(DbErr::Custom(format!("there is no migration {name}")))
}

/// The statements that create what `entities` describe.
///
/// # Errors
/// What SeaORM cannot build.
pub async fn entities(entities: SchemaBuilder, backend: DbBackend) -> Result<Vec<Statement>, DbErr> {
    let recorder = Recorder::new(backend);
    entities.apply(&recorder.connection()).await?;
    Ok(recorder.take().statements)
}

#[derive(Clone, Copy)]
enum Way {
    Up,
    Down,
}

async fn record(recorder: &Recorder, migration: &dyn MigrationTrait, way: Way) -> Result<Recorded, DbErr> {
    let connection = recorder.connection();
    let manager = SchemaManager::new(&connection);
    let running = async {
        match way {
            Way::Up => migration.up(&manager).await,
            Way::Down => migration.down(&manager).await,
        }
    };
    // The query builder panics at what a database has no words for.
    match AssertUnwindSafe(running).catch_unwind().await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return Err(DbErr::Migration(format!("{}: {error}", migration.name()))),
        Err(_) => {
            return Err(DbErr::Migration(format!(
                "{} panics on {}, which cannot do what it asks",
                migration.name(),
                recorder.backend().as_str()
            )));
        }
    }
    let taken = recorder.take();
    Ok(Recorded {
        name: migration.name().to_owned(),
        statements: taken.statements,
        reads: taken.reads,
        allowed: taken.allowed,
    })
}
