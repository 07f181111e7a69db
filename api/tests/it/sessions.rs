//! Sessions: lists, revocation by owners and administrators, and limits.

use std::{collections::HashSet, time::Duration};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::{Answer, Client, PASSWORD, TestApp, send},
    auth::long_ago,
    database::Database,
    mailbox::wait_for,
    process::Process,
};

fn ids(sessions: &Value) -> Vec<String> {
    let items = sessions["items"].as_array().unwrap();
    items.iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect()
}

async fn sessions(client: &Client<'_>) -> Vec<String> {
    ids(&client.get("/users/me/sessions").await.ok())
}

/// Doubles the stored sessions of an account several times. The copies are ended.
pub async fn add_past(database: &Database, name: &str, times: usize) {
    let id = match database.backend() {
        sea_orm::DbBackend::Sqlite => "randomblob(16)",
        sea_orm::DbBackend::Postgres => "gen_random_uuid()",
        _ => "unhex(replace(uuid(), '-', ''))",
    };
    let columns = "user_id, generation, created_at, rotated_at, last_seen_at, idle_expires_at, expires_at, user_agent, ip";
    let double = format!(
        "INSERT INTO sessions (id, revoked_at, {columns}) SELECT {id}, last_seen_at, {columns} FROM sessions \
         WHERE user_id = (SELECT id FROM users WHERE username = '{name}');"
    );
    for _ in 0..times {
        database.execute(&double).await;
    }
}

/// Logs in with a device of this name.
async fn log_in_as(app: &TestApp, device: &str) -> Answer {
    let request = app.anonymous().request(Method::POST, "/auth/login").header("User-Agent", device);
    send(request.json(&json!({ "login": "alice", "password": PASSWORD }))).await
}

#[actix_web::test]
async fn sessions_are_listed_with_device_and_last_use_and_the_current_one_is_marked() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    app.user("bob").await;
    log_in_as(&app, "A phone\tof Alice").await.ok();
    let listed = alice.get("/users/me/sessions").await.ok();
    let phone = &listed["items"][0];
    insta::assert_json_snapshot!(phone, {
        ".id" => "[id]", ".created_at" => "[time]", ".last_seen_at" => "[time]", ".expires_at" => "[time]"
    }, @r#"
    {
      "id": "[id]",
      "user_agent": "A phoneof Alice",
      "ip": "127.0.0.1",
      "created_at": "[time]",
      "last_seen_at": "[time]",
      "expires_at": "[time]",
      "is_current": false
    }
    "#);
    assert_eq!(listed["items"][1]["is_current"], true);
    assert_eq!((ids(&listed).len(), &listed["next_cursor"]), (2, &Value::Null));
}

#[actix_web::test]
async fn the_use_of_a_session_is_recorded_and_extends_it() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let before = alice.get("/users/me/sessions").await.ok()["items"][0].clone();
    let hours_ago = match app.database.backend() {
        sea_orm::DbBackend::Sqlite => "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now', '-3 hours')",
        sea_orm::DbBackend::Postgres => "now() - interval '3 hours'",
        _ => "utc_timestamp(6) - interval 3 hour",
    };
    app.database.execute(&format!("UPDATE sessions SET last_seen_at = {hours_ago}")).await;
    let noted = async || {
        let session = alice.get("/users/me/sessions").await.ok()["items"][0].clone();
        let is_later = |name: &str| session[name].as_str() > before[name].as_str();
        is_later("last_seen_at") && is_later("expires_at")
    };
    // The first request updates the time of use, in the background.
    while !noted().await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[actix_web::test]
async fn one_session_ends_and_no_other() {
    let app = TestApp::start().await;
    let (phone, laptop, bob) = (app.user("alice").await, app.log_in("alice").await, app.user("bob").await);
    let (of_bob, listed) = (sessions(&bob).await, laptop.get("/users/me/sessions").await.ok());
    let of_phone = listed["items"].as_array().unwrap().iter().find(|s| s["is_current"] == false).unwrap();
    let path = format!("/users/me/sessions/{}", of_phone["id"].as_str().unwrap());
    bob.delete(&path).await.problem("not_found");
    laptop.delete(&format!("/users/me/sessions/{}", of_bob[0])).await.problem("not_found");
    laptop.delete("/users/me/sessions/nonsense").await.problem("not_found");
    laptop.delete(&path).await.no_content();
    laptop.delete(&path).await.problem("not_found");
    phone.get("/users/me").await.problem("invalid_token");
    phone.refresh().await.problem("invalid_token");
    assert_eq!(sessions(&laptop).await.len(), 1);
    bob.get("/users/me").await.ok();
    // Ending the current session is a log-out.
    laptop.delete(&format!("/users/me/sessions/{}", sessions(&laptop).await[0])).await.no_content();
    laptop.get("/users/me").await.problem("invalid_token");
}

#[actix_web::test]
async fn all_other_sessions_end_and_this_one_stays() {
    let app = TestApp::start().await;
    let (first, second, this) =
        (app.user("alice").await, app.log_in("alice").await, app.log_in("alice").await);
    let bob = app.user("bob").await;
    this.delete("/users/me/sessions").await.no_content();
    for ended in [first, second] {
        ended.get("/users/me").await.problem("invalid_token");
        ended.refresh().await.problem("invalid_token");
    }
    assert_eq!(sessions(&this).await.len(), 1);
    this.refresh().await.ok();
    bob.get("/users/me").await.ok();
}

