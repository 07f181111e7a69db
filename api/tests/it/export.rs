//! Export of books to a file, and its import.

use std::ops::RangeInclusive;

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngSeed, TestRunner},
};
use reqwest::{Method, header};
use serde_json::{Value, json};

use crate::app::{Answer, Client, TestApp, send};

const HEADER: &str = "title,author,subtitle,publisher,published_date,page_count,language,isbn,description,price_amount,price_currency,cover_url\n";

async fn export(client: &Client<'_>, query: &str) -> String {
    let answer = client.get(&format!("/books/export{query}")).await;
    assert_eq!(answer.status, 200, "{:#}", answer.body);
    answer.text
}

/// Exports, clears, imports and exports again in a format; returns both exports.
async fn round(app: &TestApp, client: &Client<'_>, format: &str, rows: usize) -> (String, String) {
    let before = export(client, &format!("?format={format}")).await;
    app.database.execute("DELETE FROM books").await;
    let media_type = if format == "csv" { "text/csv" } else { "application/x-ndjson" };
    let report = client.import("", media_type, before.clone()).await.ok();
    assert_eq!((&report["created"], &report["format"]), (&json!(rows), &json!(format)), "{report:#}");
    (before, export(client, &format!("?format={format}")).await)
}

/// Adds books by the thousand.
async fn add(client: &Client<'_>, books: &[Value]) {
    for books in books.chunks(1000) {
        let lines = books.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
        let report = client.import("", "application/x-ndjson", lines).await.ok();
        assert_eq!(
            (&report["created"], &report["rows"]),
            (&json!(books.len()), &json!(books.len())),
            "{report:#}"
        );
    }
}

#[actix_web::test]
async fn an_unverified_account_exports_its_own_data_only() {
    let app = TestApp::start().await;
    let alice = app.account("alice", service::Role::User, false).await;
    alice.get("/books/export").await.problem("account_not_verified");
    alice.get("/users/me/export").await.ok();
    alice.get("/books").await.ok();
}

#[actix_web::test]
async fn an_export_has_the_input_fields_of_each_book() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    assert_eq!(export(&alice, "").await, HEADER);
    assert_eq!(export(&alice, "?format=ndjson").await, "");
    let dune = json!({ "title": "Dune, \"the\" book", "author": "=Frank", "published_date": "1965-08", "page_count": 412,
        "isbn": "9780441013593", "description": "two\nlines", "price": { "amount": 1099, "currency": "EUR" } });
    bob.post("/books", dune).await.created();
    bob.book("-1").await;
    let answer = send(alice.request(Method::GET, "/books/export")).await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"books.csv\"");
    let rows = "\"Dune, \"\"the\"\" book\",'=Frank,,,1965-08,412,,9780441013593,\"two\nlines\",1099,EUR,\n'-1,Anonymous,,,,,,,,,,\n";
    assert_eq!(answer.text, format!("{HEADER}{rows}"));
    let answer: Answer =
        send(alice.request(Method::GET, "/books/export?format=ndjson&isbn=0441013597")).await;
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"books.ndjson\"");
    let line: Value = serde_json::from_str(answer.text.strip_suffix('\n').unwrap()).unwrap();
    assert_eq!(
        line,
        json!({ "title": "Dune, \"the\" book", "author": "=Frank", "subtitle": null, "publisher": null,
            "published_date": "1965-08", "page_count": 412, "language": null, "isbn": "9780441013593",
            "description": "two\nlines", "price": { "amount": 1099, "currency": "EUR" }, "cover_url": null })
    );
    let head = alice.request(Method::HEAD, "/books/export").send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), head.headers()[header::CONTENT_TYPE].to_str().unwrap()),
        (200, "text/csv; charset=utf-8")
    );
}

#[actix_web::test]
async fn an_export_has_the_filters_of_the_list_and_rejects_others() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let book = |title: &str, more: Value| {
        let mut book = json!({ "title": title, "author": "A" });
        book.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        book
    };
    add(
        &alice,
        &[
            book("English", json!({ "language": "en-GB", "published_date": "1990", "publisher": "P" })),
            book("German", json!({ "language": "de", "published_date": "2001-05", "author": "B" })),
            book("Number", json!({ "isbn": "9780441013593" })),
        ],
    )
    .await;
    add(&bob, &[book("Bob's", json!({}))]).await;
    let owner = format!("?owner={}", bob.id.unwrap());
    for (query, titles) in [
        ("", &["English", "German", "Number", "Bob's"][..]),
        ("?language=en", &["English"]),
        ("?author=B", &["German"]),
        ("?publisher=P", &["English"]),
        ("?isbn=0-441-01359-7", &["Number"]),
        ("?published_from=2000", &["German"]),
        ("?published_to=1990", &["English"]),
        ("?author=Nobody", &[]),
        ("?q=eng", &["English"]),
        ("?q=number&author=A", &["Number"]),
        ("?q=%25", &[]),
        (owner.as_str(), &["Bob's"]),
    ] {
        let csv = export(&alice, query).await;
        let mut found: Vec<&str> = csv.lines().skip(1).map(|row| row.split(',').next().unwrap()).collect();
        assert_eq!(found, titles, "{query}");
        let format =
            if query.is_empty() { "?format=ndjson".to_owned() } else { format!("{query}&format=ndjson") };
        let ndjson = export(&alice, &format).await;
        found = titles.to_vec();
        let lines: Vec<Value> = ndjson.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.iter().map(|line| line["title"].as_str().unwrap()).collect::<Vec<_>>(), found);
    }
    for (query, pointer) in [
        ("?format=xml", "/format"),
        ("?language=xx", "/language"),
        ("?isbn=1", "/isbn"),
        ("?owner=me", "/owner"),
        ("?published_from=x", "/published_from"),
        ("?author=", "/author"),
        ("?q=", "/q"),
        ("?limit=1", "/limit"),
    ] {
        assert_eq!(alice.get(&format!("/books/export{query}")).await.invalid()[0].0, pointer);
    }
    app.anonymous().get("/books/export").await.problem("not_signed_in");
}

