//! Files of every format, in many encodings, with several delimiters and line ends.

use serde_json::{Value, json};

use crate::{
    app::{TestApp, path_of},
    import::{catalogue, codes, counts},
};

/// Goodreads library export, written by hand with its quirks: wrapped ISBNs, slashes in dates, runs of spaces, an
/// invalid ISBN, the same work in two editions.
pub const GOODREADS: &str = r#"Book Id,Title,Author,Author l-f,Additional Authors,ISBN,ISBN13,My Rating,Publisher,Binding,Number of Pages,Year Published,Original Publication Year,Date Read,Exclusive Shelf
1,"Dune (Dune, #1)",Frank   Herbert,"Herbert, Frank",,"=""0441013597""","=""9780441013593""",5,Ace,Paperback,412,1990,1965,2014/04/05,read
2,Good Omens &amp; Others,Terry Pratchett,"Pratchett, Terry","Neil Gaiman,  A. N. Other","=""""","=""""",0,,ebook,0,,1990,,to-read
3,Diamonds in the Sky,Mike Brotherton,"Brotherton, Mike",,"=""AlexisGlyn""","=""Contributor""",3,,ebook,,2009,2009,,read
4,悉达多,赫尔曼·黑塞,赫尔曼·黑塞,姜乙,"=""""","=""9787201109985""",4,天津人民出版社,Paperback,160,2017,1922,,read
5,Twice,An Author,"Author, An",,"=""""","=""9780393254594""",0,A,Hardcover,10,2016,2016,,read
6,Twice,An Author,"Author, An",,"=""""","=""""",0,B,Kindle Edition,11,2017,2016,,read
"#;

/// goodbooks-10k: ISBNs without leading zeros, ISBN-13s as floats, years as decimals, some before Christ.
pub const GOODBOOKS: &str = "\
book_id,goodreads_book_id,isbn,isbn13,authors,original_publication_year,original_title,title,language_code,image_url
1,2767052,439023483,9.78043902348e+12,Suzanne Collins,2008.0,The Hunger Games,\"The Hunger Games (The Hunger Games, #1)\",eng,https://images.example.com/1.jpg
2,3,439554934,9.78043955493e+12,\"J.K. Rowling, Mary GrandPré\",1997.0,,Harry Potter,en-US,https://images.example.com/nophoto/book.png
3,1371,,9.78014027536e+12,\"Homer, Robert Fagles\",-750.0,Ἰλιάς,The Iliad,ara,
4,5,439023484,,Nobody,2000.0,,Wrong Check Digit,qqq,
";

/// `pg_catalog.csv`, written by hand: newlines in titles, authors with their years, lists of languages, records other
/// than texts, no author, no line end at the end.
pub const GUTENBERG: &str = "Text#,Type,Issued,Title,Language,Authors,Subjects,LoCC,Bookshelves
2,Text,1972-12-01,\"The Bill of Rights
The Ten Original Amendments\",en,United States,Law,JK; KF,Politics
7,Text,1977-12-01,The Mayflower Compact,en,,History,F001,
19,Text,1992-01-01,The Song,en; fr,\"Longfellow, Henry Wadsworth, 1807-1882; Nobody, 621? BCE-565? BCE [Editor]\",,PS,
20,Sound,1993-01-01,A Voice,xx,\"Doe, Jane\",,,
21,Text,1994-01-01,The song,fr,\"longfellow, henry wadsworth, 1807-1882; Nobody, 621? BCE-565? BCE [Editor]\",,PS,";

