//! Edited migrations are told from those that only look different.

use sea_orm::{ConnectionTrait, DbErr, Value, entity::prelude::Uuid};
use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager, async_trait::async_trait, prelude::*};
use sea_orm_migration_kit::run::checksums::{self, Checksum};

use crate::{database::Database, steps::Step};

const TABLE: &str = "seaql_migrations";

/// The first edition.
struct Shelves;
/// The same in other words.
struct Tidied;
/// With another length.
struct Edited;
/// A migration that never runs the same SQL twice.
struct Random;

fn second() -> Box<dyn MigrationTrait> {
    Box::new(Step {
        name: "m20300101_000002_fill_shelves",
        up: &["INSERT INTO shelves VALUES (1, 'it''s  one')"],
        down: &[],
    })
}

fn first(up: &'static [&'static str]) -> Box<dyn MigrationTrait> {
    Box::new(Step { name: "m20300101_000001_create_shelves", up, down: &["DROP TABLE shelves"] })
}

#[async_trait]
impl MigratorTrait for Shelves {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![first(&["CREATE TABLE shelves (id integer, label varchar(20))"]), second()]
    }
}

#[async_trait]
impl MigratorTrait for Tidied {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let up = &["CREATE TABLE shelves\n\t(id integer,  -- counted\n label varchar(20)) ;"];
        vec![first(up), second()]
    }
}

#[async_trait]
impl MigratorTrait for Edited {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![first(&["CREATE TABLE shelves (id integer, label varchar(21))"]), second()]
    }
}

struct Fresh;

impl MigrationName for Fresh {
    fn name(&self) -> &'static str {
        "m20300101_000001_fresh"
    }
}

#[async_trait]
impl MigrationTrait for Fresh {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut insert = Query::insert();
        let id = Value::from(Uuid::now_v7());
        insert.into_table("shelves").columns(["id", "label"]).values_panic([Expr::val(id), Expr::val("one")]);
        manager.execute(insert).await
    }

    async fn down(&self, _: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}

#[async_trait]
impl MigratorTrait for Random {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Fresh)]
    }
}

async fn sums<M: MigratorTrait>(database: &Database) -> Vec<Checksum> {
    checksums::all::<M>(database.backend()).await
}

#[tokio::test]
async fn an_edited_migration_is_found_and_a_tidied_one_is_not() {
    let database = Database::empty().await;
    let db = database.connect().await;
    Shelves::up(&db, None).await.unwrap();
    let manager = SchemaManager::new(&db);
    let shelves = sums::<Shelves>(&database).await;
    checksums::record(&manager, TABLE, &shelves).await.unwrap();
    checksums::record(&manager, TABLE, &shelves).await.unwrap();

    for harmless in [&shelves, &sums::<Tidied>(&database).await] {
        assert_eq!(checksums::edited(&manager, TABLE, harmless).await.unwrap(), []);
    }
    let edited = sums::<Edited>(&database).await;
    let found = checksums::edited(&manager, TABLE, &edited).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].name, "m20300101_000001_create_shelves");
    assert_ne!(found[0].applied, found[0].now);

    checksums::record(&manager, TABLE, &edited).await.unwrap();
    assert_eq!(
        checksums::edited(&manager, TABLE, &edited).await.unwrap(),
        found,
        "what is noted stays noted"
    );
    checksums::forget(&manager, TABLE, &[found[0].name.clone()]).await.unwrap();
    checksums::record(&manager, TABLE, &edited).await.unwrap();
    assert_eq!(checksums::edited(&manager, TABLE, &edited).await.unwrap(), []);
    db.close().await.unwrap();
}

#[tokio::test]
async fn only_what_is_applied_is_noted() {
    let database = Database::empty().await;
    let db = database.connect().await;
    let manager = SchemaManager::new(&db);
    let shelves = sums::<Shelves>(&database).await;
    Shelves::up(&db, Some(1)).await.unwrap();
    checksums::record(&manager, TABLE, &shelves).await.unwrap();
    let count = async || {
        let query = Query::select().column("version").from(checksums::table_name(TABLE)).take();
        db.query_all(&query).await.unwrap().len()
    };
    assert_eq!(count().await, 1);
    Shelves::down(&db, None).await.unwrap();
    Edited::up(&db, None).await.unwrap();
    checksums::record(&manager, TABLE, &shelves).await.unwrap();
    assert_eq!(count().await, 2);
    db.close().await.unwrap();
}

#[tokio::test]
async fn looking_creates_no_table() {
    let database = Database::empty().await;
    let db = database.connect().await;
    let manager = SchemaManager::new(&db);
    let shelves = sums::<Shelves>(&database).await;
    for _ in 0..2 {
        assert_eq!(checksums::edited(&manager, TABLE, &shelves).await.unwrap(), []);
        checksums::forget(&manager, TABLE, &[shelves[0].name.clone()]).await.unwrap();
        assert!(!manager.has_table(checksums::table_name(TABLE)).await.unwrap());
        Shelves::up(&db, None).await.unwrap();
    }
    db.close().await.unwrap();
}

#[tokio::test]
async fn what_is_another_in_every_run_is_no_edit() {
    let database = Database::empty().await;
    assert_eq!(sums::<Random>(&database).await, sums::<Random>(&database).await);
}
