//! Several processes, one database: one migrates at a time, the others wait, and none is in the way.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sea_orm_migration::prelude::*;
use sea_orm_migration_kit::run::{self, Error, Session, Target, Until};

use crate::{
    database::Database,
    parcels::{Concurrent, List, Listed, MANY, Many, Of},
    process::Process,
};

const LONG: Duration = Duration::from_mins(10);

/// How often the race is run.
#[expect(clippy::disallowed_methods, reason = "for whoever wants more of it")]
fn rounds() -> usize {
    std::env::var("TEST_ROUNDS").map_or(3, |rounds| rounds.parse().unwrap())
}

async fn eight_at_once(migrator: &str, count: usize, applied: impl AsyncFn(&Database) -> Vec<String>) {
    for _ in 0..rounds() {
        let database = Database::empty().await;
        let processes: Vec<_> = (0..8).map(|_| Process::start(migrator, &database.url, LONG)).collect();
        let mut steps = 0;
        for process in processes {
            let ended = process.end();
            assert!(ended.succeeded, "{}{}", ended.printed, ended.logged);
            steps += ended.printed.lines().filter(|line| line.starts_with("applied ")).count();
        }
        assert_eq!(steps, count, "each was applied once");
        assert_eq!(applied(&database).await.len(), count);
    }
}

#[tokio::test]
async fn of_eight_processes_at_once_all_succeed_and_one_migrates() {
    eight_at_once("many", MANY, async |database| {
        run::applied_names::<Of<Many>>(&database.connect().await).await.unwrap()
    })
    .await;
}

#[tokio::test]
async fn a_process_that_waits_names_the_holder_and_gives_up_in_the_end() {
    let database = Database::empty().await;
    let session = Session::<Of<Many>>::open(Target::new(&database.url, "the first", LONG)).await.unwrap();
    let ended = Process::start("many", &database.url, Duration::from_millis(700)).end();
    assert!(!ended.succeeded);
    let holder = format!("the first, process {}", std::process::id());
    assert_eq!(ended.logged.matches("waiting for").count(), 1, "{}", ended.logged);
    assert!(ended.logged.contains(&format!("waiting for {holder}")), "{}", ended.logged);
    assert!(ended.printed.contains(&holder) && ended.printed.contains("gave up"), "{}", ended.printed);
    session.close().await.unwrap();
}

#[tokio::test]
async fn a_second_process_waits_for_the_first() {
    let database = Database::empty().await;
    let mut session = Session::<Of<Many>>::open(Target::new(&database.url, "the first", LONG)).await.unwrap();
    let mut second = Process::start("many", &database.url, LONG);
    second.has_logged("waiting for");
    assert_eq!(session.up(Until::End).await.unwrap().len(), MANY);
    session.close().await.unwrap();
    let ended = second.end();
    assert!(ended.succeeded && !ended.printed.contains("applied"), "{}", ended.printed);
}

#[tokio::test]
async fn a_session_that_is_dropped_gives_the_lock_back() {
    let database = Database::empty().await;
    drop(Session::<Of<Many>>::open(Target::new(&database.url, "the first", LONG)).await.unwrap());
    let second = Session::<Of<Many>>::open(Target::new(&database.url, "the second", LONG)).await.unwrap();
    second.close().await.unwrap();
}

#[tokio::test]
async fn one_who_gives_up_does_not_hide_who_holds_the_lock() {
    let database = Database::empty().await;
    let target = |name| Target::new(&database.url, name, Duration::ZERO);
    let first = Session::<Of<Many>>::open(target("the first")).await.unwrap();
    let mut said = Vec::new();
    for _ in 0..2 {
        let Err(Error::Locked { holder, .. }) = Session::<Of<Many>>::open(target("a second")).await else {
            panic!("the lock is held")
        };
        said.push(holder.split(" for ").next().unwrap().to_owned());
    }
    assert!(!said[0].contains("another process"), "{said:?}");
    assert_eq!(said[0].split(',').next(), said[1].split(',').next());
    first.close().await.unwrap();
}

