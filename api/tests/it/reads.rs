//! Efficient reads: caching, `ETag`s and 304, sparse books, and HEAD.

use api::{endpoints::endpoints, openapi::openapi};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::{Answer, Client, TestApp, path_of, send},
    permissions,
};

const SHARED: &str = "public, no-cache";
const SPARSE: &str = "application/vnd.bookly.sparse+json";

/// Sends a GET request with another header.
async fn get_with(client: &Client<'_>, path: &str, name: &str, value: &str) -> Answer {
    send(client.request(Method::GET, path).header(name, value)).await
}

/// Adds enough books for compression.
pub async fn library(client: &Client<'_>, count: usize) -> Vec<Value> {
    let mut books = Vec::new();
    for number in 0..count {
        let new = json!({ "title": format!("Title {number}"), "author": "Anonymous", "description": "Words. ".repeat(300),
            "price": { "amount": number, "currency": "EUR" } });
        books.push(client.post("/books", new).await.created());
    }
    books
}

#[actix_web::test]
async fn every_response_has_a_cache_policy() {
    let app = TestApp::start().await;
    let (admin, anyone) = (app.admin("admin").await, app.anonymous());
    let book = path_of(
        &admin
            .post("/books", json!({ "title": "T", "author": "A", "isbn": "9780441013593" }))
            .await
            .created(),
    );
    let id = admin.id.unwrap();
    for path in [
        "/books",
        "/books?fields=id",
        &book,
        "/books/isbn/9780441013593",
        &format!("/users/{id}/books"),
        "/openapi.json",
        "//problems/stale",
        "/docs/",
        "/docs/swagger-ui.css",
    ] {
        let answer = anyone.request(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.headers()["cache-control"], SHARED, "{path}");
        assert!(answer.headers().contains_key("etag"), "{path}");
        let signed_in = admin.request(Method::GET, path).send().await.unwrap();
        assert_eq!(signed_in.headers()["etag"], answer.headers()["etag"], "{path} is the same for everyone");
        assert_eq!(signed_in.bytes().await.unwrap(), answer.bytes().await.unwrap(), "{path}");
    }
    for path in [
        "/users/me",
        "/users",
        &format!("/users/{id}"),
        "//livez",
        "//readyz",
        "/nowhere",
        "/books/1",
        "/books?limit=0",
        "//",
    ] {
        assert_eq!(admin.get(path).await.header("cache-control"), "no-store", "{path}");
    }
    assert_eq!(anyone.get("/users/me").await.header("cache-control"), "no-store");
    let answers = [
        admin.post("/auth/login", json!({ "login": "admin", "password": crate::app::PASSWORD })).await,
        admin.post("/auth/refresh", json!({ "refresh_token": admin.refresh_token })).await,
        admin.post("/books", json!({ "title": "T", "author": "A" })).await,
        admin.patch(&book, json!({ "title": "U" })).await,
        admin.import("", "text/csv", "title,author\nT,A\n").await,
        admin.delete(&book).await,
        send(anyone.request(Method::PUT, "/books")).await,
    ];
    for answer in answers {
        assert_eq!(answer.header("cache-control"), "no-store", "{} {:#}", answer.status, answer.body);
    }
}

#[actix_web::test]
async fn an_unchanged_list_is_not_sent_again() {
    let app = TestApp::start().await;
    let admin = app.admin("admin").await;
    let book = admin.book("Dune").await;
    let lists = [
        "/books".to_owned(),
        "/books?fields=title".to_owned(),
        format!("/users/{}/books", admin.id.unwrap()),
    ];
    for path in &lists {
        let tag = admin.get(path).await.tag();
        assert!(tag.starts_with("W/\""), "{tag}");
        for known in
            [tag.clone(), tag.trim_start_matches("W/").to_owned(), format!("\"x\", {tag}"), "*".to_owned()]
        {
            let answer = get_with(&admin, path, "If-None-Match", &known).await;
            assert_eq!((answer.status.as_u16(), answer.tag()), (304, tag.clone()), "{path} {known}");
            assert_eq!(answer.header("cache-control"), SHARED);
            assert!(answer.header("vary").contains("Accept-Encoding"));
        }
    }
    let tags = [admin.get("/books").await.tag(), admin.get("/users").await.tag()];
    admin.patch(&path_of(&book), json!({ "page_count": 412 })).await.ok();
    get_with(&admin, "/books", "If-None-Match", &tags[0]).await.ok();
    assert_eq!(get_with(&admin, "/users", "If-None-Match", &tags[1]).await.status, 304);
    app.user("bob").await;
    get_with(&admin, "/users", "If-None-Match", &tags[1]).await.ok();
    get_with(&app.anonymous(), "/users", "If-None-Match", &tags[1]).await.problem("not_signed_in");
}

