//! Rate limits: affected clients, waiting times, and unaffected clients.

use std::time::Duration;

use api::endpoints::{LimitedBy, endpoints};
use futures_util::future::join_all;
use reqwest::{Method, RequestBuilder};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use service::limit::RateLimit;

use crate::{
    app::{Answer, PASSWORD, PUBLIC_URL, TestApp, send},
    mailbox::wait_for,
};

/// Server with rate limits, behind a trusted proxy on its own machine, with a stopped clock.
async fn limited() -> TestApp {
    within_limits(&["--trusted-proxies", "127.0.0.0/8"]).await
}

async fn within_limits(settings: &[&str]) -> TestApp {
    let app = TestApp::with(&[&["--rate-limit", "on"], settings].concat()).await;
    app.shared.clock().stop_limits();
    app
}

/// Request that the proxy forwards from `address`.
fn from(app: &TestApp, address: &str, path: &str, body: &Value) -> RequestBuilder {
    let request = app.anonymous().request(Method::POST, path).json(body);
    request.header("X-Forwarded-For", address)
}

async fn log_in(app: &TestApp, address: &str, login: &str, password: &str) -> Answer {
    send(from(app, address, "/auth/login", &json!({ "login": login, "password": password }))).await
}

fn retry_after(answer: &Answer) -> Duration {
    Duration::from_secs(answer.header("retry-after").parse().unwrap())
}

#[actix_web::test]
async fn fifteen_wrong_passwords_are_limited_until_retry_after() {
    let app = limited().await;
    app.user("alice").await;
    for number in 1..=15 {
        let answer = log_in(&app, "192.0.2.1", "alice", "wrong").await;
        if number <= 10 {
            answer.problem("invalid_credentials");
            continue;
        }
        assert_eq!(answer.status, 429);
        assert!(retry_after(&answer) <= Duration::from_secs(90));
        let policies = answer.header("ratelimit-policy").to_owned();
        assert_eq!(policies, "\"log-in\";q=30;w=300");
        assert!(answer.headers("ratelimit-policy").contains(&"\"log-in-failures\";q=10;w=900"));
        let left = format!("\"log-in-failures\";r=0;t={}", retry_after(&answer).as_secs());
        assert!(answer.headers("ratelimit").contains(&left.as_str()));
        answer.problem("too_many_requests");
    }
    let answer = log_in(&app, "192.0.2.1", "alice", PASSWORD).await;
    let wait = retry_after(&answer);
    answer.problem("too_many_requests");
    app.shared.clock().advance(wait / 2);
    log_in(&app, "192.0.2.1", "alice", PASSWORD).await.problem("too_many_requests");
    app.shared.clock().advance(wait / 2);
    log_in(&app, "192.0.2.1", "alice", PASSWORD).await.ok();
    log_in(&app, "192.0.2.1", "alice", "wrong").await.problem("invalid_credentials");
    log_in(&app, "192.0.2.1", "alice", PASSWORD).await.problem("too_many_requests");
}

/// Guesses passwords from one network after another until none is admitted. Returns the number of guesses.
async fn attack(app: &TestApp, login: &str) -> u64 {
    let mut failed = 0;
    for network in 1..=12 {
        for _ in 0..11 {
            let answer = log_in(app, &format!("198.51.{network}.1"), login, "wrong").await;
            failed += u64::from(answer.status == 401);
        }
    }
    failed
}