#[tokio::test]
async fn an_index_is_built_concurrently_while_another_process_waits() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::Postgres {
        return;
    }
    let mut session =
        Session::<Of<Concurrent>>::open(Target::new(&database.url, "the first", LONG)).await.unwrap();
    let mut second = Process::start("concurrent", &database.url, LONG);
    second.has_logged("waiting for");
    assert_eq!(session.up(Until::End).await.unwrap().len(), 3);
    session.close().await.unwrap();
    assert!(second.end().succeeded);
    let valid = "SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = 'idx_trays_size'::regclass";
    let row =
        database.connect().await.query_one_raw(Statement::from_string(DbBackend::Postgres, valid)).await;
    assert!(row.unwrap().unwrap().try_get::<bool>("", "valid").unwrap());
}

/// A migration in which the lock is lost.
struct Betrayal;

impl MigrationName for Betrayal {
    fn name(&self) -> &'static str {
        "m1_betrayal"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Betrayal {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared("CREATE TABLE traces (id INT)").await?;
        let backend = manager.get_database_backend();
        let kill = if backend == DbBackend::Postgres {
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid() \
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                .to_owned()
        } else {
            let holder = "SELECT CAST(IS_USED_LOCK(CONCAT('migrate ', DATABASE(), '.seaql_migrations')) AS SIGNED) AS id";
            let row = db.query_one_raw(Statement::from_string(backend, holder)).await?.unwrap();
            format!("KILL {}", row.try_get::<i64>("", "id")?)
        };
        db.execute_unprepared(&kill).await?;
        Ok(())
    }
}

struct Betrayed;

#[async_trait::async_trait]
impl MigratorTrait for Betrayed {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Betrayal)]
    }
}

#[tokio::test]
async fn nothing_is_committed_when_the_lock_is_lost() {
    let database = Database::empty().await;
    if database.backend() == DbBackend::Sqlite {
        return;
    }
    let mut session = Session::<Betrayed>::open(Target::new(&database.url, "the first", LONG)).await.unwrap();
    let error = session.up(Until::End).await.unwrap_err();
    assert!(matches!(error, Error::LockLost(_)), "{error}");
    drop(session);
    assert!(run::applied_names::<Betrayed>(&database.connect().await).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_lease_of_another_node_holds_until_it_ends() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::MySql {
        return;
    }
    let target = |patience| Target::new(&database.url, "a test", patience);
    Session::<Of<Many>>::open(target(LONG)).await.unwrap().close().await.unwrap();
    let lease = "INSERT INTO _seaql_migrations_lock (id, owner, holder, node, taken, expires) VALUES \
                 (1, 'x', 'a process elsewhere', 'elsewhere:3306 0', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL 2 SECOND)";
    database.execute(lease).await;
    let Err(Error::Locked { holder, .. }) = Session::<Of<Many>>::open(target(Duration::ZERO)).await else {
        panic!("the lease holds")
    };
    assert!(holder.starts_with("a process elsewhere (at elsewhere:3306, for "), "{holder}");
    let session = Session::<Of<Many>>::open(target(LONG)).await.unwrap();
    session.close().await.unwrap();
}

/// A migration during which another process takes the lease, and after which the next renewal finds that out.
struct Overtaken;

impl List for Overtaken {
    fn list() -> Vec<Listed> {
        let statements = [
            "UPDATE _seaql_migrations_lock SET owner = 'another'",
            "DO SLEEP(6)",
            "CREATE TABLE later (id INT)",
        ];
        vec![Listed::new("m1_overtaken", &statements, &[])]
    }
}

#[tokio::test]
async fn a_process_that_lost_its_lease_runs_no_further_statement() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::MySql {
        return;
    }
    let target = Target::new(&database.url, "the first", LONG);
    let mut session = Session::<Of<Overtaken>>::open(target).await.unwrap();
    let error = session.up(Until::End).await.unwrap_err();
    assert!(matches!(&error, Error::LockLost(reason) if reason.contains("another process")), "{error}");
    drop(session);
    assert!(!SchemaManager::new(&database.connect().await).has_table("later").await.unwrap());
}
