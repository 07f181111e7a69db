//! Address of the client in the security log.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::{PASSWORD, send},
    database::Database,
    process::Process,
};

/// Lines of the security log of a run with a sign-up, a log-in, and three refusals, from a client behind a proxy.
async fn run(setting: &str) -> Vec<Value> {
    let database = Database::empty().await;
    let settings = [
        ("LOG_FORMAT", "json"),
        ("LOG_CLIENT_ADDRESS", setting),
        ("TRUSTED_PROXIES", "127.0.0.1"),
        ("RUST_LOG", "info"),
    ];
    let program = Process::start(&database, &settings);
    let post = async |path: &str, body: Value| {
        let request = program.request(Method::POST, &format!("/api/v1{path}"));
        send(request.header("X-Forwarded-For", "203.0.113.7").json(&body)).await
    };
    post("/auth/signup", json!({ "username": "ada", "email": "ada@example.com", "password": PASSWORD }))
        .await
        .created();
    post("/auth/login", json!({ "login": "ada", "password": PASSWORD })).await.ok();
    post("/auth/login", json!({ "login": "ada", "password": "wrong password" }))
        .await
        .problem("invalid_credentials");
    post("/auth/login", json!({ "login": "ada", "password": PASSWORD, "transport": "cookie" }))
        .await
        .problem("foreign_origin");
    let log = program.kill();
    assert_eq!(log.contains("203.0.113.7"), setting == "on", "{log}");
    let records = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records.filter(|record| record["target"] == "security").collect()
}

#[actix_web::test]
async fn the_security_log_names_the_client_only_on_request() {
    for (setting, client) in [("on", json!("203.0.113.7")), ("off", Value::Null)] {
        let records = run(setting).await;
        let events: Vec<&str> = records.iter().map(|record| record["message"].as_str().unwrap()).collect();
        assert_eq!(events, ["signed_up", "logged_in", "log_in_failed", "origin_refused"], "{setting}");
        for record in &records {
            assert_eq!(record["client"], client, "{record}");
            let class = &record["address"];
            assert!(class.is_null() || class == "public_v4", "{record}");
        }
    }
}
