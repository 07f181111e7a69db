//! Accounts that a stranger created with the address of another person: opening the link of the mail does not make
//! them usable for the stranger.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use service::limit::RateLimit;

use crate::app::{Answer, Client, PASSWORD, TestApp, send};

const NEW_PASSWORD: &str = "violet anchor tundra 71";

/// Address of the person that did not sign up.
const VICTIM: &str = "alice@example.org";

/// Errors of a token without a proof, for an account that is not verified.
const NO_PROOF: [(&str, &str); 2] = [("/new_password", "missing"), ("/password", "missing")];

async fn sign_up<'a>(app: &'a TestApp, username: &str, email: &str) -> Client<'a> {
    let new = json!({ "username": username, "email": email, "password": PASSWORD });
    app.anonymous().post("/auth/signup", new).await.created();
    app.log_in(username).await
}

async fn verify(client: &Client<'_>, body: Value) -> Answer {
    client.post("/auth/verify-email", body).await
}

async fn log_in(app: &TestApp, login: &str, password: &str) -> Answer {
    app.anonymous().post("/auth/login", json!({ "login": login, "password": password })).await
}

#[track_caller]
fn assert_invalid(answer: Answer, expected: &[(&str, &str)]) {
    let errors = answer.invalid();
    let errors: Vec<(&str, &str)> =
        errors.iter().map(|(pointer, code)| (pointer.as_str(), code.as_str())).collect();
    assert_eq!(errors, expected);
}

#[actix_web::test]
async fn a_link_alone_verifies_nothing_and_remains_valid() {
    let app = TestApp::start().await;
    let mallory = sign_up(&app, "mallory", VICTIM).await;
    let token = app.mail(VICTIM, "verify-email").await.token();
    let (anyone, bob) = (app.anonymous(), app.user("bob").await);
    assert_invalid(verify(&anyone, json!({ "token": token })).await, &NO_PROOF);
    assert_invalid(verify(&bob, json!({ "token": token })).await, &NO_PROOF);
    for access in ["x", mallory.refresh_token.as_str()] {
        assert_invalid(verify(&anyone.with_token(access), json!({ "token": token })).await, &NO_PROOF);
    }
    for (field, value, code) in [
        ("password", json!("wrong"), "wrong_password"),
        ("password", json!(""), "length"),
        ("password", Value::Null, "type"),
        ("new_password", json!("password1"), "weak_password"),
        ("new_password", json!("short"), "length"),
        ("new_password", json!(VICTIM), "weak_password"),
    ] {
        let answer = verify(&anyone, json!({ "token": token, field: value })).await;
        assert_invalid(answer, &[(&format!("/{field}"), code)]);
    }
    let both = json!({ "token": token, "password": PASSWORD, "new_password": NEW_PASSWORD });
    assert_invalid(verify(&anyone, both).await, &[("/new_password", "conflict")]);
    let me = mallory.get("/users/me").await;
    assert_eq!(me.tag(), "\"1\"", "nothing changed");
    assert_eq!(me.ok()["is_verified"], false);
    mallory.post("/books", json!({ "title": "T", "author": "A" })).await.problem("account_not_verified");
    // The token is still valid.
    verify(&anyone, json!({ "token": token, "new_password": NEW_PASSWORD })).await.ok();
}

#[actix_web::test]
async fn a_new_password_ends_the_password_and_the_sessions_of_the_squatter() {
    let app = TestApp::start().await;
    let (mallory, other) = (sign_up(&app, "mallory", VICTIM).await, app.log_in("mallory").await);
    let token = app.mail(VICTIM, "verify-email").await.token();
    app.anonymous().post("/auth/password-reset", json!({ "email": VICTIM })).await.accepted();
    let reset = app.mail(VICTIM, "reset-password").await.token();
    let body = json!({ "token": token, "new_password": NEW_PASSWORD });
    let user = verify(&app.anonymous(), body.clone()).await.ok();
    assert_eq!((&user["email"], &user["is_verified"]), (&json!(VICTIM), &json!(true)));
    for session in [&mallory, &other] {
        session.get("/users/me").await.problem("invalid_token");
        session.refresh().await.problem("invalid_token");
    }
    for login in ["mallory", VICTIM] {
        log_in(&app, login, PASSWORD).await.problem("invalid_credentials");
        log_in(&app, login, NEW_PASSWORD).await.ok();
    }
    app.mail(VICTIM, "Your password was changed").await;
    verify(&app.anonymous(), body).await.problem("invalid_token");
    let reset = json!({ "token": reset, "new_password": PASSWORD });
    app.anonymous().post("/auth/password-reset/confirm", reset).await.problem("invalid_token");
}

