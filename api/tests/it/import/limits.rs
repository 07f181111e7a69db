//! Limits of imports: one for each account, rows of a transaction, files on disk, time, and books of an account.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::{codes, counts, file_of};
use crate::{
    app::{Answer, Client, TestApp, path_of, send},
    mailbox::wait_for,
};

const ROW: &str = "title,author\nT,A\n";

/// Begins to upload a file of this length, and sends its start.
async fn begin(client: &Client<'_>, length: usize, start: &str) -> TcpStream {
    let address = client.app.address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /api/v1/books/import HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Type: text/csv\r\nContent-Length: {length}\r\n\r\n{start}",
        client.token.as_deref().unwrap()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// First line of the response.
async fn status(stream: TcpStream) -> String {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.unwrap();
    line.trim_end().to_owned()
}

/// Begins to upload a file of this length, and waits until the account's next import is rejected for it.
async fn occupy(client: &Client<'_>, length: usize, start: &str) -> (TcpStream, Answer) {
    wait_for("an upload", async || {
        // It is rejected itself if it meets the import below.
        let upload = begin(client, length, start).await;
        let answer = client.import("", "text/csv", ROW).await;
        (answer.status != 200).then_some((upload, answer))
    })
    .await
}

#[actix_web::test]
async fn an_account_has_one_import_at_a_time() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let (start, end) = ROW.split_at(5);
    for finishes in [true, false] {
        let (mut upload, refused) = occupy(&alice, ROW.len(), start).await;
        assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "10"));
        refused.problem("import_running");
        bob.import("", "text/csv", ROW).await.ok();
        if finishes {
            upload.write_all(end.as_bytes()).await.unwrap();
            assert_eq!(status(upload).await, "HTTP/1.1 200 OK");
        } else {
            drop(upload);
        }
        wait_for("the end of the import", async || {
            (alice.import("", "text/csv", ROW).await.status == 200).then_some(())
        })
        .await;
    }
}

#[actix_web::test]
async fn a_large_atomic_import_is_rejected_with_the_way_to_import_it() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let long = format!("title,author,description\n{}", format!("T,A,{}\n", "x".repeat(9000)).repeat(1000));
    for file in [file_of(5_001, "T"), long.clone()] {
        for query in ["", "?dry_run=true"] {
            let answer = alice.import(query, "text/csv", file.clone()).await;
            assert_eq!(answer.status, 413);
            let detail = answer.problem("atomic_too_large")["detail"].clone();
            assert_eq!(detail, "mode=atomic accepts 5,000 rows and 8 MiB; send the file with mode=partial");
        }
    }
    assert_eq!(app.count("books").await, 0);
    let report = alice.import("?mode=partial", "text/csv", file_of(5_001, "T")).await.ok();
    assert_eq!(counts(&report)[..2], [5_001, 5_001]);
    let report = alice.import("", "text/csv", file_of(5_000, "T")).await.ok();
    assert_eq!(counts(&report)[..4], [5_000, 0, 0, 5_000]);
}

