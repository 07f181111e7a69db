//! Records that a program does not recognise, and indexes that a database does not use.

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::Value;

use super::{LATER, MOVED, Shell, UNIQUE};
use crate::{
    database::Database,
    reader::{Reader, Reads},
};

/// Names and checksums in the records of a database.
async fn records(database: &Database) -> Vec<(String, i64, Option<String>)> {
    let sql = "SELECT r.version AS name, r.applied_at AS applied_at, c.checksum AS checksum FROM seaql_migrations r \
               LEFT JOIN _seaql_migrations_checksums c ON c.version = r.version ORDER BY r.version";
    let db = database.connect().await;
    let rows = db.query_all_raw(Statement::from_string(database.backend(), sql)).await.unwrap();
    db.close().await.unwrap();
    let record = |row: &sea_orm::QueryResult| {
        let get = |column| row.try_get("", column).unwrap();
        (get("name"), row.try_get("", "applied_at").unwrap(), row.try_get("", "checksum").unwrap())
    };
    rows.iter().map(record).collect()
}

#[tokio::test]
async fn a_migration_under_another_name_is_reported_and_does_not_run_again() {
    let database = Database::empty().await;
    let before = Shell::at(&database.url, "coloured");
    before.well("up");
    let recorded = records(&database).await;
    let after = Shell { migrator: "moved", ..before };
    let command = format!("cargo migrate stamp --rename {}={}", LATER.name, MOVED.name);
    for verb in ["status", "up", "up --to tint", "down", "refresh", "plan", "plan --json"] {
        let said = after.ill(verb);
        assert!(said.contains(&command), "{verb}: {said}");
    }
    let status = after.run("status --json");
    let status: (i32, Value) = (status.code, serde_json::from_str(&status.out).unwrap());
    assert_eq!((status.0, &status.1["renamed"][0]["from"]), (1, &Value::from(LATER.name)));
    assert_eq!(records(&database).await, recorded);

    let changes = after.run(command.strip_prefix("cargo migrate ").unwrap());
    assert_eq!(changes.err, format!("recorded {} as {}\n", LATER.name, MOVED.name));
    let renamed: Vec<_> = recorded
        .iter()
        .map(|(name, at, sum)| (name.replace(LATER.name, MOVED.name), *at, sum.clone()))
        .collect();
    assert_eq!(records(&database).await, renamed);
    assert!(!after.well("status").contains("warning"));
    assert_eq!(after.run("up").err, "no migration to run\n");
    after.well("down");
}

#[tokio::test]
async fn only_an_unknown_record_gets_the_name_of_a_pending_migration() {
    let database = Database::empty().await;
    let before = Shell::at(&database.url, "coloured");
    before.well("up");
    let recorded = records(&database).await;
    let known = before.ill("stamp --rename base=colour");
    assert!(known.contains("there is no migration \"base\""), "{known}");
    let after = Shell { migrator: "moved", ..before };
    for (rename, reason) in [
        ("nothing=tint", "there is no migration \"nothing\"; near it are"),
        ("colour=nothing", "there is no migration \"nothing\""),
        ("colour=base", "base is recorded as applied"),
    ] {
        let said = after.ill(&format!("stamp --rename {rename}"));
        assert!(said.contains(reason), "{rename}: {said}");
    }
    assert_eq!(after.run("stamp --rename colour").code, 2);
    assert_eq!(after.run("stamp").code, 2);
    assert_eq!(records(&database).await, recorded);
}

#[tokio::test]
async fn an_index_that_was_left_invalid_is_reported_until_it_is_mended() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::Postgres {
        return;
    }
    let shell = Shell::at(&database.url, "indexed");
    shell.well("up -n 1");
    database.execute("INSERT INTO accounts VALUES (1, 'one'), (2, 'one')").await;
    let remedy = "REINDEX INDEX CONCURRENTLY public.ux_accounts_email";
    let failed = shell.ill("up");
    assert!(
        failed.contains("ux_accounts_email on accounts is INVALID") && failed.contains(remedy),
        "{failed}"
    );
    database.execute("DELETE FROM accounts WHERE id = 2").await;
    // IF NOT EXISTS finds the index.
    let again = shell.ill("up");
    assert!(again.contains(&format!("{} is not recorded as applied", UNIQUE.name)), "{again}");
    let reader = Reader::of(&database, Reads::All).await;
    database.execute("GRANT SELECT ON seaql_migrations, _seaql_migrations_checksums TO PUBLIC").await;
    for url in [&database.url, &reader.url] {
        let shell = Shell::at(url, "indexed");
        let status = shell.ill("status");
        assert!(status.contains(remedy) && status.contains(&format!("pending  {}", UNIQUE.name)), "{status}");
        let json: Value = serde_json::from_str(&shell.run("status --json").out).unwrap();
        assert_eq!(json["invalid_indexes"][0]["name"], "ux_accounts_email");
    }
    database.execute(remedy).await;
    shell.well("up");
    assert!(!shell.well("status").contains("INVALID"));
}

#[tokio::test]
async fn an_invalid_index_of_another_migration_stops_no_run() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::Postgres {
        return;
    }
    let shell = Shell::at(&database.url, "indexed");
    shell.well("up -n 1");
    database.execute("CREATE TABLE foreign_ones (id bigint)").await;
    database.execute("INSERT INTO foreign_ones VALUES (1), (1)").await;
    let db = database.connect().await;
    db.execute_unprepared("CREATE UNIQUE INDEX CONCURRENTLY ux_foreign ON foreign_ones (id)")
        .await
        .unwrap_err();
    db.close().await.unwrap();
    let up = shell.run("up");
    assert_eq!(up.code, 0, "{up:?}");
    assert!(up.err.contains("warning: the index ux_foreign on foreign_ones is INVALID"), "{up:?}");
}

#[tokio::test]
async fn an_invalid_index_of_another_schema_counts_if_a_migration_names_it() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::Postgres {
        return;
    }
    let shell = Shell::at(&database.url, "indexed");
    for (schema, index) in [("apart", "ux_accounts_email"), ("foreign", "ux_foreign")] {
        database.execute(&format!("CREATE SCHEMA \"{schema}\"")).await;
        database.execute(&format!("CREATE TABLE \"{schema}\".accounts (id bigint)")).await;
        database.execute(&format!("INSERT INTO \"{schema}\".accounts VALUES (1), (1)")).await;
        let db = database.connect().await;
        let create = format!("CREATE UNIQUE INDEX CONCURRENTLY {index} ON \"{schema}\".accounts (id)");
        db.execute_unprepared(&create).await.unwrap_err();
        db.close().await.unwrap();
    }
    let status = shell.ill("status");
    assert!(status.contains("REINDEX INDEX CONCURRENTLY apart.ux_accounts_email"), "{status}");
    assert!(!status.contains("ux_foreign"), "{status}");
}