#[actix_web::test]
async fn an_honest_reader_loses_nothing_by_session_or_password() {
    let app = TestApp::start().await;
    for (name, has_session) in [("alice", true), ("bob", false)] {
        let email = format!("{name}@example.org");
        let (laptop, phone) = (sign_up(&app, name, &email).await, app.log_in(name).await);
        let token = app.mail(&email, "verify-email").await.token();
        let verified = if has_session {
            verify(&laptop, json!({ "token": token })).await
        } else {
            verify(&app.anonymous(), json!({ "token": token, "password": PASSWORD })).await
        };
        assert_eq!(verified.ok()["is_verified"], true);
        for session in [laptop, phone] {
            session.book("Emma").await;
            session.refresh().await.ok();
        }
        log_in(&app, name, PASSWORD).await.ok();
        assert!(app.mails().is_empty(), "the password was not changed");
    }
}

#[actix_web::test]
async fn the_first_password_of_an_account_is_a_proof() {
    let app = TestApp::start().await;
    let admin = app.admin("admin").await;
    admin.post("/users", json!({ "username": "carol", "email": "carol@example.org" })).await.created();
    app.mail("carol@example.org", "reset-password").await;
    let anyone = app.anonymous();
    anyone.post("/auth/verify-email/resend", json!({ "email": "carol@example.org" })).await.accepted();
    let token = app.mail("carol@example.org", "verify-email").await.token();
    for password in ["none.", PASSWORD] {
        let answer = verify(&anyone, json!({ "token": token, "password": password })).await;
        assert_invalid(answer, &[("/password", "wrong_password")]);
    }
    verify(&anyone, json!({ "token": token, "new_password": NEW_PASSWORD })).await.ok();
    log_in(&app, "carol", NEW_PASSWORD).await.ok();
}

#[actix_web::test]
async fn a_change_to_the_address_of_another_person_needs_the_account() {
    let app = TestApp::start().await;
    let mallory = app.user("mallory").await;
    let change = json!({ "email": VICTIM, "current_password": PASSWORD });
    mallory.put("/users/me/email", change).await.accepted();
    let token = app.mail(VICTIM, "is to become").await.token();
    let (anyone, bob) = (app.anonymous(), app.user("bob").await);
    for reader in [&anyone, &bob] {
        assert_invalid(verify(reader, json!({ "token": token })).await, &[("/password", "missing")]);
        // The reader of a mistyped address must not get the account of the other person.
        let body = json!({ "token": token, "new_password": NEW_PASSWORD });
        assert_invalid(verify(reader, body).await, &[("/new_password", "invalid")]);
        let body = json!({ "token": token, "password": NEW_PASSWORD });
        assert_invalid(verify(reader, body).await, &[("/password", "wrong_password")]);
    }
    assert_eq!(mallory.get("/users/me").await.ok()["email"], "mallory@example.com");
    log_in(&app, "mallory", PASSWORD).await.ok();
    assert_eq!(verify(&mallory, json!({ "token": token })).await.ok()["email"], VICTIM);
}