#[actix_web::test]
async fn an_attack_from_many_networks_is_bounded_and_the_owner_still_logs_in() {
    let app = limited().await;
    app.user("alice").await;
    log_in(&app, "192.0.2.1", "alice", PASSWORD).await.ok();
    let device = log_in(&app, "198.51.1.1", "alice", PASSWORD).await.ok()["device_token"].clone();
    assert_eq!(attack(&app, "alice").await, RateLimit::Account.quota());
    for _ in 0..3 {
        // From the network of an earlier log-in, and with the token of one, from the network of an attacker.
        log_in(&app, "192.0.2.99", "alice", PASSWORD).await.ok();
        let body = json!({ "login": "alice", "password": PASSWORD, "device_token": device });
        send(from(&app, "198.51.1.1", "/auth/login", &body)).await.ok();
    }
    for address in ["203.0.113.1", "2001:db8::1"] {
        log_in(&app, address, "alice", PASSWORD).await.problem("too_many_requests");
    }
    log_in(&app, "2001:db8::1", "alice@example.com", PASSWORD).await.ok();
}

#[actix_web::test]
async fn a_device_token_counts_for_its_account_only() {
    let app = limited().await;
    app.user("alice").await;
    app.user("mallory").await;
    let token = log_in(&app, "203.0.113.1", "mallory", PASSWORD).await.ok()["device_token"].clone();
    attack(&app, "alice").await;
    let body = json!({ "login": "alice", "password": "wrong", "device_token": token });
    send(from(&app, "203.0.113.1", "/auth/login", &body)).await.problem("too_many_requests");
}

#[actix_web::test]
async fn the_device_token_of_a_browser_is_in_a_cookie() {
    let app = limited().await;
    app.user("alice").await;
    let body = json!({ "login": "alice", "password": PASSWORD, "transport": "cookie" });
    let request = from(&app, "198.51.1.1", "/auth/login", &body).header("Origin", PUBLIC_URL);
    let answer = send(request).await;
    let cookies = answer.headers("set-cookie");
    let cookie = cookies.iter().find_map(|cookie| cookie.strip_prefix("__Secure-bookly_device=")).unwrap();
    assert!(
        cookie.ends_with("; Path=/api/v1/auth/login; Max-Age=15552000; Secure; HttpOnly; SameSite=Strict")
    );
    let token = cookie.split(';').next().unwrap().to_owned();
    assert!(answer.ok().get("device_token").is_none());
    attack(&app, "alice").await;
    log_in(&app, "198.51.1.1", "alice", PASSWORD).await.problem("too_many_requests");
    let request = from(&app, "198.51.1.1", "/auth/login", &json!({ "login": "alice", "password": PASSWORD }));
    send(request.header("Cookie", format!("__Secure-bookly_device={token}"))).await.ok();
}

#[actix_web::test]
async fn a_password_reset_admits_the_owner_during_an_attack() {
    let app = limited().await;
    app.user("alice").await;
    attack(&app, "alice").await;
    log_in(&app, "203.0.113.1", "alice", PASSWORD).await.problem("too_many_requests");
    app.anonymous().post("/auth/password-reset", json!({ "email": "alice@example.com" })).await.accepted();
    let token = app.mail("alice@example.com", "reset-password").await.token();
    let new_password = "violet anchor tundra 71";
    let body = json!({ "token": token, "new_password": new_password });
    app.anonymous().post("/auth/password-reset/confirm", body).await.no_content();
    log_in(&app, "203.0.113.1", "alice", new_password).await.ok();
}

#[actix_web::test]
async fn existing_and_unknown_names_have_the_same_limits() {
    let app = limited().await;
    let (admin, bob, _) = (app.admin("admin").await, app.user("bob").await, app.user("alice").await);
    admin.patch(&format!("/users/{}", bob.id.unwrap()), json!({ "is_active": false })).await.ok();
    let mut stories = Vec::new();
    for (number, login) in
        ["alice", "nobody", "bob", "alice@example.com", "nobody@example.com"].iter().enumerate()
    {
        let mut story = Vec::new();
        for attacker in 1..=12 {
            for _ in 0..12 {
                let address = format!("198.51.{number}.{attacker}");
                let answer = log_in(&app, &address, login, "wrong").await;
                let policies = answer.headers("ratelimit-policy").join(",");
                let mut problem = answer.body;
                problem["request_id"] = Value::Null;
                story.push((answer.status, policies, problem));
            }
        }
        stories.push(story);
    }
    assert!(stories[0].iter().any(|(status, ..)| *status == 429));
    assert!(stories.iter().all(|story| *story == stories[0]));
}

