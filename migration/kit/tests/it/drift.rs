//! What is found when somebody has changed a database by hand.

use sea_orm::{ConnectionTrait, DbBackend};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use sea_orm_migration_kit::tooling::{drift, shadow::ShadowError, verify};

use crate::{
    database::Database,
    depot::{Depot, PARCELS, SHELVES, Sql},
    reader::{Reader, Reads},
};

async fn depot() -> Database {
    let database = Database::empty().await;
    let connection = database.connect().await;
    Depot::up(&connection, None).await.unwrap();
    connection.close().await.unwrap();
    database
}

async fn found(database: &Database, exclude: &[&str]) -> Vec<String> {
    let exclude: Vec<String> = exclude.iter().map(|&pattern| pattern.to_owned()).collect();
    let found = drift::find::<Depot>(&database.url, None, &exclude).await.unwrap();
    found.iter().map(ToString::to_string).collect()
}

/// Changes a database, by other words on each kind, and tells what is found then.
async fn after(sqlite: &str, postgres: &str, mariadb: &str) -> (DbBackend, Vec<String>) {
    let database = depot().await;
    let sql = match database.backend() {
        DbBackend::Sqlite => sqlite,
        DbBackend::Postgres => postgres,
        _ => mariadb,
    };
    database.execute(sql).await;
    (database.backend(), found(&database, &[]).await)
}

/// Edits the text of a table, since SQLite cannot alter it.
fn edited(from: &str, to: &str) -> String {
    let (from, to) = (from.replace('\'', "''"), to.replace('\'', "''"));
    format!(
        "PRAGMA writable_schema = ON; \
         UPDATE sqlite_schema SET sql = replace(sql, '{from}', '{to}') WHERE name = 'parcels'; \
         PRAGMA writable_schema = RESET"
    )
}

#[tokio::test]
async fn nothing_is_found_on_an_undisturbed_database() {
    let database = depot().await;
    assert_eq!(found(&database, &[]).await, [""; 0]);
    let empty = Database::empty().await;
    empty.execute("SELECT 1").await;
    assert_eq!(found(&empty, &[]).await, [""; 0]);
}

#[tokio::test]
async fn a_migration_that_is_still_to_come_is_no_drift() {
    let database = Database::empty().await;
    let connection = database.connect().await;
    for applied in 1..=4 {
        Depot::up(&connection, Some(1)).await.unwrap();
        assert_eq!(found(&database, &[]).await, [""; 0], "{applied} applied");
    }
    Depot::down(&connection, Some(2)).await.unwrap();
    assert_eq!(found(&database, &[]).await, [""; 0]);
    connection.close().await.unwrap();
}

#[tokio::test]
async fn an_added_column_is_found() {
    let sql = "ALTER TABLE parcels ADD COLUMN colour varchar(9) DEFAULT 'red'";
    let (backend, found) = after(sql, sql, sql).await;
    let expected = match backend {
        DbBackend::Sqlite => "column parcels.colour: added (varchar(9) default 'red')",
        DbBackend::Postgres => {
            "column parcels.colour: added (character varying(9) default 'red'::character varying)"
        }
        _ => "column parcels.colour: added (varchar(9) collate latin1_swedish_ci default 'red')",
    };
    let found: Vec<String> = found.iter().map(|line| without_collation(line)).collect();
    assert_eq!(found, [without_collation(expected)]);
}

#[tokio::test]
async fn a_dropped_column_is_found() {
    let sql = "ALTER TABLE parcels DROP COLUMN note";
    let (_, found) = after(sql, sql, sql).await;
    assert_eq!(found, ["column parcels.note: dropped"]);
}

#[tokio::test]
async fn a_dropped_index_is_found() {
    let sql = "DROP INDEX idx_parcels_code";
    let (_, found) = after(sql, sql, "DROP INDEX idx_parcels_code ON parcels").await;
    assert_eq!(found, ["index idx_parcels_code on parcels: dropped"]);
}

#[tokio::test]
async fn an_added_index_and_its_direction_are_found() {
    let sql = "CREATE INDEX idx_by_hand ON parcels (weight DESC, code)";
    let (backend, found) = after(sql, sql, sql).await;
    // InnoDB of MariaDB keeps the order since 10.8.
    assert_eq!(
        found,
        ["index idx_by_hand on parcels: added ((weight desc, code))"].map(|line| {
            if backend == DbBackend::Postgres { line.replace("desc", "DESC") } else { line.to_owned() }
        })
    );
}

#[tokio::test]
async fn an_index_that_is_no_longer_unique_is_found() {
    let sql = "DROP INDEX idx_parcels_code; CREATE INDEX idx_parcels_code ON parcels (code)";
    let mariadb = "ALTER TABLE parcels DROP INDEX idx_parcels_code, ADD INDEX idx_parcels_code (code)";
    let (_, found) = after(sql, sql, mariadb).await;
    assert_eq!(found, ["index idx_parcels_code on parcels: is (code) instead of unique (code)"]);
}

