//! Books that are in the catalogue already, and rows that are the same book.

use serde_json::json;
use service::Role;

use super::{catalogue, codes, counts};
use crate::app::{TestApp, path_of};

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
async fn an_update_gives_each_row_a_book_of_its_own_and_comes_to_rest() {
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
    // One more than there are, and one that is there twice.
    let more =
        "title,author,isbn,description\nA,B,9780441013593,x\nA,B,0441013597,y\nBook 1,A,,x\nBook 1,A,,y\n";
    for updated in [2, 0] {
        let report = alice.import("?on_conflict=update", "text/csv", more).await.ok();
        assert_eq!(counts(&report), [4, 0, updated, 4 - updated, 0, 0, 2]);
        assert_eq!(codes(&report), [(2, "repeated"), (4, "repeated")]);
    }
}

#[actix_web::test]
async fn a_row_with_the_isbn_says_more_of_a_book_than_one_with_its_title() {
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
    // By its title it is known where nothing else names it.
    let alone = format!("{header}\nDune,F,,other\n");
    let report = alice.import("?on_conflict=update", "text/csv", alone).await.ok();
    assert_eq!(counts(&report), [1, 0, 1, 0, 0, 0, 0]);
}

#[actix_web::test]
async fn rows_that_look_the_same_come_to_rest_however_many_they_are() {
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
async fn a_book_is_known_by_the_title_that_it_has_now() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let book = alice.book("Before").await;
    alice.patch(&path_of(&book), json!({ "title": "After" })).await.ok();
    // As a book that was written by a version that did not know of works.
    alice.book("Older").await;
    app.database.execute("UPDATE books SET work_key = NULL WHERE title = 'Older'").await;
    let file = "title,author\nafter,anonymous\nBefore,Anonymous\nolder,anonymous\n";
    let report = alice.import("?on_conflict=update", "text/csv", file).await.ok();
    assert_eq!(counts(&report)[..4], [3, 1, 2, 0], "{report:#}");
    let report = alice.import("?on_conflict=update", "text/csv", file).await.ok();
    assert_eq!(counts(&report)[..4], [3, 0, 0, 3]);
    assert_eq!(catalogue(&alice).await.len(), 3);
}
