//! What `fresh`, `refresh` and `reset` drop, and what they leave.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use sea_orm_migration_kit::run::{Error, Session, Target};

use crate::{
    database::Database,
    parcels::{List, Listed, Of},
};

/// Tables, a view, and on PostgreSQL a schema of their own.
struct Crm;

impl List for Crm {
    fn list() -> Vec<Listed> {
        vec![Listed::new(
            "m1_create_shelves",
            &["CREATE TABLE shelves ({id}, size int)", "CREATE VIEW sizes AS SELECT size FROM shelves"],
            &["DROP VIEW sizes", "DROP TABLE shelves"],
        )]
    }
}

async fn session<L: List>(database: &Database, excluded: &[&str]) -> Session<Of<L>> {
    let target = Target::new(&database.url, "a test", Duration::from_mins(10));
    let session = Session::open(target).await.unwrap();
    session.with_excluded(excluded.iter().map(ToString::to_string).collect())
}

async fn execute(database: &Database, statements: &[&str]) {
    for sql in statements {
        database.execute(sql).await;
    }
}

/// The names of all objects of one's own, without indexes and the records.
async fn objects(db: &DatabaseConnection) -> Vec<String> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT n.nspname || '.' || c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'c', 'f') AND n.nspname NOT LIKE 'pg_%'
            UNION ALL SELECT n.nspname || '.' || p.proname || '()' FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                WHERE p.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
            UNION ALL SELECT n.nspname || '.' || t.typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
                WHERE t.oid >= 16384 AND t.typtype IN ('e', 'd', 'r') ORDER BY name"
        }
        DbBackend::MySql => {
            "SELECT CAST(TABLE_NAME AS CHAR) AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()
            UNION ALL SELECT CONCAT(ROUTINE_NAME, '()') FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()
            UNION ALL SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() ORDER BY name"
        }
        _ => "SELECT name FROM sqlite_master WHERE type <> 'index' AND name NOT LIKE 'sqlite%' ORDER BY name",
    };
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    let names = rows.iter().map(|row| row.try_get_by_index::<String>(0).unwrap());
    names
        .map(|name| name.trim_start_matches("public.").to_owned())
        .filter(|name| !name.contains("seaql_migrations"))
        .collect()
}

/// Objects that depend on each other across kinds, made by hand.
fn by_hand(backend: DbBackend) -> &'static [&'static str] {
    match backend {
        DbBackend::Postgres => &[
            "CREATE VIEW one AS SELECT 1 AS n",
            "CREATE TYPE mood AS ENUM ('good')",
            "CREATE DOMAIN positive AS int CHECK (VALUE > 0)",
            "CREATE TYPE pair AS (a mood, b positive)",
            "CREATE SEQUENCE counter",
            "CREATE TABLE boxes (id serial PRIMARY KEY, m mood, p positive DEFAULT nextval('counter'))",
            "CREATE FUNCTION moods(boxes) RETURNS mood LANGUAGE sql AS 'SELECT $1.m'",
            "CREATE MATERIALIZED VIEW by_mood AS SELECT moods(b) AS mood, n FROM boxes b, one",
            "CREATE VIEW two AS SELECT mood FROM by_mood",
            "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'",
            "CREATE TRIGGER noting BEFORE INSERT ON boxes FOR EACH ROW EXECUTE FUNCTION noted()",
            "CREATE PROCEDURE proceed() LANGUAGE sql AS 'SELECT 1'",
            "CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int)",
            "CREATE TABLE parts (id int) PARTITION BY RANGE (id)",
            "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (9)",
        ],
        DbBackend::MySql => &[
            "CREATE VIEW one AS SELECT 1 AS n",
            "CREATE SEQUENCE counter",
            "CREATE TABLE boxes (id bigint PRIMARY KEY DEFAULT nextval(counter))",
            "CREATE TABLE lids (id bigint, box bigint, FOREIGN KEY (box) REFERENCES boxes (id))",
            "CREATE FUNCTION rate(n int) RETURNS int DETERMINISTIC RETURN n * 2",
            "CREATE VIEW two AS SELECT rate(n) AS n FROM one",
            "CREATE PROCEDURE proceed() SELECT 1",
            "CREATE EVENT daily ON SCHEDULE EVERY 1 DAY DO CALL proceed()",
            "CREATE TRIGGER noting BEFORE INSERT ON boxes FOR EACH ROW SET new.id = rate(new.id)",
        ],
        _ => &[
            "CREATE VIEW one AS SELECT 1 AS n",
            "CREATE TABLE boxes (id integer PRIMARY KEY AUTOINCREMENT)",
            "CREATE TABLE lids (id integer, box int REFERENCES boxes (id))",
            "CREATE VIEW two AS SELECT n, id FROM one, boxes",
            "CREATE TRIGGER noting INSTEAD OF INSERT ON two BEGIN INSERT INTO boxes VALUES (new.id); END",
            "CREATE VIRTUAL TABLE search USING fts5 (title)",
        ],
    }
}

