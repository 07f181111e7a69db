//! Runs that are cut off, on MariaDB half way through a migration: the next run brings them to their end.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sea_orm_migration::prelude::*;
use sea_orm_migration_kit::{
    Rule, lint_exceptions,
    run::{self, Error, HalfDone, Session, Target, Until},
};

use crate::{
    database::Database,
    parcels::{self, List, MANY, Many, Of, Vans},
    process::Process,
};

const LONG: Duration = Duration::from_mins(10);

async fn session<L: List>(database: &Database) -> Session<Of<L>> {
    Session::open(Target::new(&database.url, "a test", LONG)).await.unwrap()
}

async fn rows(database: &Database, sql: &str) -> Vec<String> {
    let db = database.connect().await;
    let rows = db.query_all_raw(Statement::from_string(database.backend(), sql)).await.unwrap();
    db.close().await.unwrap();
    rows.iter().map(|row| row.try_get_by_index::<String>(0).unwrap()).collect()
}

/// The schema and rows of [`Many`], and its records, but not what rows are numbered.
async fn dump(database: &Database) -> BTreeMap<String, Vec<String>> {
    let mut dump = BTreeMap::new();
    let schema = match database.backend() {
        DbBackend::Sqlite => "SELECT name || COALESCE(sql, '') FROM sqlite_master ORDER BY name",
        DbBackend::Postgres => {
            "SELECT concat(table_name, '.', column_name, ' ', data_type, ' ', is_nullable) AS line \
             FROM information_schema.columns WHERE table_schema = 'public' \
             UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY line"
        }
        _ => {
            "SELECT CAST(CONCAT(table_name, '.', column_name, ' ', column_type, ' ', is_nullable) AS CHAR) AS line \
             FROM information_schema.columns WHERE table_schema = DATABASE() \
             UNION ALL SELECT CAST(CONCAT(table_name, '.', index_name, ' ', column_name) AS CHAR) \
             FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY line"
        }
    };
    dump.insert("schema".to_owned(), rows(database, schema).await);
    for number in 1..=MANY {
        let table = format!("parcels_{number}");
        let row = match database.backend() {
            DbBackend::MySql => "CAST(CONCAT(title, ' ', weight, ' ', price) AS CHAR)",
            _ => "title || ' ' || weight || ' ' || price",
        };
        let select = format!("SELECT {row} AS line FROM {table} ORDER BY line");
        dump.insert(table, rows(database, &select).await);
    }
    dump.insert(
        "records".to_owned(),
        rows(database, "SELECT version FROM seaql_migrations ORDER BY version").await,
    );
    dump
}

/// A number that is another one each time.
fn random(below: u128) -> u64 {
    let mut seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    seed = seed.wrapping_mul(0x2545_f491_4f6c_dd1d_2545_f491) >> 20;
    (seed % below.max(1)).try_into().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "for whoever wants more of it")]
fn rounds() -> usize {
    std::env::var("TEST_ROUNDS").map_or(4, |rounds| rounds.parse().unwrap())
}

/// On MariaDB, where a killed run stays half done, starts something before it is completed. Nothing of it may help or harm.
async fn start_something(database: &Database) {
    if database.backend() != DbBackend::MySql {
        return;
    }
    match random(5) {
        0 => drop(run::stopped::<Of<Many>>(&database.connect().await).await.unwrap()),
        1 => drop(session::<Many>(database).await.down(Until::Steps(1)).await),
        2 => drop(session::<Many>(database).await.refresh().await),
        3 => {
            let process = Process::start("many", &database.url, LONG);
            std::thread::sleep(Duration::from_micros(random(200_000)));
            process.kill();
        }
        _ => {}
    }
}

#[tokio::test]
async fn a_run_that_was_killed_at_any_moment_is_completed_by_the_next() {
    let undisturbed = Database::empty().await;
    let began = Instant::now();
    assert!(Process::start("many", &undisturbed.url, LONG).end().succeeded);
    let whole = began.elapsed();
    let wanted = dump(&undisturbed).await;
    let (mut continued, mut met) = (0, 0);
    for _ in 0..rounds() {
        let database = Database::empty().await;
        let process = Process::start("many", &database.url, LONG);
        let moment = Duration::from_micros(random(whole.as_micros()));
        std::thread::sleep(moment);
        process.kill();
        start_something(&database).await;
        let ended = Process::start("many", &database.url, LONG).end();
        assert!(ended.succeeded, "killed after {moment:?}: {}{}", ended.printed, ended.logged);
        continued += usize::from(ended.logged.contains("continuing "));
        met += usize::from(ended.logged.contains("it had run already"));
        if database.backend() != DbBackend::MySql {
            let applied = ended.printed.matches("applied ").count();
            assert!([0, MANY].contains(&applied), "all or nothing: {}", ended.printed);
        }
        assert_eq!(dump(&database).await, wanted, "killed after {moment:?} of {whole:?}: {}", ended.logged);
    }
    println!(
        "{continued} of {} went on in the middle of a migration, {met} met its last statement",
        rounds()
    );
}