/// Dump of Open Library, written by hand: authors by key only, dates in words, lists of ISBNs, texts as objects, and a
/// record that is not an edition.
pub const OPEN_LIBRARY: &str = r#"/type/edition	/books/OL1M	4	2010-04-24T17:54:01.503315	{"title": "Dune", "title_prefix": "The ", "subtitle": "a  novel", "by_statement": "by Frank Herbert.", "publishers": ["Ace", "Other"], "isbn_13": ["9780441013593"], "isbn_10": ["0441013597", "0441478123"], "languages": [{"key": "/languages/eng"}, {"key": "/languages/fre"}], "number_of_pages": 412, "publish_date": "December 31, 1993", "description": {"type": "/type/text", "value": "Two\r\nlines &amp; more"}, "authors": [{"key": "/authors/OL1A"}]}
/type/author	/authors/OL1A	1	2020-04-24T18:09:47.197943	{"name": "Frank Herbert"}
/type/edition	/books/OL2M	1	2010-04-24T17:54:01.503315	{"title": "Keys only", "isbn_10": ["0-439-42089-X"], "publish_date": "(December)", "number_of_pages": "0", "description": "plain", "languages": [], "publishers": null}
/type/edition	/books/OL3M	1	2010-04-24T17:54:01.503315	{"title": "Helped", "contributions": ["Newell, Stephanie, 1968-", "Doe, Jane"], "publish_date": "March 1997"}
/type/edition	/books/OL4M	1	2010-04-24T17:54:01.503315	{"subtitle": "no title"}
/type/edition	/books/OL5M	1	2010-04-24T17:54:01.503315	{"title": "cut o
"#;

#[actix_web::test]
async fn an_export_of_goodreads_is_imported_once() {
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
async fn the_books_of_goodbooks_are_imported_once() {
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

/// Works of gutenbergr, written by hand: a row for each author, MARC marks, titles as long as a page.
fn gutenbergr() -> String {
    format!(
        "gutenberg_id,title,author,gutenberg_author_id,language,gutenberg_bookshelf,rights,has_text\n\
        16,Peter Pan : $b [Peter and Wendy],\"Barrie, J. M.\",10,de/en,,Public domain in the USA.,True\n\
        16,Peter Pan : $b [Peter and Wendy],\"Other, A. N.\",11,en,,Public domain in the USA.,True\n\
        18,\"Two\r\nlines for $5\",Somebody,12,en,,,True\n\
        20,{},Verbose,13,en,,,True\n",
        "word ".repeat(150)
    )
}

#[actix_web::test]
async fn the_catalogues_of_project_gutenberg_are_imported_once() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let report = alice.import("?mode=partial", "text/csv", GUTENBERG).await.ok();
    assert_eq!((&report["format"], counts(&report)), (&json!("gutenberg"), [5, 3, 0, 1, 0, 1, 3]));
    assert_eq!(codes(&report), [(2, "length"), (3, "languages"), (4, "language"), (5, "repeated")]);
    assert_eq!(report["problems"][0]["line"], 4);
    let books = catalogue(&alice).await;
    assert_eq!(
        (&books[0]["title"], &books[0]["published_date"]),
        (&json!("The Bill of Rights The Ten Original Amendments"), &json!("1972-12-01"))
    );
    assert_eq!(
        (&books[1]["author"], &books[1]["language"]),
        (&json!("Longfellow, Henry Wadsworth, 1807-1882; Nobody, 621? BCE-565? BCE [Editor]"), &json!("en"))
    );
    assert_eq!(counts(&alice.import("?mode=partial", "text/csv", GUTENBERG).await.ok())[..4], [5, 0, 0, 4]);

    let report = alice.import("", "text/csv", gutenbergr()).await.ok();
    assert_eq!((&report["format"], counts(&report)), (&json!("gutenberg"), [4, 4, 0, 0, 0, 0, 2]));
    assert_eq!(codes(&report), [(1, "languages"), (4, "length")]);
    let books = catalogue(&alice).await;
    let titles: Vec<&str> = books[3..].iter().map(|book| book["title"].as_str().unwrap()).collect();
    assert_eq!(
        titles[..3],
        ["Peter Pan : [Peter and Wendy]", "Peter Pan : [Peter and Wendy]", "Two lines for $5"]
    );
    assert_eq!(titles[3].chars().count(), 499, "a title is cut, and no blank is left at its end");
    assert_eq!(counts(&alice.import("", "text/csv", gutenbergr()).await.ok())[..4], [4, 0, 0, 4]);
}

#[actix_web::test]
async fn a_dump_of_open_library_is_imported_once() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    for query in ["?mode=partial", "?mode=partial&format=openlibrary"] {
        let report = alice.import(query, "text/tab-separated-values", OPEN_LIBRARY).await.ok();
        let created = if query.contains("format") { 0 } else { 3 };
        assert_eq!(
            (&report["format"], counts(&report)),
            (&json!("openlibrary"), [6, created, 0, 3 - created, 1, 2, 5])
        );
        assert_eq!(
            codes(&report),
            [
                (1, "languages"),
                (1, "isbn_mismatch"),
                (2, "kind"),
                (3, "unknown"),
                (3, "date"),
                (3, "range"),
                (5, "unknown"),
                (5, "length"),
                (6, "json")
            ]
        );
    }
    let dune = alice.get("/books/isbn/9780441013593").await.ok();
    assert_eq!(
        (&dune["title"], &dune["author"], &dune["published_date"], &dune["language"], &dune["description"]),
        (
            &json!("The Dune"),
            &json!("Frank Herbert"),
            &json!("1993-12-31"),
            &json!("en"),
            &json!("Two\nlines & more")
        )
    );
    assert_eq!((&dune["subtitle"], &dune["publisher"]), (&json!("a novel"), &json!("Ace")));
    let potter = alice.get("/books/isbn/9780439420891").await.ok();
    assert_eq!((&potter["author"], &potter["page_count"]), (&json!("Unknown"), &Value::Null));
    let helped = catalogue(&alice).await.pop().unwrap();
    assert_eq!(
        (&helped["author"], &helped["published_date"]),
        (&json!("Newell, Stephanie, 1968-; Doe, Jane"), &json!("1997-03"))
    );
}

#[actix_web::test]
async fn every_encoding_delimiter_and_line_end_has_the_same_result() {
    let app = TestApp::start().await;
    let utf_16 = |mark: &[u8], unit: fn(u16) -> [u8; 2]| {
        let text = "title,author,isbn\nÜber Bücher,Jörg Müßig,9780441013593\n";
        mark.iter().copied().chain(text.encode_utf16().flat_map(unit)).collect::<Vec<u8>>()
    };
    let windows = b"title,author,isbn\n\xdcber B\xfccher,J\xf6rg M\xfc\xdfig,9780441013593\n".to_vec();
    let utf_8 = "title,author,isbn\nÜber Bücher,Jörg Müßig,9780441013593\n";
    let files: [(&str, &str, Vec<u8>, &str); 13] = [
        ("UTF-8", "", utf_8.into(), "UTF-8"),
        ("UTF-8 with a mark", "", format!("\u{feff}{utf_8}").into(), "UTF-8"),
        ("UTF-8 with a mark, named otherwise", "?charset=latin1", format!("\u{feff}{utf_8}").into(), "UTF-8"),
        ("UTF-16, little end first", "", utf_16(b"\xff\xfe", u16::to_le_bytes), "UTF-16LE"),
        ("UTF-16, big end first", "", utf_16(b"\xfe\xff", u16::to_be_bytes), "UTF-16BE"),
        ("UTF-16 without a mark", "", utf_16(b"", u16::to_le_bytes), "UTF-16LE"),
        ("Windows-1252", "", windows.clone(), "windows-1252"),
        ("Windows-1252, named", "?charset=latin1", windows, "windows-1252"),
        ("semicolons", "", utf_8.replace(',', ";").into(), "UTF-8"),
        ("tabs", "", utf_8.replace(',', "\t").into(), "UTF-8"),
        ("CR LF", "", utf_8.replace('\n', "\r\n").into(), "UTF-8"),
        ("CR", "", utf_8.replace('\n', "\r").into(), "UTF-8"),
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

/// Table with another delimiter.
fn delimited(table: &str, delimiter: u8) -> String {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(table.as_bytes());
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
    reader.records().for_each(|record| writer.write_record(&record.unwrap()).unwrap());
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

#[actix_web::test]
async fn every_format_is_imported_in_any_encoding_and_with_any_line_end() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let works = gutenbergr().replace("\r\n", "\n");
    for fixture in [GOODREADS, GOODBOOKS, GUTENBERG, works.as_str(), OPEN_LIBRARY] {
        let mut files = vec![
            fixture.as_bytes().to_vec(),
            format!("\u{feff}{fixture}").into(),
            fixture.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "\u{feff}".encode_utf16().chain(fixture.encode_utf16()).flat_map(u16::to_be_bytes).collect(),
            fixture.replace('\n', "\r\n").into(),
            fixture.replace('\n', "\r").into(),
        ];
        if fixture != OPEN_LIBRARY {
            files.extend([b';', b'\t'].map(|delimiter| delimited(fixture, delimiter).into_bytes()));
        }
        let mut first = None;
        for (number, file) in files.into_iter().enumerate() {
            let mut report = alice.import("?mode=partial", "text/csv", file).await.ok();
            report["charset"].take();
            let outcome = (report, alice.get("/books/export?format=ndjson").await.text);
            app.database.execute("DELETE FROM books").await;
            let first = first.get_or_insert_with(|| outcome.clone());
            assert_eq!(outcome.0, first.0, "{number} {fixture}");
            assert_eq!(outcome.1, first.1, "{number} {fixture}");
        }
    }
}
