//! Bringing files of books in.

use serde_json::{Value, json};
use service::access::Role;

use crate::app::{Client, TestApp, path_of};

/// Written by hand after the library export of Goodreads, with its quirks: wrapped ISBNs, slashes in dates,
/// runs of blanks, an ISBN that is none, the same work in two editions.
const GOODREADS: &str = r#"Book Id,Title,Author,Author l-f,Additional Authors,ISBN,ISBN13,My Rating,Publisher,Binding,Number of Pages,Year Published,Original Publication Year,Date Read,Exclusive Shelf
1,"Dune (Dune, #1)",Frank   Herbert,"Herbert, Frank",,"=""0441013597""","=""9780441013593""",5,Ace,Paperback,412,1990,1965,2014/04/05,read
2,Good Omens &amp; Others,Terry Pratchett,"Pratchett, Terry","Neil Gaiman,  A. N. Other","=""""","=""""",0,,ebook,0,,1990,,to-read
3,Diamonds in the Sky,Mike Brotherton,"Brotherton, Mike",,"=""AlexisGlyn""","=""Contributor""",3,,ebook,,2009,2009,,read
4,悉达多,赫尔曼·黑塞,赫尔曼·黑塞,姜乙,"=""""","=""9787201109985""",4,天津人民出版社,Paperback,160,2017,1922,,read
5,Twice,An Author,"Author, An",,"=""""","=""9780393254594""",0,A,Hardcover,10,2016,2016,,read
6,Twice,An Author,"Author, An",,"=""""","=""""",0,B,Kindle Edition,11,2017,2016,,read
"#;

/// After goodbooks-10k: ISBNs without their zeros, ISBN-13s as floats, years as decimals, some before Christ.
const GOODBOOKS: &str = "\
book_id,goodreads_book_id,isbn,isbn13,authors,original_publication_year,original_title,title,language_code,image_url
1,2767052,439023483,9.78043902348e+12,Suzanne Collins,2008.0,The Hunger Games,\"The Hunger Games (The Hunger Games, #1)\",eng,https://images.example.com/1.jpg
2,3,439554934,9.78043955493e+12,\"J.K. Rowling, Mary GrandPré\",1997.0,,Harry Potter,en-US,https://images.example.com/nophoto/book.png
3,1371,,9.78014027536e+12,\"Homer, Robert Fagles\",-750.0,Ἰλιάς,The Iliad,ara,
4,5,439023484,,Nobody,2000.0,,Wrong Check Digit,qqq,
";

async fn catalogue(client: &Client<'_>) -> Vec<Value> {
    client.get("/books?sort=created_at&limit=100").await.ok()["items"].as_array().unwrap().clone()
}

/// What a report counts: rows, created, updated, unchanged, skipped, failed, warnings.
fn counts(report: &Value) -> [u64; 7] {
    let count = |name: &str| report[name].as_u64().unwrap();
    let [rows, created, updated, unchanged, skipped, failed, warnings] =
        ["rows", "created", "updated", "unchanged", "skipped", "failed", "warnings"].map(count);
    assert_eq!(rows, created + updated + unchanged + skipped + failed, "{report:#}");
    [rows, created, updated, unchanged, skipped, failed, warnings]
}

fn codes(report: &Value) -> Vec<(u64, &str)> {
    let problems = report["problems"].as_array().unwrap();
    problems
        .iter()
        .map(|problem| (problem["row"].as_u64().unwrap(), problem["code"].as_str().unwrap()))
        .collect()
}

#[actix_web::test]
async fn an_export_of_goodreads_comes_in_once() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let report = alice.import("", "text/csv", GOODREADS).await.ok();
    assert_eq!((&report["format"], &report["charset"]), (&json!("goodreads"), &json!("UTF-8")));
    assert_eq!(counts(&report), [6, 6, 0, 0, 0, 0, 2]);
    assert_eq!(codes(&report), [(2, "range"), (3, "isbn")]);
    assert_eq!(report["problems"][1]["line"], 4);
    let dune = alice.get("/books/isbn/9780441013593").await.ok();
    assert_eq!((&dune["title"], &dune["author"]), (&json!("Dune (Dune, #1)"), &json!("Frank Herbert")));
    assert_eq!(
        (&dune["published_date"], &dune["page_count"], &dune["publisher"]),
        (&json!("1990"), &json!(412), &json!("Ace"))
    );
    let books = catalogue(&alice).await;
    let omens = books.iter().find(|book| book["title"] == "Good Omens & Others").unwrap();
    assert_eq!(omens["author"], "Terry Pratchett; Neil Gaiman; A. N. Other");
    assert_eq!(
        (&omens["published_date"], &omens["page_count"], &omens["isbn"]),
        (&json!("1990"), &Value::Null, &Value::Null)
    );
    assert!(books.iter().all(|book| book["owner"]["username"] == "alice"));
    let again = alice.import("", "text/csv", GOODREADS).await.ok();
    assert_eq!(counts(&again)[..4], [6, 0, 0, 6]);
    let books_of_bob = app.user("bob").await.import("", "text/csv", GOODREADS).await.ok();
    assert_eq!(counts(&books_of_bob)[..4], [6, 3, 0, 3], "what has no ISBN is told apart by its owner, too");
}

