//! Books: create, read, update and delete.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use service::Role;
use tokio::io::AsyncWriteExt;

use crate::app::{TestApp, path_of, send};

#[actix_web::test]
async fn a_book_is_added_and_read() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let new = json!({
        "title": "Dune", "subtitle": "A Novel", "author": "Frank Herbert", "publisher": "Ace", "published_date": "1965-08",
        "page_count": 412, "language": "eng", "isbn": "0-441-01359-7", "description": "Sand.\nMuch of it.",
        "price": { "amount": 1099, "currency": "EUR" }, "cover_url": "https://example.com/dune.jpg",
    });
    let answer = alice.post("/books", new).await;
    assert_eq!(answer.tag(), "\"1\"");
    let location = answer.header("location").to_owned();
    let book = answer.created();
    insta::assert_json_snapshot!(book, { ".id" => "[id]", ".owner.id" => "[id]", ".created_at" => "[time]", ".updated_at" => "[time]" }, @r#"
    {
      "id": "[id]",
      "title": "Dune",
      "subtitle": "A Novel",
      "author": "Frank Herbert",
      "publisher": "Ace",
      "published_date": "1965-08",
      "page_count": 412,
      "language": "en",
      "isbn": "9780441013593",
      "description": "Sand.\nMuch of it.",
      "price": {
        "amount": 1099,
        "currency": "EUR"
      },
      "cover_url": "https://example.com/dune.jpg",
      "owner": {
        "id": "[id]",
        "username": "alice"
      },
      "version": 1,
      "created_at": "[time]",
      "updated_at": "[time]"
    }
    "#);
    let anyone = app.anonymous();
    assert_eq!(anyone.get(&location).await.ok(), book);
    for isbn in ["9780441013593", "978-0-441-01359-3", "0441013597", "0-441-01359-7"] {
        assert_eq!(anyone.get(&format!("/books/isbn/{isbn}")).await.ok(), book, "{isbn}");
    }
    assert_eq!(anyone.get("/books").await.ok()["items"], json!([book]));
    assert_eq!(anyone.get(&format!("/users/{}/books", alice.id.unwrap())).await.ok()["items"], json!([book]));
    for isbn in ["9780441013594", "nonsense", "9780439420891", "%00"] {
        anyone.get(&format!("/books/isbn/{isbn}")).await.problem("not_found");
    }
    alice
        .post("/books", json!({ "title": "Copy", "author": "A", "isbn": "9780441013593" }))
        .await
        .problem("isbn_taken");
}

#[actix_web::test]
async fn invalid_books_are_rejected_by_field() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let stored = alice.book("Before").await;
    for (field, value, pointer, code) in [
        ("title", json!(""), "/title", "length"),
        ("title", json!("   "), "/title", "blank"),
        ("title", json!("x".repeat(501)), "/title", "length"),
        ("title", json!("a\u{0}b"), "/title", "control_character"),
        ("title", json!("a\nb"), "/title", "control_character"),
        ("title", Value::Null, "/title", "type"),
        ("author", json!(["A"]), "/author", "type"),
        ("description", json!("\u{1b}[31m"), "/description", "control_character"),
        ("description", json!("x".repeat(10_001)), "/description", "length"),
        ("page_count", json!(0), "/page_count", "range"),
        ("page_count", json!(-1), "/page_count", "range"),
        ("page_count", json!(1_000_001), "/page_count", "range"),
        ("page_count", json!(1.5), "/page_count", "type"),
        ("page_count", json!(u64::MAX), "/page_count", "type"),
        ("page_count", json!("12"), "/page_count", "type"),
        ("published_date", json!("2023-02-29"), "/published_date", "date"),
        ("published_date", json!("bad date"), "/published_date", "date"),
        ("language", json!("english"), "/language", "language"),
        ("isbn", json!("9780441013594"), "/isbn", "isbn"),
        ("price", json!({ "amount": -1, "currency": "EUR" }), "/price/amount", "range"),
        ("price", json!({ "amount": 1, "currency": "EUX" }), "/price/currency", "currency"),
        ("price", json!({ "amount": 1 }), "/price/currency", "missing"),
        ("price", json!([1, "EUR"]), "/price", "type"),
        ("cover_url", json!("http://example.com/x.jpg"), "/cover_url", "url"),
        ("cover_url", json!("javascript:alert(1)"), "/cover_url", "url"),
        ("owner_id", json!(alice.id), "/owner_id", "unknown_field"),
    ] {
        let mut new = json!({ "title": "T", "author": "A" });
        new[field] = value.clone();
        let expected = [(pointer.to_owned(), code.to_owned())];
        assert_eq!(alice.post("/books", new).await.invalid(), expected, "{field}: {value}");
        assert_eq!(
            alice.patch(&path_of(&stored), json!({ field: value })).await.invalid(),
            expected,
            "patch {field}: {value}"
        );
    }
    let all = alice.get("/books?total=true").await.ok();
    assert_eq!((&all["total"], &all["items"][0]), (&json!(1), &stored), "nothing was written");
}

