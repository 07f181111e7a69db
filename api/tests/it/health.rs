//! Liveness and readiness of the server.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;

use crate::{
    app::{TestApp, config, send},
    database::Database,
    mailbox::wait_for,
    process::Process,
};

#[actix_web::test]
async fn a_server_with_the_current_schema_is_ready() {
    let app = TestApp::start().await;
    assert_eq!(app.anonymous().get("//livez").await.ok()["status"], "ok");
    assert_eq!(app.anonymous().get("//readyz").await.ok(), json!({ "status": "ok", "writable": true }));
}

#[actix_web::test]
async fn a_schema_that_is_behind_or_ahead_is_reported() {
    let app = TestApp::start().await;
    app.database.execute("DELETE FROM seaql_migrations WHERE version LIKE '%index_sessions'").await;
    let answer = app.anonymous().get("//readyz").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "10"));
    answer.problem("schema_behind");
    app.database
        .execute("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_later', 0)")
        .await;
    wait_for("the next answer of the database", async || {
        let answer = app.anonymous().get("//readyz").await;
        (answer.body["code"] != "schema_behind").then(|| answer.problem("schema_ahead"))
    })
    .await;
    app.anonymous().get("//livez").await.ok();
}

#[actix_web::test]
async fn a_schema_that_is_ahead_by_a_compatible_migration_is_ready() {
    let app = TestApp::start().await;
    for sql in [
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_later', 0)",
        "INSERT INTO _seaql_migrations_checksums (version, checksum, compatible)
         VALUES ('m29990101_000001_later', 'of a later version', TRUE)",
    ] {
        app.database.execute(sql).await;
    }
    app.anonymous().get("//readyz").await.ok();
    // Another process of this version starts, also with AUTO_MIGRATE.
    api::migrate(&config(&app.database.url, &["--auto-migrate", "true"])).await.unwrap();
    let another = Process::start(&app.database, &[("AUTO_MIGRATE", "true")]);
    assert_eq!(send(another.request(Method::GET, "/readyz")).await.status, 200);
}

#[actix_web::test]
async fn the_database_is_asked_for_its_readiness_at_most_once_a_second() {
    let database = Database::empty().await;
    let process = Process::start(&database, &[("DATABASE_ECHO", "true")]);
    let questions = || process.log().lines().filter(|line| line.contains("seaql_migrations")).count();
    let started = Instant::now();
    let before = questions();
    let mut answers = 0;
    while started.elapsed() < Duration::from_millis(1500) || answers < 50 {
        assert_eq!(send(process.request(Method::GET, "/readyz")).await.status, 200);
        answers += 1;
    }
    let asked = questions() - before;
    assert!(asked > 0 && asked as u64 <= 2 + started.elapsed().as_secs(), "{asked} of {answers}");
}

#[actix_web::test]
async fn settings_decide_whether_a_start_migrates() {
    let database = Database::empty().await;
    api::migrate(&config(&database.url, &["--auto-migrate", "false"])).await.unwrap();
    let state = migration::startup::state(&database.connect().await).await.unwrap();
    assert!(matches!(state, migration::startup::State::Behind(names) if !names.is_empty()));
    api::migrate(&config(&database.url, &["--auto-migrate", "true"])).await.unwrap();
    let state = migration::startup::state(&database.connect().await).await.unwrap();
    assert_eq!(state, migration::startup::State::Current);
    assert!(config("sqlite://x.db", &[]).migrates());
    assert!(!config("postgres://x", &[]).migrates());
}
