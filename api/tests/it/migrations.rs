//! Migrations up and down, and the constraints of the schema.

use std::thread;

use migration::{
    Migrator, MigratorTrait,
    startup::{self, State},
};
use sea_orm::{ConnectOptions, ConnectionTrait, Statement};

use crate::{app::TestApp, database::Database, process::Process};

#[actix_web::test]
async fn every_migration_is_reversible_and_repeatable() {
    let database = Database::empty().await;
    let db = startup::connect(ConnectOptions::new(&database.url)).await.unwrap();
    let count = Migrator::migrations().len();
    for _ in 0..count {
        Migrator::up(&db, Some(1)).await.unwrap();
        Migrator::down(&db, Some(1)).await.unwrap();
        Migrator::up(&db, Some(1)).await.unwrap();
    }
    assert_eq!(startup::state(&db).await.unwrap(), State::Current);
    Migrator::down(&db, None).await.unwrap();
    assert!(matches!(startup::state(&db).await.unwrap(), State::Behind(names) if names.len() == count));
    Migrator::fresh(&db).await.unwrap();
    assert_eq!(startup::state(&db).await.unwrap(), State::Current);
}

#[actix_web::test]
async fn the_schema_rejects_invalid_rows() {
    let app = TestApp::start().await;
    app.user("alice").await.book("Dune").await;
    let db = app.database.connect().await;
    for (sql, why) in [
        ("UPDATE users SET role = 'root'", "a role there is not"),
        ("UPDATE books SET page_count = 0", "no pages"),
        ("UPDATE books SET price_amount = 1", "a price without a currency"),
        ("UPDATE books SET price_currency = 'EUR'", "a currency without a price"),
        ("UPDATE books SET price_amount = -1, price_currency = 'EUR'", "a price below nothing"),
        ("UPDATE books SET title = NULL", "no title"),
    ] {
        assert!(db.execute_unprepared(sql).await.is_err(), "{why}");
    }
    db.execute_unprepared("DELETE FROM users").await.unwrap();
    let book = app.anonymous().get("/books").await.ok()["items"][0].clone();
    assert_eq!((&book["title"], &book["owner"]), (&"Dune".into(), &serde_json::Value::Null));
}

#[actix_web::test]
async fn four_concurrent_starts_on_an_empty_database_migrate_once_and_all_serve() {
    for _ in 0..20 {
        let database = Database::empty().await;
        let servers: Vec<Process> = thread::scope(|scope| {
            let starting: Vec<_> = (0..4).map(|_| scope.spawn(|| Process::start(&database, &[]))).collect();
            starting.into_iter().map(|server| server.join().unwrap()).collect()
        });
        for server in &servers {
            let ready = reqwest::get(format!("{}/readyz", server.address)).await.unwrap();
            assert_eq!(ready.status(), 200);
        }
        let db = database.connect().await;
        let query = Statement::from_string(database.backend(), "SELECT COUNT(*) AS n FROM seaql_migrations");
        let applied: i64 = db.query_one_raw(query).await.unwrap().unwrap().try_get("", "n").unwrap();
        assert_eq!(usize::try_from(applied).unwrap(), Migrator::migrations().len());
        db.close().await.unwrap();
    }
}
