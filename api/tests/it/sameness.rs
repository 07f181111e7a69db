//! What a failed log-in tells: nothing of whether there is such an account, neither by its answer nor by the
//! time that it takes.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::app::{PASSWORD, TestApp};

/// Names and passwords that do not log in, each for a reason of its own.
const FAILURES: [(&str, &str, &str); 4] = [
    ("unknown name", "nobody", PASSWORD),
    ("unknown address", "nobody@example.com", PASSWORD),
    ("wrong password", "alice", "wrong battery staple horse"),
    ("disabled account", "bob", PASSWORD),
];

async fn with_accounts(arguments: &[&str]) -> TestApp {
    let app = TestApp::with(arguments).await;
    let (_, bob, admin) = (app.user("alice").await, app.user("bob").await, app.admin("admin").await);
    admin.patch(&format!("/users/{}", bob.id.unwrap()), json!({ "is_active": false })).await.ok();
    app
}

/// What the server sends, line by line and in its order, but for the request's id and the date. Each worker
/// has an order of its own for the headers that CORS exposes.
async fn answer(app: &TestApp, address: &str, login: &str, password: &str) -> String {
    let request = app.anonymous().request(Method::POST, "/auth/login").header("X-Forwarded-For", address);
    let answer = request.json(&json!({ "login": login, "password": password })).send().await.unwrap();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let mut text = format!("{:?} {}\n", answer.version(), answer.status());
    for (name, value) in answer.headers().iter().filter(|(name, _)| *name != "date") {
        let mut values: Vec<_> = value.to_str().unwrap().split(", ").collect();
        if name == "access-control-expose-headers" {
            values.sort_unstable();
        }
        text = text + name.as_str() + ": " + &values.join(", ") + "\n";
    }
    text += &answer.text().await.unwrap();
    text.replace(&id, "[id]")
}

#[actix_web::test]
async fn a_failed_log_in_gets_the_same_bytes_whatever_it_failed_for() {
    let limits = ["--rate-limit", "on", "--trusted-proxies", "127.0.0.1"];
    for arguments in [&limits[..], &[]] {
        let app = with_accounts(arguments).await;
        let mut answers = Vec::new();
        for (number, (_, login, password)) in FAILURES.iter().enumerate() {
            answers.push(answer(&app, &format!("192.0.2.{number}"), login, password).await);
        }
        assert!(
            answers[0].contains("401") && answers[0].contains("\"invalid_credentials\""),
            "{}",
            answers[0]
        );
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    }
}

/// `cargo test -p api -- --ignored --nocapture cannot_be_told_apart_by_time`
#[actix_web::test]
#[ignore = "a measurement: it takes minutes, and wants the machine for itself"]
async fn two_hundred_interleaved_failures_cannot_be_told_apart_by_time() {
    for cost in ["4", "10"] {
        let app = with_accounts(&["--bcrypt-cost", cost]).await;
        // An account from the days of a lower cost.
        app.user("carol").await;
        let old =
            bcrypt::hash("another password", cost.parse::<u32>().unwrap().saturating_sub(2).max(4)).unwrap();
        app.database
            .execute(&format!("UPDATE users SET password_hash = '{old}' WHERE username = 'carol'"))
            .await;
        let cases: Vec<_> = FAILURES.into_iter().chain([("old hash", "carol", "wrong")]).collect();
        let mut times = vec![Vec::new(); cases.len()];
        for round in 0..210 {
            for (case, (_, login, password)) in cases.iter().enumerate() {
                let began = Instant::now();
                answer(&app, "192.0.2.1", login, password).await;
                // The first ones warm up what there is to warm up.
                if round >= 10 {
                    times[case].push(began.elapsed());
                }
            }
        }
        for (case, (name, ..)) in cases.iter().enumerate() {
            let [lower, median, upper] = [1, 2, 3].map(|quarter| quantile(&times[case], quarter));
            let guess = guess(&times[0], &times[case]);
            assert!((0.3..0.7).contains(&guess), "{name} is told by its time: {guess}");
            println!(
                "cost {cost}, {name}: {median:?} ({lower:?} to {upper:?}), later than the first {guess:.3}"
            );
        }
    }
}

/// A quartile.
fn quantile(times: &[Duration], quarter: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() * quarter / 4]
}

/// How often the greater of two times, one of each, is of `b`: 0.5 is what a coin knows.
fn guess(a: &[Duration], b: &[Duration]) -> f64 {
    let greater = a.iter().flat_map(|a| b.iter().map(move |b| b > a)).filter(|greater| *greater).count();
    #[expect(clippy::cast_precision_loss, reason = "a few ten thousands")]
    let share = greater as f64 / (a.len() * b.len()) as f64;
    share
}
