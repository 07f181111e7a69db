//! Memory use of uploads and imports, as Linux reports it for a process.

#![cfg(target_os = "linux")]

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::{
    app::{PASSWORD, TestApp},
    database::Database,
    mailbox::wait_for,
    process::Process,
    sessions,
};

/// File of at most `bytes` bytes, with a book on each row.
fn file(bytes: usize, description: usize) -> String {
    let mut file = "title,author,description\n".to_owned();
    let mut number = 0;
    loop {
        let row =
            format!("Title {description}-{number},Author {},{}\n", number % 1000, "é".repeat(description));
        if file.len() + row.len() > bytes {
            return file;
        }
        file += &row;
        number += 1;
    }
}

#[actix_web::test]
async fn importing_and_exporting_the_largest_file_takes_less_than_64_mib() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let server = Process::start(&app.database, &[]);
    let client = reqwest::Client::new();
    let token = alice.token.as_deref().unwrap();
    let books = |path: &str| format!("{}/api/v1/books{path}", server.address);
    client.get(books("")).send().await.unwrap().error_for_status().unwrap();
    let before = server.most_memory();
    // The longest possible books, and as many short ones as fit into a short test.
    for (description, mode) in [(9_000, "partial"), (600, "partial")] {
        let request = client.post(books(&format!("/import?mode={mode}"))).bearer_auth(token);
        let answer = request
            .header("Content-Type", "text/csv")
            .body(file(32 << 20, description))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }
    for format in ["csv", "ndjson"] {
        let request = client.get(books(&format!("/export?format={format}"))).bearer_auth(token);
        let export = request.send().await.unwrap().bytes().await.unwrap();
        assert!(export.len() > 63 << 20);
    }
    let grown = (server.most_memory() - before) / 1024;
    println!("grown by {grown} MiB");
    assert!(grown < 64, "grown by {grown} MiB");
}

#[actix_web::test]
async fn sixteen_exports_of_an_account_with_many_sessions_take_less_than_32_mib() {
    let database = Database::empty().await;
    let settings = [("EMAIL_VERIFICATION", "off"), ("RUST_LOG", "info,bookly::retention=debug")];
    let server = Process::start(&database, &settings);
    // The next cleanup, which would delete the sessions, is ten minutes away.
    wait_for("the cleanup", async || server.log().contains("cleanup finished").then_some(())).await;
    let new = json!({ "username": "alice", "email": "alice@example.com", "password": PASSWORD });
    server.post("/auth/signup", new).await.created();
    let tokens = server.post("/auth/login", json!({ "login": "alice", "password": PASSWORD })).await.ok();
    let token = tokens["access_token"].as_str().unwrap();
    sessions::add_past(&database, "alice", 13).await;
    let before = server.most_memory();
    let exports = (0..16).map(async |_| {
        let request = server.request(Method::GET, "/api/v1/users/me/export").bearer_auth(token);
        let export = request.send().await.unwrap().error_for_status().unwrap().text().await.unwrap();
        assert_eq!(export.matches("\"ended_at\"").count(), 1 << 13);
        assert!(export.contains("],\"books\":[]") && export.ends_with("]}"));
    });
    join_all(exports).await;
    let grown = (server.most_memory() - before) / 1024;
    println!("grown by {grown} MiB");
    assert!(grown < 32, "grown by {grown} MiB");
}
