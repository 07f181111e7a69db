//! SQLite with files that cannot grow for a while.

use reqwest::Method;
use serde_json::json;

use crate::{
    app::{PASSWORD, send},
    database::{Database, Server},
    mailbox::wait_for,
    process::Process,
};

/// Writes in each phase: several per connection, since the second failure on one can lose later writes.
const WRITES: usize = 12;

/// Bytes of the log that are left.
const ROOM: u64 = 300_000;

/// Writes that fill the log.
const MOST_WRITES: usize = 100;

async fn add_book(process: &Process, token: &str, title: &str) -> (u16, Option<String>) {
    let book = json!({ "title": title, "author": "Anonymous", "description": "x".repeat(5000) });
    let answer = process.send(Method::POST, "/books", token, book).await;
    if answer.status == 503 {
        assert!(!answer.header("retry-after").is_empty());
    }
    let id = answer.body["id"].as_str().map(str::to_owned);
    (answer.status.as_u16(), id)
}

/// Waits until `/readyz` reports whether writes work. It is 200 all the time.
async fn wait_until_writable(process: &Process, writable: bool) {
    wait_for("readiness", async || {
        let answer = send(process.request(Method::GET, "/readyz")).await;
        assert_eq!((answer.status.as_u16(), &answer.body["status"]), (200, &json!("ok")));
        (answer.body["writable"] == writable).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn no_acknowledged_write_is_lost_when_the_disk_was_full() {
    let database = Database::on(Server::Sqlite).await;
    let settings = [("EMAIL_VERIFICATION", "off"), ("DATABASE_MAX_CONNECTIONS", "2")];
    let process = Process::start_with_limited_files(&database, &settings);
    let account = json!({ "username": "alice", "email": "alice@example.com", "password": PASSWORD });
    process.post("/auth/signup", account).await;
    let tokens = process.post("/auth/login", json!({ "login": "alice", "password": PASSWORD })).await;
    let token = tokens.body["access_token"].as_str().unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..5 {
        // The write-ahead log, which is empty, will be full in the middle of a transaction.
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
        process.limit_files(Some(ROOM));
        let mut refused = 0;
        for write in 0..MOST_WRITES {
            match add_book(&process, token, &format!("{round}.{write} without room")).await {
                (201, id) => acknowledged.extend(id),
                (503, _) => refused += 1,
                other => panic!("{other:?}"),
            }
            if refused == WRITES {
                break;
            }
        }
        assert_eq!(refused, WRITES);
        wait_until_writable(&process, false).await;
        process.limit_files(None);
        for write in 0..WRITES {
            let (status, id) = add_book(&process, token, &format!("{round}.{write} with room")).await;
            assert_eq!(status, 201, "round {round}, write {write}");
            acknowledged.extend(id);
        }
        wait_until_writable(&process, true).await;
    }
    process.kill();
    let process = Process::start(&database, &settings);
    for id in acknowledged {
        assert_eq!(process.send(Method::GET, &format!("/books/{id}"), "", json!(null)).await.status, 200);
    }
}
