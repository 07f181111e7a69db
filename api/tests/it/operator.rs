//! `bookly user password`, `verify`, `email`, `delete` and `show`: help for accounts that nobody else can help.

use std::process::Output;

use serde_json::{Value, json};
use service::Role;

use crate::{
    app::{PASSWORD, PUBLIC_URL, TestApp, path_of},
    cli::{done, refused, run_with, text},
};

const NEW_PASSWORD: &str = "violet anchor tundra 71";

/// Runs the program without mail.
fn user(app: &TestApp, arguments: &[&str], input: &str) -> Output {
    let arguments: Vec<&str> = ["user"].iter().chain(arguments).copied().collect();
    run_with(&app.database, &[("PUBLIC_URL", PUBLIC_URL)], &arguments, input)
}

/// Runs the program with the mail that the server sends.
fn user_with_mail(app: &TestApp, arguments: &[&str]) -> Output {
    let arguments: Vec<&str> = ["user"].iter().chain(arguments).copied().collect();
    let settings =
        [("MAIL_URL", "smtp://127.0.0.1:1"), ("MAIL_FROM", "a@example.net"), ("PUBLIC_URL", PUBLIC_URL)];
    run_with(&app.database, &settings, &arguments, "")
}

async fn log_in(app: &TestApp, login: &str, password: &str) -> crate::app::Answer {
    app.anonymous().post("/auth/login", json!({ "login": login, "password": password })).await
}

#[actix_web::test]
async fn an_operator_sets_a_password() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let weak = refused(&user(&app, &["password", "alice"], "alice@example.com\n"));
    assert!(weak.starts_with("error: invalid_input: /password is too easy to guess"), "{weak}");
    let short = refused(&user(&app, &["password", "alice"], "short\n"));
    assert!(short.starts_with("error: invalid_input: /password must have 8 to 256 characters"), "{short}");
    assert!(refused(&user(&app, &["password", "alice"], "")).starts_with("error: invalid_input: /password"));
    alice.get("/users/me").await.ok();
    let told = format!("{} alice: the password was set\n", alice.id.unwrap());
    assert_eq!(done(&user(&app, &["password", "Alice"], &format!("{NEW_PASSWORD}\n"))), told);
    alice.get("/users/me").await.problem("invalid_token");
    alice.refresh().await.problem("invalid_token");
    log_in(&app, "alice", PASSWORD).await.problem("invalid_credentials");
    log_in(&app, "alice", NEW_PASSWORD).await.ok();
    // An account without a password gets its first one, and a token for it becomes invalid.
    let admin = app.admin("admin").await;
    admin.post("/users", json!({ "username": "carol", "email": "carol@example.com" })).await.created();
    let token = app.mail("carol@example.com", "reset-password").await.token();
    done(&user(&app, &["password", "carol"], &format!("{NEW_PASSWORD}\n")));
    log_in(&app, "carol", NEW_PASSWORD).await.ok();
    let reset = json!({ "token": token, "new_password": PASSWORD });
    app.anonymous().post("/auth/password-reset/confirm", reset).await.problem("invalid_token");
}

#[actix_web::test]
async fn an_operator_verifies_an_account() {
    let app = TestApp::with(&["--mail-url", ""]).await;
    let new = json!({ "username": "alice", "email": "alice@example.com", "password": PASSWORD });
    app.anonymous().post("/auth/signup", new).await.created();
    let alice = app.log_in("alice").await;
    alice.post("/books", json!({ "title": "T", "author": "A" })).await.problem("account_not_verified");
    let line = format!("{} alice alice@example.com user active verified\n", alice.id.unwrap());
    for _ in 0..2 {
        assert_eq!(done(&user(&app, &["verify", "alice"], "")), line);
    }
    alice.book("Emma").await;
}

