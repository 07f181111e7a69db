//! Runs that are cut off on MariaDB: whatever is started next keeps the journal, and `up` completes the migration.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sea_orm_migration::prelude::*;
use sea_orm_migration_kit::run::{self, Direction, Error, Session, Stopped, Target, Until};

use crate::{
    database::Database,
    parcels::{List, Listed, Of},
    process::Process,
};

const LONG: Duration = Duration::from_mins(10);

/// A migration whose first statement ends after its process was killed, and is not in the journal then.
pub struct Slow;

impl List for Slow {
    fn list() -> Vec<Listed> {
        vec![
            Listed::new("m1_create_crates", &["CREATE TABLE crates (id INT)"], &["DROP TABLE crates"]),
            Listed::new(
                "m2_create_lids",
                &[SLOW, "ALTER TABLE crates ADD COLUMN lid INT", "INSERT INTO crates (id) VALUES (1)"],
                &["ALTER TABLE crates DROP COLUMN lid", "DROP TABLE lids"],
            ),
        ]
    }
}

const SLOW: &str = "CREATE TABLE lids AS SELECT 1 AS id, SLEEP(2) AS slept";

/// A program without the second migration.
struct Older;

impl List for Older {
    fn list() -> Vec<Listed> {
        Slow::list().into_iter().take(1).collect()
    }
}

/// The same migrations, of which the second one reads rows, so that its statements are not known.
struct Reading;

impl MigrationName for Reading {
    fn name(&self) -> &'static str {
        "m2_create_lids"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Reading {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared(SLOW).await?;
        db.query_all_raw(Statement::from_string(DbBackend::MySql, "SELECT id FROM lids")).await.map(drop)
    }
}

struct Readings;

#[async_trait::async_trait]
impl MigratorTrait for Readings {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Slow::list().remove(0)), Box::new(Reading)]
    }
}

async fn session<M: MigratorTrait>(database: &Database) -> Session<M> {
    Session::open(Target::new(&database.url, "a test", LONG)).await.unwrap()
}

async fn count(database: &Database, sql: &str) -> i64 {
    let row = Statement::from_string(DbBackend::MySql, sql);
    let db = database.connect().await;
    db.query_one_raw(row).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

/// A database in which the second migration of [`Slow`] was cut off in its first statement; none on other databases.
pub async fn cut_off_in_its_first_statement() -> Option<Database> {
    let database = Database::empty().await;
    if database.backend() != DbBackend::MySql {
        return None;
    }
    let process = Process::start("slow", &database.url, LONG);
    let works = format!(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE info = '{SLOW}' AND db = DATABASE()"
    );
    while count(&database, &works).await == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    process.kill();
    Some(database)
}

fn unfinished<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    let error = result.unwrap_err();
    assert!(matches!(&error, Error::Unfinished(cut) if cut.name == "m2_create_lids"), "{error}");
    error.to_string()
}

#[tokio::test]
async fn whatever_is_started_next_keeps_the_journal_and_up_completes_the_migration() {
    let Some(database) = cut_off_in_its_first_statement().await else { return };
    let mut older = session::<Of<Older>>(&database).await;
    assert!(unfinished(older.up(Until::End).await).contains("run a newer one"));
    older.close().await.unwrap();
    let mut session = session::<Of<Slow>>(&database).await;
    for said in [
        unfinished(session.down(Until::End).await),
        unfinished(session.refresh().await),
        unfinished(session.reset().await),
    ] {
        assert!(
            said.contains("was cut off in its first statement") && said.contains("Run `up` first"),
            "{said}"
        );
    }
    let to = Until::Migration("m1_create_crates".to_owned());
    assert!(unfinished(session.up(to).await).contains("Run `up --to m2_create_lids` first"));
    session.stamp(&["m1_create_crates".to_owned()]).await.unwrap();
    unfinished(session.down(Until::End).await);
    session.close().await.unwrap();

    let stopped = run::stopped::<Of<Slow>>(&database.connect().await).await.unwrap();
    let Some(Stopped { direction, after, of, .. }) = stopped else { panic!("it is shown") };
    assert_eq!((direction, after, of), (Direction::Up, 0, Some(3)));
    let mut session = self::session::<Of<Slow>>(&database).await;
    assert_eq!(session.up(Until::End).await.unwrap().len(), 1);
    session.close().await.unwrap();
    assert_eq!(count(&database, "SELECT COUNT(*) FROM lids, crates WHERE lid IS NULL").await, 1);
    assert_eq!(run::stopped::<Of<Slow>>(&database.connect().await).await.unwrap(), None);
}

