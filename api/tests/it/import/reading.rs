//! Cells as people and programs write them: each is read, or the report says that it is not.

use serde_json::{Value, json};

use super::{catalogue, codes, counts};
use crate::app::{Client, TestApp};

/// Values of a field of the books after an import of one cell in each row.
async fn read(alice: &Client<'_>, field: &str, cells: &[&str]) -> Vec<Value> {
    let quoted = |cell: &&str| format!("\"{}\"", cell.replace('"', "\"\""));
    let rows = cells.iter().enumerate();
    let rows = rows.map(|(number, cell)| format!("{field} {number},Writer {number},{}\n", quoted(cell)));
    let file = format!("title,author,{field}\n{}", rows.collect::<String>());
    let report = alice.import("", "text/csv", file).await.ok();
    assert_eq!(counts(&report)[1], cells.len() as u64, "{report:#}");
    let books = catalogue(alice).await;
    let title =
        |book: &&Value| book["title"].as_str().is_some_and(|title| title.starts_with(&format!("{field} ")));
    books.iter().filter(title).map(|book| book[field].clone()).collect()
}

#[actix_web::test]
async fn cells_with_one_reading_are_read() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let cells = ["9780441013593 (pbk.)", "ISBN 0-14-143958-0", "\u{200e}978-0060853976", "9780439420891.0"];
    let isbns = ["9780441013593", "9780141439587", "9780060853976", "9780439420891"];
    assert_eq!(read(&alice, "isbn", &cells).await, isbns.map(Value::from));
    let cells = [
        "c1999",
        "[1999?]",
        "1999-05-00",
        "19990516",
        "1999-05-16T00:00:00+00:00",
        "13/05/1999",
        "1st January 2001",
    ];
    let dates = ["1999", "1999", "1999-05", "1999-05-16", "1999-05-16", "1999-05-13", "2001-01-01"];
    assert_eq!(read(&alice, "published_date", &cells).await, dates.map(Value::from));
    let cells = ["English", "Deutsch", "en_US", "iw", "scr", "eng", "mul"];
    let languages = ["en", "de", "en-US", "he", "hr", "en", "mul"];
    assert_eq!(read(&alice, "language", &cells).await, languages.map(Value::from));
    assert_eq!(
        read(&alice, "page_count", &["412 p.", "288 ", "412.0"]).await,
        [412, 288, 412].map(Value::from)
    );
}

#[actix_web::test]
async fn cells_with_two_readings_are_left_out_with_a_warning() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let file = "title,author,isbn,published_date,language\n\
        Annals,Ann,0000000000,86,qqq\nBees,Bea,0000000000,03/04/1999,\nClocks,Cy,9780441013594 (pbk.),19--,\n";
    let report = alice.import("", "text/csv", file).await.ok();
    assert_eq!(counts(&report), [3, 3, 0, 0, 0, 0, 7]);
    for book in catalogue(&alice).await {
        assert_eq!(
            (&book["isbn"], &book["published_date"], &book["language"]),
            (&Value::Null, &Value::Null, &Value::Null)
        );
    }
}

#[actix_web::test]
async fn rows_and_columns_are_read_or_named() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let file = "id,Title,Author,ISBN13,rating\n1,Dune,Frank Herbert,9780441013593,5\n,,,,\n , ,,,\n2,\"Em\nma\",Jane Austen,,,\n";
    let report = alice.import("", "text/csv", file).await.ok();
    assert_eq!((&report["format"], counts(&report)), (&json!("table"), [2, 2, 0, 0, 0, 0, 0]));
    assert_eq!(report["unread_columns"], json!(["id", "rating"]));
    let books = catalogue(&alice).await;
    assert_eq!((&books[0]["isbn"], &books[1]["title"]), (&json!("9780441013593"), &json!("Em ma")));
    // An unquoted comma has moved the cells of the first row.
    let file =
        "title,author,isbn\nDune, a novel,Frank Herbert,9780441013593\nEmma,Jane Austen,9780141439587\n";
    let problem = alice.import("", "text/csv", file).await.problem("import_failed");
    assert_eq!(codes(&problem["report"]), [(1, "ragged")]);
    let report = alice.import("?mode=partial", "text/csv", file).await.ok();
    assert_eq!((counts(&report)[1], counts(&report)[5]), (1, 1));
}

#[actix_web::test]
async fn files_of_spreadsheets_and_programs_are_read() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let utf_16: Vec<u8> = "\u{feff}sep=\t\r\ntitle\tauthor\r\nÉmile\tJean\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let cyrillic = b"title,author\n\xcc\xe8\xf0,\xdf\n".to_vec();
    for (media_type, file, title) in [
        ("text/csv", b"sep=;\r\ntitle;author\r\nDune, a novel;Frank Herbert\r\n".to_vec(), "Dune, a novel"),
        ("text/csv", utf_16, "Émile"),
        ("text/csv; charset=windows-1251", cyrillic, "Мир"),
        ("application/json", b" [\n{\"title\": \"In a list\", \"author\": \"A\"}\n]".to_vec(), "In a list"),
    ] {
        let report = alice.import("", media_type, file).await.ok();
        assert_eq!(counts(&report), [1, 1, 0, 0, 0, 0, 0], "{title}: {report:#}");
        let books = catalogue(&alice).await;
        assert_eq!(books.last().unwrap()["title"], title);
    }
    alice.import("", "text/csv; charset=klingon", "title,author\nA,B\n").await.invalid();
}

#[actix_web::test]
async fn a_list_or_object_in_place_of_a_text_fails_its_row() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let lines = [
        json!({ "title": "Good Omens", "author": ["Terry Pratchett", "Neil Gaiman"] }),
        json!({ "title": { "value": "Emma" }, "author": "Jane Austen" }),
        json!({ "title": "Emma", "author": "Jane Austen", "publisher": ["Penguin"] }),
        json!({ "title": 1984, "author": "George Orwell", "isbn": 9_780_441_013_593_u64, "page_count": 328.0, "rating": 5 }),
    ];
    let file = lines.map(|line| line.to_string()).join("\n");
    let report = alice.import("?mode=partial", "application/x-ndjson", file).await.ok();
    assert_eq!(codes(&report), [(1, "type"), (2, "type"), (3, "type")]);
    assert_eq!(report["unread_columns"], json!(["rating"]));
    let books = catalogue(&alice).await;
    assert_eq!((&books[0]["title"], &books[0]["page_count"]), (&json!("1984"), &json!(328)));
}