#[actix_web::test]
async fn an_operator_corrects_an_address() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    app.user("bob").await;
    let taken = refused(&user(&app, &["email", "alice", "Bob@example.com"], ""));
    assert_eq!(taken, "error: email_taken: another account has this e-mail address\n");
    let nonsense = refused(&user(&app, &["email", "alice", "nonsense"], ""));
    assert_eq!(nonsense, "error: invalid_input: /email must be an e-mail address\n");
    let line = |rest: &str| format!("{} alice {rest}\n", alice.id.unwrap());
    let corrected = done(&user_with_mail(&app, &["email", "alice", "Alice@Example.org"]));
    assert_eq!(corrected, line("alice@example.org user active unverified"));
    alice.get("/users/me").await.problem("invalid_token");
    app.mail("alice@example.com", "Your e-mail address was changed").await;
    let token = app.mail("alice@example.org", "verify-email").await.token();
    let body = json!({ "token": token, "password": PASSWORD });
    app.anonymous().post("/auth/verify-email", body).await.ok();
    let verified = done(&user(&app, &["email", "alice", "alice@example.net", "--verified"], ""));
    assert_eq!(verified, line("alice@example.net user active verified"));
    log_in(&app, "alice@example.net", PASSWORD).await.ok();
    assert!(app.mails().is_empty());
}

#[actix_web::test]
async fn an_operator_deletes_an_account() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let book = alice.book("Emma").await;
    let deleted = done(&user(&app, &["delete", "ALICE"], ""));
    assert_eq!(deleted, format!("{} alice: deleted\n", alice.id.unwrap()));
    alice.get("/users/me").await.problem("invalid_token");
    assert_eq!(app.anonymous().get(&path_of(&book)).await.ok()["owner"], Value::Null);
    assert_eq!(refused(&user(&app, &["delete", "alice"], "")), "error: there is no account \"alice\"\n");
}

#[actix_web::test]
async fn an_operator_sees_the_state_of_an_account() {
    let app = TestApp::start().await;
    let (alice, _) = (app.user("alice").await, app.log_in("alice").await);
    let change = json!({ "email": "new@example.com", "current_password": PASSWORD });
    alice.put("/users/me/email", change).await.accepted();
    let shown = done(&user(&app, &["show", "alice"], ""));
    assert!(shown.starts_with("{\n  \"id\": "), "{shown}");
    let mut shown: Value = serde_json::from_str(&shown).unwrap();
    let fields = shown.as_object_mut().unwrap();
    assert_eq!(fields.remove("pending_email"), Some(json!("new@example.com")));
    assert_eq!(fields.remove("has_password"), Some(json!(true)));
    assert_eq!(fields.remove("sessions"), Some(json!(2)));
    assert_eq!(shown, alice.get("/users/me").await.ok());
    app.admin("admin").await.post("/users", json!({ "username": "carol", "email": "c@example.com" })).await;
    let carol: Value = serde_json::from_str(&done(&user(&app, &["show", "carol"], ""))).unwrap();
    assert_eq!(
        (&carol["has_password"], &carol["sessions"], &carol["pending_email"]),
        (&json!(false), &json!(0), &Value::Null)
    );
}

#[actix_web::test]
async fn an_operator_cannot_remove_the_last_administrator() {
    let app = TestApp::start().await;
    app.admin("root").await;
    app.account("dave", Role::Admin, false).await;
    let last = "error: last_admin: the account is the last active administrator\n";
    assert_eq!(refused(&user(&app, &["delete", "root"], "")), last);
    assert_eq!(refused(&user(&app, &["email", "root", "root@example.org"], "")), last);
    done(&user(&app, &["verify", "dave"], ""));
    done(&user(&app, &["delete", "root"], ""));
    assert_eq!(refused(&user(&app, &["delete", "dave"], "")), last);
    // The last administrator gets a new password.
    done(&user(&app, &["password", "dave"], &format!("{NEW_PASSWORD}\n")));
    log_in(&app, "dave", NEW_PASSWORD).await.ok();
}

#[actix_web::test]
async fn unknown_accounts_and_missing_arguments_are_errors() {
    let app = TestApp::start().await;
    for command in ["password", "verify", "delete", "show"] {
        let unknown = refused(&user(&app, &[command, "nobody"], ""));
        assert_eq!(unknown, "error: there is no account \"nobody\"\n", "{command}");
        let missing = user(&app, &[command], "");
        assert!(!missing.status.success() && text(&missing.stderr).contains("USERNAME"), "{command}");
    }
    assert_eq!(
        refused(&user(&app, &["email", "nobody", "a@example.com"], "")),
        "error: there is no account \"nobody\"\n"
    );
    let surplus = user(&app, &["password", "alice", NEW_PASSWORD], "");
    assert!(!surplus.status.success(), "a password is never an argument");
}
