//! SQLite with files that cannot grow for a while.

use reqwest::Method;
use serde_json::json;

use crate::{
    app::PASSWORD,
    database::{Database, Server},
    process::Process,
};

/// Writes in each phase: several per connection, since the second failure on one can lose later writes.
const WRITES: usize = 12;

/// Writes that fill the log.
const MOST_WRITES: usize = 500;

async fn add_book(process: &Process, token: &str, title: &str) -> (u16, Option<String>) {
    let book = json!({ "title": title, "author": "Anonymous", "description": "x".repeat(5000) });
    let answer = process.send(Method::POST, "/books", token, book).await;
    if answer.status == 503 {
        assert!(!answer.header("retry-after").is_empty());
    }
    let id = answer.body["id"].as_str().map(str::to_owned);
    (answer.status.as_u16(), id)
}

#[actix_web::test]
async fn no_acknowledged_write_is_lost_when_the_disk_was_full() {
    let database = Database::on(Server::Sqlite).await;
    let path = database.url.trim_start_matches("sqlite://").split('?').next().unwrap();
    let settings = [("EMAIL_VERIFICATION", "off"), ("DATABASE_MAX_CONNECTIONS", "2")];
    let process = Process::start_with_limited_files(&database, &settings);
    let account = json!({ "username": "alice", "email": "alice@example.com", "password": PASSWORD });
    process.post("/auth/signup", account).await;
    let tokens = process.post("/auth/login", json!({ "login": "alice", "password": PASSWORD })).await;
    let token = tokens.body["access_token"].as_str().unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        // The write-ahead log is full in the middle of a transaction.
        let log = std::fs::metadata(format!("{path}-wal")).unwrap().len();
        process.limit_files(Some(log + 100_000));
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
        process.limit_files(None);
        for write in 0..WRITES {
            let (status, id) = add_book(&process, token, &format!("{round}.{write} with room")).await;
            assert_eq!(status, 201, "round {round}, write {write}");
            acknowledged.extend(id);
        }
    }
    process.kill();
    let process = Process::start(&database, &settings);
    for id in acknowledged {
        assert_eq!(process.send(Method::GET, &format!("/books/{id}"), "", json!(null)).await.status, 200);
    }
}
