//! Rotation of secrets: `APP_SECRETS=new,old` accepts tokens and hashes of the old secret.

use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::{
    app::{PASSWORD, SECRET, TestApp},
    process::Process,
};

const NEW: &str = "a newer secret for tests of more than thirty-two bytes";

async fn stored_hash(app: &TestApp) -> String {
    let connection = app.database.connect().await;
    let sql = "SELECT password_hash FROM users WHERE username = 'alice'";
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    connection.query_one_raw(statement).await.unwrap().unwrap().try_get("", "password_hash").unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn tokens_cursors_and_passwords_survive_a_rotation_of_the_secret() {
    let app = TestApp::start().await;
    let (alice, _) = (app.user("alice").await, app.user("bob").await);
    for title in ["A", "B", "C"] {
        alice.book(title).await;
    }
    let cursor = text(&alice.get("/books?limit=1").await.ok()["next_cursor"]);
    let old_hash = stored_hash(&app).await;
    let both = Process::start(&app.database, &[("APP_SECRETS", &format!("{NEW},{SECRET}"))]);
    let alice = alice.at(&both.address);
    alice.get("/users/me").await.ok();
    alice.get(&format!("/books?limit=1&cursor={cursor}")).await.ok();
    let tokens = alice.refresh().await.ok();
    assert_eq!(stored_hash(&app).await, old_hash, "a refresh knows no password");
    let input = json!({ "login": "alice", "password": PASSWORD });
    alice.post("/auth/login", input.clone()).await.ok();
    let new_hash = stored_hash(&app).await;
    assert_ne!(new_hash.split('.').nth(1), old_hash.split('.').nth(1), "its key is the new one");
    alice.post("/auth/login", input.clone()).await.ok();
    assert_eq!(stored_hash(&app).await, new_hash, "it is made anew once");

    let new = Process::start(&app.database, &[("APP_SECRETS", NEW)]);
    let anyone = app.anonymous().at(&new.address);
    alice.at(&new.address).get("/users/me").await.problem("invalid_token");
    alice.at(&new.address).refresh().await.problem("invalid_token");
    anyone.get(&format!("/books?limit=1&cursor={cursor}")).await.problem("invalid_cursor");
    let refresh_token = text(&tokens["refresh_token"]);
    anyone.post("/auth/refresh", json!({ "refresh_token": refresh_token })).await.ok();
    anyone.post("/auth/login", input).await.ok();
    // Bob did not log in meanwhile: his hash is peppered with a removed key.
    let input = json!({ "login": "bob", "password": PASSWORD });
    anyone.post("/auth/login", input).await.problem("invalid_credentials");
}

#[actix_web::test]
async fn servers_with_the_new_secret_first_and_last_accept_each_others_tokens() {
    let app = TestApp::start().await;
    app.user("alice").await;
    let before = Process::start(&app.database, &[("APP_SECRETS", &format!("{SECRET},{NEW}"))]);
    let after = Process::start(&app.database, &[("APP_SECRETS", &format!("{NEW},{SECRET}"))]);
    for (here, there) in [(&before, &after), (&after, &before)] {
        let input = json!({ "login": "alice", "password": PASSWORD });
        let tokens = app.anonymous().at(&here.address).post("/auth/login", input).await.ok();
        let mut alice = app.anonymous().at(&there.address);
        alice.token = Some(text(&tokens["access_token"]));
        alice.refresh_token = text(&tokens["refresh_token"]);
        alice.get("/users/me").await.ok();
        alice.refresh().await.ok();
    }
}