const MIGRATED: [&str; 2] = ["shelves", "sizes"];

fn without_sequences(mut names: Vec<String>) -> Vec<String> {
    names.retain(|name| !name.ends_with("_id_seq"));
    names
}

#[tokio::test]
async fn fresh_drops_objects_that_depend_on_each_other_in_any_order() {
    let database = Database::empty().await;
    let mut session = session::<Crm>(&database, &[]).await;
    session.fresh().await.unwrap();
    execute(&database, by_hand(database.backend())).await;
    assert_eq!(session.fresh().await.unwrap().len(), 1);
    session.close().await.unwrap();
    assert_eq!(without_sequences(objects(&database.connect().await).await), MIGRATED);
}

#[tokio::test]
async fn refresh_and_reset_drop_what_is_left_apart_from_tables_and_what_these_need() {
    let database = Database::empty().await;
    let mut session = session::<Crm>(&database, &[]).await;
    session.fresh().await.unwrap();
    execute(&database, by_hand(database.backend())).await;
    assert_eq!(session.refresh().await.unwrap().len(), 2);
    let mut needed = match database.backend() {
        // Types and functions of tables stay with them.
        DbBackend::Postgres => vec!["boxes", "counter", "mood", "noted()", "parts", "parts_1", "positive"],
        DbBackend::MySql => vec!["boxes", "counter", "lids", "rate()"],
        _ => vec![
            "boxes",
            "lids",
            "search",
            "search_config",
            "search_content",
            "search_data",
            "search_docsize",
            "search_idx",
        ],
    };
    let all = |names: &[&str]| {
        let mut names: Vec<String> = names.iter().chain(&MIGRATED).map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(without_sequences(objects(&database.connect().await).await), all(&needed));
    execute(&database, &["CREATE VIEW one AS SELECT 1 AS n"]).await;
    assert_eq!(session.reset().await.unwrap().len(), 1);
    session.close().await.unwrap();
    needed.sort_unstable();
    let mut left = objects(&database.connect().await).await;
    left.retain(|name| !name.starts_with('_'));
    assert_eq!(without_sequences(left), needed);
}

#[tokio::test]
async fn what_is_excluded_stays_with_what_it_needs() {
    let database = Database::empty().await;
    let mut session = session::<Crm>(&database, &["django_*", "kept"]).await;
    session.fresh().await.unwrap();
    execute(&database, &["CREATE TABLE django_users (id int)", "CREATE TABLE other (id int)"]).await;
    execute(
        &database,
        &["CREATE VIEW kept AS SELECT id FROM django_users", "INSERT INTO django_users VALUES (1)"],
    )
    .await;
    let backend = database.backend();
    if backend == DbBackend::Postgres {
        execute(
            &database,
            &[
                "CREATE TYPE mood AS ENUM ('good')",
                "CREATE TYPE unused AS ENUM ('x')",
                "ALTER TABLE django_users ADD COLUMN mood mood DEFAULT 'good'",
            ],
        )
        .await;
    }
    session.fresh().await.unwrap();
    let db = database.connect().await;
    let mut expected = vec!["django_users", "kept", "shelves", "sizes"];
    if backend == DbBackend::Postgres {
        expected.insert(2, "mood");
    }
    assert_eq!(without_sequences(objects(&db).await), expected);
    let count = Statement::from_string(backend, "SELECT CAST(count(*) AS char(9)) AS n FROM kept");
    let row = db.query_one_raw(count).await.unwrap().unwrap();
    assert_eq!(row.try_get::<String>("", "n").unwrap().trim(), "1");
    session.close().await.unwrap();
}

#[tokio::test]
async fn an_excluded_table_that_refers_to_a_dropped_one_is_refused_before_anything_is_dropped() {
    let database = Database::empty().await;
    let mut session = session::<Crm>(&database, &["audit"]).await;
    session.fresh().await.unwrap();
    let kind = if database.backend() == DbBackend::Sqlite { "integer" } else { "int" };
    let audit =
        format!("CREATE TABLE audit (id int, shelf {kind}, FOREIGN KEY (shelf) REFERENCES shelves (id))");
    execute(&database, &["INSERT INTO shelves (size) VALUES (3)", &audit]).await;
    let before = objects(&database.connect().await).await;
    let refused = session.fresh().await.unwrap_err();
    assert!(
        matches!(&refused, Error::Kept(pairs) if *pairs == ["table audit refers to table shelves"]),
        "{refused}"
    );
    assert_eq!(objects(&database.connect().await).await, before);
    session.close().await.unwrap();
}

/// Migrations that create a schema.
struct Schemas;

impl List for Schemas {
    fn list() -> Vec<Listed> {
        vec![Listed::new(
            "m1_create_crm",
            &[
                "CREATE SCHEMA crm",
                "CREATE TABLE crm.customers (id int PRIMARY KEY)",
                "CREATE TABLE orders (id int, customer int REFERENCES crm.customers (id))",
            ],
            &["DROP TABLE orders", "DROP TABLE crm.customers", "DROP SCHEMA crm"],
        )]
    }
}

#[tokio::test]
async fn schemas_that_migrations_create_are_dropped_and_others_are_guarded() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::Postgres {
        return;
    }
    let mut session = session::<Schemas>(&database, &[]).await;
    session.fresh().await.unwrap();
    execute(&database, &["CREATE VIEW crm.one AS SELECT 1", "CREATE TYPE crm.mood AS ENUM ('good')"]).await;
    session.fresh().await.unwrap();
    assert_eq!(objects(&database.connect().await).await, ["crm.customers", "orders"]);
    execute(&database, &["CREATE SCHEMA reports", "CREATE VIEW reports.all AS SELECT id FROM crm.customers"])
        .await;
    let refused = session.fresh().await.unwrap_err();
    assert!(
        matches!(&refused, Error::Kept(pairs) if *pairs == ["view reports.\"all\" refers to table crm.customers"]),
        "{refused}"
    );
    execute(&database, &["DROP SCHEMA reports CASCADE", "CREATE VIEW crm.one AS SELECT 1"]).await;
    // A member of an extension that every server has.
    execute(
        &database,
        &["CREATE TYPE their_tea AS ENUM ('a')", "ALTER EXTENSION plpgsql ADD TYPE their_tea"],
    )
    .await;
    session.refresh().await.unwrap_err();
    execute(&database, &["DROP VIEW crm.one"]).await;
    session.refresh().await.unwrap();
    session.fresh().await.unwrap();
    session.reset().await.unwrap();
    session.close().await.unwrap();
    let extension = Statement::from_string(DbBackend::Postgres, "SELECT 'a'::their_tea = 'a' AS same");
    let db = database.connect().await;
    assert!(db.query_one_raw(extension).await.unwrap().unwrap().try_get::<bool>("", "same").unwrap());
}
