//! Ways back into accounts with a mistyped address, and on a server without mail.

use std::time::Duration;

use api::error::{Code, Problem};
use reqwest::Method;
use serde_json::{Value, json};
use service::{Error, Role, own_data, users};

use crate::{
    app::{Answer, Client, PASSWORD, PUBLIC_URL, TestApp},
    mailbox::wait_for,
    process::Process,
};

const NEW_PASSWORD: &str = "violet anchor tundra 71";

fn new_account(username: &str, email: &str) -> Value {
    json!({ "username": username, "email": email, "password": PASSWORD })
}

async fn change_email(client: &Client<'_>, email: &str) -> Answer {
    client.put("/users/me/email", json!({ "email": email, "current_password": PASSWORD })).await
}

async fn verify(client: &Client<'_>, token: &str) -> Answer {
    client.post("/auth/verify-email", json!({ "token": token })).await
}

async fn choose(client: &Client<'_>, token: &str) -> Answer {
    let body = json!({ "token": token, "new_password": NEW_PASSWORD });
    client.post("/auth/password-reset/confirm", body).await
}

async fn pending(client: &Client<'_>) -> Value {
    client.get("/users/me/export").await.ok()["pending_email"].clone()
}

async fn quiet(app: &TestApp) {
    wait_for("an empty outbox", async || (app.waiting().await == 0).then_some(())).await;
    assert!(app.mails().is_empty(), "{:?}", app.mails());
}

#[actix_web::test]
async fn an_unverified_account_corrects_its_address() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    anyone.post("/auth/signup", new_account("alice", "alcie@example.com")).await.created();
    let old = app.mail("alcie@example.com", "verify-email").await.token();
    let alice = app.log_in("alice").await;
    let wrong = json!({ "email": "alice@example.com", "current_password": "wrong" });
    let refused = [("/current_password".to_owned(), "wrong_password".to_owned())];
    assert_eq!(alice.put("/users/me/email", wrong).await.invalid(), refused);
    change_email(&alice, "Alice@example.com").await.accepted();
    verify(&alice, &old).await.problem("invalid_token");
    let token = app.mail("alice@example.com", "verify-email").await.token();
    assert_eq!(pending(&alice).await, "alice@example.com");
    let user = verify(&alice, &token).await.ok();
    assert_eq!((&user["email"], &user["is_verified"]), (&json!("alice@example.com"), &json!(true)));
    alice.book("Emma").await;
    quiet(&app).await;
    // The mistyped address belongs to nobody again.
    anyone.post("/auth/signup", new_account("alcie", "alcie@example.com")).await.created();
}

#[actix_web::test]
async fn an_unverified_account_returns_to_its_first_address() {
    let app = TestApp::start().await;
    app.anonymous().post("/auth/signup", new_account("alice", "alice@example.com")).await.created();
    let first = app.mail("alice@example.com", "verify-email").await.token();
    let alice = app.log_in("alice").await;
    change_email(&alice, "alcie@example.com").await.accepted();
    let mistyped = app.mail("alcie@example.com", "verify-email").await.token();
    change_email(&alice, "alice@example.com").await.accepted();
    let token = app.mail("alice@example.com", "verify-email").await.token();
    assert_eq!(pending(&alice).await, Value::Null);
    for dead in [first, mistyped] {
        verify(&alice, &dead).await.problem("invalid_token");
    }
    assert_eq!(verify(&alice, &token).await.ok()["email"], "alice@example.com");
    quiet(&app).await;
}

#[actix_web::test]
async fn an_unverified_account_deletes_itself() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    for _ in 0..2 {
        anyone.post("/auth/signup", new_account("alice", "alice@example.com")).await.created();
        let token = app.mail("alice@example.com", "verify-email").await.token();
        let alice = app.log_in("alice").await;
        let refused = [("/current_password".to_owned(), "wrong_password".to_owned())];
        assert_eq!(alice.delete_me("wrong").await.invalid(), refused);
        alice.delete_me(PASSWORD).await.no_content();
        alice.get("/users/me").await.problem("invalid_token");
        verify(&anyone, &token).await.problem("invalid_token");
    }
    assert_eq!(app.count("users").await, 0);
}

