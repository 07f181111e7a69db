//! Lists: filters, orders, cursors and offsets, and a walk through ten thousand books.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicBool, Ordering},
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Client, TestApp, path_of};

fn titles(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|book| book["title"].as_str().unwrap()).collect()
}

/// Adds four books with different keys, two of them without.
async fn shelf(client: &Client<'_>) {
    for book in [
        json!({ "title": "Beta", "author": "Zed", "published_date": "2001-05", "page_count": 200, "language": "en-GB", "publisher": "Ace" }),
        json!({ "title": "alpha", "author": "Yan", "published_date": "2001", "language": "en", "publisher": "Ace" }),
        json!({ "title": "Alpha", "author": "Xi", "page_count": 100, "language": "fr", "isbn": "9780441013593" }),
        json!({ "title": "Gamma", "author": "Xi", "published_date": "1999-12-31", "language": "enm" }),
    ] {
        client.post("/books", book).await.created();
    }
}

#[actix_web::test]
async fn every_filter_and_order_is_applied() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    shelf(&alice).await;
    app.user("bob").await.book("Bob's").await;
    let id = alice.id.unwrap();
    for (query, expected) in [
        ("", vec!["Bob's", "Gamma", "Alpha", "alpha", "Beta"]),
        ("sort=created_at", vec!["Beta", "alpha", "Alpha", "Gamma", "Bob's"]),
        ("sort=published_date", vec!["Gamma", "alpha", "Beta", "Alpha", "Bob's"]),
        ("sort=-published_date", vec!["Beta", "alpha", "Gamma", "Bob's", "Alpha"]),
        ("sort=page_count", vec!["Alpha", "Beta", "alpha", "Gamma", "Bob's"]),
        ("sort=-page_count", vec!["Beta", "Alpha", "Bob's", "Gamma", "alpha"]),
        ("sort=page_count&offset=1&limit=2", vec!["Beta", "alpha"]),
        ("sort=author&author=Xi", vec!["Alpha", "Gamma"]),
        ("sort=-author&author=Xi", vec!["Gamma", "Alpha"]),
        ("author=xi", vec![]),
        ("publisher=Ace", vec!["alpha", "Beta"]),
        ("language=en", vec!["alpha", "Beta"]),
        ("language=eng", vec!["alpha", "Beta"]),
        ("language=en-GB", vec!["Beta"]),
        ("isbn=0-441-01359-7", vec!["Alpha"]),
        ("published_from=2001", vec!["alpha", "Beta"]),
        ("published_from=2001-02", vec!["Beta"]),
        ("published_to=1999", vec!["Gamma"]),
        ("published_to=2001", vec!["Gamma", "alpha", "Beta"]),
        ("published_from=1999-12&published_to=2001-04", vec!["Gamma", "alpha"]),
        (&format!("owner={id}&language=fr"), vec!["Alpha"]),
    ] {
        assert_eq!(titles(&app.anonymous().get(&format!("/books?{query}")).await.ok()), expected, "{query}");
    }
    let own = app.anonymous().get(&format!("/users/{id}/books?sort=title&total=true")).await.ok();
    assert_eq!(own["total"], 4);
    let other = format!("/users/{id}/books?owner=0190b6b5-9d5f-7000-8000-000000000000");
    assert_eq!(app.anonymous().get(&other).await.invalid()[0].0, "/owner");
}

#[actix_web::test]
async fn a_cursor_is_valid_for_its_own_list_only() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    shelf(&alice).await;
    let anyone = app.anonymous();
    let answer = anyone.get("/books?limit=2&sort=title&language=en&total=true&author=Yan").await;
    assert_eq!(answer.header("link"), "", "there is no next page");
    assert_eq!(answer.ok()["total"], 1);
    let answer = anyone.get("/books?limit=1&sort=title").await;
    let link = answer.header("link").to_owned();
    let cursor = answer.ok()["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(link, format!("</api/v1/books?limit=1&sort=title&cursor={cursor}>; rel=\"next\""));
    anyone.get(&format!("/books?sort=title&limit=3&cursor={cursor}")).await.ok();
    for query in ["sort=-title", "sort=author", "sort=title&author=Xi", "", "sort=title&language=en"] {
        let answer = anyone.get(&format!("/books?{query}&cursor={cursor}")).await;
        assert_eq!(answer.status, 400, "{query}");
        answer.problem("invalid_cursor");
    }
    anyone
        .get(&format!("/users/{}/books?sort=title&cursor={cursor}", alice.id.unwrap()))
        .await
        .problem("invalid_cursor");
    for index in 0..cursor.len() {
        let mut altered = cursor.clone().into_bytes();
        altered[index] = if altered[index] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        anyone.get(&format!("/books?sort=title&cursor={altered}")).await.problem("invalid_cursor");
    }
    for cursor in ["", "x", "AAAA", "%00", "é"] {
        anyone.get(&format!("/books?sort=title&cursor={cursor}")).await.problem("invalid_cursor");
    }
    let both = anyone.get(&format!("/books?sort=title&offset=1&cursor={cursor}")).await.invalid();
    assert_eq!(both, [("/offset".to_owned(), "conflict".to_owned())]);
}

