//! Liveness and readiness of the server.

use crate::{
    app::{TestApp, config},
    database::Database,
};

#[actix_web::test]
async fn a_server_with_the_current_schema_is_ready() {
    let app = TestApp::start().await;
    assert_eq!(app.anonymous().get("//livez").await.ok()["status"], "ok");
    assert_eq!(app.anonymous().get("//readyz").await.ok()["status"], "ok");
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
    app.anonymous().get("//readyz").await.problem("schema_ahead");
    app.anonymous().get("//livez").await.ok();
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
