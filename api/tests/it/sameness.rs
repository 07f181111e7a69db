//! Responses to failed log-ins and to mail requests: neither content nor timing reveals whether an account exists.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use service::Role;

use crate::app::{PASSWORD, TestApp};

/// Names and passwords that fail to log in, each for another reason.
const FAILURES: [(&str, &str, &str); 4] = [
    ("unknown name", "nobody", PASSWORD),
    ("unknown address", "nobody@example.com", PASSWORD),
    ("wrong password", "alice", "wrong battery staple horse"),
    ("disabled account", "bob", PASSWORD),
];

/// Addresses of different kinds of accounts.
const ADDRESSES: [(&str, &str); 4] = [
    ("nobody's address", "nobody@example.com"),
    ("known address", "alice@example.com"),
    ("disabled account", "bob@example.com"),
    ("unverified account", "dave@example.com"),
];

/// Endpoints that request mail.
const ENDPOINTS: [&str; 2] = ["/auth/password-reset", "/auth/verify-email/resend"];

async fn with_accounts(arguments: &[&str]) -> TestApp {
    let app = TestApp::with(arguments).await;
    app.shared.clock().stop_limits();
    let (_, bob, admin) = (app.user("alice").await, app.user("bob").await, app.admin("admin").await);
    app.account("dave", Role::User, false).await;
    admin.patch(&format!("/users/{}", bob.id.unwrap()), json!({ "is_active": false })).await.ok();
    app
}

async fn log_in(app: &TestApp, address: &str, login: &str, password: &str) -> String {
    answer(app, address, "/auth/login", &json!({ "login": login, "password": password })).await
}

/// Response of the server, line by line and in its order, except for the request id and the date. Each worker has its
/// own order of the headers that CORS exposes.
async fn answer(app: &TestApp, address: &str, path: &str, body: &Value) -> String {
    let request = app.anonymous().request(Method::POST, path).header("X-Forwarded-For", address);
    let answer = request.json(body).send().await.unwrap();
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
async fn every_failed_log_in_returns_the_same_bytes() {
    let limits = ["--rate-limit", "on", "--trusted-proxies", "127.0.0.1"];
    for arguments in [&limits[..], &[]] {
        let app = with_accounts(arguments).await;
        let mut answers = Vec::new();
        for (number, (_, login, password)) in FAILURES.iter().enumerate() {
            answers.push(log_in(&app, &format!("192.0.2.{number}"), login, password).await);
        }
        assert!(
            answers[0].contains("401") && answers[0].contains("\"invalid_credentials\""),
            "{}",
            answers[0]
        );
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    }
}

#[actix_web::test]
async fn every_mail_request_returns_the_same_bytes() {
    let limits = ["--rate-limit", "on", "--trusted-proxies", "127.0.0.1"];
    for arguments in [&limits[..], &[]] {
        let app = with_accounts(arguments).await;
        for (endpoint, path) in ENDPOINTS.iter().enumerate() {
            let mut answers = Vec::new();
            // More requests than the limit of a mailbox.
            for round in 0..7 {
                for (number, (_, email)) in ADDRESSES.iter().enumerate() {
                    let address = format!("198.{endpoint}.{round}.{number}");
                    answers.push(answer(&app, &address, path, &json!({ "email": email })).await);
                }
            }
            assert!(answers[0].starts_with("HTTP/1.1 202"), "{}", answers[0]);
            assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
        }
    }
}

/// `cargo test -p api -- --ignored --nocapture cannot_be_told_apart_by_time`
#[actix_web::test]
#[ignore = "a measurement: it takes minutes, and wants the machine for itself"]
async fn two_hundred_interleaved_failures_cannot_be_told_apart_by_time() {
    for cost in ["4", "10"] {
        let app = with_accounts(&["--bcrypt-cost", cost]).await;
        // An account with a hash of lower cost.
        app.user("carol").await;
        let old =
            bcrypt::hash("another password", cost.parse::<u32>().unwrap().saturating_sub(2).max(4)).unwrap();
        app.database
            .execute(&format!("UPDATE users SET password_hash = '{old}' WHERE username = 'carol'"))
            .await;
        let cases: Vec<_> = FAILURES.into_iter().chain([("old hash", "carol", "wrong")]).collect();
        let times = interleaved(cases.len(), async |case| {
            let (_, login, password) = cases[case];
            log_in(&app, "192.0.2.1", login, password).await;
        });
        let names: Vec<_> = cases.iter().map(|(name, ..)| *name).collect();
        compare(&format!("log-in at cost {cost}"), &names, &times.await);
    }
}

/// `cargo test -p api -- --ignored --nocapture cannot_be_told_apart_by_time`
#[actix_web::test]
#[ignore = "a measurement: it takes minutes, and wants the machine for itself"]
async fn two_hundred_interleaved_requests_for_mail_cannot_be_told_apart_by_time() {
    let app = with_accounts(&[]).await;
    for path in ENDPOINTS {
        let times = interleaved(ADDRESSES.len(), async |case| {
            answer(&app, "192.0.2.1", path, &json!({ "email": ADDRESSES[case].1 })).await;
        });
        compare(path, &ADDRESSES.map(|(name, _)| name), &times.await);
    }
}

/// Times of two hundred rounds, each with all cases in alternating order, so that background work affects all cases
/// equally.
async fn interleaved(cases: usize, ask: impl AsyncFn(usize)) -> Vec<Vec<Duration>> {
    let mut times = vec![Vec::new(); cases];
    for round in 0..210 {
        for place in 0..cases {
            let case = if round % 2 == 0 { place } else { cases - 1 - place };
            let began = Instant::now();
            ask(case).await;
            // The first rounds warm up.
            if round >= 10 {
                times[case].push(began.elapsed());
            }
        }
    }
    times
}

fn compare(what: &str, names: &[&str], times: &[Vec<Duration>]) {
    let mut told = Vec::new();
    for (name, of_case) in names.iter().zip(times) {
        let [lower, median, upper] = [1, 2, 3].map(|quarter| quantile(of_case, quarter));
        let guess = guess(&times[0], of_case);
        println!("{what}, {name}: {median:?} ({lower:?} to {upper:?}), later than the first {guess:.3}");
        told.extend((!(0.3..0.7).contains(&guess)).then_some(*name));
    }
    assert!(told.is_empty(), "{what}: told by their time: {told:?}");
}

/// Quartile of the times.
fn quantile(times: &[Duration], quarter: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() * quarter / 4]
}

/// Probability that the greater of two times, one of each, is of `b`: 0.5 without information.
fn guess(a: &[Duration], b: &[Duration]) -> f64 {
    let greater = a.iter().flat_map(|a| b.iter().map(move |b| b > a)).filter(|greater| *greater).count();
    #[expect(clippy::cast_precision_loss, reason = "a few ten thousands")]
    let share = greater as f64 / (a.len() * b.len()) as f64;
    share
}