#[tokio::test]
async fn a_changed_default_is_found() {
    let sql = "ALTER TABLE parcels ALTER COLUMN weight SET DEFAULT 5";
    let (backend, found) = after(&edited("DEFAULT 1", "DEFAULT 5"), sql, sql).await;
    let kind = if backend == DbBackend::MySql { "bigint(20)" } else { "bigint" };
    assert_eq!(
        found,
        [format!("column parcels.weight: is {kind} not null default 5 instead of {kind} not null default 1")]
    );
}

#[tokio::test]
async fn a_changed_type_is_found() {
    let (backend, found) = after(
        &edited("weight bigint", "weight real"),
        "ALTER TABLE parcels ALTER COLUMN weight TYPE double precision",
        "ALTER TABLE parcels MODIFY weight double NOT NULL DEFAULT 1",
    )
    .await;
    let found = &found[0];
    let expected = match backend {
        DbBackend::Sqlite => "is real not null default 1 instead of bigint not null default 1",
        DbBackend::Postgres => "is double precision not null default 1 instead of bigint not null default 1",
        _ => "is double not null default 1 instead of bigint(20) not null default 1",
    };
    assert_eq!(*found, format!("column parcels.weight: {expected}"));
}

#[tokio::test]
async fn a_column_that_may_be_null_is_found() {
    let (_, found) = after(
        &edited("weight bigint NOT NULL", "weight bigint"),
        "ALTER TABLE parcels ALTER COLUMN weight DROP NOT NULL",
        "ALTER TABLE parcels MODIFY weight bigint DEFAULT 1",
    )
    .await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("default 1 instead of") && found[0].ends_with("not null default 1"),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_dropped_and_a_changed_check_are_found() {
    let drop = "ALTER TABLE parcels DROP CONSTRAINT ck_parcels_weight";
    let text = "CONSTRAINT ck_parcels_weight CHECK (weight >= 1),";
    let (_, found) = after(&edited(text, ""), drop, drop).await;
    assert_eq!(found, ["check ck_parcels_weight on parcels: dropped"]);

    let change = format!("{drop}; ALTER TABLE parcels ADD CONSTRAINT ck_parcels_weight CHECK (weight >= 0)");
    let (backend, found) = after(&edited(">= 1", ">= 0"), &change, &change).await;
    let condition = |least: u8| match backend {
        DbBackend::Sqlite => format!("weight >= {least}"),
        DbBackend::Postgres => format!("(weight >= {least})"),
        _ => format!("`weight` >= {least}"),
    };
    assert_eq!(
        found,
        [format!("check ck_parcels_weight on parcels: is {} instead of {}", condition(0), condition(1))]
    );
}

#[tokio::test]
async fn a_dropped_and_a_changed_foreign_key_are_found() {
    let text = "ON DELETE CASCADE";
    let sql = "ALTER TABLE parcels DROP CONSTRAINT fk_parcels_shelf_id";
    let key =
        "CONSTRAINT fk_parcels_shelf_id FOREIGN KEY (shelf_id) REFERENCES shelves (id) ON DELETE CASCADE";
    let mariadb = "ALTER TABLE parcels DROP FOREIGN KEY fk_parcels_shelf_id";
    let without = edited("(weight >= 1),", "(weight >= 1)").replace(
        "RESET",
        &format!(
            "ON; UPDATE sqlite_schema SET sql = replace(sql, '{key}', '') WHERE name = 'parcels'; \
                  PRAGMA writable_schema = RESET"
        ),
    );
    let (backend, found) = after(&without, sql, mariadb).await;
    let name = if backend == DbBackend::Sqlite { "(shelf_id)" } else { "fk_parcels_shelf_id" };
    assert_eq!(found, [format!("foreign key {name} on parcels: dropped")]);

    let add = "ADD CONSTRAINT fk_parcels_shelf_id FOREIGN KEY (shelf_id) REFERENCES shelves (id)";
    let (backend, found) = after(
        &edited(text, ""),
        &format!("{sql}; ALTER TABLE parcels {add}"),
        &format!("{mariadb}; ALTER TABLE parcels {add}"),
    )
    .await;
    let expected = if backend == DbBackend::Postgres {
        "is (shelf_id) REFERENCES shelves(id) instead of (shelf_id) REFERENCES shelves(id) ON DELETE CASCADE"
    } else {
        "is (shelf_id) references shelves (id) instead of (shelf_id) references shelves (id) on delete cascade"
    };
    assert_eq!(found, [format!("foreign key {name} on parcels: {expected}")]);
}

#[tokio::test]
async fn a_table_of_somebody_else_is_found_unless_it_is_excluded() {
    let database = depot().await;
    database.execute("CREATE TABLE legacy_rows (id bigint NOT NULL PRIMARY KEY, n bigint DEFAULT 3)").await;
    database.execute("CREATE VIEW legacy_view AS SELECT id FROM legacy_rows").await;
    // What hangs on a table that is not ours is not told one by one.
    assert_eq!(found(&database, &[]).await, ["table legacy_rows: added", "view legacy_view: added"]);
    assert_eq!(found(&database, &["legacy_rows"]).await, ["view legacy_view: added"]);
    assert_eq!(found(&database, &["legacy_*"]).await, [""; 0]);
    assert_eq!(found(&database, &["shel*", "*view", "*_rows"]).await, [""; 0]);
}

#[tokio::test]
async fn what_the_workflow_keeps_for_itself_is_no_drift() {
    let database = depot().await;
    database
        .execute("CREATE TABLE _seaql_migrations_checksums (version varchar(99) NOT NULL PRIMARY KEY)")
        .await;
    assert_eq!(found(&database, &[]).await, [""; 0]);
    database.execute("CREATE TABLE _seaql (id bigint NOT NULL PRIMARY KEY)").await;
    assert_eq!(found(&database, &[]).await, ["table _seaql: added"]);
}

#[tokio::test]
async fn a_dropped_table_is_told_in_one_line() {
    let database = depot().await;
    database.execute("DROP TABLE parcels").await;
    assert_eq!(found(&database, &[]).await, ["table parcels: dropped"]);
}

#[tokio::test]
async fn a_recorded_migration_that_is_not_there_is_an_error() {
    struct Half;
    impl MigratorTrait for Half {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            vec![Box::new(SHELVES), Box::new(PARCELS)]
        }
    }
    let database = depot().await;
    let error = drift::find::<Half>(&database.url, None, &[]).await.unwrap_err().to_string();
    assert!(error.contains("m3_index_parcels") && error.contains("m4_add_notes"), "{error}");
}

