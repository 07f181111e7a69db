//! System clock that is set back: what has ended stays so, in the same process and in the next one.

use std::time::Duration;

use serde_json::json;
use service::retention;
use tokio::sync::watch;

use crate::{
    app::{Client, TestApp},
    process::Process,
};

const DAY: Duration = Duration::from_hours(24);

async fn assert_over(client: &Client<'_>) {
    client.get("/users/me").await.problem("invalid_token");
    client.refresh().await.problem("invalid_token");
}

#[actix_web::test]
async fn a_clock_that_is_set_back_revives_no_session() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    app.shared.clock().advance(8 * DAY);
    alice.get("/users/me").await.problem("invalid_token");
    app.shared.clock().set_system_back(8 * DAY);
    assert_over(&alice).await;
    // A new session lives as long as usual.
    let again = app.log_in("alice").await;
    app.shared.clock().advance(6 * DAY);
    again.refresh().await.ok();
}

#[actix_web::test]
async fn an_expired_session_stays_so_in_a_process_that_starts_with_an_earlier_time() {
    let app = TestApp::start().await;
    let (presented, forgotten, kept) =
        (app.user("alice").await, app.log_in("alice").await, app.user("bob").await);
    app.shared.clock().advance(6 * DAY);
    let tokens = kept.refresh().await.ok();
    app.shared.clock().advance(2 * DAY);
    presented.refresh().await.problem("invalid_token");
    // One pass of the retention, which finds the other one.
    let cx = app.context().await;
    cx.clock().advance(8 * DAY);
    let (_, stopped) = watch::channel(());
    retention::run(&cx, stopped).await;
    // Six days before the end of the sessions, and with the real time again.
    let process = Process::start(&app.database, &[]);
    for client in [&presented, &forgotten] {
        assert_over(&client.at(&process.address)).await;
    }
    kept.at(&process.address).get("/users/me").await.ok();
    let body = json!({ "refresh_token": tokens["refresh_token"] });
    process.post("/auth/refresh", body).await.ok();
    let ended = app.log_in("alice").await.get("/users/me/export").await.ok();
    for session in &ended["sessions"].as_array().unwrap()[1..] {
        assert_eq!(session["ended_at"], session["expires_at"], "it ended at its limit: {session}");
    }
}

#[actix_web::test]
async fn a_used_refresh_token_of_the_future_has_no_grace_period() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    app.shared.clock().advance(DAY);
    alice.refresh().await.ok();
    // A day earlier: the used token would return its successor for a day.
    let process = Process::start(&app.database, &[]);
    alice.at(&process.address).refresh().await.problem("invalid_token");
    assert_over(&alice.at(&process.address)).await;
}

#[actix_web::test]
async fn use_extends_a_session_to_its_absolute_limit_only() {
    let app = TestApp::start().await;
    let mut alice = app.user("alice").await;
    for _ in 0..5 {
        app.shared.clock().advance(5 * DAY);
        let tokens = alice.refresh().await.ok();
        alice.refresh_token = tokens["refresh_token"].as_str().unwrap().to_owned();
        alice.token = tokens["access_token"].as_str().map(str::to_owned);
    }
    let session = &alice.get("/users/me/sessions").await.ok()["items"][0];
    let days = |field: &str| {
        let moment = chrono::DateTime::parse_from_rfc3339(session[field].as_str().unwrap()).unwrap();
        (moment - app.shared.clock().now()).num_hours().div_euclid(24)
    };
    assert_eq!((days("created_at"), days("expires_at")), (-25, 4));
    assert_eq!(app.count("sessions WHERE idle_expires_at > expires_at").await, 0);
    app.shared.clock().advance(5 * DAY);
    alice.refresh().await.problem("invalid_token");
}