#[actix_web::test]
async fn forged_headers_do_not_change_the_client_address() {
    // Without a trusted proxy, and behind one that appends to the forged headers.
    for trusted in [false, true] {
        let app = if trusted { limited().await } else { within_limits(&[]).await };
        let mut statuses = Vec::new();
        for number in 0..12 {
            let forged = format!("203.0.113.{number}");
            let body = json!({ "login": "alice", "password": "wrong" });
            let mut request = app.anonymous().request(Method::POST, "/auth/login").json(&body);
            for name in ["X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "X-Client-IP", "X-Forwarded-Host"]
            {
                request = request.header(name, &forged);
            }
            request = request.header("Forwarded", format!("for={forged}"));
            let list = if trusted { format!("{forged}, 192.0.2.1") } else { forged };
            statuses.push(send(request.header("X-Forwarded-For", list)).await.status.as_u16());
        }
        assert_eq!(statuses, [[401; 10].as_slice(), &[429; 2]].concat(), "trusted: {trusted}");
    }
}

#[actix_web::test]
async fn a_session_has_the_address_forwarded_by_a_trusted_proxy() {
    let app = limited().await;
    app.user("alice").await;
    log_in(&app, "1.2.3.4, 2001:db8::7", "alice", PASSWORD).await.ok();
    let connection = app.database.connect().await;
    let sql = "SELECT ip FROM sessions WHERE ip <> '127.0.0.1'";
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let row = connection.query_one_raw(statement).await.unwrap().unwrap();
    assert_eq!(row.try_get::<String>("", "ip").unwrap(), "2001:db8::7");
}

#[actix_web::test]
async fn every_limited_route_rejects_only_addresses_over_their_quota() {
    let app = limited().await;
    let mut limited = 0;
    // Fields are missing; a refresh has no token.
    let rejected = |answer: &Answer| [401, 422].contains(&answer.status.as_u16());
    for endpoint in endpoints() {
        let Some(LimitedBy::Address(policy)) = endpoint.limits.first().copied() else { continue };
        if endpoint.method.as_str() != "POST" {
            continue;
        }
        let address = format!("2001:db8:{limited:x}::1");
        let ask = async |address: &str| send(from(&app, address, &endpoint.path, &json!({}))).await;
        let first = ask(&address).await;
        assert!(first.header("ratelimit").starts_with(&format!(
            "\"{}\";r={}",
            policy.name(),
            policy.quota() - 1
        )));
        let mut admitted = 1;
        let neighbour = format!("2001:db8:{limited:x}::ffff");
        let refused = loop {
            let answer = ask(if admitted % 2 == 0 { &address } else { &neighbour }).await;
            if answer.status == 429 {
                break answer;
            }
            assert!(rejected(&answer), "nothing in it can be taken: {answer:?}");
            admitted += 1;
        };
        assert_eq!(admitted, policy.quota(), "{}", policy.name());
        let wait = retry_after(&refused);
        assert!(wait <= policy.window() / u32::try_from(policy.quota()).unwrap() + Duration::from_secs(1));
        refused.problem("too_many_requests");
        assert!(rejected(&ask(&format!("2001:db8:{limited:x}:1::1")).await));
        app.shared.clock().advance(wait);
        assert!(rejected(&ask(&address).await), "{} after {wait:?}", policy.name());
        limited += 1;
    }
    assert!(limited >= 7, "sign-up, log-in, refresh and what has to do with mail, at least");
}

#[actix_web::test]
async fn expensive_reads_of_an_address_are_limited_and_others_are_not() {
    let app = limited().await;
    let owner = app.user("alice").await.id.unwrap();
    let get = async |path: &str, address: &str| {
        let request = app.anonymous().request(Method::GET, path);
        send(request.header("X-Forwarded-For", address)).await
    };
    let expensive = [
        "/books/facets".to_owned(),
        "/books?q=dune".to_owned(),
        "/books?total=true".to_owned(),
        "/books?offset=1001".to_owned(),
        format!("/users/{owner}/books?total=true"),
    ];
    let (quota, mut left) = (RateLimit::ExpensiveReads.quota(), RateLimit::ExpensiveReads.quota());
    for path in &expensive {
        let answer = get(path, "192.0.2.1").await;
        left -= 1;
        assert_eq!(
            answer.header("ratelimit-policy"),
            format!("\"expensive-reads\";q={quota};w=60"),
            "{path}"
        );
        assert!(answer.header("ratelimit").starts_with(&format!("\"expensive-reads\";r={left};")), "{path}");
        answer.ok();
    }
    for _ in 0..left {
        get("/books?total=true", "192.0.2.1").await.ok();
    }
    for path in &expensive {
        let answer = get(path, "192.0.2.1").await;
        assert!(retry_after(&answer) <= Duration::from_secs(1));
        answer.problem("too_many_requests");
        get(path, "192.0.2.2").await.ok();
    }
    for path in ["/books", "/books?offset=1000", "/books?author=Frank%20Herbert"] {
        let answer = get(path, "192.0.2.1").await;
        assert_eq!(answer.header("ratelimit"), "", "{path}");
        answer.ok();
    }
}

#[actix_web::test]
async fn a_signed_in_account_has_one_limit_for_all_addresses() {
    let app = limited().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let first = alice.get("/users/me").await;
    assert_eq!(first.header("ratelimit-policy"), "\"user\";q=600;w=60");
    assert_eq!(first.header("ratelimit"), "\"user\";r=599;t=60");
    let mut admitted = 1;
    let refused = loop {
        let request = alice.request(Method::GET, "/users/me");
        let answer = send(request.header("X-Forwarded-For", format!("10.0.{}.1", admitted % 256))).await;
        if answer.status == 429 {
            break answer;
        }
        admitted += 1;
        assert!(admitted <= RateLimit::User.quota(), "no limit was met");
    };
    assert_eq!(admitted, RateLimit::User.quota());
    let wait = retry_after(&refused);
    refused.problem("too_many_requests");
    bob.get("/users/me").await.ok();
    app.anonymous().get("/books").await.ok();
    app.shared.clock().advance(wait);
    alice.get("/users/me").await.ok();
}

#[actix_web::test]
async fn concurrent_attempts_are_all_counted() {
    let app = limited().await;
    let mut statuses: Vec<u16> = Vec::new();
    for address in ["192.0.2.1", "192.0.2.2"] {
        let attempts = (0..60).map(|_| log_in(&app, address, "alice", "wrong"));
        statuses.extend(join_all(attempts).await.iter().map(|answer| answer.status.as_u16()));
    }
    let count = |status| statuses.iter().filter(|other| **other == status).count();
    assert_eq!((count(401), count(429)), (20, 100));
}

#[actix_web::test]
async fn disabled_limits_admit_everything() {
    let app = TestApp::start().await;
    for _ in 0..40 {
        let answer = log_in(&app, "192.0.2.1", "alice", "wrong").await;
        assert_eq!(answer.header("ratelimit"), "");
        answer.problem("invalid_credentials");
    }
}

#[actix_web::test]
async fn a_mailbox_gets_five_mails_and_further_requests_return_no_error() {
    let app = limited().await;
    app.user("alice").await;
    let mut asked = 0;
    let mut ask = async |path: &str, email: &str| {
        asked += 1;
        let address = format!("2001:db8:{asked:x}::1");
        let answer = send(from(&app, &address, path, &json!({ "email": email }))).await;
        assert_eq!(answer.header("ratelimit-policy"), "\"mail\";q=10;w=1800");
        answer.accepted();
    };
    let quiet = async || {
        wait_for("an empty outbox", async || (app.waiting().await == 0).then_some(())).await;
        app.mails().is_empty()
    };
    for _ in 0..RateLimit::Mailbox.quota() {
        ask("/auth/password-reset", "Alice@example.com").await;
        app.mail("alice@example.com", "reset-password").await;
    }
    for path in ["/auth/password-reset", "/auth/verify-email/resend"] {
        ask(path, "alice@EXAMPLE.com").await;
    }
    assert!(quiet().await, "it was too much");
    app.shared.clock().advance(RateLimit::Mailbox.window() / 5);
    ask("/auth/password-reset", "alice@example.com").await;
    app.mail("alice@example.com", "reset-password").await;
    ask("/auth/password-reset", "alice@example.com").await;
    assert!(quiet().await, "one came back");
    app.user("bob").await;
    ask("/auth/password-reset", "bob@example.com").await;
    app.mail("bob@example.com", "reset-password").await;
}

#[actix_web::test]
async fn a_mailbox_gets_five_confirmations_and_further_requests_fail() {
    let app = limited().await;
    let alice = app.user("alice").await;
    let change = json!({ "email": "new@example.com", "current_password": PASSWORD });
    for _ in 0..RateLimit::Mailbox.quota() {
        alice.put("/users/me/email", change.clone()).await.accepted();
    }
    let refused = alice.put("/users/me/email", change.clone()).await;
    let wait = retry_after(&refused);
    refused.problem("too_many_requests");
    app.shared.clock().advance(wait);
    alice.put("/users/me/email", change).await.accepted();
    app.mail("new@example.com", "verify-email").await;
}

#[actix_web::test]
async fn each_kind_of_mail_has_its_own_limit() {
    let app = limited().await;
    app.user("alice").await;
    let alice = json!({ "email": "alice@example.com" });
    for _ in 0..RateLimit::Mailbox.quota() {
        app.anonymous().post("/auth/verify-email/resend", alice.clone()).await.accepted();
    }
    app.anonymous().post("/auth/password-reset", alice).await.accepted();
    app.mail("alice@example.com", "reset-password").await;
}

#[actix_web::test]
async fn imports_have_a_limit_of_their_own() {
    let app = limited().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    for _ in 0..RateLimit::Import.quota() {
        alice.import("?dry_run=true", "text/csv", "title,author\nT,A\n").await.ok();
    }
    alice.import("", "text/csv", "title,author\nT,A\n").await.problem("too_many_requests");
    bob.import("", "text/csv", "title,author\nT,A\n").await.ok();
    alice.book("Emma").await;
}

#[actix_web::test]
async fn guesses_of_the_current_password_are_limited() {
    let app = limited().await;
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let new_password = "violet anchor tundra 71";
    let doors = async |password: &str, number: u64| match number % 3 {
        0 => {
            let body = json!({ "current_password": password, "new_password": new_password });
            alice.put("/users/me/password", body).await
        }
        1 => {
            let body = json!({ "current_password": password, "email": "new@example.com" });
            alice.put("/users/me/email", body).await
        }
        _ => alice.delete_me(password).await,
    };
    for number in 0..RateLimit::Password.quota() {
        let errors = doors("wrong", number).await.invalid();
        assert_eq!(errors, [("/current_password".to_owned(), "wrong_password".to_owned())]);
    }
    let mut wait = Duration::ZERO;
    for number in 0..3 {
        let refused = doors(PASSWORD, number).await;
        wait = retry_after(&refused);
        let statuses = 2 + usize::from(number == 1);
        assert!(wait <= Duration::from_secs(90) && refused.headers("ratelimit").len() == statuses);
        refused.problem("too_many_requests");
    }
    alice.get("/users/me").await.ok();
    bob.delete_me(PASSWORD).await.no_content();
    app.shared.clock().advance(wait);
    doors(PASSWORD, 0).await.no_content();
    doors(new_password, 0).await.problem("too_many_requests");
}
