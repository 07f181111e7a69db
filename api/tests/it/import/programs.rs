//! Exports of programs for readers, written by hand with the columns and quirks of the real ones.

use serde_json::{Value, json};

use super::{catalogue, counts};
use crate::app::TestApp;

/// Columns: the export in the repository IvanAlba97/LectorFlow, `storygraph.csv`.
const STORYGRAPH: &str = "\
Title,Authors,Contributors,ISBN/UID,Format,Read Status,Date Added,Last Date Read,Dates Read,Read Count,Moods,Pace,Character- or Plot-Driven?,Strong Character Development?,Loveable Characters?,Diverse Characters?,Flawed Characters?,Star Rating,Review,Content Warnings,Content Warning Description,Tags,Owned?
Good Omens,\"Terry Pratchett, Neil Gaiman\",\"A Narrator (Narrator)\",9780060853976,paperback,read,2024/02/11,2024/03/02,2024/03/02,1,\"\",,,,,,,3.0,,\"\",,\"\",No
Persuasion ,Jane Austen,\"\",,hardcover,read,2024/02/12,\"\",\"\",1,\"\",,,,,,,,,\"\",,\"\",No
";

/// Columns: bookwyrm-social/bookwyrm, `bookwyrm/tests/data/librarything.tsv`.
const LIBRARYTHING: &str = "\
Book Id\tTitle\tSort Character\tPrimary Author\tPrimary Author Role\tSecondary Author\tSecondary Author Roles\tPublication\tDate\tReview\tRating\tPage Count\tLanguages\tISBN\tISBNs\tSummary
5498194\tMarelle \"I\"\t1\tCortázar, Julio\t\tBataillon, Laure|Other, A.\tTranslator\tGallimard (1979), Poche\t1979\tchef d'oeuvre\t4.5\t590 \tFrench, German\t[2070291340]\t2070291340, 9782070291342\tMarelle by Julio Cortázar (1979)
5015319\tLe grand incendie\t4\tAnonymous\t\t\t\tVerdier (1999), Broché, 120 pages\tno date\t\t\txvi; 320\tFrench\t[]\t\t
";

/// Shape: KDE/tellico, `src/tests/data/librarything.json`.
const LIBRARYTHING_JSON: &str = r#"{"190140345": {"books_id":"190140345","title":"Feels Like Home","primaryauthor":"Eclov, Lee",
"authors":[{"lf":"Eclov, Lee","fl":"Lee Eclov","role":"Author"},{"lf":"Hansen, Collin","fl":"Collin Hansen","role":"Foreword"}],
"isbn":{"0":"0802418864","2":"9780802418869"},"publication":"Moody Publishers (2019), 192 pages","date":"2019",
"language":["English"],"pages":"349 ","lcc":[],"rating":4}, "2": {"books_id":"2","title":"Ty&ouml;p&auml;iv&auml;","primaryauthor":"Solzhenitsyn, Aleksandr","authors":[[]],"isbn":[],"date":"?"}}"#;

/// Columns: bookwyrm-social/bookwyrm, `bookwyrm/tests/data/calibre.csv`.
const CALIBRE: &str = r#"authors,author_sort,rating,library_name,timestamp,formats,size,isbn,identifiers,comments,tags,series,series_index,languages,title,cover,title_sort,publisher,pubdate,id,uuid
"Terry Pratchett & Neil Gaiman","Pratchett, Terry & Gaiman, Neil","5","Books","2020-06-07T08:09:10+02:00","epub","204800","","goodreads:1,isbn:9780060853976","<p>An angel &amp; a demon.</p><p>End</p> ","Fantasy","","1.0","eng","Good Omens","/b/cover.jpg","Good Omens","Gollancz","1990-05-01T01:00:00+01:00","1","u-1"
"Simon && Sons","","","Books","2020-06-07T08:09:10+02:00","epub","1","","","","","","1.0","eng","Emma","","Emma","","0101-01-01T00:00:00+00:00","2","u-2"
"#;