#[actix_web::test]
async fn a_long_export_has_every_book_once_in_order_of_creation() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    // Some are long, so that the export reads fewer of them at a time.
    let book = |n: usize| json!({ "title": format!("{n:05}"), "author": "A", "description": "x".repeat(if n.is_multiple_of(7) { 9000 } else { 1 }) });
    let books: Vec<Value> = (0..3000).map(book).collect();
    add(&alice, &books).await;
    let csv = export(&alice, "").await;
    let titles: Vec<&str> = csv.lines().skip(1).map(|row| &row[..5]).collect();
    let expected: Vec<String> = (0..3000).map(|n| format!("{n:05}")).collect();
    assert_eq!(titles, expected);
}

#[actix_web::test]
async fn every_accepted_character_survives_export_and_import() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let taken = |c: &char| !c.is_control() || "\t\r\n".contains(*c);
    let all: Vec<char> = ('\0'..=char::MAX).filter(taken).collect();
    let mut books: Vec<Value> = all
        .chunks(9_999)
        .enumerate()
        .map(|(n, part)| json!({ "title": format!("part {n}"), "author": "A", "description": String::from_iter(part) }))
        .collect();
    // The first character of a cell matters.
    for first in "=+-@\t\r\n'\", ;#\u{feff}\u{85}a".chars() {
        for text in
            [format!("{first}x"), format!("'{first}x"), format!("''{first}"), format!("{first}{first}\"")]
        {
            books.push(json!({ "title": "T", "author": "A", "description": text }));
        }
    }
    let books: Vec<Value> = books
        .into_iter()
        .filter(|book| book["description"].as_str().unwrap().chars().all(|c| taken(&c)))
        .collect();
    add(&alice, &books).await;
    let page = alice.get("/books?sort=created_at&limit=100").await.ok();
    assert_eq!(page["items"][3]["description"], books[3]["description"]);
    for format in ["csv", "ndjson"] {
        let (before, after) = round(&app, &alice, format, books.len()).await;
        assert!(before == after, "an export in {format} comes back otherwise than it went out");
    }
    let lines: Vec<Value> = export(&alice, "?format=ndjson")
        .await
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for (line, book) in lines.iter().zip(&books) {
        assert_eq!(line["description"], book["description"]);
    }
}

/// Invisible format characters, which names do not have.
const FORMAT: [RangeInclusive<char>; 15] = [
    '\u{ad}'..='\u{ad}',
    '\u{61c}'..='\u{61c}',
    '\u{180e}'..='\u{180e}',
    '\u{200b}'..='\u{200b}',
    '\u{200e}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{2064}',
    '\u{2066}'..='\u{206f}',
    '\u{feff}'..='\u{feff}',
    '\u{fff9}'..='\u{fffb}',
    '\u{13430}'..='\u{1343f}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0001}'..='\u{e0001}',
    '\u{e0020}'..='\u{e007f}',
];

#[actix_web::test]
async fn exporting_an_imported_export_returns_the_same_bytes() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let special = prop::sample::select("'=+-@\"\\,; #&\u{200c}\u{a0}é漢𝄞".chars().collect::<Vec<_>>());
    let char = prop_oneof![special, any::<char>()];
    let char = char.prop_filter("a name may have it", |c| {
        !c.is_control() && !FORMAT.iter().any(|range| range.contains(c))
    });
    let words = prop::collection::vec(char, 1..40)
        .prop_map(String::from_iter)
        .prop_filter("says something", |text: &String| {
            text.chars().any(|c| !c.is_whitespace() && c != '\u{200c}')
        });
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(1), ..Config::default() });
    let mut text = || words.new_tree(&mut runner).unwrap().current();
    let mut books = Vec::new();
    for n in 0..400_usize {
        books.push(json!({ "title": text(), "author": text(), "subtitle": text(), "publisher": text(),
            "published_date": (["1965", "1965-08", "1965-08-01"].get(n % 4)), "page_count": (n % 3 > 0).then_some(n),
            "language": (["en", "de-CH"].get(n % 3)), "description": (n % 2 > 0).then(&mut text),
            "price": (n % 5 == 0).then(|| json!({ "amount": n, "currency": "EUR" })) }));
    }
    add(&alice, &books).await;
    // The same work three times: by one account, by another, and with an ISBN.
    for client in [&alice, &alice, &bob] {
        client.book("Twice").await;
    }
    bob.post("/books", json!({ "title": "Twice", "author": "Anonymous", "isbn": "9780441013593" }))
        .await
        .created();
    for format in ["csv", "ndjson"] {
        let (before, after) = round(&app, &alice, format, 404).await;
        assert!(before == after, "an export in {format} comes back otherwise than it went out");
        let again = alice.import("", "text/plain", after).await.ok();
        assert_eq!((&again["created"], &again["unchanged"]), (&json!(0), &json!(404)), "{again:#}");
    }
    // From each format to the other.
    let (csv, lines) = (export(&alice, "").await, export(&alice, "?format=ndjson").await);
    app.database.execute("DELETE FROM books").await;
    alice.import("", "text/csv", csv).await.ok();
    assert!(export(&alice, "?format=ndjson").await == lines);
}
