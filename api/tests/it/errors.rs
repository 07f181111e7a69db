//! Failures of every layer, CORS, and the headers of every response.

use reqwest::Method;
use serde_json::json;

use crate::app::{TestApp, path_of, send};

#[actix_web::test]
async fn unknown_routes_return_problem_documents() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    for path in ["//nowhere", "/nowhere", "/books/", "//", "/books/1/2/3"] {
        let answer = anyone.get(path).await;
        if path == "//" {
            assert_eq!(answer.header("location"), "/api/v1/docs/");
        } else {
            answer.problem("not_found");
        }
    }
    for (method, path, allow) in [
        (Method::PUT, "/books", "GET, POST, HEAD"),
        (Method::POST, "/books/0190b6b5-9d5f-7000-8000-000000000000", "GET, PATCH, DELETE, HEAD"),
        (Method::GET, "/auth/login", "POST"),
        (Method::TRACE, "//livez", "GET, HEAD"),
    ] {
        let answer = send(anyone.request(method.clone(), path)).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, allow), "{method} {path}");
        answer.problem("method_not_allowed");
    }
}

#[actix_web::test]
async fn unreadable_requests_are_rejected_with_their_own_codes() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let send_body = async |media_type: &str, body: Vec<u8>| {
        send(alice.request(Method::POST, "/books").header("Content-Type", media_type).body(body)).await
    };
    let json_type = "application/json";
    for body in [
        "",
        "{",
        "nonsense",
        "{\"title\":\"T\",}",
        "{\"title\":\"T\",\"author\":\"A\"} x",
        "{\"title\":\"\\ud800\"}",
    ] {
        let answer = send_body(json_type, body.into()).await;
        assert_eq!(answer.status, 400, "{body}");
        answer.problem("malformed_body");
    }
    send_body(json_type, b"{\"title\":\"\xff\"}".to_vec()).await.problem("malformed_body");
    for body in ["[]", "null", "\"x\"", "[\"T\",\"A\"]", "7"] {
        assert_eq!(
            send_body(json_type, body.into()).await.invalid(),
            [(String::new(), "type".to_owned())],
            "{body}"
        );
    }
    for (body, pointer) in [
        ("{\"title\":1e999,\"author\":\"A\"}", "/title"),
        ("{\"title\":\"T\",\"author\":\"A\",\"page_count\":1e999}", "/page_count"),
        (
            "{\"title\":\"T\",\"author\":\"A\",\"price\":{\"amount\":99999999999999999999,\"currency\":\"EUR\"}}",
            "/price/amount",
        ),
    ] {
        assert_eq!(
            send_body(json_type, body.into()).await.invalid(),
            [(pointer.to_owned(), "type".to_owned())],
            "{body}"
        );
    }
    assert_eq!(
        send_body(json_type, b"{\"title\":\"T\",\"title\":\"U\"}".to_vec()).await.invalid(),
        [("/title".to_owned(), "duplicate".to_owned())]
    );
    assert!(
        send_body(json_type, format!("{}{}", "[".repeat(1000), "]".repeat(1000)).into())
            .await
            .status
            .is_client_error()
    );
    send_body("text/plain", b"{}".to_vec()).await.problem("unsupported_media_type");
    send_body("application/x-www-form-urlencoded", b"title=T".to_vec())
        .await
        .problem("unsupported_media_type");
    let huge = format!("{{\"title\":\"{}\"}}", "x".repeat(300 * 1024));
    let answer = send_body(json_type, huge.into()).await;
    assert_eq!(answer.status, 413);
    answer.problem("body_too_large");
    for encoding in ["br", "gzip", "deflate", "zstd", "identity, gzip"] {
        let request =
            alice.request(Method::POST, "/books").header("Content-Encoding", encoding).json(&json!({}));
        send(request).await.problem("unsupported_encoding");
    }
    let request = alice.request(Method::POST, "/books").header("Content-Encoding", "identity");
    send(request.json(&json!({ "title": "T", "author": "A" }))).await.created();
}

