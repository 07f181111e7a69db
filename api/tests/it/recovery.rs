//! Passwords: changed by their owner, or reset by mail.

use chrono::Utc;
use serde_json::{Value, json};
use service::Role;

use crate::{
    app::{Answer, Client, PASSWORD, PUBLIC_URL, TestApp},
    mailbox::wait_for,
};

const NEW_PASSWORD: &str = "violet anchor tundra 71";

async fn ask(client: &Client<'_>, email: &str) -> Answer {
    client.post("/auth/password-reset", json!({ "email": email })).await
}

async fn confirm(client: &Client<'_>, token: &str, password: &str) -> Answer {
    client.post("/auth/password-reset/confirm", json!({ "token": token, "new_password": password })).await
}

async fn log_in(client: &Client<'_>, login: &str, password: &str) -> Answer {
    client.post("/auth/login", json!({ "login": login, "password": password })).await
}

#[actix_web::test]
async fn a_forgotten_password_is_reset_by_mail() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let (phone, laptop) = (app.user("alice").await, app.log_in("alice").await);
    ask(&anyone, "ALICE@example.com").await.accepted();
    let mail = app.mail("alice@example.com", "reset-password").await;
    assert!(mail.link().starts_with(&format!("{PUBLIC_URL}/reset-password#token=v1.reset.")));
    let expiry: i64 = mail.token().split('.').nth(3).unwrap().parse().unwrap();
    assert!((1_700..=1_800).contains(&(expiry - Utc::now().timestamp())));

    let weak = confirm(&anyone, &mail.token(), "alice@example.com").await.invalid();
    assert_eq!(weak, [("/new_password".to_owned(), "weak_password".to_owned())]);
    confirm(&anyone, &mail.token(), NEW_PASSWORD).await.no_content();
    confirm(&anyone, &mail.token(), NEW_PASSWORD).await.problem("invalid_token");
    for device in [phone, laptop] {
        device.get("/users/me").await.problem("invalid_token");
        let refresh = json!({ "refresh_token": device.refresh_token });
        anyone.post("/auth/refresh", refresh).await.problem("invalid_token");
    }
    log_in(&anyone, "alice", PASSWORD).await.problem("invalid_credentials");
    log_in(&anyone, "alice", NEW_PASSWORD).await.ok();
    app.mail("alice@example.com", "Your password was changed").await;
}

#[actix_web::test]
async fn a_reset_is_invalidated_by_a_change_of_password_or_address() {
    let app = TestApp::start().await;
    let (anyone, alice) = (app.anonymous(), app.user("alice").await);
    let token = async |email: &str| {
        ask(&anyone, email).await.accepted();
        app.mail(email, "reset-password").await.token()
    };
    let stale = token("alice@example.com").await;
    let change = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    alice.put("/users/me/password", change).await.no_content();
    confirm(&anyone, &stale, PASSWORD).await.problem("invalid_token");

    let stale = token("alice@example.com").await;
    let change = json!({ "email": "new@example.com", "current_password": NEW_PASSWORD });
    alice.put("/users/me/email", change).await.accepted();
    let confirmation = app.mail("new@example.com", "verify-email").await.token();
    let proven = json!({ "token": confirmation, "password": NEW_PASSWORD });
    anyone.post("/auth/verify-email", proven).await.ok();
    confirm(&anyone, &stale, PASSWORD).await.problem("invalid_token");

    let (one, other) = (token("new@example.com").await, token("new@example.com").await);
    confirm(&anyone, &other, PASSWORD).await.no_content();
    confirm(&anyone, &one, NEW_PASSWORD).await.problem("invalid_token");
}

#[actix_web::test]
async fn one_of_many_concurrent_uses_of_a_reset_succeeds() {
    let app = TestApp::start().await;
    app.user("alice").await;
    ask(&app.anonymous(), "alice@example.com").await.accepted();
    let token = app.mail("alice@example.com", "reset-password").await.token();
    let attempts =
        (0..12).map(|number| {
            let (app, token) = (&app, token.clone());
            async move {
                confirm(&app.anonymous(), &token, &format!("violet anchor tundra {number}")).await.status
            }
        });
    let statuses = futures_util::future::join_all(attempts).await;
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [204, 401, 503].contains(&status.as_u16())), "{statuses:?}");
}

#[actix_web::test]
async fn a_reset_request_reveals_nothing_and_mails_the_owner_only() {
    let app = TestApp::start().await;
    let (anyone, admin, bob) = (app.anonymous(), app.admin("admin").await, app.user("bob").await);
    admin.patch(&format!("/users/{}", bob.id.unwrap()), json!({ "is_active": false })).await.ok();
    app.user("alice").await;
    let mut answers = Vec::new();
    for email in ["nobody@example.com", "bob@example.com", "alice@example.com", "alice@example.org"] {
        let answer = ask(&anyone, email).await;
        answers.push((answer.status.as_u16(), answer.body.clone(), answer.header("content-type").to_owned()));
    }
    assert!(answers.iter().all(|answer| *answer == (202, Value::Null, String::new())), "{answers:?}");
    app.mail("alice@example.com", "reset-password").await;
    wait_for("an empty outbox", async || (app.waiting().await == 0).then_some(())).await;
    assert!(app.mails().is_empty());
    assert_eq!(app.count("outbox WHERE address <> 'alice@example.com'").await, 0, "no trace is left");
    for email in ["nonsense", "a@b", "", "alice@example.com\r\nBcc: mallory@example.com"] {
        assert_eq!(ask(&anyone, email).await.invalid().len(), 1, "{email:?}");
    }
}