/// Columns: bookwyrm-social/bookwyrm, `bookwyrm/tests/data/bookwyrm.csv`.
const BOOKWYRM: &str = "\
title,author_text,remote_id,openlibrary_key,inventaire_id,isbn_10,isbn_13,oclc_number,start_date,rating,shelf\r
Good Omens,\"Terry Pratchett, Neil Gaiman\",https://example.com/book/2,OL1M,,0060853972,9780060853976,,2023-03-01,4,read\r
三体,刘慈欣,https://example.com/book/3,,,,,,,,to-read\r
";

/// Columns: mateusz-bak/openreads, `lib/core/helpers/backup/csv_export.dart`.
const OPENREADS: &str = "\
title,subtitle,author,description,status,favourite,deleted,rating,pages,publisher,publication_year,isbn,olid,tags,my_review,notes,book_format,readings,date_added,date_modified\r
Dune,A novel,Frank Herbert,\"A planet

of sand\",finished,false,false,4.5,412,Ace,1990,9780441013593,OL1M,1|||||Space,,,paperback,,,\r
";

/// Columns: armando-couto/import_bookbuddy, `BookBuddy.csv`, in part.
const BOOKBUDDY: &str = "\
Title,Original Title,Subtitle,Series,Author,\"Author (Last, First)\",Publisher,Date Published,Year Published,Summary,Number of Pages,Language,ISBN,Rating,Google VolumeID,Uploaded Image URL\r
Dune,,Book One,,\"Frank Herbert, Other Name & Third\",\"Herbert, Frank\",\"\"\"O'Reilly Media, Inc.\"\"\",1965/08/01,1965,A planet of sand.,412,português,9780441013593,4.000000,x,https://images.example.com/1.jpg\r
";

/// Columns: Jinniyah/libib-tools, `libib_reconcile/libib_reader.py`.
const LIBIB: &str = "\
item_type,title,creators,first_name,last_name,collection,ean_isbn13,upc_isbn10,description,publisher,publish_date,group,tags,notes,price,length,rating
book,Good Omens,\"Terry Pratchett, Neil Gaiman\",Terry,Pratchett,Home,9780060853976,0060853972,An angel,Morrow,2006-11-28,,,,0.00,412,5
movie,Dune,\"David Lynch\",David,Lynch,Home,,,,,1984-12-14,,,,,137,
";

/// Columns: zotero/translators, `CSV.js`, in part.
const ZOTERO: &str = "\u{feff}\
\"Key\",\"Item Type\",\"Publication Year\",\"Author\",\"Title\",\"Publication Title\",\"ISBN\",\"Abstract Note\",\"Date\",\"Date Added\",\"Pages\",\"Num Pages\",\"Publisher\",\"Language\",\"Contributor\"
\"A\",\"book\",\"1990\",\"Pratchett, Terry; Gaiman, Neil; Helper, A.\",\"Good Omens\",\"\",\"0-06-085397-2 978-0-06-085397-6\",\"An angel\",\"1990-05-01\",\"2020-01-01\",\"\",\"xii, 412\",\"Gollancz\",\"English\",\"Helper, A.\"
\"B\",\"journalArticle\",\"2001\",\"Doe, Jane\",\"On books\",\"Journal\",\"\",\"\",\"2001\",\"2020-01-01\",\"1-10\",\"\",\"\",\"\",\"\"";

/// Imports a file; returns its first book.
async fn first(file: &'static str, media_type: &str, format: &str, expected: [u64; 7]) -> Value {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let report = alice.import("?mode=partial", media_type, file).await.ok();
    assert_eq!((&report["format"], counts(&report)), (&json!(format), expected), "{report:#}");
    let again = alice.import("?mode=partial", media_type, file).await.ok();
    assert_eq!(counts(&again)[1], 0, "a second import adds nothing");
    catalogue(&alice).await.remove(0)
}

