//! Entities beyond the rules of one project: what is compared on which databases, and what is written for them.

use std::{marker::PhantomData, path::Path};

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use sea_orm_migration_kit::tooling::{
    autogenerate::draft,
    compare::{CompareOptions, Comparison, Project, compare},
    drift,
    merge::Unspecified,
    verify,
    write::{Backfills, Draft, Rename, sql::steps},
};

use super::{
    schemas::{connected, take},
    variants,
};
use crate::{database::Database, steps::Step};

struct Nothing;

impl MigratorTrait for Nothing {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        Vec::new()
    }
}

async fn compared<M: MigratorTrait>(
    module: &str,
    databases: &'static [DbBackend],
    hints: fn(DbBackend) -> Vec<Statement>,
    renames: Vec<Rename>,
) -> Result<Comparison, DbErr> {
    let module: &'static str = format!("{}::{module}", variants::HERE).leak();
    let project = Project {
        entities: vec![module].leak(),
        folder: env!("CARGO_MANIFEST_DIR"),
        ignored_tables: &[],
        hints,
        databases,
        migrator: PhantomData::<M>,
    };
    compare(&project, &CompareOptions { renames, excluded: Vec::new(), unspecified: Unspecified::Keep }).await
}

async fn plain<M: MigratorTrait>(module: &str, databases: &'static [DbBackend]) -> Comparison {
    compared::<M>(module, databases, |_| Vec::new(), Vec::new()).await.unwrap()
}