#[actix_web::test]
async fn a_sparse_book_has_the_requested_fields_only() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let book = alice
        .post("/books", json!({ "title": "Dune", "subtitle": "S", "author": "Frank Herbert", "publisher": "Ace", "published_date": "1965",
            "page_count": 412, "language": "en", "isbn": "9780441013593", "description": "Sand.",
            "price": { "amount": 1099, "currency": "EUR" }, "cover_url": "https://example.com/dune.jpg" }))
        .await
        .created();
    alice.book("Without").await;
    let (path, anyone) = (path_of(&book), app.anonymous());
    let names: Vec<&String> = book.as_object().unwrap().keys().collect();
    let mine = format!("/users/{}/books", alice.id.unwrap());
    for fields in names.iter().map(|name| vec![name.as_str()]).chain([
        vec!["id", "title"],
        vec!["price", "owner", "published_date"],
        names.iter().map(|name| name.as_str()).collect(),
    ]) {
        let expected: Value = fields
            .iter()
            .map(|name| ((*name).to_owned(), book[*name].clone()))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let (commas, repeated) = (fields.join(","), fields.join("&fields="));
        for one in [&path, "/books/isbn/9780441013593"] {
            for query in [&commas, &repeated, &commas.replace(',', "%2C%20")] {
                let answer = anyone.get(&format!("{one}?fields={query}")).await;
                assert_eq!((answer.header("content-type"), answer.tag()), (SPARSE, "\"1\"".to_owned()));
                assert_eq!(answer.ok(), expected, "{one} {query}");
            }
        }
        for list in ["/books", &mine] {
            for sort in ["published_date", "page_count", "title"] {
                let page = anyone.get(&format!("{list}?sort={sort}&limit=1&fields={commas}")).await;
                assert_eq!(page.header("content-type"), SPARSE);
                assert_eq!(page.ok()["items"], json!([expected]), "{list} {sort} {commas}");
            }
        }
    }
    let documented = &openapi()["components"]["schemas"]["BookField"]["enum"];
    let documented: Vec<&str> =
        documented.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(documented, names);
}

#[actix_web::test]
async fn an_unknown_field_is_named() {
    let app = TestApp::start().await;
    let path = path_of(&app.user("alice").await.book("Dune").await);
    for (fields, code, named) in [
        ("foo", "unknown_field", "`foo`"),
        ("id,owner_id", "unknown_field", "`owner_id`"),
        ("id&fields=Title", "unknown_field", "`Title`"),
        ("%00", "unknown_field", "book"),
        ("", "missing", "name"),
        ("id,", "missing", "name"),
    ] {
        for path in [path.as_str(), "/books", "/books/isbn/9780441013593"] {
            let problem =
                app.anonymous().get(&format!("{path}?fields={fields}")).await.problem("invalid_input");
            let error = &problem["errors"][0];
            assert_eq!(
                (&error["pointer"], &error["code"]),
                (&json!("/fields"), &json!(code)),
                "{path} {fields}"
            );
            assert!(error["detail"].as_str().unwrap().contains(named), "{error}");
        }
    }
    assert_eq!(app.anonymous().get(&format!("{path}?field=id")).await.invalid()[0].0, "/field");
}

#[actix_web::test]
async fn a_walk_may_request_other_fields_on_each_page() {
    let app = TestApp::start().await;
    library(&app.user("alice").await, 3).await;
    for sort in ["title", "-page_count", "published_date"] {
        let first = app.anonymous().get(&format!("/books?limit=1&sort={sort}&fields=id")).await.ok();
        let cursor = first["next_cursor"].as_str().unwrap();
        let second = app.anonymous().get(&format!("/books?sort={sort}&cursor={cursor}")).await.ok();
        assert_eq!(second["items"].as_array().unwrap().len(), 2, "{sort}");
    }
}

#[actix_web::test]
async fn head_returns_the_headers_of_every_get() {
    let app = TestApp::start().await;
    let admin = app.admin("admin").await;
    admin.post("/books", json!({ "title": "T", "author": "A", "isbn": "9780441013593" })).await.created();
    let mut reads = ["/docs/", "/docs/swagger-ui.css"].map(|path| (admin.clone(), path.to_owned())).to_vec();
    for endpoint in endpoints().iter().filter(|endpoint| endpoint.method == "GET") {
        // An account of its own: two resources of one account may not have the same example as a name.
        let owner = app.admin(&endpoint.id.to_lowercase()).await;
        let path = permissions::path(endpoint, &owner, &owner).await;
        reads.push((owner, path));
    }
    for (client, path) in reads {
        for coding in ["identity", "gzip"] {
            let request = |method| client.request(method, &path).header("Accept-Encoding", coding);
            let get = request(Method::GET).send().await.unwrap();
            let head = request(Method::HEAD).send().await.unwrap();
            assert_eq!(
                (get.status(), head.status()),
                (200.try_into().unwrap(), 200.try_into().unwrap()),
                "{path}"
            );
            for name in [
                "content-type",
                "content-length",
                "content-encoding",
                "cache-control",
                "etag",
                "vary",
                "link",
            ] {
                assert_eq!(head.headers().get(name), get.headers().get(name), "{path} {name} {coding}");
            }
            assert!(head.bytes().await.unwrap().is_empty(), "{path}");
        }
    }
    send(admin.request(Method::HEAD, "/auth/login")).await;
    assert_eq!(send(app.anonymous().request(Method::HEAD, "/users/me")).await.status, 401);
    let tag = admin.get("/books").await.tag();
    assert_eq!(send(admin.request(Method::HEAD, "/books").header("If-None-Match", tag)).await.status, 304);
}

#[actix_web::test]
async fn a_response_for_one_origin_is_not_cached_for_another() {
    let app = TestApp::with(&["--cors-origins", "https://app.example.com"]).await;
    let anyone = app.anonymous();
    for origin in [None, Some("https://app.example.com"), Some("https://evil.example.com")] {
        let request = anyone.request(Method::GET, "/books");
        let request = origin.into_iter().fold(request, |request, origin| request.header("Origin", origin));
        let answer = send(request).await;
        let vary = answer.header("vary").to_lowercase();
        assert!(vary.contains("origin") && vary.contains("accept-encoding"), "{origin:?}: {vary}");
        assert!(!vary.contains("authorization"), "who asks makes no difference to what caches may keep");
    }
    let preflight = anyone.request(Method::OPTIONS, "/books").header("Origin", "https://app.example.com");
    let answer = send(preflight.header("Access-Control-Request-Method", "HEAD")).await;
    assert!(answer.header("access-control-allow-methods").contains("HEAD"));
}
