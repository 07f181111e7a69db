//! Changes of tables that others use: readers do not wait behind a change that waits, and files of SQLite that are locked.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, TransactionTrait};
use sea_orm_migration_kit::run::{Error, Session, Target, Until};

use crate::{
    database::Database,
    parcels::{List, Listed, Of},
};

const LONG: Duration = Duration::from_mins(10);

/// One wait for a lock. MariaDB counts in seconds.
const LIMIT: Duration = Duration::from_secs(1);

struct Trays;

impl List for Trays {
    fn list() -> Vec<Listed> {
        vec![
            Listed::new("m1_create_trays", &["CREATE TABLE trays (id INT)"], &["DROP TABLE trays"]),
            Listed::new(
                "m2_add_size",
                &[
                    "CREATE TABLE sizes (id INT)",
                    "INSERT INTO sizes (id) VALUES (1)",
                    "ALTER TABLE trays ADD COLUMN size INT",
                    "UPDATE trays SET size = 1",
                ],
                &["ALTER TABLE trays DROP COLUMN size", "DROP TABLE sizes"],
            ),
        ]
    }
}

/// An index outside a transaction, on a server that would build it inside, too.
struct Bare;

impl List for Bare {
    fn list() -> Vec<Listed> {
        let index = Listed::new("m2_index", &["CREATE INDEX idx_trays_id ON trays (id)"], &[]);
        vec![Trays::list().remove(0), Listed { bare: true, ..index }]
    }
}

async fn session<L: List>(database: &Database, limit: Duration) -> Session<Of<L>> {
    let target = Target::new(&database.url, "a test", LONG);
    Session::open(Target { table_lock_timeout: Some(limit), ..target }).await.unwrap()
}

async fn count(db: &impl ConnectionTrait, table: &str) -> i64 {
    let select =
        Statement::from_string(db.get_database_backend(), format!("SELECT COUNT(*) AS n FROM {table}"));
    db.query_one_raw(select).await.unwrap().unwrap().try_get("", "n").unwrap()
}

/// Reads again and again, and returns the longest wait once the run has ended.
async fn read_until(db: &DatabaseConnection, ended: &std::sync::atomic::AtomicBool) -> Duration {
    let mut longest = Duration::ZERO;
    while !ended.load(std::sync::atomic::Ordering::Relaxed) {
        let began = Instant::now();
        count(db, "trays").await;
        longest = longest.max(began.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    longest
}

#[tokio::test]
async fn readers_wait_behind_a_change_no_longer_than_the_limit_and_the_change_gets_its_turn() {
    let database = Database::empty().await;
    if database.backend() == DbBackend::Sqlite {
        return;
    }
    let mut session = session::<Trays>(&database, LIMIT).await;
    session.up(Until::Steps(1)).await.unwrap();
    let (long, short) = (database.connect().await, database.connect().await);
    let reader = long.begin().await.unwrap();
    count(&reader, "trays").await;
    let ended = std::sync::atomic::AtomicBool::new(false);
    let release = async {
        tokio::time::sleep(LIMIT * 3).await;
        reader.commit().await.unwrap();
    };
    let run = async {
        let steps = session.up(Until::End).await;
        ended.store(true, std::sync::atomic::Ordering::Relaxed);
        steps
    };
    let (steps, longest, ()) = tokio::join!(run, read_until(&short, &ended), release);
    assert_eq!(steps.unwrap().len(), 1);
    assert!(longest > LIMIT / 2, "the change did wait: {longest:?}");
    assert!(longest < LIMIT * 2, "{longest:?}");
    assert_eq!(count(&short, "sizes").await, 1);
    session.close().await.unwrap();
}

#[tokio::test]
async fn a_change_that_never_gets_its_turn_names_the_session_in_the_way() {
    let database = Database::empty().await;
    if database.backend() == DbBackend::Sqlite {
        return;
    }
    let mut session = session::<Trays>(&database, LIMIT / 4).await;
    session.up(Until::Steps(1)).await.unwrap();
    let long = database.connect().await;
    let reader = long.begin().await.unwrap();
    let own = match database.backend() {
        DbBackend::Postgres => "SELECT pg_backend_pid()::text AS id",
        _ => "SELECT CAST(CONNECTION_ID() AS CHAR) AS id",
    };
    let row = reader.query_one_raw(Statement::from_string(database.backend(), own)).await.unwrap();
    let id: String = row.unwrap().try_get("", "id").unwrap();
    count(&reader, "trays").await;
    let error = session.up(Until::End).await.unwrap_err().to_string();
    let name = if database.backend() == DbBackend::Postgres { "process" } else { "connection" };
    assert!(error.contains("A table was locked by others in "), "{error}");
    assert!(error.contains(&format!("{name} {id} (")), "{error}");
    reader.commit().await.unwrap();
    assert_eq!(session.up(Until::End).await.unwrap().len(), 1);
    session.close().await.unwrap();
}

#[tokio::test]
async fn a_migration_outside_a_transaction_gets_its_turn_too() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::Postgres {
        return;
    }
    let mut session = session::<Bare>(&database, LIMIT / 4).await;
    session.up(Until::Steps(1)).await.unwrap();
    let long = database.connect().await;
    let writer = long.begin().await.unwrap();
    writer.execute_unprepared("INSERT INTO trays VALUES (1)").await.unwrap();
    let release = async {
        tokio::time::sleep(LIMIT).await;
        writer.commit().await.unwrap();
    };
    let (steps, ()) = tokio::join!(session.up(Until::End), release);
    assert_eq!(steps.unwrap().len(), 1);
    let setting = Statement::from_string(DbBackend::Postgres, "SHOW lock_timeout");
    let row = session.connection().query_one_raw(setting).await.unwrap().unwrap();
    assert_eq!(row.try_get::<String>("", "lock_timeout").unwrap(), "0");
    session.close().await.unwrap();
}

#[tokio::test]
async fn a_locked_file_is_waited_for_as_long_as_the_patience_says() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::Sqlite {
        return;
    }
    // Before the first run, the file has another journal mode.
    for prepare in ["CREATE TABLE others (id INT)", "PRAGMA journal_mode = WAL"] {
        database.execute(prepare).await;
        let other = database.connect().await;
        other.execute_unprepared("BEGIN IMMEDIATE; INSERT INTO others VALUES (1)").await.unwrap();
        let impatient = Target::new(&database.url, "a test", Duration::from_millis(300));
        let began = Instant::now();
        let error = refused::<Trays>(impatient).await;
        assert!(matches!(error, Error::Busy { .. }), "{error}");
        assert!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());

        let patient = async {
            let target = Target::new(&database.url, "a test", LONG);
            let mut session = Session::<Of<Trays>>::open(target).await.unwrap();
            session.up(Until::End).await.unwrap();
            session.down(Until::End).await.unwrap();
            session.close().await.unwrap();
        };
        let release = async {
            // Longer than the 5 s that the driver waits by itself.
            tokio::time::sleep(Duration::from_secs(6)).await;
            other.execute_unprepared("COMMIT").await.unwrap();
            other.close().await.unwrap();
        };
        tokio::join!(patient, release);
    }
}

async fn refused<L: List>(target: Target) -> Error {
    match Session::<Of<L>>::open(target).await {
        Ok(mut session) => session.up(Until::End).await.unwrap_err(),
        Err(error) => error,
    }
}
