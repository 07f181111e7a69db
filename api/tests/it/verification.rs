//! Addresses: verified by mail, changed by mail, and lost by an account that never verified them.

use chrono::Utc;
use reqwest::Method;
use serde_json::{Value, json};
use service::Role;

use crate::{
    app::{Client, PASSWORD, PUBLIC_URL, TestApp, send},
    mailbox::wait_for,
};

fn sign_up(username: &str, email: &str) -> Value {
    json!({ "username": username, "email": email, "password": PASSWORD })
}

/// Seconds until a token expires, read from the token.
fn seconds_left(token: &str) -> i64 {
    token.split('.').nth(3).unwrap().parse::<i64>().unwrap() - Utc::now().timestamp()
}

async fn verify(client: &Client<'_>, token: &str) -> crate::app::Answer {
    client.post("/auth/verify-email", json!({ "token": token, "password": PASSWORD })).await
}

#[actix_web::test]
async fn a_new_account_is_verified_by_mail() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    anyone.post("/auth/signup", sign_up("alice", "Alice@Example.com")).await.created();
    let mail = app.mail("alice@example.com", "verify-email").await;
    assert_eq!(
        (mail.from.as_str(), mail.subject.as_str()),
        ("bookly@example.net", "Verify your e-mail address")
    );
    assert!(mail.link().starts_with(&format!("{PUBLIC_URL}/verify-email#token=v1.verify.")));
    assert!((86_300..=86_400).contains(&seconds_left(&mail.token())));
    assert!(!mail.text.contains("Account"), "what a stranger chose is not in it");
    let alice = app.log_in("alice").await;
    alice.post("/books", json!({ "title": "T", "author": "A" })).await.problem("account_not_verified");
    assert_eq!(verify(&anyone, &mail.token()).await.ok()["is_verified"], true);
    alice.book("Emma").await;
    verify(&anyone, &mail.token()).await.problem("invalid_token");
    assert!(app.mails().is_empty(), "one mail is all");
}

#[actix_web::test]
async fn choosing_the_first_password_verifies_an_account() {
    let app = TestApp::start().await;
    let (admin, anyone) = (app.admin("admin").await, app.anonymous());
    for (name, is_verified) in [("carol", false), ("dave", true)] {
        let email = format!("{name}@example.com");
        let with_password = json!({ "username": name, "email": email, "password": PASSWORD });
        let errors = admin.post("/users", with_password).await.invalid();
        assert_eq!(errors, [("/password".to_owned(), "unknown_field".to_owned())]);
        let new = json!({ "username": name, "email": email, "is_verified": is_verified });
        admin.post("/users", new).await.created();
        for password in ["", PASSWORD, "none.", "none"] {
            let input = json!({ "login": name, "password": password });
            assert!(anyone.post("/auth/login", input).await.status.is_client_error());
        }
        let mail = app.mail(&email, "An account at Bookly was created for you").await;
        assert!(mail.link().starts_with(&format!("{PUBLIC_URL}/reset-password#token=v1.reset.")));
        assert!(mail.text.contains(&format!("Account: {name}")), "{}", mail.text);
        let reset = json!({ "token": mail.token(), "new_password": PASSWORD });
        anyone.post("/auth/password-reset/confirm", reset).await.no_content();
        app.mail(&email, "Your password was changed").await;
        let user = app.log_in(name).await.get("/users/me").await.ok();
        assert_eq!(user["is_verified"], true);
        assert!(app.mails().is_empty(), "one mail for each occasion");
    }
    // The token expired: request another with a password reset.
    admin.post("/users", json!({ "username": "erin", "email": "erin@example.com" })).await.created();
    app.mail("erin@example.com", "reset-password").await;
    anyone.post("/auth/password-reset", json!({ "email": "erin@example.com" })).await.accepted();
    let token = app.mail("erin@example.com", "was created for you").await.token();
    let reset = json!({ "token": token, "new_password": PASSWORD });
    anyone.post("/auth/password-reset/confirm", reset).await.no_content();
    app.log_in("erin").await;
}

