//! Runs: how far they go, in what order, and what is left of one that fails.

use std::time::Duration;

use sea_orm::{ConnectionTrait, Database as Connector, DbBackend, Statement};
use sea_orm_migration::{MigratorTrait, SchemaManager};
use sea_orm_migration_kit::run::{self, Direction, Error, SchemaState, Session, Target, Until};

use crate::{
    database::Database,
    parcels::{FewerShelves, List, Of, Orphaning, Rebuilt, Shelves, Vans},
    reader::{Reader, Reads},
};

async fn session<L: List>(database: &Database) -> Session<Of<L>> {
    let target = Target::new(&database.url, "a test", Duration::from_mins(10));
    Session::open(target).await.unwrap()
}

async fn applied<L: List>(database: &Database) -> Vec<String> {
    run::applied_names::<Of<L>>(&database.connect().await).await.unwrap()
}

async fn has_table(database: &Database, table: &str) -> bool {
    SchemaManager::new(&database.connect().await).has_table(table).await.unwrap()
}

async fn count(database: &Database, table: &str) -> i64 {
    let select = Statement::from_string(database.backend(), format!("SELECT COUNT(*) AS n FROM {table}"));
    let row = database.connect().await.query_one_raw(select).await.unwrap();
    row.unwrap().try_get("", "n").unwrap()
}

fn to(name: &str) -> Until {
    Until::Migration(name.to_owned())
}

#[tokio::test]
async fn a_run_goes_as_far_as_it_is_told() {
    let database = Database::empty().await;
    let mut session = session::<Shelves>(&database).await;
    let steps = session.up(Until::Steps(1)).await.unwrap();
    assert_eq!((steps[0].name.as_str(), steps[0].direction), ("m1_create_shelves", Direction::Up));
    assert_eq!(session.up(to("series")).await.unwrap().len(), 1);
    assert_eq!(session.up(to("m1_create_shelves")).await.unwrap(), []);
    assert_eq!(session.up(Until::End).await.unwrap().len(), 1);
    assert_eq!(session.up(Until::End).await.unwrap(), []);
    let steps = session.down(to("shelves")).await.unwrap();
    let names: Vec<_> = steps.iter().map(|step| (step.name.as_str(), step.direction)).collect();
    assert_eq!(names, [("m3_add_boxes", Direction::Down), ("m2_add_series", Direction::Down)]);
    assert!(matches!(session.down(to("series")).await, Err(Error::NotApplied(_))));
    assert_eq!(session.down(Until::End).await.unwrap().len(), 1);
    session.close().await.unwrap();
    assert_eq!(applied::<Shelves>(&database).await, [""; 0]);
}

#[tokio::test]
async fn a_name_that_is_none_is_answered_with_the_nearest() {
    let database = Database::empty().await;
    let mut session = session::<Shelves>(&database).await;
    let error = session.up(to("add_serie_s")).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "there is no migration \"add_serie_s\"; near it are m2_add_series, m3_add_boxes, m1_create_shelves"
    );
    let error = session.up(to("add_")).await.unwrap_err().to_string();
    assert_eq!(error, "\"add_\" could be m2_add_series or m3_add_boxes");
    session.close().await.unwrap();
}

#[tokio::test]
async fn a_program_that_is_older_than_the_schema_leaves_it_alone() {
    let database = Database::empty().await;
    let mut newer = session::<Shelves>(&database).await;
    newer.up(Until::End).await.unwrap();
    newer.close().await.unwrap();
    let mut older = session::<FewerShelves>(&database).await;
    assert_eq!(older.up(Until::End).await.unwrap(), []);
    let refused = older.down(Until::End).await;
    assert!(matches!(refused, Err(Error::Newer(names)) if names == ["m3_add_boxes"]));
    older.close().await.unwrap();
    let state = run::state::<Of<FewerShelves>>(&database.connect().await).await.unwrap();
    assert_eq!(state, SchemaState::AheadCompatible(vec!["m3_add_boxes".to_owned()]));
}

#[tokio::test]
async fn records_are_those_of_sea_orm() {
    let database = Database::empty().await;
    let mut session = session::<Shelves>(&database).await;
    session.up(Until::Steps(2)).await.unwrap();
    session.close().await.unwrap();
    let db = run::connect(database.url.clone().into()).await.unwrap();
    let pending = Of::<Shelves>::get_pending_migrations(&db).await.unwrap();
    assert_eq!(pending.iter().map(sea_orm_migration::Migration::name).collect::<Vec<_>>(), ["m3_add_boxes"]);
    let models = Of::<Shelves>::get_migration_models(&db).await.unwrap();
    assert!(models.iter().all(|model| model.applied_at > 1_700_000_000));
    Of::<Shelves>::up(&db, None).await.unwrap();
    Of::<Shelves>::down(&db, Some(3)).await.unwrap();
}

