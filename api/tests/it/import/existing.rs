//! Rows of books that are in the catalogue already, and repeated rows.

use serde_json::json;
use service::Role;

use super::{catalogue, codes, counts};
use crate::app::{TestApp, path_of};

#[actix_web::test]
async fn a_stored_book_changes_only_with_a_permitted_update() {
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
async fn repeated_rows_are_reported() {
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
async fn equal_rows_of_own_formats_are_separate_books() {
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
async fn a_book_without_an_isbn_is_matched_among_many_similar_ones() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let file = format!("title,author\n{}", "A,B\n".repeat(5000));
    assert_eq!(counts(&alice.import("", "text/csv", file.clone()).await.ok())[..2], [5000, 5000]);
    assert_eq!(counts(&alice.import("", "text/csv", file).await.ok())[..4], [5000, 0, 0, 5000]);
    let more = alice.import("", "text/csv", "title,author\na,b\nA,C\n").await.ok();
    assert_eq!(counts(&more)[..4], [2, 1, 0, 1]);
}

#[actix_web::test]
async fn repeated_updates_match_each_row_to_its_own_book() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let mut file =
        "title,author,isbn,description\nTwin,Dup,,first\nTwin,Dup,,\ntwin,dup,9780441013593,numbered\n"
            .to_owned();
    // The fourth of them is in another batch.
    file += &(0..1500).map(|n| format!("Book {n},A,,\n")).collect::<Vec<_>>().concat();
    file += "Twin,Dup,,last\n";
    assert_eq!(counts(&alice.import("", "text/csv", file.clone()).await.ok())[..2], [1504, 1504]);
    let before = alice.get("/books/export").await.text;
    let renamed = before.replace("Twin,", "twin,");
    for (file, changed) in
        [(&file, 0), (&before, 0), (&renamed, 3), (&renamed, 0), (&before, 3), (&before, 0), (&file, 0)]
    {
        let report = alice.import("?on_conflict=update", "text/csv", file.clone()).await.ok();
        assert_eq!(counts(&report), [1504, 0, changed, 1504 - changed, 0, 0, 0]);
    }
    assert!(
        alice.get("/books/export").await.text == before,
        "an export comes back otherwise than it went out"
    );
    // One more row than there are books, and a repeated one.
    let more =
        "title,author,isbn,description\nA,B,9780441013593,x\nA,B,0441013597,y\nBook 1,A,,x\nBook 1,A,,y\n";
    for updated in [2, 0] {
        let report = alice.import("?on_conflict=update", "text/csv", more).await.ok();
        assert_eq!(counts(&report), [4, 0, updated, 4 - updated, 0, 0, 2]);
        assert_eq!(codes(&report), [(2, "repeated"), (4, "repeated")]);
    }
}

#[actix_web::test]
async fn a_row_with_the_isbn_takes_precedence_over_one_with_the_title() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let header = "title,author,isbn,description";
    alice.import("", "text/csv", format!("{header}\nDune,F,9780441013593,first\n")).await.ok();
    let both = format!("{header}\nDune,F,,other\nDune,F,9780441013593,second\n");
    assert_eq!(counts(&alice.import("", "text/csv", both.clone()).await.ok()), [2, 0, 0, 2, 0, 0, 0]);
    for updated in [1, 0] {
        let report = alice.import("?on_conflict=update", "text/csv", both.clone()).await.ok();
        assert_eq!(counts(&report), [2, 0, updated, 2 - updated, 0, 0, 1]);
        assert_eq!(codes(&report), [(1, "repeated")]);
        assert_eq!(alice.get("/books/isbn/9780441013593").await.ok()["description"], "second");
    }
    // A title is sufficient to match if no row with an ISBN matches the book.
    let alone = format!("{header}\nDune,F,,other\n");
    let report = alice.import("?on_conflict=update", "text/csv", alone).await.ok();
    assert_eq!(counts(&report), [1, 0, 1, 0, 0, 0, 0]);
}

#[actix_web::test]
async fn repeated_imports_of_many_equal_rows_change_nothing() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let rows = (0..5000).map(|n| format!("A,B,{n}\n")).collect::<Vec<_>>().concat();
    let file = format!("title,author,description\n{rows}");
    assert_eq!(counts(&alice.import("", "text/csv", file.clone()).await.ok())[..2], [5000, 5000]);
    let report = alice.import("?on_conflict=update", "text/csv", file).await.ok();
    assert_eq!(counts(&report)[..4], [5000, 0, 0, 5000]);
    let goodreads = "Book Id,Exclusive Shelf,Title,Author,Publisher\n1,,C,D,first\n2,,C,D,second\n";
    for expected in [[2, 1, 0, 1], [2, 0, 0, 2]] {
        let report = alice.import("?on_conflict=update", "text/csv", goodreads).await.ok();
        assert_eq!(counts(&report)[..4], expected);
    }
}

#[actix_web::test]
async fn a_book_is_matched_by_its_current_title() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let book = alice.book("Before").await;
    alice.patch(&path_of(&book), json!({ "title": "After" })).await.ok();
    // A book written by a version without work keys.
    alice.book("Older").await;
    app.database.execute("UPDATE books SET work_key = NULL WHERE title = 'Older'").await;
    let file = "title,author\nafter,anonymous\nBefore,Anonymous\nolder,anonymous\n";
    let report = alice.import("?on_conflict=update", "text/csv", file).await.ok();
    assert_eq!(counts(&report)[..4], [3, 1, 2, 0], "{report:#}");
    let report = alice.import("?on_conflict=update", "text/csv", file).await.ok();
    assert_eq!(counts(&report)[..4], [3, 0, 0, 3]);
    assert_eq!(catalogue(&alice).await.len(), 3);
}