#[actix_web::test]
async fn a_patch_changes_its_fields_only_and_null_clears() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let book = alice.post("/books", json!({ "title": "T", "author": "A", "page_count": 5, "price": { "amount": 1, "currency": "EUR" } })).await.created();
    let path = path_of(&book);
    let answer = alice.patch(&path, json!({ "title": "New" })).await;
    assert_eq!(answer.tag(), "\"2\"");
    let changed = answer.ok();
    let mut expected = book.clone();
    expected["title"] = json!("New");
    expected["version"] = json!(2);
    expected["updated_at"] = changed["updated_at"].clone();
    assert_eq!(changed, expected);
    assert!(changed["updated_at"].as_str() > book["updated_at"].as_str());
    let cleared = alice.patch(&path, json!({ "page_count": null, "price": null })).await.ok();
    assert_eq!((&cleared["page_count"], &cleared["price"]), (&Value::Null, &Value::Null));
    assert_eq!(app.anonymous().get(&path).await.ok(), cleared);
}

#[actix_web::test]
async fn another_account_may_read_but_not_change() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let path = path_of(&alice.book("Dune").await);
    bob.get(&path).await.ok();
    bob.patch(&path, json!({ "title": "Mine" })).await.problem("forbidden");
    bob.delete(&path).await.problem("forbidden");
    let cashier = app.account("carol", Role::Cashier, true).await;
    cashier.patch(&path, json!({ "price": { "amount": 500, "currency": "USD" } })).await.ok();
    cashier.delete(&path).await.problem("forbidden");
    app.admin("admin").await.delete(&path).await.no_content();
    app.anonymous().get(&path).await.problem("not_found");
}

#[actix_web::test]
async fn a_malformed_id_is_not_found() {
    let app = TestApp::start().await;
    let admin = app.admin("admin").await;
    for id in ["1", "x", "0190b6b5-9d5f-7000-8000-00000000000g", "%00", "..%2f", "9".repeat(300).as_str()] {
        let path = format!("/books/{id}");
        admin.get(&path).await.problem("not_found");
        admin.patch(&path, json!({})).await.problem("not_found");
        admin.delete(&path).await.problem("not_found");
    }
    admin.get("/users/1/books").await.problem("not_found");
}

#[actix_web::test]
async fn an_entity_tag_saves_a_read_and_guards_a_write() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let path = path_of(&alice.book("Dune").await);
    let tag = alice.get(&path).await.tag();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let answer = send(app.anonymous().request(Method::GET, &path).header("If-None-Match", &known)).await;
        assert_eq!((answer.status.as_u16(), answer.tag()), (304, tag.clone()), "{known}");
    }
    send(app.anonymous().request(Method::GET, &path).header("If-None-Match", "\"x\"")).await.ok();
    for stale in ["\"0\"", "\"2\"", "\"x\"", "", "W/\"1\"", "1"] {
        alice.patch_if(&path, stale, json!({ "title": "Lost" })).await.problem("stale");
        send(alice.request(Method::DELETE, &path).header("If-Match", stale)).await.problem("stale");
    }
    alice.patch_if(&path, "*", json!({ "title": "One" })).await.ok();
    alice.patch_if(&path, "\"9\", \"2\"", json!({ "title": "Two" })).await.ok();
    alice.patch_if(&path, &tag, json!({ "title": "Lost" })).await.problem("stale");
    send(alice.request(Method::DELETE, &path).header("If-Match", "\"3\"")).await.no_content();
}

#[actix_web::test]
async fn one_of_fifty_concurrent_patches_with_one_etag_succeeds() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let path = path_of(&alice.book("Dune").await);
    let attempts = (0..50).map(|number| alice.patch_if(&path, "\"1\"", json!({ "page_count": number + 1 })));
    let statuses: Vec<u16> = join_all(attempts).await.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 49, "{statuses:?}");
    assert_eq!(alice.get(&path).await.ok()["version"], 2);
}

#[actix_web::test]
async fn every_patch_without_an_etag_increases_the_version() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let path = path_of(&alice.book("Dune").await);
    let attempts = (0..20).map(|number| alice.patch(&path, json!({ "page_count": number + 1 })));
    assert!(join_all(attempts).await.iter().all(|answer| answer.status == 200));
    assert_eq!(alice.get(&path).await.ok()["version"], 21);
}

#[actix_web::test]
async fn disconnecting_clients_do_not_affect_others() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let path = path_of(&alice.book("Dune").await);
    let body = r#"{"page_count":7}"#;
    for delay in 0..60 {
        let mut socket =
            tokio::net::TcpStream::connect(app.address.trim_start_matches("http://")).await.unwrap();
        // Closing sends a reset, and the server cancels the handler.
        socket.set_zero_linger().unwrap();
        let head = format!(
            "PATCH /api/v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            alice.token.as_deref().unwrap(),
            body.len()
        );
        socket.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_micros(delay * 150)).await;
    }
    for number in 0..20 {
        let book = alice.book(&format!("After {number}")).await;
        app.anonymous().get(&path_of(&book)).await.ok();
    }
    let changed = alice.patch(&path, json!({ "page_count": 8 })).await.ok();
    assert_eq!(app.anonymous().get(&path).await.ok(), changed);
    assert_eq!(alice.get("/books?total=true").await.ok()["total"], 21);
}