#[actix_web::test]
async fn a_change_of_address_does_not_tell_whether_the_address_is_taken() {
    let app = TestApp::start().await;
    app.user("taken").await;
    app.account("claimed", Role::User, false).await;
    app.mail("claimed@example.com", "verify-email").await;
    let mut answers = Vec::new();
    for (name, is_verified) in [("alice", true), ("dave", false)] {
        let client = app.account(name, Role::User, is_verified).await;
        if !is_verified {
            app.mail(&format!("{name}@example.com"), "verify-email").await;
        }
        for address in ["free", "taken", "claimed"] {
            let email = format!("{address}@example.com");
            let answer = change_email(&client, &email).await;
            answers.push((answer.status.as_u16(), answer.text.clone(), answer.names()));
            answer.accepted();
            assert_eq!(pending(&client).await, email, "{name} {address}");
            if is_verified {
                app.mail(&format!("{name}@example.com"), "Another e-mail address").await;
            }
            if address != "taken" {
                app.mail(&email, "is to become").await;
            }
        }
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    quiet(&app).await;
    assert_eq!(app.count("outbox WHERE address = 'taken@example.com'").await, 0, "no trace is left");
}

#[actix_web::test]
async fn an_administrator_corrects_an_address() {
    let app = TestApp::start().await;
    let (admin, alice, anyone) = (app.admin("admin").await, app.user("alice").await, app.anonymous());
    let path = format!("/users/{}", alice.id.unwrap());
    anyone.post("/auth/password-reset", json!({ "email": "alice@example.com" })).await.accepted();
    let reset = app.mail("alice@example.com", "reset-password").await.token();
    change_email(&alice, "mine@example.com").await.accepted();
    let pending = app.mail("mine@example.com", "verify-email").await.token();
    app.mail("alice@example.com", "Another e-mail address").await;
    for (email, code) in [("nonsense", "email"), ("", "email")] {
        let errors = admin.patch(&path, json!({ "email": email })).await.invalid();
        assert_eq!(errors, [("/email".to_owned(), code.to_owned())]);
    }
    admin.patch(&path, json!({ "email": null })).await.invalid();
    admin.patch(&path, json!({ "email": "ADMIN@example.com" })).await.problem("email_taken");
    let same = admin.patch(&path, json!({ "email": "Alice@Example.com" })).await.ok();
    assert_eq!(same["is_verified"], true);
    alice.get("/users/me").await.ok();

    let user = admin.patch(&path, json!({ "email": "Alice@Example.org" })).await.ok();
    assert_eq!((&user["email"], &user["is_verified"]), (&json!("alice@example.org"), &json!(false)));
    alice.get("/users/me").await.problem("invalid_token");
    alice.refresh().await.problem("invalid_token");
    choose(&anyone, &reset).await.problem("invalid_token");
    verify(&anyone, &pending).await.problem("invalid_token");
    app.mail("alice@example.com", "Your e-mail address was changed").await;
    let token = app.mail("alice@example.org", "verify-email").await.token();
    let old = json!({ "login": "alice@example.com", "password": PASSWORD });
    anyone.post("/auth/login", old).await.problem("invalid_credentials");
    let alice = app.log_in("alice@example.org").await;
    alice.post("/books", json!({ "title": "T", "author": "A" })).await.problem("account_not_verified");
    verify(&alice, &token).await.ok();
    alice.book("Emma").await;
    let vouched = json!({ "email": "alice@example.net", "is_verified": true });
    assert_eq!(admin.patch(&path, vouched).await.ok()["is_verified"], true);
    app.mail("alice@example.org", "Your e-mail address was changed").await;
    quiet(&app).await;
}

#[actix_web::test]
async fn a_corrected_address_of_a_new_account_gets_the_mail_to_choose_a_password() {
    let app = TestApp::start().await;
    let admin = app.admin("admin").await;
    let carol =
        admin.post("/users", json!({ "username": "carol", "email": "carlo@example.com" })).await.created();
    let path = format!("/users/{}", carol["id"].as_str().unwrap());
    let old = app.mail("carlo@example.com", "reset-password").await.token();
    admin.patch(&path, json!({ "email": "carol@example.com" })).await.ok();
    choose(&app.anonymous(), &old).await.problem("invalid_token");
    let token = app.mail("carol@example.com", "was created for you").await.token();
    quiet(&app).await;
    choose(&app.anonymous(), &token).await.no_content();
    let login = json!({ "login": "carol@example.com", "password": NEW_PASSWORD });
    assert_eq!(app.anonymous().post("/auth/login", login).await.ok()["user"]["is_verified"], true);
}

#[actix_web::test]
async fn a_correction_leaves_an_administrator() {
    let app = TestApp::start().await;
    let admin = app.admin("admin").await;
    let path = format!("/users/{}", admin.id.unwrap());
    admin.patch(&path, json!({ "email": "root@example.com" })).await.problem("last_admin");
    admin
        .patch(&path, json!({ "email": "root@example.com", "is_verified": false }))
        .await
        .problem("last_admin");
    assert_eq!(admin.get("/users/me").await.ok()["email"], "admin@example.com");
    admin.patch(&path, json!({ "email": "root@example.com", "is_verified": true })).await.ok();
    app.log_in("root@example.com").await.get("/users").await.ok();
    // Without verification, no address is unverified.
    let lax = TestApp::with(&["--email-verification", "off"]).await;
    let admin = lax.admin("admin").await;
    let path = format!("/users/{}", admin.id.unwrap());
    assert_eq!(admin.patch(&path, json!({ "email": "root@example.com" })).await.ok()["is_verified"], true);
}

#[actix_web::test]
async fn without_mail_an_administrator_gets_a_link_to_hand_over() {
    let app = TestApp::with(&["--mail-url", ""]).await;
    let (admin, anyone) = (app.admin("admin").await, app.anonymous());
    let create = async |name: &str| {
        let new = json!({ "username": name, "email": format!("{name}@example.com"), "role": "cashier" });
        admin.post("/users", new).await
    };
    let answer = create("carol").await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let carol = answer.created();
    let link = &carol["password_link"];
    let token = link["token"].as_str().unwrap();
    assert_eq!(link["url"], format!("{PUBLIC_URL}/reset-password#token={token}"));
    let path = format!("/users/{}", carol["id"].as_str().unwrap());
    assert!(!admin.get(&path).await.text.contains(token), "it is shown once");
    choose(&anyone, token).await.no_content();
    choose(&anyone, token).await.problem("invalid_token");
    let login = json!({ "login": "carol", "password": NEW_PASSWORD });
    let tokens = anyone.post("/auth/login", login).await.ok();
    assert_eq!((&tokens["user"]["is_verified"], &tokens["user"]["role"]), (&json!(true), &json!("cashier")));
    // It expires, and a corrected address ends it.
    let (dave, erin) = (create("dave").await.created(), create("erin").await.created());
    let token = |user: &Value| user["password_link"]["token"].as_str().unwrap().to_owned();
    let path = format!("/users/{}", erin["id"].as_str().unwrap());
    admin.patch(&path, json!({ "email": "erin@example.org" })).await.ok();
    choose(&anyone, &token(&erin)).await.problem("invalid_token");
    app.shared.clock().advance(Duration::from_hours(24));
    choose(&anyone, &token(&dave)).await.problem("invalid_token");
    assert_eq!(app.count("outbox").await, 0);
}

#[actix_web::test]
async fn the_link_is_in_no_log() {
    let app = TestApp::start().await;
    let admin = app.admin("admin").await;
    let settings = [("RUST_LOG", "trace"), ("DATABASE_ECHO", "true")];
    let process = Process::start(&app.database, &settings);
    let new = json!({ "username": "carol", "email": "carol@example.com" });
    let created = process.send(Method::POST, "/users", admin.token.as_deref().unwrap(), new).await.created();
    let token = created["password_link"]["token"].as_str().unwrap();
    let (_, code) = token.rsplit_once('.').unwrap();
    let log = process.kill();
    assert!(log.contains("link_shown") && log.contains("TRACE"), "{log}");
    assert!(!log.contains(code));
}

#[actix_web::test]
async fn a_start_without_mail_says_what_follows() {
    let app = TestApp::start().await;
    let mail_url = format!("file://{}", std::env::temp_dir().display());
    for (mail, verification, consequence, disabled) in
        [("", "on", true, true), ("", "off", false, true), (&mail_url, "on", false, false)]
    {
        let settings = [("MAIL_URL", mail), ("EMAIL_VERIFICATION", verification)];
        let log = Process::start(&app.database, &settings).kill();
        assert_eq!(log.contains("bookly user verify"), consequence, "{log}");
        assert_eq!(log.contains("mail is disabled: MAIL_URL is not set"), disabled, "{log}");
    }
}

#[actix_web::test]
async fn operations_of_an_account_that_was_deleted_meanwhile_are_unauthorized() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let cx = app.context().await;
    // The actor as it was when the request arrived.
    let actor = users::act_for(&cx, "alice").await.unwrap();
    users::me(&cx, &actor).await.unwrap();
    alice.delete_me(PASSWORD).await.no_content();
    let patch = serde_json::from_value(json!({ "first_name": "Alice" })).unwrap();
    let confirmation = serde_json::from_value(json!({ "current_password": PASSWORD })).unwrap();
    let errors: [(&str, Error); 4] = [
        ("me", users::me(&cx, &actor).await.unwrap_err()),
        ("update", users::update_me(&cx, &actor, None, patch).await.unwrap_err()),
        ("delete", users::delete_me(&cx, &actor, None, confirmation).await.unwrap_err()),
        ("export", own_data::export(&cx, &actor).await.unwrap_err()),
    ];
    for (name, error) in errors {
        let problem = Problem::from(error).to_string();
        assert!(problem.starts_with(&format!("{}: ", Code::InvalidToken.name())), "{name}: {problem}");
    }
    cx.db.close().await.unwrap();
}