#[actix_web::test]
async fn old_mail_does_not_restore_a_revoked_verification() {
    let app = TestApp::start().await;
    let (admin, anyone) = (app.admin("admin").await, app.anonymous());
    let take_away = async |id: uuid::Uuid| {
        admin.patch(&format!("/users/{id}"), json!({ "is_verified": false })).await.ok();
    };
    anyone.post("/auth/signup", sign_up("alice", "alice@example.com")).await.created();
    let used = app.mail("alice@example.com", "verify-email").await.token();
    anyone.post("/auth/verify-email/resend", json!({ "email": "alice@example.com" })).await.accepted();
    let unused = app.mail("alice@example.com", "verify-email").await.token();
    verify(&anyone, &used).await.ok();
    let alice = app.log_in("alice").await;
    anyone.post("/auth/password-reset", json!({ "email": "alice@example.com" })).await.accepted();
    let reset = app.mail("alice@example.com", "reset-password").await.token();
    let change = json!({ "email": "new@example.com", "current_password": PASSWORD });
    alice.put("/users/me/email", change).await.accepted();
    let confirming = app.mail("new@example.com", "verify-email").await.token();
    take_away(alice.id.unwrap()).await;
    for token in [&used, &unused, &confirming] {
        verify(&anyone, token).await.problem("invalid_token");
    }
    let reset = json!({ "token": reset, "new_password": "violet anchor tundra 71" });
    anyone.post("/auth/password-reset/confirm", reset).await.problem("invalid_token");
    assert_eq!(alice.get("/users/me").await.ok()["is_verified"], false);
    // A newly requested token is valid.
    anyone.post("/auth/verify-email/resend", json!({ "email": "alice@example.com" })).await.accepted();
    let new = app.mail("alice@example.com", "verify-email").await.token();
    assert_eq!(verify(&anyone, &new).await.ok()["is_verified"], true);
    for token in [used, unused, new] {
        verify(&anyone, &token).await.problem("invalid_token");
    }
}

#[actix_web::test]
async fn links_ignore_the_host_of_the_request() {
    let app = TestApp::start().await;
    for (number, header) in ["Host", "X-Forwarded-Host", "Forwarded", "Origin", "Referer"].iter().enumerate()
    {
        let (name, email) = (format!("user{number}"), format!("user{number}@example.com"));
        let value = if *header == "Forwarded" { "host=evil.example" } else { "evil.example" };
        for (path, body, page) in [
            ("/auth/signup", sign_up(&name, &email), "verify-email"),
            ("/auth/verify-email/resend", json!({ "email": email }), "verify-email"),
            ("/auth/password-reset", json!({ "email": email }), "reset-password"),
        ] {
            let request = app.anonymous().request(Method::POST, path).header(*header, value).json(&body);
            assert!(send(request).await.status.is_success());
            let mail = app.mail(&email, page).await;
            assert!(mail.link().starts_with(&format!("{PUBLIC_URL}/{page}#token=")), "{}", mail.link());
            assert!(!mail.raw.contains("evil"), "{}", mail.raw);
        }
    }
}

#[actix_web::test]
async fn verification_is_sent_again_to_unverified_accounts_only() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    anyone.post("/auth/signup", sign_up("alice", "alice@example.com")).await.created();
    app.user("bob").await;
    let first = app.mail("alice@example.com", "verify-email").await.token();
    for email in ["nobody@example.com", "bob@example.com", "ALICE@example.com"] {
        let answer = anyone.post("/auth/verify-email/resend", json!({ "email": email })).await;
        assert_eq!(answer.body, Value::Null);
        answer.accepted();
    }
    let second = app.mail("alice@example.com", "verify-email").await.token();
    wait_for("an empty outbox", async || (app.waiting().await == 0).then_some(())).await;
    assert!(app.mails().is_empty(), "nobody else has mail");
    assert_eq!(app.count("outbox WHERE address <> 'alice@example.com'").await, 0);
    verify(&anyone, &second).await.ok();
    verify(&anyone, &first).await.problem("invalid_token");
    anyone.post("/auth/verify-email/resend", json!({ "email": "nonsense" })).await.invalid();
}

#[actix_web::test]
async fn a_confirmed_address_is_changed_and_the_old_one_notified() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let change = |email: &str, password: &str| json!({ "email": email, "current_password": password });
    let refused = alice.put("/users/me/email", change("new@example.com", "wrong")).await.invalid();
    assert_eq!(refused, [("/current_password".to_owned(), "wrong_password".to_owned())]);
    let me = async || alice.get("/users/me").await.ok()["email"].clone();

    alice.put("/users/me/email", change("typo@example.com", PASSWORD)).await.accepted();
    let typo = app.mail("typo@example.com", "verify-email").await.token();
    alice.put("/users/me/email", change("New@Example.com", PASSWORD)).await.accepted();
    let token = app.mail("new@example.com", "verify-email").await.token();
    app.mail("alice@example.com", "Another e-mail address was requested").await;
    assert_eq!(me().await, "alice@example.com", "it stays until the new one confirms");
    verify(&app.anonymous(), &typo).await.problem("invalid_token");
    assert_eq!(verify(&app.anonymous(), &token).await.ok()["email"], "new@example.com");
    app.mail("alice@example.com", "Your e-mail address was changed").await;
    assert_eq!(me().await, "new@example.com");
    verify(&app.anonymous(), &token).await.problem("invalid_token");

    // After the address returns to the first one, the token of the first change is still invalid.
    alice.put("/users/me/email", change("alice@example.com", PASSWORD)).await.accepted();
    let back = app.mail("alice@example.com", "verify-email").await.token();
    verify(&app.anonymous(), &back).await.ok();
    verify(&app.anonymous(), &token).await.problem("invalid_token");
    assert_eq!(me().await, "alice@example.com");
}

