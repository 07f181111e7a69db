//! Upgrades in which programs of two versions serve at once: a program whose schema is ahead by compatible migrations goes
//! on, also if it starts with a migration.

use std::time::Duration;

use sea_orm::DbErr;
use sea_orm_migration::{
    MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait::async_trait,
};
use sea_orm_migration_kit::{
    breaking, compatible,
    run::{self, Error, SchemaState, Session, Target, Until},
};

use crate::{
    database::Database,
    parcels::{List, Listed, Of},
};

fn create() -> Listed {
    Listed::new("m1_create_racks", &["CREATE TABLE racks ({id}, label VARCHAR(20))"], &["DROP TABLE racks"])
}

fn add() -> Listed {
    Listed::new(
        "m2_add_depth",
        &["ALTER TABLE racks ADD COLUMN depth INT", "CREATE INDEX idx_racks_depth ON racks (depth)"],
        &["ALTER TABLE racks DROP COLUMN depth"],
    )
}

/// The program that runs at first.
struct Old;

impl List for Old {
    fn list() -> Vec<Listed> {
        vec![create()]
    }
}

/// The next one, which only adds.
struct Next;

impl List for Next {
    fn list() -> Vec<Listed> {
        vec![create(), add()]
    }
}

/// A next one that takes something away, after it has added something.
struct Breaking;

impl List for Breaking {
    fn list() -> Vec<Listed> {
        let rename = Listed::new(
            "m3_rename_label",
            &["ALTER TABLE racks RENAME COLUMN label TO title"],
            &["ALTER TABLE racks RENAME COLUMN title TO label"],
        );
        vec![create(), add(), rename]
    }
}

/// A program of another branch, with a migration that the next one lacks.
struct Branch;

impl List for Branch {
    fn list() -> Vec<Listed> {
        vec![create(), Listed::new("m2_add_width", &["ALTER TABLE racks ADD COLUMN width INT"], &[])]
    }
}

async fn session<M: MigratorTrait>(database: &Database) -> Session<M> {
    Session::open(Target::new(&database.url, "a test", Duration::from_mins(10))).await.unwrap()
}

async fn up<M: MigratorTrait>(database: &Database) -> Result<usize, Error> {
    let mut session = session::<M>(database).await;
    let steps = session.up(Until::End).await.map(|steps| steps.len());
    session.close().await.unwrap();
    steps
}