#[actix_web::test]
async fn a_new_password_ends_the_other_sessions() {
    let app = TestApp::start().await;
    let (here, there) = (app.user("alice").await, app.log_in("alice").await);
    let change = |old: &str, new: &str| json!({ "current_password": old, "new_password": new });
    let errors = here.put("/users/me/password", change("wrong", NEW_PASSWORD)).await.invalid();
    assert_eq!(errors, [("/current_password".to_owned(), "wrong_password".to_owned())]);
    let errors = here.put("/users/me/password", change(PASSWORD, "password1")).await.invalid();
    assert_eq!(errors, [("/new_password".to_owned(), "weak_password".to_owned())]);
    there.get("/users/me").await.ok();
    here.put("/users/me/password", change(PASSWORD, NEW_PASSWORD)).await.no_content();
    here.get("/users/me").await.ok();
    there.get("/users/me").await.problem("invalid_token");
    let refresh = json!({ "refresh_token": there.refresh_token });
    app.anonymous().post("/auth/refresh", refresh).await.problem("invalid_token");
    let refresh = json!({ "refresh_token": here.refresh_token });
    app.anonymous().post("/auth/refresh", refresh).await.ok();
    log_in(&app.anonymous(), "alice", PASSWORD).await.problem("invalid_credentials");
    log_in(&app.anonymous(), "alice", NEW_PASSWORD).await.ok();
    app.mail("alice@example.com", "Your password was changed").await;
}

#[actix_web::test]
async fn an_administrator_sends_reset_mail_and_sets_no_password() {
    let app = TestApp::start().await;
    let (admin, alice) = (app.admin("admin").await, app.user("alice").await);
    let path = format!("/users/{}", alice.id.unwrap());
    let errors = admin.patch(&path, json!({ "password": NEW_PASSWORD })).await.invalid();
    assert_eq!(errors, [("/password".to_owned(), "unknown_field".to_owned())]);
    admin.post(&format!("{path}/password-reset"), Value::Null).await.accepted();
    let token = app.mail("alice@example.com", "reset-password").await.token();
    alice.get("/users/me").await.ok();
    confirm(&app.anonymous(), &token, NEW_PASSWORD).await.no_content();
    log_in(&app.anonymous(), "alice", NEW_PASSWORD).await.ok();
    admin.patch(&path, json!({ "is_active": false })).await.ok();
    admin.post(&format!("{path}/password-reset"), Value::Null).await.problem("cannot_mail");
    let nobody = uuid::Uuid::now_v7();
    admin.post(&format!("/users/{nobody}/password-reset"), Value::Null).await.problem("not_found");
}

#[actix_web::test]
async fn a_server_without_mail_reports_so_to_authorized_clients_only() {
    let app = TestApp::with(&["--mail-url", ""]).await;
    let (admin, alice) = (app.admin("admin").await, app.account("alice", Role::User, true).await);
    let change = json!({ "email": "new@example.com", "current_password": PASSWORD });
    alice.put("/users/me/email", change).await.problem("cannot_mail");
    let path = format!("/users/{}/password-reset", alice.id.unwrap());
    admin.post(&path, Value::Null).await.problem("cannot_mail");
    ask(&app.anonymous(), "alice@example.com").await.accepted();
    let change = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    alice.put("/users/me/password", change).await.no_content();
    let new = json!({ "username": "dave", "email": "dave@example.com", "password": PASSWORD });
    app.anonymous().post("/auth/signup", new).await.created();
    assert_eq!(app.count("outbox").await, 0);
}

#[actix_web::test]
async fn passwords_with_the_same_first_72_bytes_differ() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let long = "correct horse battery staple and so on ".repeat(2);
    let (one, other) = (format!("{long}one"), format!("{long}two"));
    assert!(long.len() > 72);
    for (name, password) in [("alice", &one), ("bob", &other)] {
        let new = json!({ "username": name, "email": format!("{name}@example.com"), "password": password });
        anyone.post("/auth/signup", new).await.created();
    }
    log_in(&anyone, "alice", &one).await.ok();
    log_in(&anyone, "bob", &other).await.ok();
    log_in(&anyone, "alice", &other).await.problem("invalid_credentials");
    log_in(&anyone, "bob", &one).await.problem("invalid_credentials");
    log_in(&anyone, "alice", &long).await.problem("invalid_credentials");
}

#[actix_web::test]
async fn a_password_is_the_same_in_every_unicode_form() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let (composed, decomposed) =
        ("Caf\u{e9} cr\u{e8}me br\u{fb}l\u{e9}e 71", "Cafe\u{301} cre\u{300}me bru\u{302}le\u{301}e 71");
    assert_ne!(composed, decomposed);
    for (name, chosen, typed) in [("alice", composed, decomposed), ("bob", decomposed, composed)] {
        let new = json!({ "username": name, "email": format!("{name}@example.com"), "password": chosen });
        anyone.post("/auth/signup", new).await.created();
        log_in(&anyone, name, typed).await.ok();
        log_in(&anyone, name, chosen).await.ok();
        log_in(&anyone, name, "Cafe creme brulee 71").await.problem("invalid_credentials");
    }
}