#[actix_web::test]
async fn offsets_and_cursors_return_the_same_books() {
    let app = TestApp::start().await;
    shelf(&app.user("alice").await).await;
    let anyone = app.anonymous();
    for sort in ["page_count", "-page_count", "published_date", "-published_date", "title", "-updated_at"] {
        let all = anyone.get(&format!("/books?sort={sort}")).await.ok();
        let first = anyone.get(&format!("/books?sort={sort}&offset=0&limit=2")).await.ok();
        let second = anyone.get(&format!("/books?sort={sort}&offset=2&limit=2")).await.ok();
        assert_eq!([titles(&first), titles(&second)].concat(), titles(&all), "{sort}");
        let cursor = first["next_cursor"].as_str().unwrap();
        let behind = anyone.get(&format!("/books?sort={sort}&limit=2&cursor={cursor}")).await.ok();
        assert_eq!(titles(&behind), titles(&second), "{sort}");
    }
}

/// Books for the walk below, many with equal keys and many without.
fn library(count: usize) -> String {
    let row = |number: usize| {
        let date = if number.is_multiple_of(3) { String::new() } else { (1900 + number % 120).to_string() };
        let pages = if number.is_multiple_of(4) { String::new() } else { (1 + number % 700).to_string() };
        format!("Title {} of {number},Author {},{date},{pages}", number % 50, number % 211)
    };
    let header = "title,author,published_date,page_count".to_owned();
    std::iter::once(header).chain((0..count).map(row)).collect::<Vec<_>>().join("\n")
}

#[actix_web::test]
async fn a_walk_returns_each_of_ten_thousand_books_once_during_changes() {
    const BOOKS: usize = 10_000;
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let report = alice.import("?mode=partial", "text/csv", library(BOOKS)).await.ok();
    assert_eq!(report["created"], BOOKS);
    let (walking, walker) = (AtomicBool::new(true), app.anonymous());
    let bob = app.user("bob").await;
    let disturb = async {
        let mut count = 0;
        while walking.load(Ordering::Relaxed) {
            count += 1;
            let new = json!({ "title": format!("Title {} of x", count % 50), "author": format!("Author {}", count % 211),
                "page_count": 1 + count % 700, "published_date": format!("{}", 1900 + count % 120) });
            let book = bob.post("/books", new).await.created();
            bob.delete(&path_of(&book)).await.no_content();
        }
        count
    };
    let walk = async {
        for key in ["created_at", "updated_at", "title", "author", "published_date", "page_count"] {
            for sort in [key.to_owned(), format!("-{key}")] {
                assert_eq!(walk(&walker, &sort, key).await, BOOKS, "{sort}");
            }
        }
        walking.store(false, Ordering::Relaxed);
    };
    let (disturbances, ()) = tokio::join!(disturb, walk);
    assert!(disturbances > 10, "others came and went: {disturbances}");
}

/// Reads a whole list by cursor. Checks that each of alice's books occurs once, those without a key last, and returns
/// their number.
async fn walk(client: &Client<'_>, sort: &str, key: &str) -> usize {
    let (mut met, mut cursor, mut keyless) = (HashSet::new(), String::new(), false);
    loop {
        let request = client.request(Method::GET, &format!("/books?limit=100&sort={sort}{cursor}"));
        let page: Value = request.send().await.unwrap().json().await.unwrap();
        for book in page["items"].as_array().unwrap() {
            assert!(!keyless || book[key].is_null(), "{sort}: a book with a key after one without");
            keyless |= book[key].is_null();
            if book["owner"]["username"] == "alice" {
                assert!(met.insert(book["id"].as_str().unwrap().to_owned()), "{sort}: met twice");
            }
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return met.len(),
        }
    }
}