fn written(comparison: &Comparison) -> String {
    draft(comparison, &Backfills::new(), true, Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
}

const POSTGRES: &[DbBackend] = &[DbBackend::Postgres];
const MARIADB: &[DbBackend] = &[DbBackend::MySql];
const SQLITE: &[DbBackend] = &[DbBackend::Sqlite];
const SERVERS: &[DbBackend] = &[DbBackend::Postgres, DbBackend::MySql];
const ALL: &[DbBackend] = &[DbBackend::Sqlite, DbBackend::Postgres, DbBackend::MySql];

/// Runs what is written for the database of the run, if it is the given one.
async fn runs_on(comparison: &Comparison, backend: DbBackend, sql: &[&str]) {
    let database = Database::empty().await;
    if database.backend() != backend {
        return;
    }
    let none = Backfills::new();
    let down = sea_orm_migration_kit::tooling::diff::diff(&comparison.to, &comparison.from);
    let draft = Draft {
        databases: &comparison.databases,
        table_options: &comparison.table_options,
        from: &comparison.from,
        to: &comparison.to,
        renames: &comparison.renames,
        up: &comparison.changes,
        down: &down,
        backfills: &none,
    };
    let (up, down) = steps(backend, &draft);
    let db = connected(&database).await;
    take(&db, &up).await.unwrap();
    for sql in sql {
        db.execute_unprepared(sql).await.unwrap();
    }
    take(&db, &down).await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test]
async fn a_project_for_one_database_is_compared_in_its_dialect() {
    macro_rules! migrator {
        ($name:ident $sql:literal) => {
            struct $name;
            impl MigratorTrait for $name {
                fn migrations() -> Vec<Box<dyn MigrationTrait>> {
                    vec![Box::new(Step { name: "m1", up: &[$sql], down: &[] })]
                }
            }
        };
    }
    migrator!(OnMariaDb "CREATE TABLE `parcels` (`id` bigint(20) NOT NULL AUTO_INCREMENT, `code` varchar(40) NOT NULL, PRIMARY KEY (`id`), KEY `k` (`code`(10))) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4");
    migrator!(OnSqlite "CREATE TABLE parcels (id INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL COLLATE NOCASE) STRICT");
    migrator!(OnPostgres "CREATE TABLE parcels (id bigserial PRIMARY KEY, code varchar(40) NOT NULL COLLATE \"C\")");
    for comparison in [
        plain::<OnMariaDb>("parcels", MARIADB).await,
        plain::<OnSqlite>("parcels", SQLITE).await,
        plain::<OnPostgres>("parcels", POSTGRES).await,
    ] {
        assert_eq!(comparison.differences(), [""; 0], "{:?}", comparison.databases);
        assert_eq!(comparison.unread, [""; 0]);
    }
}

#[tokio::test]
async fn an_array_is_a_column_of_postgres_and_an_error_elsewhere() {
    let comparison = plain::<Nothing>("arrays", POSTGRES).await;
    assert!(written(&comparison).contains(r#""tags" text[] NOT NULL"#), "{}", written(&comparison));
    runs_on(&comparison, DbBackend::Postgres, &["INSERT INTO arrays (tags) VALUES ('{a,b}')"]).await;
    for (databases, name) in [(MARIADB, "MariaDB"), (SQLITE, "SQLite"), (ALL, "MariaDB")] {
        let error = compared::<Nothing>("arrays", databases, |_| Vec::new(), Vec::new()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("Custom Error: column arrays.tags: {name} has no arrays such as text[]")
        );
    }
}

#[tokio::test]
async fn a_kind_that_a_database_lacks_is_an_error_that_names_the_column() {
    for (module, databases, expected) in [
        ("addresses", ALL, "column addresses.address: MariaDB has no type inet"),
        ("addresses", SQLITE, "column addresses.address: SQLite has no type inet"),
        ("intervals", MARIADB, "column intervals.span: MariaDB has no intervals"),
        ("intervals", SQLITE, "column intervals.span: SQLite has no type interval"),
        ("unsigned_key", POSTGRES, "column posts.id: PostgreSQL cannot count a key of type integer unsigned"),
        ("two::*", SQLITE, "SQLite has no schemas"),
        ("two::*", ALL, "SQLite has no schemas"),
    ] {
        let error = compared::<Nothing>(module, databases, |_| Vec::new(), Vec::new()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{module}: {error}");
    }
    let comparison = plain::<Nothing>("addresses", POSTGRES).await;
    runs_on(&comparison, DbBackend::Postgres, &["INSERT INTO addresses (address) VALUES ('::1')"]).await;
}

#[tokio::test]
async fn an_unsigned_key_is_one_on_mariadb() {
    let comparison = plain::<Nothing>("unsigned_key", MARIADB).await;
    let source = written(&comparison);
    assert!(source.contains("`id` int unsigned NOT NULL AUTO_INCREMENT"), "{source}");
    assert!(!source.contains("DbBackend") && !source.contains("dialect"), "{source}");
    runs_on(&comparison, DbBackend::MySql, &["INSERT INTO posts (id, title) VALUES (4294967295, 'last')"])
        .await;
}

#[tokio::test]
async fn integers_are_unsigned_where_the_database_has_them() {
    let source = written(&plain::<Nothing>("counters", ALL).await);
    for column in [
        r#"big_unsigned("big")"#,
        r#"unsigned("normal")"#,
        r#"small_unsigned("small")"#,
        r#"tiny_unsigned("tiny")"#,
        r#"tiny_integer("signed")"#,
    ] {
        assert!(source.contains(column), "{column}: {source}");
    }
    let comparison = plain::<Nothing>("counters", MARIADB).await;
    let row = "INSERT INTO counters (big, normal, small, tiny, signed) VALUES (18446744073709551615, 4294967295, 65535, 255, -128)";
    runs_on(&comparison, DbBackend::MySql, &[row]).await;
}

#[tokio::test]
async fn two_schemas_have_tables_of_one_name() {
    let comparison = plain::<Nothing>("two::*", POSTGRES).await;
    assert_eq!(
        comparison.differences(),
        [
            "table audit.events is missing from the migrations",
            "table sales.events is missing from the migrations"
        ]
    );
    let source = written(&comparison);
    assert!(source.contains(r#"CREATE INDEX "idx-events-who" ON "audit"."events" ("who")"#), "{source}");
    runs_on(
        &comparison,
        DbBackend::Postgres,
        &["INSERT INTO sales.events (amount) VALUES (1)", "INSERT INTO audit.events (who) VALUES ('me')"],
    )
    .await;
}

#[tokio::test]
async fn tables_that_refer_to_each_other_are_written() {
    for databases in [POSTGRES, MARIADB, SQLITE, ALL] {
        let comparison = plain::<Nothing>("circle::*", databases).await;
        let source = written(&comparison);
        let (tables, keys) = (
            source.matches("create_table").count() + source.matches("CREATE TABLE").count(),
            source.matches("FOREIGN KEY").count(),
        );
        assert_eq!((tables, keys > 0 || databases.len() > 1), (2, true), "{source}");
        if let [backend] = databases {
            runs_on(
                &comparison,
                *backend,
                &[
                    "INSERT INTO departments (id) VALUES (1)",
                    "INSERT INTO employees VALUES (1, 1)",
                    "UPDATE departments SET head_id = 1",
                ],
            )
            .await;
        }
    }
}

#[tokio::test]
async fn comments_of_entities_reach_each_database_that_has_them() {
    let comparison = plain::<Nothing>("commented", POSTGRES).await;
    let source = written(&comparison);
    assert!(source.contains("COMMENT ON TABLE"), "{source}");
    assert!(source.contains("the author''s title"), "{source}");
    runs_on(&comparison, DbBackend::Postgres, &[]).await;
    let comparison = plain::<Nothing>("commented", MARIADB).await;
    assert!(written(&comparison).contains("COMMENT = 'what is published'"), "{}", written(&comparison));
    runs_on(&comparison, DbBackend::MySql, &[]).await;
    let source = written(&plain::<Nothing>("commented", SERVERS).await);
    assert!(
        source.contains(r#".comment("the author's title")"#) && source.contains("COMMENT ON COLUMN"),
        "{source}"
    );
    assert!(!written(&plain::<Nothing>("commented", SQLITE).await).contains("title of"));
}

#[tokio::test]
async fn no_collation_is_forced_on_a_project_that_has_none() {
    let source = written(&plain::<Nothing>("parcels", ALL).await);
    assert!(source.contains("Table::create()"), "{source}");
    assert!(!source.contains("dialect::table"), "{source}");
}

#[tokio::test]
async fn a_clause_that_not_all_databases_know_is_refused_by_name() {
    let deferred = |backend| {
        let sql = "CREATE TABLE notes (id bigint PRIMARY KEY, parcel_id bigint, \
                   CONSTRAINT fk_parcel FOREIGN KEY (parcel_id) REFERENCES parcels (id) DEFERRABLE)";
        vec![Statement::from_string(backend, sql)]
    };
    let comparison = compared::<Nothing>("parcels", ALL, deferred, Vec::new()).await.unwrap();
    let error = draft(&comparison, &Backfills::new(), true, Path::new(".")).unwrap_err().to_string();
    assert!(error.starts_with("foreign key fk_parcel on notes: MariaDB has no DEFERRABLE"), "{error}");
}

#[tokio::test]
async fn a_renamed_value_of_an_enum_keeps_its_rows() {
    struct Stated;
    impl MigratorTrait for Stated {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            vec![Box::new(Step {
                name: "m1",
                up: &[
                    "CREATE TYPE state AS ENUM ('new', 'gone')",
                    "CREATE TABLE parcels (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, code varchar NOT NULL, s state DEFAULT 'new')",
                ],
                down: &[],
            })]
        }
    }
    let wanted = |backend| {
        let sql = [
            "CREATE TYPE state AS ENUM ('fresh', 'gone')",
            "ALTER TABLE parcels ADD COLUMN s state DEFAULT 'fresh'",
        ];
        sql.iter().map(|sql| Statement::from_string(backend, *sql)).collect()
    };
    let rename = Rename::Column { table: "state".to_owned(), from: "new".to_owned(), to: "fresh".to_owned() };
    let comparison = compared::<Stated>("parcels", POSTGRES, wanted, vec![rename]).await.unwrap();
    assert_eq!(
        comparison.differences(),
        ["value fresh of the enum state is value new of the enum state in the migrations"]
    );
    assert!(
        written(&comparison).contains(r#"ALTER TYPE "state" RENAME VALUE 'new' TO 'fresh'"#),
        "{}",
        written(&comparison)
    );
}

#[tokio::test]
async fn drift_and_verify_see_the_tables_of_other_schemas() {
    struct Sold;
    impl MigratorTrait for Sold {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            vec![Box::new(Step {
                name: "m1",
                up: &[
                    "CREATE SCHEMA IF NOT EXISTS sales",
                    "CREATE TABLE sales.events (id bigint PRIMARY KEY, amount bigint NOT NULL)",
                ],
                down: &["DROP TABLE sales.events"],
            })]
        }
    }
    let database = Database::empty().await;
    if database.backend() != DbBackend::Postgres {
        return;
    }
    let db = connected(&database).await;
    Sold::up(&db, None).await.unwrap();
    assert_eq!(drift::find::<Sold>(&database.url, None, &[]).await.unwrap(), []);
    db.execute_unprepared("ALTER TABLE sales.events ALTER COLUMN amount DROP NOT NULL").await.unwrap();
    let found = drift::find::<Sold>(&database.url, None, &[]).await.unwrap();
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, ["column sales.events.amount: is bigint instead of bigint not null"]);
    let verified = verify::run::<Sold>(&database.url).await.unwrap();
    assert_eq!(verified[0].to_string(), "m1: good");
    db.close().await.unwrap();
}
