//! Sign-up, log-in, refresh and log-out.

use std::time::Duration;

use futures_util::future::join_all;
use sea_orm::DbBackend;
use serde_json::{Value, json};

use crate::{
    app::{PASSWORD, TestApp},
    database::Database,
};

fn sign_up(username: &str, email: &str) -> Value {
    json!({ "username": username, "email": email, "password": PASSWORD })
}

#[actix_web::test]
async fn a_new_account_can_log_in_and_read_itself() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let mut new = sign_up("Alice", "Alice@Example.com");
    new["first_name"] = json!("Alice");
    let account = anyone.post("/auth/signup", new).await.created();
    insta::assert_json_snapshot!(account, { ".id" => "[id]", ".created_at" => "[time]", ".updated_at" => "[time]" }, @r#"
    {
      "id": "[id]",
      "username": "alice",
      "email": "alice@example.com",
      "first_name": "Alice",
      "last_name": null,
      "full_name": "Alice",
      "role": "user",
      "is_verified": false,
      "is_active": true,
      "created_at": "[time]",
      "updated_at": "[time]"
    }
    "#);
    assert_eq!(uuid(&account).get_version_num(), 7);
    for login in ["alice", "ALICE", "alice@example.com", "ALICE@EXAMPLE.COM"] {
        let tokens = anyone.post("/auth/login", json!({ "login": login, "password": PASSWORD })).await.ok();
        assert_eq!(tokens["token_type"], "Bearer");
        assert_eq!(tokens["expires_in"], 900);
        assert_eq!(tokens["user"], account);
    }
    assert_eq!(app.log_in("alice").await.get("/users/me").await.ok(), account);
}

fn uuid(resource: &Value) -> uuid::Uuid {
    resource["id"].as_str().unwrap().parse().unwrap()
}

#[actix_web::test]
async fn verification_is_not_required_when_it_is_off() {
    let app = TestApp::with(&["--email-verification", "off"]).await;
    let account = app.anonymous().post("/auth/signup", sign_up("alice", "alice@example.com")).await.created();
    assert_eq!(account["is_verified"], true);
}

#[actix_web::test]
async fn names_and_addresses_are_unique_in_every_spelling() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    anyone.post("/auth/signup", sign_up("alice", "alice@bücher.example")).await.created();
    for (username, email, code) in [
        ("ALICE", "other@example.com", "username_taken"),
        ("alice2", "ALICE@bücher.example", "email_taken"),
        ("alice2", "alice@xn--bcher-kva.example", "email_taken"),
        ("alice2", "\u{ff41}lice@BÜCHER.example", "email_taken"),
    ] {
        let answer = anyone.post("/auth/signup", sign_up(username, email)).await;
        assert_eq!(answer.status, 409);
        answer.problem(code);
    }
    anyone.post("/auth/signup", sign_up("alice2", "alice@bucher.example")).await.created();
}

#[actix_web::test]
async fn invalid_sign_ups_are_rejected_by_field() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    let with = |field: &str, value: Value| {
        let mut new = sign_up("alice", "alice@example.com");
        new[field] = value;
        new
    };
    for (new, pointer, code) in [
        (with("username", json!("al")), "/username", "length"),
        (with("username", json!("a".repeat(51))), "/username", "length"),
        (with("username", json!("al ice")), "/username", "username"),
        (with("username", json!("älice")), "/username", "username"),
        (with("username", json!(7)), "/username", "type"),
        (with("username", Value::Null), "/username", "type"),
        (with("email", json!("nonsense")), "/email", "email"),
        (with("email", json!("alice@localhost")), "/email", "email"),
        (with("email", json!("alice@example.com\u{0}")), "/email", "email"),
        (with("email", json!("a b@example.com")), "/email", "email"),
        (with("email", json!("a..b@example.com")), "/email", "email"),
        (with("email", json!(".a@example.com")), "/email", "email"),
        (with("email", json!("a@[10.0.0.1]")), "/email", "email"),
        (with("email", json!("a@127.0.0.1")), "/email", "email"),
        (with("password", json!("short")), "/password", "length"),
        (with("password", json!("x".repeat(257))), "/password", "length"),
        (with("password", json!("password123")), "/password", "weak_password"),
        (with("password", json!("alice@example.com")), "/password", "weak_password"),
        (with("password", json!("nul\u{0}in the middle of it")), "/password", "control_character"),
        (with("first_name", json!("")), "/first_name", "length"),
        (with("first_name", json!("\u{7}")), "/first_name", "control_character"),
        (with("first_name", json!("  ")), "/first_name", "blank"),
        (with("role", json!("admin")), "/role", "unknown_field"),
        (with("is_verified", json!(true)), "/is_verified", "unknown_field"),
        (json!({ "username": "alice", "password": PASSWORD }), "/email", "missing"),
    ] {
        let errors = anyone.post("/auth/signup", new.clone()).await.invalid();
        assert_eq!(errors, [(pointer.to_owned(), code.to_owned())], "{new}");
    }
    let several = json!({ "username": "a", "email": "x", "password": "y" });
    assert_eq!(anyone.post("/auth/signup", several).await.invalid().len(), 3, "all are told at once");
}

