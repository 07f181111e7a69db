//! Bringing files of books in.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
};

use serde_json::{Value, json};
use service::access::Role;

use crate::{
    app::{Client, TestApp, path_of},
    formats::GOODREADS,
};

pub async fn catalogue(client: &Client<'_>) -> Vec<Value> {
    client.get("/books?sort=created_at&limit=100").await.ok()["items"].as_array().unwrap().clone()
}

/// What a report counts: rows, created, updated, unchanged, skipped, failed, warnings.
pub fn counts(report: &Value) -> [u64; 7] {
    let count = |name: &str| report[name].as_u64().unwrap();
    let [rows, created, updated, unchanged, skipped, failed, warnings] =
        ["rows", "created", "updated", "unchanged", "skipped", "failed", "warnings"].map(count);
    assert_eq!(rows, created + updated + unchanged + skipped + failed, "{report:#}");
    [rows, created, updated, unchanged, skipped, failed, warnings]
}

pub fn codes(report: &Value) -> Vec<(u64, &str)> {
    let problems = report["problems"].as_array().unwrap();
    problems
        .iter()
        .map(|problem| (problem["row"].as_u64().unwrap(), problem["code"].as_str().unwrap()))
        .collect()
}

#[actix_web::test]
async fn our_own_formats_are_taken_as_they_are() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let csv = "title,author,subtitle,publisher,published_date,page_count,language,isbn,description,price_amount,price_currency,cover_url,extra\n\
        \"  Two  blanks &amp; \"\"quotes\"\" \",'=A1,,,1965-08,412,en,9780441013593,\"two\nlines\",1099,EUR,https://example.com/c.jpg,ignored\n\
        '+1,B,,,,,,,,,,,\n";
    let report = alice.import("", "text/csv", csv).await.ok();
    assert_eq!((&report["format"], counts(&report)), (&json!("csv"), [2, 2, 0, 0, 0, 0, 0]));
    let book = alice.get("/books/isbn/9780441013593").await.ok();
    assert_eq!((&book["title"], &book["author"]), (&json!("  Two  blanks &amp; \"quotes\" "), &json!("=A1")));
    assert_eq!(
        (&book["description"], &book["price"]),
        (&json!("two\nlines"), &json!({ "amount": 1099, "currency": "EUR" }))
    );
    let lines = format!(
        "{}\n\n{}\n",
        json!({ "title": "N", "author": "M", "page_count": 7, "price": { "amount": 5, "currency": "JPY" }, "id": "ignored" }),
        book
    );
    let report = alice.import("", "application/x-ndjson", lines).await.ok();
    assert_eq!((&report["format"], counts(&report)), (&json!("ndjson"), [2, 1, 0, 1, 0, 0, 0]));
    let newest = catalogue(&alice).await.pop().unwrap();
    assert_eq!((&newest["page_count"], &newest["price"]["currency"]), (&json!(7), &json!("JPY")));
}

#[actix_web::test]
async fn one_bad_row_keeps_an_atomic_import_from_writing() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let file = "title,author,isbn\nGood,A,9780441013593\n,No title,\nNo author,,\n";
    let answer = alice.import("", "text/csv", file).await;
    assert_eq!(answer.status, 422);
    let report = answer.problem("import_failed")["report"].clone();
    assert_eq!(counts(&report), [3, 0, 0, 0, 1, 2, 0]);
    assert_eq!(codes(&report), [(2, "length"), (3, "length")]);
    assert_eq!(
        (&report["problems"][0]["pointer"], &report["problems"][0]["line"]),
        (&json!("/title"), &json!(3))
    );
    assert!(catalogue(&alice).await.is_empty());
    let report = alice.import("?mode=partial", "text/csv", file).await.ok();
    assert_eq!(counts(&report), [3, 1, 0, 0, 0, 2, 0]);
    assert_eq!(catalogue(&alice).await.len(), 1);
}