#[actix_web::test]
async fn few_files_are_on_disk_and_small_ones_need_no_place() {
    let app = TestApp::start().await;
    let (mut accounts, mut uploads, reader) = (Vec::new(), Vec::new(), app.user("reader").await);
    for number in 0..16 {
        accounts.push(app.user(&format!("account{number}")).await);
    }
    for account in &accounts {
        uploads.push(begin(account, 1 << 20, "").await);
    }
    let large = format!("title,author,description\n{}", format!("T,A,{}\n", "x".repeat(9000)).repeat(70));
    let refused = wait_for("sixteen files", async || {
        for (account, upload) in accounts.iter().zip(&mut uploads) {
            // Uploads that stop are ended, and one that meets the import below is rejected.
            if upload.try_write(b"x").is_err() {
                *upload = begin(account, 1 << 20, "").await;
            }
        }
        let answer = reader.import("?mode=partial&dry_run=true", "text/csv", large.clone()).await;
        (answer.status != 200).then_some(answer)
    })
    .await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, "10"));
    refused.problem("imports_busy");
    // A body without a length is refused when it becomes large.
    let chunks = futures_util::stream::iter(vec![Ok::<_, std::io::Error>(large.clone())]);
    let request =
        reader.request(Method::POST, "/books/import?mode=partial").header("Content-Type", "text/csv");
    send(request.body(reqwest::Body::wrap_stream(chunks))).await.problem("imports_busy");
    reader.import("", "text/csv", ROW).await.ok();
    drop(uploads);
    wait_for("the places", async || {
        let answer = reader.import("?mode=partial&dry_run=true", "text/csv", large.clone()).await;
        (answer.status == 200).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn an_upload_that_trickles_in_is_ended() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let (mut upload, _) = occupy(&alice, 1 << 20, "title,author\n").await;
    app.shared.clock().advance(Duration::from_secs(31));
    upload.write_all(b"T,A\n").await.unwrap();
    assert_eq!(status(upload).await, "HTTP/1.1 408 Request Timeout");
    alice.import("", "text/csv", ROW).await.ok();
}

#[actix_web::test]
async fn the_time_of_imports_is_limited() {
    let app = TestApp::with(&["--rate-limit", "on"]).await;
    let alice = app.user("alice").await;
    app.user("bob").await;
    let import = async { alice.import("?mode=partial", "text/csv", file_of(3_000, "T")).await.ok() };
    // The clock of the database's work advances by more than the quota while the file is written.
    let slow = async {
        wait_for("the first step", async || (app.count("books").await > 0).then_some(())).await;
        while app.count("books").await < 3_000 {
            app.shared.clock().advance(Duration::from_mins(1));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::join!(import, slow);
    // The access token has expired meanwhile.
    let refused = app.log_in("alice").await.import("", "text/csv", ROW).await;
    assert!(refused.headers("ratelimit-policy").contains(&"\"import-time\";q=300;w=3600"));
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    refused.problem("too_many_requests");
    app.log_in("bob").await.import("", "text/csv", ROW).await.ok();
    app.shared.clock().advance(Duration::from_secs(wait));
    app.log_in("alice").await.import("", "text/csv", ROW).await.ok();
}

#[actix_web::test]
async fn an_account_has_a_maximum_number_of_books() {
    let app = TestApp::with(&["--books-per-account", "3"]).await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let book = alice.book("First").await;
    alice.book("Second").await;
    let file = "title,author\nThird,A\nFourth,A\nFifth,A\nFirst,Anonymous\n";
    let answer = alice.import("", "text/csv", file).await;
    let report = answer.problem("import_failed")["report"].clone();
    assert_eq!(counts(&report)[..6], [4, 0, 0, 0, 2, 2]);
    for query in ["?mode=partial&dry_run=true", "?mode=partial"] {
        let report = alice.import(query, "text/csv", file).await.ok();
        assert_eq!(counts(&report)[..6], [4, 1, 0, 1, 0, 2]);
        assert_eq!(codes(&report), [(2, "too_many_books"), (3, "too_many_books")]);
    }
    let refused = alice.post("/books", json!({ "title": "Fourth", "author": "A" })).await;
    assert_eq!(refused.status, 409);
    let detail = refused.problem("too_many_books")["detail"].clone();
    assert_eq!(detail, "your account has 3 books, the most that it may have");
    bob.book("Fourth").await;
    alice.delete(&path_of(&book)).await.no_content();
    app.shared.clock().advance(Duration::from_secs(10));
    alice.book("Fourth").await;
    alice.post("/books", json!({ "title": "Fifth", "author": "A" })).await.problem("too_many_books");
}

#[actix_web::test]
async fn the_write_ahead_log_is_truncated_after_an_import() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let Some(path) = app.database.url.strip_prefix("sqlite://") else { return };
    let log = format!("{}-wal", path.split('?').next().unwrap());
    let size = || std::fs::metadata(&log).unwrap().len();
    let import = async { alice.import("?mode=partial", "text/csv", file_of(3_000, "T")).await.ok() };
    let grown = wait_for("a log", async || (size() > 100_000).then_some(()));
    tokio::join!(import, grown);
    wait_for("an empty log", async || (size() == 0).then_some(())).await;
}