#[tokio::test]
async fn nothing_is_left_in_the_live_database() {
    let database = depot().await;
    found(&database, &[]).await;
    let connection = database.connect().await;
    let sql = match database.backend() {
        DbBackend::Sqlite => "SELECT name FROM sqlite_schema WHERE name LIKE '%shadow%'",
        DbBackend::Postgres => "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'shadow%'",
        _ => {
            "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()
              AND TABLE_NAME LIKE '%shadow%'"
        }
    };
    let statement = sea_orm::Statement::from_string(database.backend(), sql);
    assert!(connection.query_all_raw(statement).await.unwrap().is_empty());
    connection.close().await.unwrap();
}

#[tokio::test]
async fn the_user_of_the_live_database_needs_to_read_only() {
    let database = depot().await;
    let right = match database.backend() {
        DbBackend::Sqlite => return,
        DbBackend::Postgres => "the right CREATE on the database",
        _ => "all rights on `shadow\\_%`.*",
    };
    let reader = Reader::of(&database, Reads::All).await;
    let alone = drift::find::<Depot>(&reader.url, None, &[]).await;
    let helped = drift::find::<Depot>(&reader.url, Some(&database.url), &[]).await;
    database.execute("ALTER TABLE parcels ADD COLUMN colour bigint").await;
    let changed = drift::find::<Depot>(&reader.url, Some(&database.url), &[]).await;

    let error = alone.unwrap_err();
    assert!(matches!(error, ShadowError::Space { .. }), "{error}");
    assert!(error.to_string().contains(right), "{error}");
    assert_eq!(helped.unwrap(), []);
    let changed: Vec<String> = changed.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert!(changed[0].starts_with("column parcels.colour: added"), "{changed:?}");
}

#[tokio::test]
async fn an_extension_is_within_reach_of_the_migrations() {
    struct Extended;
    impl MigratorTrait for Extended {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            vec![Box::new(Sql {
                name: "m1_create_labels",
                up: &[
                    "CREATE EXTENSION IF NOT EXISTS citext",
                    "CREATE TABLE labels (name citext PRIMARY KEY)",
                ],
                down: Some(&["DROP TABLE labels"]),
                transaction: None,
            })]
        }
    }
    let database = Database::empty().await;
    if database.backend() != DbBackend::Postgres {
        return;
    }
    let connection = database.connect().await;
    let verified = verify::run::<Extended>(&database.url).await.unwrap();
    assert_eq!(verified[0].to_string(), "m1_create_labels: good");
    Extended::up(&connection, None).await.unwrap();
    assert_eq!(drift::find::<Extended>(&database.url, None, &[]).await.unwrap(), []);
    let verified = verify::run::<Extended>(&database.url).await.unwrap();
    assert_eq!(verified[0].to_string(), "m1_create_labels: good");
    connection.close().await.unwrap();
}

#[tokio::test]
async fn scratch_space_of_another_kind_is_refused() {
    let database = depot().await;
    if database.backend() == DbBackend::Sqlite {
        return;
    }
    let error = drift::find::<Depot>(&database.url, Some("sqlite::memory:"), &[]).await.unwrap_err();
    assert!(matches!(error, ShadowError::Kind { .. }), "{error}");
}

/// The collation that a server gives its databases is its own affair.
fn without_collation(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let mut kept = words.clone();
    if let Some(at) = words.iter().position(|word| *word == "collate") {
        kept.drain(at..at + 2);
    }
    kept.join(" ")
}