#[actix_web::test]
async fn a_verified_address_cannot_be_requested_and_is_not_notified() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let change = json!({ "email": "bob@example.com", "current_password": PASSWORD });
    alice.put("/users/me/email", change).await.accepted();
    app.mail("alice@example.com", "Another e-mail address was requested").await;
    wait_for("an empty outbox", async || (app.waiting().await == 0).then_some(())).await;
    assert!(app.mails().is_empty());

    // Two accounts request the same address: the first to confirm it gets it.
    let change = json!({ "email": "both@example.com", "current_password": PASSWORD });
    alice.put("/users/me/email", change.clone()).await.accepted();
    let first = app.mail("both@example.com", "verify-email").await.token();
    bob.put("/users/me/email", change).await.accepted();
    let second = app.mail("both@example.com", "verify-email").await.token();
    verify(&app.anonymous(), &second).await.ok();
    let answer = verify(&app.anonymous(), &first).await;
    assert_eq!(answer.status, 409);
    answer.problem("email_taken");
    assert_eq!(alice.get("/users/me").await.ok()["email"], "alice@example.com");
}

#[actix_web::test]
async fn a_squatter_loses_an_address_to_the_account_that_confirms_it() {
    let app = TestApp::start().await;
    app.anonymous().post("/auth/signup", sign_up("mallory", "alice@example.org")).await.created();
    let squatters = app.mail("alice@example.org", "verify-email").await.token();
    let (alice, mallory) = (app.user("alice").await, app.log_in("mallory").await);
    let change = json!({ "email": "alice@example.org", "current_password": PASSWORD });
    alice.put("/users/me/email", change).await.accepted();
    let token = app.mail("alice@example.org", "is to become").await.token();
    assert_eq!(verify(&app.anonymous(), &token).await.ok()["username"], "alice");
    verify(&app.anonymous(), &squatters).await.problem("invalid_token");
    mallory.get("/users/me").await.problem("invalid_token");
    let by_address = json!({ "login": "alice@example.org", "password": PASSWORD });
    let tokens = app.anonymous().post("/auth/login", by_address).await.ok();
    assert_eq!(tokens["user"]["username"], "alice");
    let left = app.log_in("mallory").await.get("/users/me").await.ok();
    assert_eq!(left["is_verified"], false);
    assert!(left["email"].as_str().unwrap().ends_with("@nobody.invalid"));
    app.admin("admin")
        .await
        .post(&format!("/users/{}/password-reset", left["id"].as_str().unwrap()), Value::Null)
        .await
        .problem("cannot_mail");
}

#[actix_web::test]
async fn a_squatter_loses_an_account_to_the_owner_of_the_mailbox() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    anyone.post("/auth/signup", sign_up("mallory", "alice@example.org")).await.created();
    let mallory = app.log_in("mallory").await;
    anyone.post("/auth/signup", sign_up("alice", "alice@example.org")).await.problem("email_taken");
    anyone.post("/auth/password-reset", json!({ "email": "alice@example.org" })).await.accepted();
    let token = app.mail("alice@example.org", "reset-password").await.token();
    let reset = json!({ "token": token, "new_password": "violet anchor tundra 71" });
    anyone.post("/auth/password-reset/confirm", reset).await.no_content();
    mallory.get("/users/me").await.problem("invalid_token");
    let old = json!({ "login": "alice@example.org", "password": PASSWORD });
    anyone.post("/auth/login", old).await.problem("invalid_credentials");
    let new = json!({ "login": "alice@example.org", "password": "violet anchor tundra 71" });
    assert_eq!(anyone.post("/auth/login", new).await.ok()["user"]["is_verified"], true);
}