/// The same migrations, of which the second one fails after its first two statements.
struct Failing;

impl List for Failing {
    fn list() -> Vec<Listed> {
        let up = [SLOW, "ALTER TABLE crates ADD COLUMN lid INT", "INSERT INTO crates SELECT id FROM nowhere"];
        vec![Slow::list().remove(0), Listed::new("m2_create_lids", &up, &[])]
    }
}

#[tokio::test]
async fn what_runs_after_a_statement_that_had_run_already_is_in_the_journal() {
    let Some(database) = cut_off_in_its_first_statement().await else { return };
    let mut session = session::<Of<Failing>>(&database).await;
    for _ in 0..2 {
        let error = session.up(Until::End).await.unwrap_err();
        assert!(matches!(&error, Error::HalfDone(half) if half.ran.len() == 2), "{error}");
    }
    session.close().await.unwrap();
}

#[tokio::test]
async fn a_migration_whose_statements_are_unknown_is_tried_again_and_keeps_the_journal() {
    let Some(database) = cut_off_in_its_first_statement().await else { return };
    let mut session = session::<Readings>(&database).await;
    for _ in 0..2 {
        let said = unfinished(session.up(Until::End).await);
        assert!(said.contains("Run again, it failed") && said.contains("already exists"), "{said}");
    }
    database.execute("DROP TABLE lids").await;
    assert_eq!(session.up(Until::End).await.unwrap().len(), 1);
    session.close().await.unwrap();
}

#[tokio::test]
async fn a_migration_that_was_undone_by_hand_is_forgotten_on_request_only() {
    let Some(database) = cut_off_in_its_first_statement().await else { return };
    let mut session = session::<Of<Slow>>(&database).await;
    database.execute("DROP TABLE lids").await;
    session.stamp(&["m1_create_crates".to_owned()]).await.unwrap();
    unfinished(session.down(Until::End).await);
    session.forget().await.unwrap();
    assert_eq!(session.down(Until::End).await.unwrap().len(), 1);
    session.close().await.unwrap();
}

#[tokio::test]
async fn fresh_starts_over_and_one_that_was_cut_off_has_to_be_repeated() {
    let Some(database) = cut_off_in_its_first_statement().await else { return };
    let mut session = session::<Of<Slow>>(&database).await;
    database.execute("CREATE VIEW seen AS SELECT id FROM crates").await;
    assert_eq!(session.fresh().await.unwrap().len(), 2);
    let views = "SELECT COUNT(*) FROM information_schema.views WHERE table_schema = DATABASE()";
    assert_eq!(count(&database, views).await, 0);
    assert_eq!(count(&database, "SELECT COUNT(*) FROM crates").await, 1);

    // What a run leaves that is killed while it drops tables.
    let journal = "CREATE TABLE _seaql_migrations_journal (migration VARCHAR(255) NOT NULL, direction VARCHAR(4) NOT NULL, \
                   position BIGINT NOT NULL, statement LONGTEXT, failed LONGTEXT)";
    database.execute(journal).await;
    database.execute("INSERT INTO _seaql_migrations_journal VALUES ('', 'drop', 0, NULL, NULL)").await;
    database.execute("DROP TABLE seaql_migrations").await;
    for result in [session.up(Until::End).await, session.down(Until::End).await] {
        assert!(matches!(result, Err(Error::HalfDropped)), "{result:?}");
    }
    assert_eq!(session.fresh().await.unwrap().len(), 2);
    session.close().await.unwrap();
}
