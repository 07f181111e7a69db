//! Refresh tokens in a cookie.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Answer, Client, PASSWORD, TestApp, send};

const NAME: &str = "__Secure-bookly_refresh";
const HOME: &str = "https://books.example";
const APP: &str = "https://app.books.example:8443";
const LOG_IN: &str = "/auth/login";
const REFRESH: &str = "/auth/refresh";
const LOG_OUT: &str = "/auth/logout";

async fn start() -> TestApp {
    TestApp::with(&["--public-url", "https://books.example/", "--cors-origins", APP]).await
}

/// Asks for a cookie at log-in, from a page of this origin.
async fn log_in_from(app: &TestApp, origin: Option<&str>) -> Answer {
    let input = json!({ "login": "alice", "password": PASSWORD, "transport": "cookie" });
    let request = app.anonymous().request(Method::POST, LOG_IN).json(&input);
    send(origin.into_iter().fold(request, |request, origin| request.header("Origin", origin))).await
}

/// Logs in with a browser: access token and cookie.
async fn log_in(app: &TestApp) -> (String, String) {
    let answer = log_in_from(app, Some(HOME)).await;
    let cookie = cookie_of(&answer);
    (answer.ok()["access_token"].as_str().unwrap().to_owned(), cookie)
}

/// Value of the cookie with the refresh token that a response sets. Its attributes are checked.
fn cookie_of(answer: &Answer) -> String {
    let mut cookies = answer.headers("set-cookie");
    cookies.retain(|cookie| cookie.starts_with(NAME));
    let paths = ["/api/v1/auth/refresh", "/api/v1/auth/logout"];
    assert_eq!(cookies.len(), paths.len(), "{cookies:?}");
    let value = cookies[0].split_once('=').unwrap().1.split(';').next().unwrap();
    for (cookie, path) in cookies.iter().zip(paths) {
        let parts: Vec<&str> = cookie.split("; ").collect();
        assert_eq!(parts[0], format!("{NAME}={value}"));
        assert_eq!(parts[1], format!("Path={path}"));
        let age: i64 = parts[2].strip_prefix("Max-Age=").unwrap().parse().unwrap();
        assert_eq!((age == 0, age <= 7 * 86_400), (value.is_empty(), true));
        assert_eq!(parts[3..], ["Secure", "HttpOnly", "SameSite=Strict"]);
    }
    value.to_owned()
}

/// Request of a browser: a cookie, the origin of its page, and no body.
async fn browse(client: &Client<'_>, path: &str, cookie: &str, origin: Option<&str>) -> Answer {
    let mut request = client.request(Method::POST, path).header("Cookie", cookie);
    if let Some(origin) = origin {
        request = request.header("Origin", origin);
    }
    send(request).await
}

#[actix_web::test]
async fn a_browser_keeps_the_refresh_token_in_a_cookie() {
    let app = start().await;
    app.user("alice").await;
    let answer = log_in_from(&app, Some(HOME)).await;
    let first = cookie_of(&answer);
    assert_eq!(answer.header("cache-control"), "no-store");
    let tokens = answer.ok();
    assert_eq!(tokens["refresh_token"], Value::Null);
    assert!(!tokens.to_string().contains(&first));

    let anyone = app.anonymous();
    let mut cookie = first.clone();
    for origin in [HOME, APP, HOME] {
        let answer = browse(&anyone, REFRESH, &format!("a=b; {NAME}={cookie}; c=d"), Some(origin)).await;
        let next = cookie_of(&answer);
        assert_ne!(next, cookie);
        cookie = next;
        let tokens = answer.ok();
        assert_eq!(tokens["refresh_token"], Value::Null);
        let token = tokens["access_token"].as_str().unwrap();
        anyone.with_token(token).get("/users/me").await.ok();
    }
    // An empty object is equivalent to no body.
    let request = anyone.request(Method::POST, REFRESH).header("Origin", HOME);
    let request = request.header("Cookie", format!("{NAME}={cookie}")).json(&json!({}));
    let answer = send(request).await;
    cookie = cookie_of(&answer);
    let token = answer.ok()["access_token"].as_str().unwrap().to_owned();

    let client = anyone.with_token(token);
    let answer = browse(&client, LOG_OUT, &format!("{NAME}={cookie}"), Some(APP)).await;
    assert_eq!(cookie_of(&answer), "");
    answer.no_content();
    let answer = browse(&anyone, REFRESH, &format!("{NAME}={cookie}"), Some(HOME)).await;
    assert!(answer.headers("set-cookie").is_empty());
    answer.problem("invalid_token");
}