#[actix_web::test]
async fn a_query_that_is_not_utf8_is_rejected() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    for path in [
        "/books?q=%FF",
        "/books?%C3=x",
        "/books?author=caf%E9",
        "/books/facets?q=%ED%A0%80",
        "/books/export?q=a%80",
    ] {
        let answer = alice.get(path).await;
        assert_eq!(answer.status, 400, "{path}");
        answer.problem("bad_request");
    }
    for path in ["/books?author=caf%C3%A9", "/books?author=caf\u{e9}", "/books?q=100%25", "/books?q=%"] {
        alice.get(path).await.ok();
    }
}

#[actix_web::test]
async fn invalid_parameters_are_named() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    for (query, pointer, code) in [
        ("limit=0", "/limit", "range"),
        ("limit=101", "/limit", "range"),
        ("limit=-1", "/limit", "type"),
        ("limit=99999999999999999999", "/limit", "type"),
        ("limit=", "/limit", "type"),
        ("limit=1&limit=2", "/limit", "duplicate"),
        ("offset=10001", "/offset", "range"),
        ("offset=-1", "/offset", "type"),
        ("total=maybe", "/total", "type"),
        ("sort=price", "/sort", "type"),
        ("page=1", "/page", "unknown_field"),
        ("author=%00", "/author", "control_character"),
        ("language=english", "/language", "language"),
        ("isbn=1", "/isbn", "isbn"),
        ("owner=me", "/owner", "type"),
        ("published_from=19", "/published_from", "date"),
        ("published_to=1999-13", "/published_to", "date"),
    ] {
        let errors = anyone.get(&format!("/books?{query}")).await.invalid();
        assert_eq!(errors, [(pointer.to_owned(), code.to_owned())], "{query}");
    }
}

#[actix_web::test]
async fn every_problem_is_explained() {
    let app = TestApp::start().await;
    for code in api::error::Code::ALL {
        let answer = app.anonymous().get(&format!("//problems/{}", code.name())).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (200, "text/plain; charset=utf-8")
        );
    }
    app.anonymous().get("//problems/nonsense").await.problem("not_found");
}

#[actix_web::test]
async fn responses_have_security_headers() {
    let app = TestApp::start().await;
    let book = app.user("alice").await.book("Dune").await;
    for path in [path_of(&book).as_str(), "/nowhere", "//livez"] {
        let answer = app.anonymous().get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
    }
    let head = send(app.anonymous().request(Method::HEAD, &path_of(&book))).await;
    assert_eq!((head.status.as_u16(), head.tag()), (200, "\"1\"".to_owned()));
}

#[actix_web::test]
async fn only_configured_origins_may_call() {
    let app = TestApp::with(&["--cors-origins", "https://app.example.com,http://localhost:3000"]).await;
    let preflight = async |origin: &str| {
        let request = app.anonymous().request(Method::OPTIONS, "/books").header("Origin", origin);
        let request = request.header("Access-Control-Request-Method", "POST");
        send(request.header("Access-Control-Request-Headers", "authorization, content-type")).await
    };
    for origin in ["https://app.example.com", "http://localhost:3000"] {
        let answer = preflight(origin).await;
        assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (200, origin));
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
        let request = app.anonymous().request(Method::GET, "/books").header("Origin", origin);
        let answer = send(request).await;
        assert_eq!(answer.header("access-control-allow-origin"), origin);
        let exposed = answer.header("access-control-expose-headers").to_lowercase();
        assert!(exposed.contains("etag") && exposed.contains("content-disposition"), "{exposed}");
        let failure = send(app.anonymous().request(Method::GET, "/users/me").header("Origin", origin)).await;
        assert_eq!(failure.header("access-control-allow-origin"), origin, "failures can be read, too");
    }
    for origin in [
        "https://evil.example.com",
        "https://app.example.com.evil.com",
        "http://app.example.com",
        "https://app.example.com:8443",
        "null",
    ] {
        let answer = preflight(origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
        let answer = send(app.anonymous().request(Method::GET, "/books").header("Origin", origin)).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
    }
}
