//! Own data of an account: export and deletion.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::{
    app::{PASSWORD, TestApp, path_of},
    sessions,
};

#[actix_web::test]
async fn an_account_is_deleted_with_its_password() {
    let app = TestApp::start().await;
    let (alice, phone) = (app.user("alice").await, app.log_in("alice").await);
    let book = alice.book("Dune").await;
    let wrong = [("/current_password".to_owned(), "wrong_password".to_owned())];
    assert_eq!(alice.delete_me("violet anchor tundra 71").await.invalid(), wrong);
    let empty = [("/current_password".to_owned(), "length".to_owned())];
    assert_eq!(alice.delete_me("").await.invalid(), empty);
    alice.delete("/users/me").await.problem("unsupported_media_type");
    alice.get("/users/me").await.ok();
    alice.delete_me(PASSWORD).await.no_content();
    for gone in [alice, phone] {
        gone.get("/users/me").await.problem("invalid_token");
        gone.refresh().await.problem("invalid_token");
        gone.delete_me(PASSWORD).await.problem("invalid_token");
    }
    assert_eq!(app.anonymous().get(&path_of(&book)).await.ok()["owner"], Value::Null);
    let input = json!({ "login": "alice", "password": PASSWORD });
    app.anonymous().post("/auth/login", input).await.problem("invalid_credentials");
    // Name and address are available again.
    let again = app.user("alice").await;
    assert_eq!(again.get(&format!("/users/{}/books", again.id.unwrap())).await.ok()["items"], json!([]));
}

#[actix_web::test]
async fn an_export_has_all_data_of_the_account_only() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    app.log_in("alice").await.post("/auth/logout", Value::Null).await.no_content();
    bob.book("Of Bob").await;
    let empty = alice.get("/users/me/export").await.ok();
    assert_eq!(empty["books"], json!([]));
    let change = json!({ "email": "new@example.com", "current_password": PASSWORD });
    alice.put("/users/me/email", change).await.accepted();
    let rows = (0..250).map(|number| format!("Book {number},\"A, \"\"B\"\"\""));
    let csv: Vec<String> = ["title,author".to_owned()].into_iter().chain(rows).collect();
    alice.import("", "text/csv", csv.join("\n")).await.ok();
    let answer = alice.get("/users/me/export").await;
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"bookly-alice.json\"");
    assert_eq!(answer.header("cache-control"), "no-store");
    let export = answer.ok();
    assert_eq!(export["account"], alice.get("/users/me").await.ok());
    assert_eq!(
        (&empty["pending_email"], &export["pending_email"]),
        (&Value::Null, &json!("new@example.com"))
    );
    let books = export["books"].as_array().unwrap();
    let mut titles: Vec<&str> = books.iter().map(|book| book["title"].as_str().unwrap()).collect();
    titles.sort_unstable();
    titles.dedup();
    assert_eq!((books.len(), titles.len()), (250, 250));
    assert_eq!(books[0], alice.get(&path_of(&books[0])).await.ok());
    let sessions = export["sessions"].as_array().unwrap();
    let ended: Vec<bool> = sessions.iter().map(|session| session["ended_at"].is_string()).collect();
    assert_eq!(ended, [true, false], "the newest first");
    assert_eq!(sessions[1]["is_current"], true);
    let text = export.to_string();
    for secret in ["password", "hash", "v1.", "$2b$", "Of Bob", "bob@example.com"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[actix_web::test]
async fn an_export_has_each_of_many_sessions_once() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    for (times, expected) in [(0, 1), (2, 4), (6, 256)] {
        sessions::add_past(&app.database, "alice", times).await;
        let export = alice.get("/users/me/export").await.ok();
        let exported = export["sessions"].as_array().unwrap();
        let ids: HashSet<&str> = exported.iter().map(|session| session["id"].as_str().unwrap()).collect();
        assert_eq!((exported.len(), ids.len()), (expected, expected));
        assert_eq!(exported.iter().filter(|session| session["is_current"] == true).count(), 1);
        assert_eq!(export["books"], json!([]));
    }
}