#[actix_web::test]
async fn a_copied_cookie_ends_its_session() {
    let app = start().await;
    app.user("alice").await;
    let (_, first) = log_in(&app).await;
    let anyone = app.anonymous();
    let mut cookie = first.clone();
    for _ in 0..2 {
        cookie = cookie_of(&browse(&anyone, REFRESH, &format!("{NAME}={cookie}"), Some(HOME)).await);
    }
    for stale in [first, cookie] {
        browse(&anyone, REFRESH, &format!("{NAME}={stale}"), Some(HOME)).await.problem("invalid_token");
    }
}

#[actix_web::test]
async fn pages_of_other_origins_cannot_use_the_cookie() {
    let app = start().await;
    app.user("alice").await;
    let (token, cookie) = log_in(&app).await;
    let (anyone, cookie) = (app.anonymous(), format!("{NAME}={cookie}"));
    let alice = anyone.with_token(token);
    for origin in [
        None,
        Some(""),
        Some("null"),
        Some("https://attacker.example"),
        Some("http://books.example"),
        Some("https://books.example:8443"),
        Some("https://books.example/"),
        Some("https://books.example.attacker.example"),
        Some("https://attacker-books.example"),
        Some("https://other.books.example"),
        Some("HTTPS://BOOKS.EXAMPLE"),
        Some("https://books.example, https://attacker.example"),
        Some("*"),
    ] {
        for (client, path) in [(&anyone, REFRESH), (&alice, LOG_OUT)] {
            let answer = browse(client, path, &cookie, origin).await;
            assert_eq!(answer.status, 403, "{path} from {origin:?}");
            answer.problem("foreign_origin");
        }
    }
    let two = anyone.request(Method::POST, REFRESH).header("Cookie", &cookie);
    let two = two.header("Origin", HOME).header("Origin", "https://attacker.example");
    assert_eq!(send(two).await.status, 403);
    alice.get("/users/me").await.ok();
    browse(&anyone, REFRESH, &cookie, Some(HOME)).await.ok();
}

#[actix_web::test]
async fn an_ambiguous_or_foreign_cookie_is_rejected() {
    let app = start().await;
    app.user("alice").await;
    let (token, good) = log_in(&app).await;
    let anyone = app.anonymous();
    for cookie in [
        format!("{NAME}="),
        format!("{NAME}=x"),
        format!("{NAME}={token}"),
        format!("{NAME}={}", "x".repeat(600)),
        format!("{NAME}=\"{good}\""),
        format!("{NAME}={good}; {NAME}={good}"),
        format!("{NAME}=of-somebody-else; {NAME}={good}"),
    ] {
        browse(&anyone, REFRESH, &cookie, Some(HOME)).await.problem("invalid_token");
    }
    for cookie in [format!("x{NAME}={good}"), format!("{}={good}", NAME.to_lowercase()), NAME.to_owned()] {
        let answer = browse(&anyone, REFRESH, &cookie, Some(HOME)).await;
        assert_eq!(answer.status, 401, "{cookie}");
        answer.problem("invalid_token");
    }
    // Without any cookie, and with an empty object.
    send(anyone.request(Method::POST, REFRESH)).await.problem("invalid_token");
    anyone.post(REFRESH, json!({})).await.problem("invalid_token");
    // Outside of its path, the cookie is ignored.
    let request = anyone.request(Method::GET, "/users/me").header("Cookie", format!("{NAME}={good}"));
    send(request).await.problem("not_signed_in");
    browse(&anyone, REFRESH, &format!("{NAME}={good}"), Some(HOME)).await.ok();
}