fn assert_book(book: &Value, expected: &Value) {
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&book[field], value, "{field}: {book:#}");
    }
}

#[actix_web::test]
async fn storygraph() {
    let book = first(STORYGRAPH, "text/csv", "storygraph", [2, 2, 0, 0, 0, 0, 0]).await;
    assert_book(
        &book,
        &json!({ "title": "Good Omens", "author": "Terry Pratchett; Neil Gaiman", "isbn": "9780060853976" }),
    );
}

#[actix_web::test]
async fn librarything() {
    let book = first(LIBRARYTHING, "text/tab-separated-values", "librarything", [2, 2, 0, 0, 0, 0, 1]).await;
    let expected = json!({ "title": "Marelle \"I\"", "author": "Julio Cortázar; A. Other", "publisher": "Gallimard",
        "published_date": "1979", "page_count": 590, "language": "fr", "isbn": "9782070291342", "description": null });
    assert_book(&book, &expected);
    let book = first(LIBRARYTHING_JSON, "application/json", "librarything", [2, 2, 0, 0, 0, 0, 0]).await;
    let expected = json!({ "title": "Feels Like Home", "author": "Lee Eclov", "publisher": "Moody Publishers",
        "published_date": "2019", "page_count": 349, "language": "en", "isbn": "9780802418869" });
    assert_book(&book, &expected);
}

#[actix_web::test]
async fn calibre() {
    let book = first(CALIBRE, "text/csv", "calibre", [2, 2, 0, 0, 0, 0, 0]).await;
    let expected = json!({ "title": "Good Omens", "author": "Terry Pratchett; Neil Gaiman", "publisher": "Gollancz",
        "published_date": "1990-05-01", "language": "en", "isbn": "9780060853976", "description": "An angel & a demon.\n\nEnd" });
    assert_book(&book, &expected);
}

#[actix_web::test]
async fn bookwyrm() {
    let book = first(BOOKWYRM, "text/csv", "bookwyrm", [2, 2, 0, 0, 0, 0, 0]).await;
    assert_book(&book, &json!({ "author": "Terry Pratchett; Neil Gaiman", "isbn": "9780060853976" }));
}

#[actix_web::test]
async fn openreads() {
    let book = first(OPENREADS, "text/csv", "openreads", [1, 1, 0, 0, 0, 0, 0]).await;
    let expected = json!({ "title": "Dune", "subtitle": "A novel", "publisher": "Ace", "published_date": "1990",
        "page_count": 412, "description": "A planet\n\nof sand" });
    assert_book(&book, &expected);
}

#[actix_web::test]
async fn bookbuddy() {
    let book = first(BOOKBUDDY, "text/csv", "bookbuddy", [1, 1, 0, 0, 0, 0, 0]).await;
    let expected = json!({ "author": "Frank Herbert; Other Name; Third", "publisher": "\"O'Reilly Media, Inc.\"",
        "published_date": "1965-08-01", "page_count": 412, "language": "pt", "description": "A planet of sand.",
        "cover_url": "https://images.example.com/1.jpg" });
    assert_book(&book, &expected);
}

#[actix_web::test]
async fn libib() {
    let book = first(LIBIB, "text/csv", "libib", [2, 1, 0, 0, 1, 0, 0]).await;
    let expected = json!({ "author": "Terry Pratchett; Neil Gaiman", "publisher": "Morrow", "published_date": "2006-11-28",
        "page_count": 412, "isbn": "9780060853976" });
    assert_book(&book, &expected);
}

#[actix_web::test]
async fn zotero() {
    let book = first(ZOTERO, "text/csv", "zotero", [2, 1, 0, 0, 1, 0, 0]).await;
    let expected = json!({ "author": "Terry Pratchett; Neil Gaiman", "publisher": "Gollancz", "published_date": "1990-05-01",
        "page_count": 412, "language": "en", "isbn": "9780060853976", "description": "An angel" });
    assert_book(&book, &expected);
}