async fn state<M: MigratorTrait>(database: &Database) -> SchemaState {
    let db = database.connect().await;
    let state = run::state::<M>(&db).await.unwrap();
    db.close().await.unwrap();
    state
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn an_old_program_goes_on_after_a_compatible_migration() {
    let database = Database::empty().await;
    assert_eq!(up::<Of<Old>>(&database).await.unwrap(), 1);
    assert_eq!(up::<Of<Next>>(&database).await.unwrap(), 1);
    let ahead = state::<Of<Old>>(&database).await;
    assert_eq!(ahead, SchemaState::AheadCompatible(names(&["m2_add_depth"])));
    assert!(ahead.is_ready() && state::<Of<Next>>(&database).await.is_ready());
    assert_eq!(up::<Of<Old>>(&database).await.unwrap(), 0, "an old program starts");
    let mut old = session::<Of<Old>>(&database).await;
    assert!(matches!(old.down(Until::Steps(1)).await, Err(Error::Newer(_))));
    assert!(matches!(old.refresh().await, Err(Error::Newer(_))));
    old.close().await.unwrap();
    assert_eq!(state::<Of<Next>>(&database).await, SchemaState::Current);
}

#[tokio::test]
async fn an_old_program_stops_after_a_breaking_migration() {
    let database = Database::empty().await;
    up::<Of<Breaking>>(&database).await.unwrap();
    let ahead = state::<Of<Old>>(&database).await;
    assert_eq!(ahead, SchemaState::Ahead(names(&["m2_add_depth", "m3_rename_label"])));
    assert!(!ahead.is_ready());
    assert!(matches!(up::<Of<Old>>(&database).await, Err(Error::Newer(_))));
    // The one that it lacks decides, not the one that it knows.
    assert!(!state::<Of<Next>>(&database).await.is_ready());
    let mut newest = session::<Of<Breaking>>(&database).await;
    newest.down(Until::Steps(1)).await.unwrap();
    newest.close().await.unwrap();
    assert!(state::<Of<Old>>(&database).await.is_ready());
}

#[tokio::test]
async fn a_program_that_lacks_a_migration_is_behind_whatever_else_there_is() {
    let database = Database::empty().await;
    up::<Of<Next>>(&database).await.unwrap();
    assert_eq!(state::<Of<Branch>>(&database).await, SchemaState::Behind(names(&["m2_add_width"])));
    assert!(matches!(up::<Of<Branch>>(&database).await, Err(Error::Newer(_))));
}

#[tokio::test]
async fn a_database_of_an_earlier_kit_counts_as_breaking_and_gets_the_column() {
    let database = Database::empty().await;
    up::<Of<Next>>(&database).await.unwrap();
    database.execute("ALTER TABLE _seaql_migrations_checksums DROP COLUMN compatible").await;
    assert_eq!(state::<Of<Old>>(&database).await, SchemaState::Ahead(names(&["m2_add_depth"])));
    assert_eq!(up::<Of<Next>>(&database).await.unwrap(), 0);
    assert_eq!(state::<Of<Old>>(&database).await, SchemaState::Ahead(names(&["m2_add_depth"])));
    let mut next = session::<Of<Next>>(&database).await;
    next.stamp(&names(&["m1_create_racks", "m2_add_depth"])).await.unwrap();
    next.close().await.unwrap();
    assert!(state::<Of<Old>>(&database).await.is_ready());
}

#[tokio::test]
async fn a_migration_of_stock_sea_orm_is_recorded_by_the_next_start() {
    let database = Database::empty().await;
    let db = run::connect(database.url.clone().into()).await.unwrap();
    Of::<Next>::up(&db, None).await.unwrap();
    db.close().await.unwrap();
    assert!(!state::<Of<Old>>(&database).await.is_ready());
    assert_eq!(up::<Of<Next>>(&database).await.unwrap(), 0);
    assert!(state::<Of<Old>>(&database).await.is_ready());
}

/// Drops a column of which it declares that no program reads it.
struct Unread;

impl MigrationName for Unread {
    fn name(&self) -> &'static str {
        "m2_drop_label"
    }
}

#[async_trait]
impl MigrationTrait for Unread {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        sea_orm::ConnectionTrait::execute_unprepared(db, "ALTER TABLE racks DROP COLUMN label").await?;
        Ok(())
    }
}

compatible!(Unread, "the first release does not read the label");

/// Adds a column of which it declares that older programs must not serve beside it.
struct Draft;

impl MigrationName for Draft {
    fn name(&self) -> &'static str {
        "m3_add_draft"
    }
}

#[async_trait]
impl MigrationTrait for Draft {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        sea_orm::ConnectionTrait::execute_unprepared(db, "ALTER TABLE racks ADD COLUMN draft INT").await?;
        Ok(())
    }
}

breaking!(Draft, "older programs would show drafts");

struct Declared;
struct DeclaredFirst;

impl MigratorTrait for Declared {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(create()), Box::new(Unread), Box::new(Draft)]
    }
}

impl MigratorTrait for DeclaredFirst {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(create()), Box::new(Unread)]
    }
}

#[tokio::test]
async fn a_declaration_overrules_the_statements() {
    let database = Database::empty().await;
    up::<DeclaredFirst>(&database).await.unwrap();
    assert!(state::<Of<Old>>(&database).await.is_ready());
    up::<Declared>(&database).await.unwrap();
    assert!(!state::<Of<Old>>(&database).await.is_ready());
    assert!(!state::<DeclaredFirst>(&database).await.is_ready());
}