#[actix_web::test]
async fn fifty_concurrent_sign_ups_of_one_address_create_one_account() {
    let app = TestApp::start().await;
    let attempts =
        (0..50_usize).map(|number| {
            let email: String = "address@example.com"
                .char_indices()
                .map(|(index, c)| if number >> (index % 6) & 1 == 1 { c.to_ascii_uppercase() } else { c })
                .collect();
            let anyone = app.anonymous();
            async move {
                anyone.post("/auth/signup", sign_up(&format!("user{number}"), &email)).await.status.as_u16()
            }
        });
    let statuses = join_all(attempts).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1);
    assert!(statuses.iter().all(|status| [201, 409, 503].contains(status)), "{statuses:?}");
    let admin = app.admin("admin").await;
    assert_eq!(admin.get("/users?total=true").await.ok()["total"], 2);
}

#[actix_web::test]
async fn wrong_name_wrong_password_and_disabled_account_get_the_same_answer() {
    let app = TestApp::start().await;
    let (_, bob, admin) = (app.user("alice").await, app.user("bob").await, app.admin("admin").await);
    admin.patch(&format!("/users/{}", bob.id.unwrap()), json!({ "is_active": false })).await.ok();
    let mut answers = Vec::new();
    for (login, password) in
        [("nobody", PASSWORD), ("alice", "wrong"), ("bob", PASSWORD), ("no@example.com", PASSWORD)]
    {
        let answer =
            app.anonymous().post("/auth/login", json!({ "login": login, "password": password })).await;
        assert_eq!(answer.status, 401);
        let mut problem = answer.problem("invalid_credentials");
        problem["request_id"] = Value::Null;
        answers.push(problem);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[actix_web::test]
async fn a_name_with_trailing_spaces_is_unknown() {
    let app = TestApp::start().await;
    app.user("alice").await;
    for login in ["alice ", "alice   ", " alice", "alice@example.com "] {
        let input = json!({ "login": login, "password": PASSWORD });
        app.anonymous().post("/auth/login", input).await.problem("invalid_credentials");
    }
}

#[actix_web::test]
async fn a_refresh_token_returns_the_same_successor_within_its_grace_period() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let refresh =
        async |token: &str| app.anonymous().post("/auth/refresh", json!({ "refresh_token": token })).await;
    let second = refresh(&alice.refresh_token).await.ok();
    assert_ne!(second["refresh_token"], alice.refresh_token);
    let again = refresh(&alice.refresh_token).await.ok();
    assert_eq!(again["refresh_token"], second["refresh_token"], "an answer may have been lost");
    let third = refresh(second["refresh_token"].as_str().unwrap()).await.ok();
    // The first token is older than the parent of the newest: it was copied.
    refresh(&alice.refresh_token).await.problem("invalid_token");
    refresh(third["refresh_token"].as_str().unwrap()).await.problem("invalid_token");
    alice.get("/users/me").await.problem("invalid_token");
    app.log_in("alice").await.get("/users/me").await.ok();
}

#[actix_web::test]
async fn a_used_refresh_token_ends_the_session_after_its_grace_period() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let refresh =
        async |token: &str| app.anonymous().post("/auth/refresh", json!({ "refresh_token": token })).await;
    let second = refresh(&alice.refresh_token).await.ok();
    app.database.execute(&format!("UPDATE sessions SET rotated_at = {}", long_ago(&app.database))).await;
    refresh(&alice.refresh_token).await.problem("invalid_token");
    refresh(second["refresh_token"].as_str().unwrap()).await.problem("invalid_token");
}

#[actix_web::test]
async fn fifty_concurrent_refreshes_return_one_valid_successor() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let attempts = (0..50).map(|_| {
        let anyone = app.anonymous();
        let token = alice.refresh_token.clone();
        async move {
            anyone.post("/auth/refresh", json!({ "refresh_token": token })).await.ok()["refresh_token"]
                .clone()
        }
    });
    let mut successors = join_all(attempts).await;
    successors.dedup();
    assert_eq!(successors.len(), 1);
    app.anonymous().post("/auth/refresh", json!({ "refresh_token": successors[0] })).await.ok();
}

#[actix_web::test]
async fn a_session_expires_after_seven_days_without_use() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    app.shared.clock().advance(Duration::from_hours(7 * 24 - 1));
    let tokens = alice.refresh().await.ok();
    app.shared.clock().advance(Duration::from_hours(7 * 24 + 1));
    let input = json!({ "refresh_token": tokens["refresh_token"] });
    app.anonymous().post("/auth/refresh", input).await.problem("invalid_token");
}