#[actix_web::test]
async fn a_trial_reports_the_same_and_changes_nothing() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    for (query, file) in
        [("", GOODREADS), ("&mode=partial", "title,author\nA,B\n,C\n"), ("", "title,author\nA,B\n,C\n")]
    {
        let mut trial = alice.import(&format!("?dry_run=true{query}"), "text/csv", file).await.body;
        assert!(catalogue(&alice).await.is_empty());
        let query = query.replace('&', "?");
        let mut real = alice.import(&query, "text/csv", file).await.body;
        for body in [&mut trial, &mut real] {
            body["dry_run"] = Value::Null;
            body["request_id"] = Value::Null;
            if body["report"].is_object() {
                body["report"]["dry_run"] = Value::Null;
            }
        }
        assert_eq!(trial, real);
        app.database.execute("DELETE FROM books").await;
    }
}

#[actix_web::test]
async fn a_known_book_stays_unless_an_update_is_asked_for_and_allowed() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let file =
        |pages: u32| format!("title,author,isbn,page_count\nDune,Frank Herbert,9780441013593,{pages}\n");
    alice.import("", "text/csv", file(1)).await.ok();
    let path = path_of(&alice.get("/books/isbn/9780441013593").await.ok());
    assert_eq!(counts(&alice.import("", "text/csv", file(2)).await.ok()), [1, 0, 0, 1, 0, 0, 0]);
    assert_eq!(alice.get(&path).await.ok()["page_count"], 1);
    assert_eq!(
        counts(&alice.import("?on_conflict=update", "text/csv", file(2)).await.ok()),
        [1, 0, 1, 0, 0, 0, 0]
    );
    let updated = alice.get(&path).await.ok();
    assert_eq!((&updated["page_count"], &updated["version"]), (&json!(2), &json!(2)));
    assert_eq!(
        counts(&alice.import("?on_conflict=update", "text/csv", file(2)).await.ok()),
        [1, 0, 0, 1, 0, 0, 0]
    );
    let report = bob.import("?on_conflict=update", "text/csv", file(3)).await.ok();
    assert_eq!((counts(&report), codes(&report)), ([1, 0, 0, 0, 1, 0, 0], vec![(1, "forbidden")]));
    let cashier = app.account("carol", Role::Cashier, true).await;
    assert_eq!(
        counts(&cashier.import("?on_conflict=update", "text/csv", file(4)).await.ok()),
        [1, 0, 1, 0, 0, 0, 0]
    );
}

#[actix_web::test]
async fn a_file_that_repeats_itself_says_so() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let file = "Book Id,Exclusive Shelf,Title,Author,ISBN\n1,,A,B,9780441013593\n2,,A again,B,0441013597\n3,,C,D,\n4,,c , d,\n";
    let report = alice.import("", "text/csv", file).await.ok();
    assert_eq!(
        (counts(&report), codes(&report)),
        ([4, 2, 0, 2, 0, 0, 2], vec![(2, "repeated"), (4, "repeated")])
    );
}

#[actix_web::test]
async fn rows_of_our_own_formats_are_books_of_their_own_even_if_they_look_the_same() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let file = "title,author,isbn\nA,B,9780441013593\nA again,B,0441013597\nC,D,\nc , d,\n";
    let report = alice.import("", "text/csv", file).await.ok();
    assert_eq!(
        (counts(&report), codes(&report)),
        ([4, 3, 0, 1, 0, 0, 2], vec![(2, "repeated"), (4, "repeated")])
    );
    assert_eq!(counts(&alice.import("", "text/csv", file).await.ok())[..4], [4, 0, 0, 4]);
}

#[actix_web::test]
async fn a_book_without_an_isbn_is_known_however_many_look_like_it() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let file = format!("title,author\n{}", "A,B\n".repeat(5000));
    assert_eq!(counts(&alice.import("", "text/csv", file.clone()).await.ok())[..2], [5000, 5000]);
    assert_eq!(counts(&alice.import("", "text/csv", file).await.ok())[..4], [5000, 0, 0, 5000]);
    let more = alice.import("", "text/csv", "title,author\na,b\nA,C\n").await.ok();
    assert_eq!(counts(&more)[..4], [2, 1, 0, 1]);
}