#[actix_web::test]
async fn the_books_of_goodbooks_come_in_once() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let report = alice.import("", "text/csv", GOODBOOKS).await.ok();
    assert_eq!(report["format"], "goodbooks");
    assert_eq!(counts(&report), [4, 4, 0, 0, 0, 0, 4]);
    assert_eq!(codes(&report), [(3, "date"), (3, "isbn"), (4, "language"), (4, "isbn")]);
    let hunger = alice.get("/books/isbn/9780439023481").await.ok();
    assert_eq!((&hunger["published_date"], &hunger["language"]), (&json!("2008"), &json!("en")));
    assert_eq!(hunger["cover_url"], "https://images.example.com/1.jpg");
    let potter = alice.get("/books/isbn/9780439554930").await.ok();
    assert_eq!(
        (&potter["author"], &potter["language"]),
        (&json!("J.K. Rowling; Mary GrandPré"), &json!("en-US"))
    );
    assert_eq!(potter["cover_url"], Value::Null);
    assert_eq!(counts(&alice.import("", "text/csv", GOODBOOKS).await.ok())[..4], [4, 0, 0, 4]);
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
    let file = "title,author,isbn\nA,B,9780441013593\nA again,B,0441013597\nC,D,\nc , d,\n";
    let report = alice.import("", "text/csv", file).await.ok();
    assert_eq!(
        (counts(&report), codes(&report)),
        ([4, 2, 0, 2, 0, 0, 2], vec![(2, "repeated"), (4, "repeated")])
    );
}

#[actix_web::test]
async fn every_encoding_delimiter_and_line_end_gives_the_same() {
    let app = TestApp::start().await;
    let utf_16 = |mark: &[u8], unit: fn(u16) -> [u8; 2]| {
        let text = "title,author,isbn\nÜber Bücher,Jörg Müßig,9780441013593\n";
        mark.iter().copied().chain(text.encode_utf16().flat_map(unit)).collect::<Vec<u8>>()
    };
    let windows = b"title,author,isbn\n\xdcber B\xfccher,J\xf6rg M\xfc\xdfig,9780441013593\n".to_vec();
    let utf_8 = "title,author,isbn\nÜber Bücher,Jörg Müßig,9780441013593\n";
    let files: [(&str, &str, Vec<u8>, &str); 11] = [
        ("UTF-8", "", utf_8.into(), "UTF-8"),
        ("UTF-8 with a mark", "", format!("\u{feff}{utf_8}").into(), "UTF-8"),
        ("UTF-16, little end first", "", utf_16(b"\xff\xfe", u16::to_le_bytes), "UTF-16LE"),
        ("UTF-16, big end first", "", utf_16(b"\xfe\xff", u16::to_be_bytes), "UTF-16BE"),
        ("UTF-16 without a mark", "", utf_16(b"", u16::to_le_bytes), "UTF-16LE"),
        ("Windows-1252", "", windows.clone(), "windows-1252"),
        ("Windows-1252, named", "?charset=latin1", windows, "windows-1252"),
        ("semicolons", "", utf_8.replace(',', ";").into(), "UTF-8"),
        ("tabs", "", utf_8.replace(',', "\t").into(), "UTF-8"),
        ("CR LF", "", utf_8.replace('\n', "\r\n").into(), "UTF-8"),
        (
            "no last line end, quoted, other columns between",
            "",
            "\"isbn\",x,\"Author\",\"TITLE\"\n\"9780441013593\",1,\"Jörg Müßig\",\"Über Bücher\"".into(),
            "UTF-8",
        ),
    ];
    let alice = app.user("alice").await;
    for (name, query, file, charset) in files {
        let report = alice.import(query, "text/csv", file).await.ok();
        assert_eq!((counts(&report)[1], &report["charset"]), (1, &json!(charset)), "{name}");
        let book = alice.get("/books/isbn/9780441013593").await.ok();
        assert_eq!(
            (&book["title"], &book["author"]),
            (&json!("Über Bücher"), &json!("Jörg Müßig")),
            "{name}"
        );
        alice.delete(&path_of(&book)).await.no_content();
    }
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
async fn a_file_that_is_cut_off_writes_nothing() {
    use std::io::Write;
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let mut socket = std::net::TcpStream::connect(app.address.trim_start_matches("http://")).unwrap();
    write!(
        socket,
        "POST /api/v1/books/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n\r\ntitle,author\nA,B\n",
        alice.token.as_deref().unwrap()
    )
    .unwrap();
    socket.shutdown(std::net::Shutdown::Write).unwrap();
    drop(socket);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(catalogue(&alice).await.is_empty());
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