#[actix_web::test]
async fn a_second_cookie_does_not_prevent_log_out() {
    let app = start().await;
    let alice = app.user("alice").await;
    let cookies = format!("{NAME}=of-somebody-else; {NAME}=another");
    browse(&alice, "/auth/logout", &cookies, Some("https://evil.example")).await.problem("foreign_origin");
    let left = browse(&alice, "/auth/logout", &cookies, Some(HOME)).await;
    assert_eq!(left.headers("set-cookie").len(), 2, "both go");
    left.no_content();
    alice.get("/users/me").await.problem("invalid_token");
}

#[actix_web::test]
async fn the_token_in_the_body_has_precedence_over_the_cookie() {
    let app = start().await;
    let other = app.user("alice").await;
    let (_, cookie) = log_in(&app).await;
    let request = app.anonymous().request(Method::POST, REFRESH).header("Origin", HOME);
    let request = request.header("Cookie", format!("{NAME}={cookie}"));
    let answer = send(request.json(&json!({ "refresh_token": other.refresh_token }))).await;
    assert!(answer.headers("set-cookie").is_empty());
    assert!(answer.ok()["refresh_token"].is_string());
    browse(&app.anonymous(), REFRESH, &format!("{NAME}={cookie}"), Some(HOME)).await.ok();
}

#[actix_web::test]
async fn a_cookie_is_set_only_on_request() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    for input in [
        json!({ "login": "alice", "password": PASSWORD }),
        json!({ "login": "alice", "password": PASSWORD, "transport": "body" }),
    ] {
        let answer = app.anonymous().post(LOG_IN, input).await;
        assert!(answer.headers("set-cookie").is_empty());
        assert!(answer.ok()["refresh_token"].is_string());
    }
    let input = json!({ "login": "alice", "password": PASSWORD, "transport": "header" });
    let refused = app.anonymous().post(LOG_IN, input).await.invalid();
    assert_eq!(refused, [("/transport".to_owned(), "type".to_owned())]);
    let answer = alice.post(LOG_OUT, Value::Null).await;
    assert!(answer.headers("set-cookie").is_empty());
    answer.no_content();
    // Without a configured origin, every cookie is rejected.
    let (_, cookie) = log_in(&app).await;
    browse(&app.anonymous(), REFRESH, &format!("{NAME}={cookie}"), Some("http://127.0.0.1:8080"))
        .await
        .problem("foreign_origin");
}

#[actix_web::test]
async fn configured_origins_may_use_the_cookie() {
    let app = start().await;
    let preflight = |origin: &'static str| {
        let request = app.anonymous().request(Method::OPTIONS, REFRESH).header("Origin", origin);
        send(request.header("Access-Control-Request-Method", "POST"))
    };
    let known = preflight(APP).await;
    assert_eq!(known.header("access-control-allow-origin"), APP);
    assert_eq!(known.header("access-control-allow-credentials"), "true");
    assert_eq!(preflight("https://attacker.example").await.header("access-control-allow-origin"), "");
}

#[actix_web::test]
async fn a_page_of_another_origin_cannot_log_a_browser_in() {
    let app = start().await;
    let alice = app.user("alice").await;
    for origin in
        [None, Some("null"), Some("https://attacker.example"), Some("https://books.example.attacker.example")]
    {
        let answer = log_in_from(&app, origin).await;
        assert!(answer.headers("set-cookie").is_empty());
        assert_eq!(answer.status, 403, "{origin:?}");
        answer.problem("foreign_origin");
    }
    let sessions = alice.get("/users/me/sessions").await.ok();
    assert_eq!(sessions["items"].as_array().unwrap().len(), 1, "no session was started");
    for origin in [HOME, APP] {
        assert!(!cookie_of(&log_in_from(&app, Some(origin)).await).is_empty(), "{origin}");
    }
    // Without a cookie, the origin makes no difference: the tokens are in a response that other origins cannot read.
    let input = json!({ "login": "alice", "password": PASSWORD });
    let request = app.anonymous().request(Method::POST, LOG_IN).header("Origin", "https://attacker.example");
    send(request.json(&input)).await.ok();
}
