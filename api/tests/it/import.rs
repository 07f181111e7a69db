//! Import of files of books.

use serde_json::{Value, json};

use crate::app::{Client, TestApp};

mod contention;
mod existing;
mod file;
mod limits;
mod programs;
mod reading;
mod trial;

pub async fn catalogue(client: &Client<'_>) -> Vec<Value> {
    client.get("/books?sort=created_at&limit=100").await.ok()["items"].as_array().unwrap().clone()
}

/// Counts of a report: rows, created, updated, unchanged, skipped, failed, warnings.
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

/// File of books with numbered titles.
pub fn file_of(count: usize, name: &str) -> String {
    format!("title,author\n{}", (0..count).map(|n| format!("{name} {n},A\n")).collect::<Vec<_>>().concat())
}

#[actix_web::test]
async fn own_formats_are_imported_unchanged() {
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
async fn one_invalid_row_prevents_an_atomic_import() {
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
async fn one_invalid_row_in_five_thousand_is_reported() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    // Every tenth row spans two lines.
    let row = |n: usize| match n {
        3_777 => "No author,,1,read\n".to_owned(),
        n if n % 10 == 0 => format!("\"T\n{n}\",A,1,read\n"),
        n => format!("T{n},A,1,read\n"),
    };
    let rows: String = (1..=5_000).map(row).collect();
    let file = format!("Title,Author,Book Id,Exclusive Shelf\n{rows}");
    let answer = alice.import("", "text/csv", file.clone()).await;
    let report = answer.problem("import_failed")["report"].clone();
    assert_eq!(counts(&report), [5_000, 0, 0, 0, 4_999, 1, 0]);
    assert_eq!(
        report["problems"],
        json!([{ "row": 3_777, "line": 4_155, "pointer": "/author", "code": "length", "detail": "must have 1 to 500 characters" }])
    );
    assert!(catalogue(&alice).await.is_empty());
    let report = alice.import("?mode=partial", "text/csv", file).await.ok();
    assert_eq!(counts(&report), [5_000, 4_999, 0, 0, 0, 1, 0]);
}

#[actix_web::test]
async fn shorter_rows_are_imported_with_a_warning() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let report = alice.import("", "text/csv", "title,author,isbn\nA,B\nC,D,,,\n").await.ok();
    assert_eq!((counts(&report), codes(&report)), ([2, 2, 0, 0, 0, 0, 1], vec![(1, "ragged")]));
}

#[actix_web::test]
async fn an_incomplete_price_is_dropped_with_a_warning() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let lines = r#"{"title":"A","author":"A","price":5}
{"title":"B","author":"A","price":{"amount":5}}
{"title":"C","author":"A","price":{"currency":"EUR"}}
{"title":"D","author":"A","price":null}
"#;
    let table = "title,author,price_amount,price_currency\nE,A,5,\nF,A,,EUR\nG,A,,\nH,A,5,EUR\n";
    for (file, warned) in [(lines, vec![1, 2, 3]), (table, vec![1, 2])] {
        let report = alice.import("", "text/csv", file).await.ok();
        assert_eq!(counts(&report), [4, 4, 0, 0, 0, 0, warned.len() as u64]);
        let expected: Vec<_> = warned.into_iter().map(|row| (row, "price")).collect();
        assert_eq!(codes(&report), expected);
        assert_eq!(report["problems"][0]["pointer"], "/price");
    }
}

#[actix_web::test]
async fn warnings_count_dropped_details_of_imported_rows() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let file = "title,author,page_count\nT,A,many\n,A,many\n";
    let report = alice.import("?mode=partial", "text/csv", file).await.ok();
    assert_eq!(counts(&report), [2, 1, 0, 0, 0, 1, 1]);
    assert_eq!(codes(&report), [(1, "range"), (2, "range"), (2, "length")]);
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
