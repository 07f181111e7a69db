//! Files that are not valid, incomplete or too long.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
};

use serde_json::json;

use super::{catalogue, codes, counts};
use crate::{app::TestApp, formats::GOODREADS};

#[actix_web::test]
async fn other_files_are_rejected() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    for (file, query) in [
        ("name,price\nx,1\n", ""),
        ("\u{1}\u{2}\u{3}", ""),
        (GOODREADS, "?format=goodbooks"),
        ("title,author\nA,B\n", "?format=goodreads"),
    ] {
        let problem = alice.import(query, "text/csv", file).await.problem("unknown_format");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with("the file has "), "{detail}");
        assert!(detail.contains("; expected a table with the columns "), "{detail}");
    }
    for (query, pointer) in [
        ("?format=xml", "/format"),
        ("?charset=klingon", "/charset"),
        ("?mode=x", "/mode"),
        ("?dry_run=1", "/dry_run"),
        ("?x=1", "/x"),
    ] {
        assert_eq!(alice.import(query, "text/csv", "title,author\n").await.invalid()[0].0, pointer);
    }
    alice.import("", "application/pdf", "%PDF").await.problem("unsupported_media_type");
    let report =
        alice.import("?mode=partial", "application/x-ndjson", "{\"title\":1}\n{oops\n[1]\n").await.ok();
    assert_eq!((counts(&report)[5], codes(&report)), (3, vec![(1, "length"), (2, "json"), (3, "json")]));
    let large = format!("title,author\n{}", "x".repeat(32 * 1024 * 1024));
    let answer = alice.import("", "text/csv", large).await;
    assert_eq!(answer.status, 413);
    answer.problem("body_too_large");
    assert!(catalogue(&alice).await.is_empty());
}

#[actix_web::test]
async fn an_unreadable_row_ends_the_file_and_keeps_earlier_rows() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let long = "x".repeat(1_200_000);
    let rows = (0..2500).map(|n| format!("T{n},A\n")).collect::<Vec<_>>().concat();
    let lines =
        (0..2500).map(|n| format!("{{\"title\":\"T{n}\",\"author\":\"A\"}}\n")).collect::<Vec<_>>().concat();
    for (line, file) in [
        (2502, format!("title,author\n{rows}{long},A\nLast,A\n")),
        (2501, format!("{lines}{{\"title\":\"{long}\",\"author\":\"A\"}}\n{lines}")),
    ] {
        let problem = alice.import("", "text/csv", file.clone()).await.problem("unreadable_file");
        let place = format!("row 2501, line {line}: ");
        assert!(problem["detail"].as_str().unwrap().starts_with(&place), "{problem:#}");
        assert!(catalogue(&alice).await.is_empty());
        for (query, books) in [("?mode=partial&dry_run=true", 0), ("?mode=partial", 2500)] {
            let report = alice.import(query, "text/csv", file.clone()).await.ok();
            assert_eq!(counts(&report), [2501, 2500, 0, 0, 0, 1, 0]);
            let problem = &report["problems"][0];
            assert_eq!((&problem["row"], &problem["line"]), (&json!(2501), &json!(line)));
            assert_eq!(problem["code"], "unreadable");
            assert_eq!(alice.get("/books?total=true").await.ok()["total"], books);
        }
        app.database.execute("DELETE FROM books").await;
    }
}

#[actix_web::test]
async fn a_file_with_too_many_rows_is_rejected_before_writing() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let file = |rows: usize| format!("title,author\n{}", ",A\n".repeat(rows));
    for mode in ["atomic", "partial"] {
        let good = format!("title,author\nT,A\n{}", ",A\n".repeat(200_000));
        let answer = alice.import(&format!("?mode={mode}"), "text/csv", good).await;
        assert_eq!(answer.status, 413);
        let problem = answer.problem("body_too_large");
        assert_eq!(problem["detail"], "the file has more than 200,000 rows");
    }
    let report = alice.import("?mode=partial", "text/csv", file(200_000)).await.ok();
    assert_eq!(counts(&report), [200_000, 0, 0, 0, 0, 200_000, 0]);
    assert!(catalogue(&alice).await.is_empty());
}

#[actix_web::test]
async fn an_empty_file_is_rejected() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    for query in ["", "?format=csv", "?format=ndjson", "?format=openlibrary", "?mode=partial"] {
        for (media_type, file) in
            [("application/x-ndjson", ""), ("text/csv", "\u{feff}\n"), ("text/csv", " ")]
        {
            let problem = alice.import(query, media_type, file).await.problem("unreadable_file");
            assert_eq!(problem["detail"], "the file is empty", "{query}");
        }
    }
    for (media_type, file) in [("text/csv", "title,author\n"), ("application/json", "[]")] {
        assert_eq!(counts(&alice.import("", media_type, file).await.ok()), [0; 7]);
    }
}

#[actix_web::test]
async fn an_incomplete_upload_writes_nothing() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let rows = format!(
        "title,author\n{}",
        (0..50_000).map(|n| format!("Title {n},Author {n}\n")).collect::<Vec<_>>().concat()
    );
    let half = &rows[..rows.len() / 2];
    for (length, start) in [
        (format!("Content-Length: {}", rows.len()), String::new()),
        ("Transfer-Encoding: chunked".to_owned(), format!("{:x}\r\n", rows.len())),
    ] {
        for mode in ["atomic", "partial"] {
            let head = format!(
                "POST /api/v1/books/import?mode={mode} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: text/csv\r\n{length}\r\n\r\n{start}",
                alice.token.as_deref().unwrap()
            );
            let address = app.address.trim_start_matches("http://").to_owned();
            let request = format!("{head}{half}");
            let answer = tokio::task::spawn_blocking(move || {
                let mut socket = TcpStream::connect(address).unwrap();
                socket.write_all(request.as_bytes()).unwrap();
                socket.shutdown(Shutdown::Write).unwrap();
                let mut answer = Vec::new();
                // The server closes the connection when it has finished the request.
                socket.read_to_end(&mut answer).map(|_| String::from_utf8_lossy(&answer).into_owned())
            });
            let answer = answer.await.unwrap().unwrap_or_default();
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
            assert!(catalogue(&alice).await.is_empty(), "{length} {mode}");
        }
    }
}
