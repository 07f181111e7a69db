//! Operations on a database whose schema is not the one of this version.

use api::endpoints::{Access, endpoints};
use migration::{Migrator, MigratorTrait, startup};
use reqwest::Method;
use sea_orm::ConnectOptions;

use crate::{
    app::{TestApp, send},
    database::Database,
    mailbox::wait_for,
    process::Process,
};

/// Id that nothing has.
const ID: &str = "0190b6b5-9d5f-7000-8000-000000000000";

#[actix_web::test]
async fn every_operation_answers_schema_behind_until_the_database_is_migrated() {
    let database = Database::empty().await;
    let program = Process::start(&database, &[("AUTO_MIGRATE", "false")]);
    let mut operations = 0;
    for endpoint in endpoints() {
        let path =
            endpoint.path.replace("{id}", ID).replace("{isbn}", "9780441013593").replace("{code}", "stale");
        let answer = send(program.request(endpoint.method.as_str().parse().unwrap(), &path)).await;
        match (endpoint.access, endpoint.id.as_str()) {
            (Access::HttpOnly, "getReadiness") | (Access::Action(_), _) => {
                assert_eq!(
                    (answer.status.as_u16(), answer.header("retry-after")),
                    (503, "10"),
                    "{}",
                    endpoint.id
                );
                answer.problem("schema_behind");
                operations += 1;
            }
            (Access::HttpOnly, _) => assert_eq!(answer.status, 200, "{}", endpoint.id),
        }
    }
    assert!(operations > 30, "{operations}");
    startup::up(&database.url).await.unwrap();
    let list = async || send(program.request(Method::GET, "/api/v1/books")).await;
    let answer =
        wait_for("the end of schema_behind", async || Some(list().await).filter(|it| it.status != 503)).await;
    answer.ok();
    let log = program.kill();
    assert!(
        !log.contains("\"status\":500") && !log.contains("status=500") && !log.contains("panicked"),
        "{log}"
    );
}

#[actix_web::test]
async fn a_schema_that_is_rolled_back_under_a_running_server_is_no_internal_error() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let anyone = app.anonymous();
    anyone.get("/books").await.ok();
    let db = startup::connect(ConnectOptions::new(&app.database.url)).await.unwrap();
    Migrator::down(&db, None).await.unwrap();
    for path in ["/books", "/users/me"] {
        alice.get(path).await.problem("schema_behind");
    }
    let new = serde_json::json!({ "title": "T", "author": "A" });
    alice.post("/books", new).await.problem("schema_behind");
    Migrator::up(&db, None).await.unwrap();
    db.close().await.unwrap();
    let healed = async || Some(anyone.get("/books").await).filter(|answer| answer.status == 200);
    wait_for("the end of schema_behind", healed).await;
}

#[actix_web::test]
async fn a_missing_column_is_explained_by_the_applied_migrations() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    anyone.get("/books").await.ok();
    app.database.execute("ALTER TABLE books RENAME COLUMN publisher TO imprint").await;
    // Changed by hand: a fault of the installation.
    anyone.get("/books").await.problem("internal");
    app.database
        .execute("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_later', 0)")
        .await;
    anyone.get("/books").await.problem("schema_ahead");
    anyone.get("//readyz").await.problem("schema_ahead");
    app.database.execute("ALTER TABLE books RENAME COLUMN imprint TO publisher").await;
    // An older version serves on a newer schema, as far as it can.
    anyone.get("/books").await.ok();
}
