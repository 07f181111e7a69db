//! Clients that send or read too slowly, too much or nothing, or keep connections open.

use std::time::Duration;

use api::server::Limits;

use crate::{
    app::{Client, TestApp},
    raw::Raw,
};

const GET: &str = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";

/// Time after which a slow client is given up. Longer times are the defaults.
const SHORT: Duration = Duration::from_millis(400);

const PAUSE: Duration = Duration::from_millis(20);

/// Limits with four connections for each worker, and their number.
fn few_connections() -> (Limits, usize) {
    let connections = 4 * std::thread::available_parallelism().unwrap().get();
    (Limits { connections, ..Limits::default() }, connections)
}

fn login(framing: &str) -> String {
    format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{framing}\r\n\r\n"
    )
}

fn import(client: &Client<'_>, framing: &str) -> String {
    let token = client.token.as_ref().unwrap();
    format!(
        "POST /api/v1/books/import HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nAuthorization: Bearer {token}\r\n\
         {framing}\r\n\r\n"
    )
}

#[actix_web::test]
async fn a_slow_head_gets_408_also_the_second_one() {
    let app = TestApp::within(&[], Limits { head: SHORT, ..Limits::default() }).await;
    for requests in 0..2 {
        for trickles in [false, true] {
            let mut raw = Raw::connect(&app.address).await;
            for _ in 0..requests {
                assert_eq!(raw.request("GET", GET).await.status, 200);
            }
            raw.send("GET /livez HTTP/1.1\r\nX: ").await;
            if trickles {
                raw.trickle(b"x", PAUSE).await;
            }
            let response = raw.response("GET").await;
            assert_eq!((response.status, response.problem().as_str()), (408, "request_timeout"));
            assert!(response.closes());
            raw.closed().await;
        }
    }
    // Nothing at all.
    Raw::connect(&app.address).await.closed().await;
}

#[actix_web::test]
async fn an_idle_connection_is_closed_without_a_response() {
    let app = TestApp::within(&[], Limits { keep_alive: SHORT, ..Limits::default() }).await;
    let mut raw = Raw::connect(&app.address).await;
    assert_eq!(raw.request("GET", GET).await.status, 200);
    raw.closed().await;
}

#[actix_web::test]
async fn a_slow_body_gets_408() {
    let app = TestApp::within(&[], Limits { stall: SHORT, ..Limits::default() }).await;
    let alice = app.user("alice").await;
    for head in [
        login("Content-Length: 100"),
        login("Transfer-Encoding: chunked"),
        import(&alice, "Content-Length: 100"),
        import(&alice, "Transfer-Encoding: chunked"),
    ] {
        let mut raw = Raw::connect(&app.address).await;
        let response = raw.request("POST", format!("{head}5\r\n{{")).await;
        assert_eq!((response.status, response.problem().as_str()), (408, "request_timeout"), "{head}");
        assert!(response.closes());
        raw.closed().await;
    }
}

#[actix_web::test]
async fn a_body_of_a_byte_now_and_then_gets_408() {
    let limits = Limits { rate_window: SHORT, ..Limits::default() };
    let app = TestApp::within(&[], limits).await;
    let alice = app.user("alice").await;
    let mut raw = Raw::connect(&app.address).await;
    raw.send(import(&alice, "Content-Length: 1000000")).await;
    raw.trickle(b"x", PAUSE).await;
    assert_eq!(raw.response("POST").await.problem(), "request_timeout");
    raw.closed().await;
}

#[actix_web::test]
async fn little_of_a_body_is_read_after_its_request_was_refused() {
    let app = TestApp::start().await;
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    for framing in ["Content-Length: 1000000000", "Transfer-Encoding: chunked"] {
        let mut raw = Raw::connect(&app.address).await;
        let head = format!(
            "POST /api/v1/books HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{framing}\r\n\r\n"
        );
        assert_eq!(raw.request("POST", head).await.problem(), "not_signed_in");
        let mut sent = 0;
        while sent < 64 * 1024 * 1024 && raw.try_send(&chunk).await.is_ok() {
            sent += chunk.len();
        }
        // The buffers of the system hold some of it.
        assert!(sent < 32 * 1024 * 1024, "{framing}: {sent} bytes were accepted");
    }
}

#[actix_web::test]
async fn a_refused_body_that_stalls_is_given_up() {
    let app = TestApp::within(&[], Limits { discard: SHORT, ..Limits::default() }).await;
    let mut raw = Raw::connect(&app.address).await;
    let head = "POST /api/v1/books HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(raw.request("POST", format!("{head}5\r\nab")).await.status, 401);
    raw.closed().await;
}

#[actix_web::test]
async fn a_refused_body_that_ends_soon_keeps_its_connection() {
    let app = TestApp::start().await;
    let mut raw = Raw::connect(&app.address).await;
    let head = "POST /api/v1/books HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let refused = raw.request("POST", head).await;
    assert_eq!(refused.status, 401);
    assert!(!refused.closes());
    raw.send("5\r\nabcde\r\n0\r\n\r\n").await;
    assert_eq!(raw.request("GET", GET).await.status, 200);
}

#[actix_web::test]
async fn a_reader_that_stops_is_given_up() {
    for limits in [
        Limits { stall: SHORT, ..Limits::default() },
        // Reads now and then: too little in each window.
        Limits { rate_window: SHORT, rate_bytes: u64::MAX, ..Limits::default() },
    ] {
        let app = TestApp::within(&[], limits).await;
        let mut raw = Raw::connect(&app.address).await;
        let get = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
        // More than the system buffers.
        raw.send(get.repeat(200)).await;
        while raw.try_send("x").await.is_ok() {
            tokio::time::sleep(PAUSE).await;
        }
        let received = raw.drained().await.len();
        let whole = Raw::connect(&app.address).await.request("GET", get).await.body.len();
        assert!(received < 150 * whole, "{received} of {} bytes", 200 * whole);
    }
}

#[actix_web::test]
async fn connections_that_wait_make_room_for_new_ones() {
    let (limits, connections) = few_connections();
    let app = TestApp::within(&[], limits).await;
    let mut waiting = Vec::new();
    for number in 0..4 * connections {
        let mut raw = Raw::connect(&app.address).await;
        if number % 2 == 0 {
            assert_eq!(raw.request("GET", GET).await.status, 200);
        }
        raw.send("GET /livez HT").await;
        waiting.push(raw);
    }
    for _ in 0..20 {
        assert_eq!(Raw::connect(&app.address).await.request("GET", GET).await.status, 200);
    }
    // Long before the deadline of their heads.
    waiting[0].closed().await;
    waiting[connections].closed().await;
}