#[actix_web::test]
async fn a_change_of_address_is_cancelled_by_a_change_of_password() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let change = json!({ "email": "mallory@example.com", "current_password": PASSWORD });
    alice.put("/users/me/email", change).await.accepted();
    let token = app.mail("mallory@example.com", "verify-email").await.token();
    let new = json!({ "current_password": PASSWORD, "new_password": "violet anchor tundra 71" });
    alice.put("/users/me/password", new).await.no_content();
    verify(&app.anonymous(), &token).await.problem("invalid_token");
}

#[actix_web::test]
async fn a_token_survives_unrelated_changes() {
    let app = TestApp::start().await;
    let (admin, anyone) = (app.admin("admin").await, app.anonymous());
    anyone.post("/auth/signup", sign_up("alice", "alice@example.com")).await.created();
    let verifying = app.mail("alice@example.com", "verify-email").await.token();
    let alice = app.log_in("alice").await;
    anyone.post("/auth/password-reset", json!({ "email": "alice@example.com" })).await.accepted();
    let resetting = app.mail("alice@example.com", "reset-password").await.token();
    let path = format!("/users/{}", alice.id.unwrap());
    admin.patch(&path, json!({ "first_name": "Alice", "role": "cashier" })).await.ok();
    verify(&anyone, &verifying).await.ok();
    let reset = json!({ "token": resetting, "new_password": "violet anchor tundra 71" });
    anyone.post("/auth/password-reset/confirm", reset).await.no_content();
}

#[actix_web::test]
async fn a_restored_address_does_not_restore_its_tokens() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let ask = async |email: &str| {
        let change = json!({ "email": email, "current_password": PASSWORD });
        alice.put("/users/me/email", change).await.accepted();
        app.mail(email, "/verify-email#").await.token()
    };
    let used = ask("new@example.com").await;
    verify(&alice, &used).await.ok();
    let back = ask("alice@example.com").await;
    verify(&alice, &back).await.ok();
    let fresh = ask("new@example.com").await;
    for token in [&used, &back] {
        verify(&alice, token).await.problem("invalid_token");
    }
    assert_eq!(verify(&alice, &fresh).await.ok()["email"], "new@example.com");
}

#[actix_web::test]
async fn a_token_is_accepted_by_its_own_endpoint_only() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    anyone.post("/auth/signup", sign_up("dave", "dave@example.com")).await.created();
    let verifying = app.mail("dave@example.com", "verify-email").await.token();
    let alice = app.account("alice", Role::User, true).await;
    anyone.post("/auth/password-reset", json!({ "email": "alice@example.com" })).await.accepted();
    let resetting = app.mail("alice@example.com", "reset-password").await.token();
    let change = json!({ "email": "new@example.com", "current_password": PASSWORD });
    app.user("erin").await.put("/users/me/email", change).await.accepted();
    let changing = app.mail("new@example.com", "verify-email").await.token();
    let (access, refreshing) = (alice.token.clone().unwrap(), alice.refresh_token.clone());

    let at = async |door: &str, token: &str| match door {
        "verify" => verify(&anyone, token).await,
        "reset" => {
            let reset = json!({ "token": token, "new_password": "violet anchor tundra 71" });
            anyone.post("/auth/password-reset/confirm", reset).await
        }
        "refresh" => anyone.post("/auth/refresh", json!({ "refresh_token": token })).await,
        _ => send(anyone.request(Method::GET, "/users/me").bearer_auth(token)).await,
    };
    let tokens = [
        ("verify", &verifying),
        ("verify", &changing),
        ("bearer", &access),
        ("refresh", &refreshing),
        // The last one, since it ends the sessions.
        ("reset", &resetting),
    ];
    for door in ["verify", "reset", "refresh", "bearer"] {
        for (own, token) in tokens {
            if door != own {
                let answer = at(door, token).await;
                assert_eq!(answer.status, 401, "{token} at {door}");
                answer.problem("invalid_token");
            }
            // A forged purpose or user is rejected, too.
            for forged in [
                token.replacen(".verify.", ".reset.", 1),
                token.replacen(".reset.", ".verify.", 1),
                token.replacen(".change.", ".verify.", 1),
                token.replacen(".verify.", ".change.", 1),
                format!("{token}A"),
                token.to_uppercase(),
            ] {
                if forged != *token {
                    at(door, &forged).await.problem("invalid_token");
                }
            }
        }
    }
    for (own, token) in tokens {
        let answer = at(own, token).await;
        assert!(answer.status.is_success(), "{token} at its own door: {:#}", answer.body);
    }
}
