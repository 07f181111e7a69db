//! Imports of real files, which are not in this repository. `expected.json` beside them has the expected counts.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::app::{Client, TestApp};

/// Folder of the files.
#[expect(clippy::disallowed_methods, reason = "the tests' own settings")]
pub fn folder() -> PathBuf {
    std::env::var("TEST_BOOK_FILES").expect("TEST_BOOK_FILES names the folder of the files").into()
}

/// Content of a file, decompressed if necessary.
pub fn read(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    if path.extension().is_none_or(|extension| extension != "gz") {
        return bytes;
    }
    let mut text = Vec::new();
    GzDecoder::new(&bytes[..]).read_to_end(&mut text).unwrap();
    text
}

fn count(report: &Value, name: &str) -> u64 {
    report[name].as_u64().unwrap()
}

async fn import(client: &Client<'_>, file: &[u8]) -> Value {
    let report = client.import("?mode=partial", "application/octet-stream", file.to_vec()).await.ok();
    let parts = ["created", "updated", "unchanged", "skipped", "failed"];
    assert_eq!(
        count(&report, "rows"),
        parts.iter().map(|part| count(&report, part)).sum::<u64>(),
        "{report:#}"
    );
    report
}

/// Imports a file and compares its report with the expected counts.
async fn check(name: &str, file: &[u8], expected: &Value) {
    let app = TestApp::start().await;
    let client = app.user("alice").await;
    let expect = |field: &str| expected[field].as_u64();
    let report = import(&client, file).await;
    let rows = expect("rows").or_else(|| expect("records")).unwrap();
    let taken = count(&report, "created") + count(&report, "unchanged");
    println!("{name}: {} {report}", report["format"]);
    assert_eq!(count(&report, "rows"), rows, "{name}");
    assert_eq!(report["charset"], "UTF-8", "{name}");
    if expected["types"]["/type/author"].is_u64() {
        assert_eq!((taken, count(&report, "skipped")), (0, rows), "{name} has no books");
        return;
    }
    let good = expect("valid_title_and_author").unwrap_or(rows);
    assert_eq!((taken, count(&report, "failed")), (good, rows - good), "{name}");
    // A row that repeats an earlier one is not a book of its own, unless it has another ISBN.
    let isbns =
        expected["padded"]["distinct_isbn13"].as_u64().or_else(|| expect("with_valid_isbn")).unwrap_or(0);
    let created = count(&report, "created");
    let distinct = expect("distinct_title_author").unwrap_or(rows);
    assert!(
        created >= distinct.min(good) - (rows - good) - rows / 100 && created <= good,
        "{name}: {created}"
    );
    let export = client.get("/books/export?format=ndjson").await.text;
    let books: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(books.len() as u64, created, "{name}");
    assert_eq!(books.iter().filter(|book| !book["isbn"].is_null()).count() as u64, isbns, "{name}");
    let again = import(&client, file).await;
    assert_eq!((&again["created"], count(&again, "unchanged")), (&json!(0), taken), "{name} comes in once");
    app.database.execute("DELETE FROM books").await;
    let back = client.import("?mode=partial", "application/x-ndjson", export.clone()).await.ok();
    assert_eq!(count(&back, "created"), created, "{name}");
    assert!(
        client.get("/books/export?format=ndjson").await.text == export,
        "{name} comes back as it went out"
    );
}

#[actix_web::test]
#[ignore = "needs files that are not in this repository: TEST_BOOK_FILES=folder cargo test -p api files:: -- --ignored"]
async fn every_real_file_is_imported_with_the_expected_counts() {
    let folder = folder();
    let expected: Value = serde_json::from_slice(&read(&folder.join("expected.json"))).unwrap();
    for (name, expected) in expected.as_object().unwrap() {
        let file = read(&folder.join(name.trim_start_matches("open/")));
        if name.starts_with("open/onix/") {
            let app = TestApp::start().await;
            let answer = app.user("alice").await.import("", "text/plain", file).await;
            answer.problem("unknown_format");
        } else {
            check(name, &file, expected).await;
        }
    }
}