#[actix_web::test]
async fn an_unverified_account_that_moves_to_the_address_of_another_person_is_lost_to_its_reader() {
    let app = TestApp::start().await;
    let mallory = sign_up(&app, "mallory", "mallory@example.org").await;
    app.mail("mallory@example.org", "verify-email").await;
    let change = json!({ "email": VICTIM, "current_password": PASSWORD });
    mallory.put("/users/me/email", change).await.accepted();
    let token = app.mail(VICTIM, "is to become").await.token();
    assert_invalid(verify(&app.anonymous(), json!({ "token": token })).await, &NO_PROOF);
    let body = json!({ "token": token, "new_password": NEW_PASSWORD });
    let user = verify(&app.anonymous(), body).await.ok();
    assert_eq!((&user["email"], &user["is_verified"]), (&json!(VICTIM), &json!(true)));
    mallory.get("/users/me").await.problem("invalid_token");
    log_in(&app, "mallory", PASSWORD).await.problem("invalid_credentials");
    log_in(&app, VICTIM, NEW_PASSWORD).await.ok();
    app.mail(VICTIM, "Your password was changed").await;
    assert!(app.mails().is_empty(), "the address that nobody verified gets no notice");
}

#[actix_web::test]
async fn wrong_passwords_beside_a_token_count_as_failed_log_ins() {
    let app = TestApp::with(&["--rate-limit", "on", "--trusted-proxies", "127.0.0.0/8"]).await;
    app.shared.clock().stop_limits();
    let new = json!({ "username": "mallory", "email": VICTIM, "password": PASSWORD });
    app.anonymous().post("/auth/signup", new).await.created();
    let token = app.mail(VICTIM, "verify-email").await.token();
    let from = async |address: &str, path: &str, body: Value| {
        let request = app.anonymous().request(Method::POST, path).header("X-Forwarded-For", address);
        send(request.json(&body)).await
    };
    let guess = json!({ "token": token, "password": "wrong" });
    let login = json!({ "login": "mallory", "password": "wrong" });
    for number in 0..RateLimit::LogInFailures.quota() {
        if number % 2 == 0 {
            let answer = from("192.0.2.1", "/auth/verify-email", guess.clone()).await;
            assert_invalid(answer, &[("/password", "wrong_password")]);
        } else {
            from("192.0.2.1", "/auth/login", login.clone()).await.problem("invalid_credentials");
        }
    }
    let right = json!({ "token": token, "password": PASSWORD });
    let refused = from("192.0.2.1", "/auth/verify-email", right.clone()).await;
    assert!(refused.headers("ratelimit-policy").contains(&"\"log-in-failures\";q=10;w=900"));
    refused.problem("too_many_requests");
    from("192.0.2.1", "/auth/login", login).await.problem("too_many_requests");
    // The owner elsewhere is not locked out.
    from("192.0.2.2", "/auth/verify-email", right).await.ok();
}

#[actix_web::test]
async fn mail_tokens_are_limited_by_address_before_a_password_is_hashed() {
    let app = TestApp::with(&["--rate-limit", "on"]).await;
    app.shared.clock().stop_limits();
    let body = json!({ "token": "v1.verify.x", "password": PASSWORD });
    for _ in 0..RateLimit::MailToken.quota() {
        verify(&app.anonymous(), body.clone()).await.problem("invalid_token");
    }
    verify(&app.anonymous(), body).await.problem("too_many_requests");
}

#[actix_web::test]
async fn one_of_many_concurrent_new_passwords_is_set() {
    let app = TestApp::start().await;
    sign_up(&app, "mallory", VICTIM).await;
    let token = app.mail(VICTIM, "verify-email").await.token();
    let passwords: Vec<String> = (0..8).map(|number| format!("violet anchor tundra {number}")).collect();
    let attempts = passwords.iter().map(|password| {
        let (anyone, body) = (app.anonymous(), json!({ "token": token, "new_password": password }));
        async move { verify(&anyone, body).await.status.as_u16() }
    });
    let statuses = join_all(attempts).await;
    assert!(statuses.iter().all(|status| [200, 401, 503].contains(status)), "{statuses:?}");
    let set = statuses.iter().position(|status| *status == 200).unwrap();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    log_in(&app, VICTIM, &passwords[set]).await.ok();
}
