//! Characters of names: titles, authors, publishers and names of people.

use serde_json::{Value, json};

use crate::app::{PASSWORD, TestApp, path_of};

/// A right-to-left override, a line separator, a zero-width space, an isolate, a byte order mark and a tag.
const INVISIBLE: [char; 6] = ['\u{202e}', '\u{2028}', '\u{200b}', '\u{2066}', '\u{feff}', '\u{e0041}'];

fn refused(pointer: &str) -> Vec<(String, String)> {
    vec![(pointer.to_owned(), "format_character".to_owned())]
}

#[actix_web::test]
async fn names_have_no_invisible_characters() {
    let app = TestApp::start().await;
    let (alice, admin) = (app.user("alice").await, app.admin("admin").await);
    let path = path_of(&alice.book("Dune").await);
    for c in INVISIBLE {
        let name = format!("evil{c}txt.exe");
        for field in ["title", "subtitle", "author", "publisher"] {
            let mut new = json!({ "title": "T", "author": "A" });
            new[field] = json!(name);
            assert_eq!(alice.post("/books", new).await.invalid(), refused(&format!("/{field}")), "{c:?}");
            let patch = json!({ field: name });
            assert_eq!(alice.patch(&path, patch).await.invalid(), refused(&format!("/{field}")), "{c:?}");
        }
        for field in ["first_name", "last_name"] {
            let pointer = refused(&format!("/{field}"));
            assert_eq!(alice.patch("/users/me", json!({ field: name })).await.invalid(), pointer, "{c:?}");
            let user = format!("/users/{}", alice.id.unwrap());
            assert_eq!(admin.patch(&user, json!({ field: name })).await.invalid(), pointer, "{c:?}");
            let mut new = json!({ "username": "bob", "email": "bob@example.com" });
            new[field] = json!(name);
            assert_eq!(admin.post("/users", new.clone()).await.invalid(), pointer, "{c:?}");
            new["password"] = json!(PASSWORD);
            assert_eq!(app.anonymous().post("/auth/signup", new).await.invalid(), pointer, "{c:?}");
        }
        let said = json!({ "title": "T", "author": "A", "description": format!("a{c}b") });
        alice.post("/books", said).await.created();
    }
    assert_eq!(alice.get(&path).await.ok()["version"], 1);
}

#[actix_web::test]
async fn names_of_every_script_are_stored_as_they_are() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    for name in ["نمی\u{200c}خواهم", "क्\u{200d}ष", "👩\u{200d}🚀", "葛\u{e0100}城", "ספר", "\u{600}١٢"]
    {
        let book = alice.post("/books", json!({ "title": name, "author": name })).await.created();
        assert_eq!((&book["title"], &book["author"]), (&json!(name), &json!(name)));
    }
    for name in ["\u{200d}", "\u{200b}", "\u{3164}", " \u{fe0f} "] {
        let refused = alice.post("/books", json!({ "title": name, "author": "A" })).await.invalid();
        assert_eq!(refused, [("/title".to_owned(), "blank".to_owned())], "{name:?}");
    }
}

#[actix_web::test]
async fn an_import_checks_names_of_its_own_format_and_cleans_those_of_others() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let own = "title,author\nDune\u{202e},Frank Herbert\nEmma,Jane Austen\n";
    let report = alice.import("?mode=partial", "text/csv", own).await.ok();
    assert_eq!((&report["created"], &report["failed"]), (&json!(1), &json!(1)));
    assert_eq!(report["problems"][0]["code"], "format_character");
    let foreign = "book_id,goodreads_book_id,isbn,authors,title\n\
                   1,2,0441013597,Frank\u{200b} Herbert,\u{feff}Du\u{ad}ne \u{202e}\n";
    let report = alice.import("", "text/csv", foreign).await.ok();
    assert_eq!(report["created"], 1, "{report:#}");
    let book = app.anonymous().get("/books/isbn/9780441013593").await.ok();
    assert_eq!((&book["title"], &book["author"]), (&json!("Dune"), &json!("Frank Herbert")));
}

#[actix_web::test]
async fn the_url_of_a_cover_is_stored_in_normal_form() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let path = path_of(&alice.book("Dune").await);
    for (text, stored) in [
        ("https://example.com/dune.jpg", "https://example.com/dune.jpg"),
        ("HTTPS://Example.COM:443/a/../b c", "https://example.com/b%20c"),
        ("https://bücher.example", "https://xn--bcher-kva.example/"),
    ] {
        let new = json!({ "title": "T", "author": "A", "cover_url": text });
        assert_eq!(alice.post("/books", new).await.created()["cover_url"], stored);
        assert_eq!(alice.patch(&path, json!({ "cover_url": text })).await.ok()["cover_url"], stored);
        let file = json!({ "title": stored, "author": "A", "cover_url": text }).to_string();
        let import = async |expected: &str| {
            let report = alice.import("?on_conflict=update", "application/x-ndjson", file.clone()).await.ok();
            assert_eq!(report[expected], 1, "{report:#}");
        };
        import("created").await;
        import("unchanged").await;
    }
    let long = format!("https://example.com/{}", "é".repeat(1000));
    for text in
        ["https:///dune.jpg", "https://", "https:example.com", "https://@/x", "https://?x", long.as_str()]
    {
        let refused = alice.patch(&path, json!({ "cover_url": text })).await.invalid();
        assert_eq!(refused, [("/cover_url".to_owned(), "url".to_owned())], "{text}");
    }
    assert_eq!(alice.patch(&path, json!({ "cover_url": Value::Null })).await.ok()["cover_url"], Value::Null);
}