#[actix_web::test]
async fn expired_sessions_are_rejected() {
    let app = TestApp::start().await;
    for column in ["idle_expires_at", "expires_at"] {
        let alice = if column == "expires_at" { app.log_in("alice").await } else { app.user("alice").await };
        app.database.execute(&format!("UPDATE sessions SET {column} = {}", long_ago(&app.database))).await;
        alice.get("/users/me").await.problem("invalid_token");
        let input = json!({ "refresh_token": alice.refresh_token });
        app.anonymous().post("/auth/refresh", input).await.problem("invalid_token");
    }
}

#[actix_web::test]
async fn log_out_ends_both_tokens_of_this_session_only() {
    let app = TestApp::start().await;
    let (phone, laptop) = (app.user("alice").await, app.log_in("alice").await);
    phone.post("/auth/logout", Value::Null).await.no_content();
    phone.get("/users/me").await.problem("invalid_token");
    phone.post("/auth/logout", Value::Null).await.problem("invalid_token");
    app.anonymous()
        .post("/auth/refresh", json!({ "refresh_token": phone.refresh_token }))
        .await
        .problem("invalid_token");
    laptop.get("/users/me").await.ok();
}

#[actix_web::test]
async fn the_token_of_a_deleted_account_is_rejected() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    alice.delete_me(PASSWORD).await.no_content();
    let answer = alice.get("/users/me").await;
    assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    answer.problem("invalid_token");
}

#[actix_web::test]
async fn foreign_tokens_are_rejected() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let token = alice.token.clone().unwrap();
    let (head, rest) = token.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    // {"alg":"none","typ":"at+jwt"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
    for (forged, why) in [
        ("x".to_owned(), "no JWT"),
        (format!("{head}.{claims}."), "no signature"),
        (format!("{none}.{claims}."), "algorithm none"),
        (format!("{none}.{claims}.{signature}"), "algorithm none, signed"),
        (format!("{head}.{claims}.{}", signature.chars().rev().collect::<String>()), "another signature"),
        (format!("{head}.{}.{signature}", claims.replacen('e', "f", 1)), "other claims"),
        (alice.refresh_token.clone(), "a refresh token"),
    ] {
        let mut forger = alice.clone();
        forger.token = Some(forged);
        let answer = forger.get("/users/me").await;
        assert_eq!(answer.status, 401, "{why}");
        answer.problem("invalid_token");
    }
    for refresh in [
        token.as_str(),
        "v1",
        "v1.x.1.x",
        &alice.refresh_token.to_uppercase(),
        &format!("{}x", alice.refresh_token),
    ] {
        app.anonymous()
            .post("/auth/refresh", json!({ "refresh_token": refresh }))
            .await
            .problem("invalid_token");
    }
    for header in ["", "Bearer", "Basic YWxpY2U6eA==", "Bearer \u{1f}"] {
        let request = app.anonymous().request(reqwest::Method::GET, "/users/me");
        let request = request.header("Authorization", header.replace('\u{1f}', "é").as_bytes());
        assert_eq!(crate::app::send(request).await.status, 401, "{header:?}");
    }
}

#[actix_web::test]
async fn an_access_token_expires() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    app.shared.clock().advance(Duration::from_mins(14));
    alice.get("/users/me").await.ok();
    app.shared.clock().advance(Duration::from_mins(1));
    alice.get("/users/me").await.problem("invalid_token");
}

#[actix_web::test]
async fn a_foreign_hash_verifies_and_is_replaced() {
    let app = TestApp::start().await;
    app.user("alice").await;
    let plain = bcrypt::hash(PASSWORD, 4).unwrap().replacen("$2b$", "$2y$", 1);
    app.database.execute(&format!("UPDATE users SET password_hash = '{plain}'")).await;
    app.log_in("alice").await;
    assert!(stored_hash(&app).await.starts_with("v1."));
    app.log_in("alice").await;
}

async fn stored_hash(app: &TestApp) -> String {
    use sea_orm::ConnectionTrait;
    let connection = app.database.connect().await;
    let statement =
        sea_orm::Statement::from_string(connection.get_database_backend(), "SELECT password_hash FROM users");
    let row = connection.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get("", "password_hash").unwrap()
}

/// Time in the past, as a literal of the database.
pub fn long_ago(database: &Database) -> &'static str {
    match database.backend() {
        DbBackend::MySql => "'2026-01-01 00:00:00'",
        DbBackend::Sqlite | DbBackend::Postgres => "'2026-01-01T00:00:00+00:00'",
        _ => unreachable!("no other is tested"),
    }
}