#[tokio::test]
async fn refresh_reset_and_fresh_do_what_they_say() {
    let database = Database::empty().await;
    let mut session = session::<Shelves>(&database).await;
    session.up(Until::End).await.unwrap();
    database.execute("INSERT INTO shelves VALUES (1)").await;
    assert_eq!(session.refresh().await.unwrap().len(), 6);
    assert_eq!(count(&database, "shelves").await, 0);
    database.execute("CREATE TABLE by_hand (id INT)").await;
    database.execute("CREATE TABLE _hidden (id INT)").await;
    if database.backend() == DbBackend::Postgres {
        database.execute("CREATE TYPE mood AS ENUM ('good', 'bad')").await;
        database.execute("ALTER TABLE by_hand ADD COLUMN mood mood").await;
    }
    assert_eq!(session.fresh().await.unwrap().len(), 3);
    assert!(!has_table(&database, "by_hand").await && !has_table(&database, "_hidden").await);
    assert_eq!(session.reset().await.unwrap().len(), 3);
    session.close().await.unwrap();
    assert!(!has_table(&database, "seaql_migrations").await && !has_table(&database, "shelves").await);
}

#[tokio::test]
async fn a_run_that_fails_leaves_nothing_and_the_next_one_works() {
    let database = Database::empty().await;
    if database.backend() == DbBackend::MySql {
        return;
    }
    let mut vans = session::<Vans>(&database).await;
    let error = vans.up(Until::End).await.unwrap_err();
    assert!(
        matches!(&error, Error::Failed { name, kept, .. } if name == "m2_fill_loads" && kept.is_empty()),
        "{error}"
    );
    assert!(!has_table(&database, "loads").await && !has_table(&database, "seaql_migrations").await);
    database.execute("CREATE TABLE vans (id INT)").await;
    assert_eq!(vans.up(Until::End).await.unwrap().len(), 2);
    vans.close().await.unwrap();
    assert_eq!(applied::<Vans>(&database).await.len(), 2);
    assert_eq!(count(&database, "loads").await, 1);
}

#[tokio::test]
async fn a_failed_fresh_keeps_what_was_there() {
    let database = Database::empty().await;
    if database.backend() == DbBackend::MySql {
        return;
    }
    database.execute("CREATE TABLE treasure (id INT)").await;
    let mut vans = session::<Vans>(&database).await;
    vans.fresh().await.unwrap_err();
    vans.close().await.unwrap();
    assert!(has_table(&database, "treasure").await);
}

#[tokio::test]
async fn a_table_that_is_rebuilt_loses_no_children() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::Sqlite {
        return;
    }
    let mut rebuilt = session::<Rebuilt>(&database).await;
    assert_eq!(rebuilt.up(Until::End).await.unwrap().len(), 2);
    rebuilt.close().await.unwrap();
    assert_eq!((count(&database, "rooms").await, count(&database, "beds").await), (2, 3));
}

#[tokio::test]
async fn a_run_that_orphans_rows_is_undone_and_names_them() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::Sqlite {
        return;
    }
    let mut orphaning = session::<Orphaning>(&database).await;
    orphaning.up(Until::Steps(2)).await.unwrap();
    let error = orphaning.up(Until::End).await.unwrap_err();
    assert!(matches!(&error, Error::ForeignKeys(rows) if rows == &["beds row 3 refers to rooms"]), "{error}");
    assert_eq!(count(&database, "rooms").await, 2);
    // What was so before does not stop a run.
    database.execute("PRAGMA foreign_keys = OFF; DELETE FROM rooms WHERE id = 2").await;
    assert_eq!(orphaning.up(Until::End).await.unwrap().len(), 1);
    orphaning.close().await.unwrap();
}

#[tokio::test]
async fn each_schema_of_postgresql_has_its_own_lock_and_records() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::Postgres {
        return;
    }
    database.execute("CREATE SCHEMA \"Other\"").await;
    let mut target = Target::new(&database.url, "a test", Duration::ZERO);
    let mut public = Session::<Of<Shelves>>::open(target.clone()).await.unwrap();
    target.schema = Some("Other".to_owned());
    let mut other = Session::<Of<Shelves>>::open(target.clone()).await.unwrap();
    assert!(matches!(Session::<Of<Shelves>>::open(target).await, Err(Error::Locked { .. })));
    assert_eq!(other.up(Until::End).await.unwrap().len(), 3);
    assert_eq!(public.up(Until::Steps(1)).await.unwrap().len(), 1);
    let records = "SELECT COUNT(*) AS n FROM \"Other\".seaql_migrations";
    let row =
        database.connect().await.query_one_raw(Statement::from_string(DbBackend::Postgres, records)).await;
    assert_eq!(row.unwrap().unwrap().try_get::<i64>("", "n").unwrap(), 3);
    other.close().await.unwrap();
    public.close().await.unwrap();
}

#[tokio::test]
async fn one_who_may_only_read_can_ask_for_the_state() {
    let database = Database::empty().await;
    let reader = Reader::of(&database, Reads::All).await;
    let state = async || run::state::<Of<Shelves>>(&connected(&reader).await).await.unwrap();
    assert!(matches!(state().await, SchemaState::Behind(names) if names.len() == 3));
    assert!(!has_table(&database, "seaql_migrations").await);
    let mut session = session::<Shelves>(&database).await;
    session.up(Until::End).await.unwrap();
    session.close().await.unwrap();
    assert_eq!(state().await, SchemaState::Current);
    let refused = connected(&reader).await.execute_unprepared("CREATE TABLE mine (id INT)").await;
    assert!(refused.is_err());
}

async fn connected(reader: &Reader) -> sea_orm::DatabaseConnection {
    Connector::connect(&reader.url).await.unwrap()
}
