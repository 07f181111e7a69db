//! Signals, and the end of the server.

use std::time::{Duration, Instant};

use crate::{database::Database, mailbox::wait_for, process::Process, raw::Raw};

const GET: &str = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";

const READY: &str = "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n";

/// Waits until the server reports that it stops.
async fn not_ready(process: &Process) {
    wait_for("503 of /readyz", async || {
        let response = Raw::connect(&process.address).await.request("GET", READY).await;
        (response.status == 503).then(|| assert_eq!(response.problem(), "unavailable"))
    })
    .await;
}

#[actix_web::test]
async fn a_stopping_server_serves_and_is_not_ready() {
    let database = Database::empty().await;
    let process = Process::start(&database, &[("SHUTDOWN_DELAY", "3600")]);
    let mut kept = Raw::connect(&process.address).await;
    let first = kept.request("GET", GET).await;
    assert!(first.status == 200 && !first.closes());
    process.signal("TERM");
    not_ready(&process).await;
    let last = kept.request("GET", GET).await;
    assert!(last.status == 200 && last.closes(), "responses close their connections");
    kept.closed().await;
    assert_eq!(Raw::connect(&process.address).await.request("GET", GET).await.status, 200);
    assert!(process.log().contains("stopping in 3600 s"), "{}", process.log());
}

#[actix_web::test]
async fn a_stopping_server_ends_after_its_delay() {
    let database = Database::empty().await;
    let process = Process::start(&database, &[("SHUTDOWN_DELAY", "1")]);
    let started = Instant::now();
    process.signal("TERM");
    let (code, log) = process.wait();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(code, Some(0), "{log}");
}

#[actix_web::test]
async fn running_requests_are_finished_and_new_ones_refused() {
    let database = Database::empty().await;
    let process = Process::start(&database, &[("SHUTDOWN_DELAY", "0")]);
    let mut slow = Raw::connect(&process.address).await;
    slow.send(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n\
         Content-Length: 2\r\n\r\n",
    )
    .await;
    assert_eq!(slow.response("POST").await.status, 100, "the request is running");
    process.signal("INT");
    let refused = wait_for("a refusal", async || {
        // A connection that is accepted at this moment may be closed without a response.
        let mut raw = Raw::connect(&process.address).await;
        raw.try_send(GET).await.ok()?;
        raw.try_response("GET").await.filter(|response| response.status == 503)
    });
    let refused = refused.await;
    assert_eq!(refused.problem(), "unavailable");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert!(refused.closes());
    let response = slow.request("POST", "{}").await;
    assert!(response.status == 422 && response.closes(), "{response:?}");
    assert_eq!(process.wait().0, Some(0));
}

#[actix_web::test]
async fn a_second_signal_ends_the_program_at_once() {
    for second in ["TERM", "INT"] {
        let database = Database::empty().await;
        let process = Process::start(&database, &[("SHUTDOWN_DELAY", "3600")]);
        process.signal("TERM");
        not_ready(&process).await;
        process.signal(second);
        assert_eq!(process.wait().0, Some(130));
    }
}

#[actix_web::test]
async fn a_hangup_changes_nothing() {
    let database = Database::empty().await;
    let process = Process::start(&database, &[]);
    process.signal("HUP");
    for _ in 0..3 {
        assert_eq!(Raw::connect(&process.address).await.request("GET", READY).await.status, 200);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn only_production_waits_by_default() {
    let delay = |arguments: &[&str]| crate::app::config("sqlite://x.db", arguments).shutdown_delay();
    assert_eq!(delay(&[]), Duration::from_secs(5));
    assert_eq!(delay(&["--app-env", "development"]), Duration::ZERO);
    assert_eq!(delay(&["--shutdown-delay", "30"]), Duration::from_secs(30));
}