#[actix_web::test]
async fn administrators_end_the_sessions_of_any_account() {
    let app = TestApp::start().await;
    let (admin, bob, again) = (app.admin("admin").await, app.user("bob").await, app.log_in("bob").await);
    let path = format!("/users/{}/sessions", bob.id.unwrap());
    bob.delete(&path).await.problem("forbidden");
    admin.delete(&path).await.no_content();
    for ended in [&bob, &again] {
        ended.get("/users/me").await.problem("invalid_token");
        ended.refresh().await.problem("invalid_token");
    }
    admin.delete(&format!("/users/{}/sessions", uuid::Uuid::now_v7())).await.problem("not_found");
    admin.get("/users/me").await.ok();
    app.log_in("bob").await.get("/users/me").await.ok();
    admin.delete(&format!("/users/{}/sessions", admin.id.unwrap())).await.no_content();
    admin.get("/users/me").await.problem("invalid_token");
}

#[actix_web::test]
async fn the_least_recently_used_of_more_than_twenty_sessions_ends() {
    let app = TestApp::start().await;
    let mut clients = vec![app.user("alice").await];
    for _ in 1..20 {
        clients.push(app.log_in("alice").await);
    }
    let mut oldest = clients.remove(0);
    let tokens = oldest.refresh().await.ok();
    oldest.token = Some(tokens["access_token"].as_str().unwrap().to_owned());
    let newest = app.log_in("alice").await;
    assert_eq!(sessions(&newest).await.len(), 20);
    oldest.get("/users/me").await.ok();
    clients.remove(0).get("/users/me").await.problem("invalid_token");
    for client in clients {
        client.get("/users/me").await.ok();
    }
}

#[actix_web::test]
async fn thirty_concurrent_log_ins_leave_twenty_sessions() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let attempts = (0..30).map(async |_| {
        loop {
            let answer = log_in_as(&app, "one of thirty").await;
            // The queue of the password hasher is short.
            if answer.status != 503 {
                return answer.ok()["access_token"].as_str().unwrap().to_owned();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let tokens: HashSet<String> = join_all(attempts).await.into_iter().collect();
    assert_eq!(tokens.len(), 30);
    let mut alive = 0;
    for token in tokens {
        alive += usize::from(alice.with_token(token).get("/users/me").await.status == 200);
    }
    assert_eq!(alive, 20);
}

#[actix_web::test]
async fn a_refresh_does_not_extend_a_session_beyond_thirty_days() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let soon = match app.database.backend() {
        sea_orm::DbBackend::Sqlite => "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now', '+1 hour')",
        sea_orm::DbBackend::Postgres => "now() + interval '1 hour'",
        _ => "utc_timestamp(6) + interval 1 hour",
    };
    app.database.execute(&format!("UPDATE sessions SET expires_at = {soon}")).await;
    let left = alice.refresh().await.ok()["refresh_expires_in"].as_i64().unwrap();
    assert!((1..=3600).contains(&left), "{left}");
}

#[actix_web::test]
async fn sessions_are_listed_page_by_page() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    for _ in 0..4 {
        app.log_in("alice").await;
    }
    let all = sessions(&alice).await;
    let (mut walked, mut query) = (Vec::new(), "limit=2&total=true".to_owned());
    loop {
        let answer = alice.get(&format!("/users/me/sessions?{query}")).await;
        let (has_link, page) = (!answer.header("link").is_empty(), answer.ok());
        walked.extend(ids(&page));
        assert_eq!((&page["total"], has_link), (&json!(5), page["next_cursor"].is_string()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        bob.get(&format!("/users/me/sessions?cursor={cursor}")).await.problem("invalid_cursor");
        query = format!("limit=2&total=true&cursor={cursor}");
    }
    assert_eq!((walked.len(), walked), (5, all.clone()));
    assert_eq!(ids(&alice.get("/users/me/sessions?offset=3").await.ok()), all[3..]);
    for (query, pointer) in [("limit=0", "/limit"), ("limit=101", "/limit"), ("sort=id", "/sort")] {
        assert_eq!(alice.get(&format!("/users/me/sessions?{query}")).await.invalid()[0].0, pointer);
    }
}

#[actix_web::test]
async fn an_account_keeps_its_hundred_latest_ended_sessions() {
    let app = TestApp::start().await;
    let (_alice, bob) = (app.user("alice").await, app.user("bob").await);
    add_past(&app.database, "alice", 7).await;
    add_past(&app.database, "bob", 3).await;
    let ended = async |name: &str, which: &str| {
        let of = format!("user_id = (SELECT id FROM users WHERE username = '{name}')");
        app.count(&format!("sessions WHERE revoked_at IS NOT NULL AND {of} {which}")).await
    };
    let old = long_ago(&app.database);
    app.database
        .execute(&format!("UPDATE sessions SET last_seen_at = {old} WHERE revoked_at IS NOT NULL"))
        .await;
    for _ in 0..5 {
        app.log_in("alice").await.post("/auth/logout", Value::Null).await.no_content();
    }
    let alice = app.log_in("alice").await;
    assert_eq!(ended("alice", "").await, 100);
    assert_eq!(ended("alice", &format!("AND last_seen_at = {old}")).await, 95, "the latest stay");
    // Accounts that do not log in again are cleaned up at the start of a process.
    add_past(&app.database, "alice", 2).await;
    let _server = Process::start(&app.database, &[]);
    wait_for("the cleanup", async || (ended("alice", "").await == 100).then_some(())).await;
    assert_eq!(ended("bob", "").await, 7);
    for client in [alice, bob] {
        client.get("/users/me").await.ok();
    }
}