#[actix_web::test]
async fn a_book_is_known_by_the_title_that_it_has_now() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let book = alice.book("Before").await;
    alice.patch(&path_of(&book), json!({ "title": "After" })).await.ok();
    // As a book that was written by a version that did not know of works.
    alice.book("Older").await;
    app.database.execute("UPDATE books SET work = NULL WHERE title = 'Older'").await;
    let file = "title,author\nafter,anonymous\nBefore,Anonymous\nolder,anonymous\n";
    let report = alice.import("?on_conflict=update", "text/csv", file).await.ok();
    assert_eq!(counts(&report)[..4], [3, 1, 2, 0], "{report:#}");
    let report = alice.import("?on_conflict=update", "text/csv", file).await.ok();
    assert_eq!(counts(&report)[..4], [3, 0, 0, 3]);
    assert_eq!(catalogue(&alice).await.len(), 3);
}

#[actix_web::test]
async fn one_bad_row_in_ten_thousand_is_named() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    // Every tenth row has two lines.
    let row = |n: usize| match n {
        7_777 => "No author,,1,read\n".to_owned(),
        n if n % 10 == 0 => format!("\"T\n{n}\",A,1,read\n"),
        n => format!("T{n},A,1,read\n"),
    };
    let rows: String = (1..=10_000).map(row).collect();
    let file = format!("Title,Author,Book Id,Exclusive Shelf\n{rows}");
    let answer = alice.import("", "text/csv", file.clone()).await;
    let report = answer.problem("import_failed")["report"].clone();
    assert_eq!(counts(&report), [10_000, 0, 0, 0, 9_999, 1, 0]);
    assert_eq!(
        report["problems"],
        json!([{ "row": 7_777, "line": 8_555, "pointer": "/author", "code": "length", "detail": "must have 1 to 500 characters" }])
    );
    assert!(catalogue(&alice).await.is_empty());
    let report = alice.import("?mode=partial", "text/csv", file).await.ok();
    assert_eq!(counts(&report), [10_000, 9_999, 0, 0, 0, 1, 0]);
}

#[actix_web::test]
async fn rows_of_another_length_are_taken_with_a_warning() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let report = alice.import("", "text/csv", "title,author,isbn\nA,B\nC,D,,x,y\n").await.ok();
    assert_eq!(
        (counts(&report), codes(&report)),
        ([2, 2, 0, 0, 0, 0, 2], vec![(1, "ragged"), (2, "ragged")])
    );
}

#[actix_web::test]
async fn what_is_no_file_of_books_is_refused() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    for (file, query) in [
        ("", ""),
        ("name,price\nx,1\n", ""),
        ("\u{1}\u{2}\u{3}", ""),
        (GOODREADS, "?format=goodbooks"),
        ("title,author\nA,B\n", "?format=goodreads"),
    ] {
        let problem = alice.import(query, "text/csv", file).await.problem("unknown_format");
        assert!(problem["detail"].as_str().unwrap().starts_with("expected a table with the columns "));
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
async fn a_request_that_is_cut_off_half_way_writes_nothing() {
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
                // The server has done with the request when it closes the connection.
                socket.read_to_end(&mut answer).map(|_| String::from_utf8_lossy(&answer).into_owned())
            });
            let answer = answer.await.unwrap().unwrap_or_default();
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
            assert!(catalogue(&alice).await.is_empty(), "{length} {mode}");
        }
    }
}

#[actix_web::test]
async fn a_report_lists_a_hundred_problems_and_counts_them_all() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let file = format!(
        "title,author,page_count\n{}",
        (0..150).map(|n| format!("T{n},A,none\n")).collect::<Vec<_>>().concat()
    );
    let report = alice.import("", "text/csv", file).await.ok();
    assert_eq!(counts(&report), [150, 150, 0, 0, 0, 0, 150]);
    assert_eq!(
        (report["problems"].as_array().unwrap().len(), &report["problems_truncated"]),
        (100, &json!(true))
    );
}