#[tokio::test]
async fn a_failure_half_way_names_what_ran_and_the_next_run_goes_on_after_it() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::MySql {
        return;
    }
    let mut vans = session::<Vans>(&database).await;
    let error = vans.up(Until::End).await.unwrap_err();
    let Error::HalfDone(half) = &error else { panic!("{error}") };
    let HalfDone { ran, failed, of, .. } = half.as_ref();
    assert_eq!((ran.len(), *of), (2, Some(4)), "{error}");
    assert_eq!(failed, "INSERT INTO loads (van, weight) SELECT id, 20 FROM vans");
    let text = error.to_string();
    assert!(text.contains("  1. ALTER TABLE loads ADD COLUMN weight INT\n"), "{text}");
    assert!(text.contains("run `up` again: it continues after statement 2 of 4."), "{text}");
    vans.close().await.unwrap();
    let mut again = session::<Vans>(&database).await;
    let error = again.up(Until::End).await.unwrap_err();
    assert!(matches!(&error, Error::HalfDone(half) if half.ran.len() == 2), "{error}");
    let error = again.down(Until::End).await.unwrap_err();
    assert!(error.to_string().contains("Run `up` first"), "{error}");
    again.close().await.unwrap();
    database.execute("CREATE TABLE vans (id INT)").await;
    database.execute("INSERT INTO vans VALUES (2)").await;
    let mut vans = session::<Vans>(&database).await;
    assert_eq!(vans.up(Until::End).await.unwrap().len(), 1);
    vans.close().await.unwrap();
    let loads = "SELECT CAST(CONCAT(van, ' ', weight) AS CHAR) FROM loads ORDER BY van";
    assert_eq!(rows(&database, loads).await, ["1 11", "2 21"]);
    assert!(!has_journal(&database).await);
}

#[tokio::test]
async fn a_way_down_that_failed_half_way_is_gone_on_with_too() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::MySql {
        return;
    }
    database.execute("CREATE TABLE vans (id INT)").await;
    let mut vans = session::<Vans>(&database).await;
    vans.up(Until::End).await.unwrap();
    database.execute("ALTER TABLE loads RENAME COLUMN weight TO mass").await;
    let error = vans.down(Until::Steps(1)).await.unwrap_err();
    assert!(error.to_string().contains("run `down` again: it continues after statement 1 of 2."), "{error}");
    // What failed has not run, so the same failure is no sign that it has.
    let error = vans.down(Until::Steps(1)).await.unwrap_err();
    assert!(matches!(error, Error::HalfDone(_)), "{error}");
    database.execute("ALTER TABLE loads RENAME COLUMN mass TO weight").await;
    assert_eq!(vans.down(Until::Steps(1)).await.unwrap().len(), 1);
    vans.close().await.unwrap();
    assert_eq!(run::applied_names::<Of<Vans>>(&database.connect().await).await.unwrap(), ["m1_create_loads"]);
    assert!(!has_journal(&database).await);
}

#[tokio::test]
async fn what_was_settled_by_hand_and_stamped_is_not_gone_on_with() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::MySql {
        return;
    }
    let mut vans = session::<Vans>(&database).await;
    vans.up(Until::End).await.unwrap_err();
    let all = ["m1_create_loads".to_owned(), "fill_loads".to_owned()];
    vans.stamp(&all).await.unwrap();
    assert_eq!(vans.up(Until::End).await.unwrap(), []);
    vans.close().await.unwrap();
    assert_eq!(run::applied_names::<Of<Vans>>(&database.connect().await).await.unwrap().len(), 2);
    assert!(!has_journal(&database).await);
}

async fn has_journal(database: &Database) -> bool {
    SchemaManager::new(&database.connect().await).has_table("_seaql_migrations_journal").await.unwrap()
}

/// Fails in a transaction of its own, which is undone, after DDL, which is not.
struct Undone;

