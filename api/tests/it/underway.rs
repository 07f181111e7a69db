//! Slow requests whose account, session or role is revoked before they finish.

use std::time::Duration;

use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    app::{Client, TestApp},
    auth::long_ago,
};

/// Sends a request without the end of its body, performs an action, sends the end, and returns the first line of the
/// response.
async fn interrupted(
    client: &Client<'_>,
    (method, path): (&str, &str),
    body: &str,
    meanwhile: impl AsyncFnOnce(),
) -> String {
    let address = client.app.address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let media_type = if body.starts_with('{') { "application/json" } else { "text/csv" };
    let head = format!(
        "{method} /api/v1{path} HTTP/1.1\r\nHost: books.example\r\nConnection: close\r\nContent-Type: {media_type}\r\n\
         Authorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
        client.token.as_ref().unwrap(),
        body.len(),
    );
    let (begin, end) = body.split_at(body.len() / 2);
    stream.write_all(format!("{head}{begin}").as_bytes()).await.unwrap();
    // Wait until the head has been read and the client authorized.
    tokio::time::sleep(Duration::from_millis(300)).await;
    meanwhile().await;
    stream.write_all(end.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[actix_web::test]
async fn a_right_lost_during_a_body_is_enforced() {
    let app = TestApp::start().await;
    let boss = app.admin("boss").await;
    let book = json!({ "title": "T", "author": "A" }).to_string();
    let accomplice =
        json!({ "username": "eve", "email": "eve@example.com", "role": "admin", "is_verified": true })
            .to_string();
    let names = json!({ "first_name": "Eve" }).to_string();
    let requests = [
        (("POST", "/books"), book.as_str()),
        (("POST", "/books/import"), "title,author\nT,A\n"),
        (("PATCH", "/users/me"), names.as_str()),
        (("POST", "/users"), accomplice.as_str()),
    ];
    let changes = [json!({ "is_active": false }), json!({ "role": "user" }), Value::Null];
    for (number, change) in changes.iter().enumerate() {
        for (request, body) in requests {
            let fallen = app.admin(&format!("fallen{number}{}", request.1.replace('/', "."))).await;
            let path = format!("/users/{}", fallen.id.unwrap());
            let answer = interrupted(&fallen, request, body, async || {
                if change.is_null() {
                    boss.delete(&path).await.no_content();
                } else {
                    boss.patch(&path, change.clone()).await.ok();
                }
            });
            assert_eq!(answer.await, "HTTP/1.1 401 Unauthorized", "{request:?} {change}");
        }
    }
    for path in ["/books?total=true", "/users?role=admin&total=true"] {
        assert_eq!(boss.get(path).await.ok()["total"], if path.contains("books") { 0 } else { 5 }, "{path}");
    }
    let alice = app.user("alice").await;
    let unmoved = interrupted(&alice, ("POST", "/books"), &book, async || ());
    assert_eq!(unmoved.await, "HTTP/1.1 201 Created");
}

#[actix_web::test]
async fn an_import_is_rolled_back_when_its_session_ends() {
    let app = TestApp::start().await;
    let connection = app.database.connect().await;
    for mode in ["atomic", "partial"] {
        let alice = app.user(mode).await;
        let ending = connection.begin().await.unwrap();
        let end = format!("UPDATE sessions SET revoked_at = {}", long_ago(&app.database));
        ending.execute_unprepared(&end).await.unwrap();
        let commit = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            ending.commit().await.unwrap();
        };
        let query = format!("?mode={mode}");
        let (answer, ()) = tokio::join!(alice.import(&query, "text/csv", "title,author\nT,A\n"), commit);
        answer.problem("invalid_token");
    }
    assert_eq!(app.count("books").await, 0);
}
