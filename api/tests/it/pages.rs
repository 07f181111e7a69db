//! Documentation pages, and headers that settings add.

use reqwest::Method;

use crate::app::{TestApp, send};

/// Status of a path.
async fn status(app: &TestApp, path: &str) -> u16 {
    app.anonymous().request(Method::GET, path).send().await.unwrap().status().as_u16()
}

#[actix_web::test]
async fn the_pages_forget_the_token_when_they_close() {
    let app = TestApp::start().await;
    let script = app.anonymous().request(Method::GET, "/docs/swagger-initializer.js").send().await.unwrap();
    let script = script.text().await.unwrap();
    assert!(script.contains("SwaggerUIBundle"), "{script}");
    assert!(
        script.contains("\"persistAuthorization\": false") || !script.contains("persistAuthorization"),
        "{script}"
    );
}

#[actix_web::test]
async fn the_pages_can_be_switched_off() {
    let paths = ["//", "//docs", "//api/v1/docs", "/docs/", "/docs/index.html", "/docs/swagger-ui.css"];
    let app = TestApp::start().await;
    for path in paths {
        assert!(status(&app, path).await < 400, "{path}");
    }
    let app = TestApp::with(&["--docs", "off"]).await;
    for path in paths {
        send(app.anonymous().request(Method::GET, path)).await.problem("not_found");
    }
    app.anonymous().get("/openapi.json").await.ok();
    app.anonymous().get("//problems/stale").await;
}

#[actix_web::test]
async fn strict_transport_security_is_sent_on_request() {
    let paths = ["/books", "//livez", "/nowhere", "/users/me", "/docs/", "//"];
    let app = TestApp::with(&["--hsts", "31536000"]).await;
    for path in paths {
        let answer = app.anonymous().request(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000", "{path}");
    }
    let app = TestApp::start().await;
    for path in paths {
        let answer = app.anonymous().request(Method::GET, path).send().await.unwrap();
        assert!(!answer.headers().contains_key("strict-transport-security"), "{path}");
    }
}