impl MigrationName for Undone {
    fn name(&self) -> &'static str {
        "m1_undone"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Undone {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let insert =
            |id: i32| Query::insert().into_table("crates").columns(["id"]).values_panic([id.into()]).take();
        manager
            .create_table(
                Table::create().table("crates").col(ColumnDef::new("id").integer().primary_key()).take(),
            )
            .await?;
        manager.execute(insert(1)).await?;
        let txn = manager.begin().await?;
        txn.execute(insert(2)).await?;
        txn.execute(insert(1)).await?;
        txn.commit().await
    }
}

/// Declares an exception from a rule, and fails for as long as there is no table `vans`.
struct Allowing;

lint_exceptions!(Allowing, [(Rule::BanDropColumn, "nobody reads it")]);

impl MigrationName for Allowing {
    fn name(&self) -> &'static str {
        "m1_allowing"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Allowing {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared("CREATE TABLE lorries (id INT)").await?;
        db.execute_unprepared("INSERT INTO lorries SELECT id FROM vans").await.map(drop)
    }
}

struct Allowed;

#[async_trait::async_trait]
impl MigratorTrait for Allowed {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Allowing)]
    }
}

#[tokio::test]
async fn a_rule_that_is_broken_with_reason_does_not_keep_a_run_from_going_on() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::MySql {
        return;
    }
    let target = Target::new(&database.url, "a test", LONG);
    let mut session = Session::<Allowed>::open(target).await.unwrap();
    let error = session.up(Until::End).await.unwrap_err();
    assert!(matches!(&error, Error::HalfDone(half) if half.ran.len() == 1), "{error}");
    database.execute("CREATE TABLE vans (id INT)").await;
    assert_eq!(session.up(Until::End).await.unwrap().len(), 1);
    session.close().await.unwrap();
    assert!(!has_journal(&database).await);
}

struct Undoing;

#[async_trait::async_trait]
impl MigratorTrait for Undoing {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Undone)]
    }
}

#[tokio::test]
async fn what_a_migration_rolled_back_itself_did_not_run() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::MySql {
        return;
    }
    let mut session = Session::<Undoing>::open(Target::new(&database.url, "a test", LONG)).await.unwrap();
    let error = session.up(Until::End).await.unwrap_err();
    session.close().await.unwrap();
    let Error::HalfDone(half) = &error else { panic!("{error}") };
    let HalfDone { ran, failed, .. } = half.as_ref();
    assert!(ran.len() == 2 && ran[1].contains("(1)"), "{ran:?}");
    assert!(failed.contains("(1)"), "{failed}");
    assert_eq!(rows(&database, "SELECT CAST(id AS CHAR) FROM crates").await, ["1"]);
}

/// A migration whose first statement fails.
struct FirstFails;

impl List for FirstFails {
    fn list() -> Vec<parcels::Listed> {
        vec![parcels::Listed::new("m1_first", &["DROP TABLE not_there", "CREATE TABLE a (id INT)"], &[])]
    }
}

#[tokio::test]
async fn a_failure_before_anything_ran_leaves_no_journal() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::MySql {
        return;
    }
    let mut first = session::<FirstFails>(&database).await;
    let error = first.up(Until::End).await.unwrap_err();
    assert!(matches!(&error, Error::Failed { .. }), "{error}");
    first.close().await.unwrap();
    assert!(!has_journal(&database).await);
}

/// A migration that loses its connection and does not care.
struct Careless;

impl MigrationName for Careless {
    fn name(&self) -> &'static str {
        "m1_careless"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Careless {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared("CREATE TABLE before_it (id INT)").await?;
        let _ = db.execute_unprepared("KILL CONNECTION_ID()").await;
        db.execute_unprepared("CREATE TABLE after_it (id INT)").await.map(drop)
    }
}

struct Careful;

#[async_trait::async_trait]
impl MigratorTrait for Careful {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Careless)]
    }
}

#[tokio::test]
async fn a_connection_that_takes_the_place_of_a_lost_one_changes_nothing() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::MySql {
        return;
    }
    let mut session = Session::<Careful>::open(Target::new(&database.url, "a test", LONG)).await.unwrap();
    let error = session.up(Until::End).await.unwrap_err();
    assert!(matches!(error, Error::Journal(_)), "{error}");
    drop(session);
    let db = database.connect().await;
    assert!(SchemaManager::new(&db).has_table("before_it").await.unwrap());
    assert!(!SchemaManager::new(&db).has_table("after_it").await.unwrap());
    let mut session = Session::<Careful>::open(Target::new(&database.url, "a test", LONG)).await.unwrap();
    // The migration loses its connection again, after what it had run.
    let error = session.up(Until::End).await.unwrap_err();
    assert!(matches!(error, Error::Journal(_)), "{error}");
}
