//! Requests whose length is unclear, without end, or unusual.

use crate::{app::TestApp, raw::Raw};

/// Request that a client smuggles in the body of another one.
const SMUGGLED: &str = "GET /livez HTTP/1.1\r\nHost: smuggled\r\n\r\n";

#[actix_web::test]
async fn a_request_of_unclear_length_is_rejected_and_its_connection_closed() {
    let app = TestApp::start().await;
    let heads = [
        ("both length and coding", "1.1", "Content-Length: 4\r\nTransfer-Encoding: chunked"),
        ("both, the other way round", "1.1", "Transfer-Encoding: chunked\r\nContent-Length: 4"),
        ("two lengths", "1.1", "Content-Length: 4\r\nContent-Length: 5"),
        ("twice the same length", "1.1", "Content-Length: 4\r\nContent-Length: 4"),
        ("a list of lengths", "1.1", "Content-Length: 4, 4"),
        ("a length with a sign", "1.1", "Content-Length: +4"),
        ("a negative length", "1.1", "Content-Length: -4"),
        ("a hexadecimal length", "1.1", "Content-Length: 0x4"),
        ("a length beyond 64 bits", "1.1", "Content-Length: 99999999999999999999"),
        ("two codings", "1.1", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        ("a list of codings", "1.1", "Transfer-Encoding: gzip, chunked"),
        ("an unknown coding", "1.1", "Transfer-Encoding: xchunked"),
        ("identity", "1.1", "Transfer-Encoding: identity"),
        ("a coding in HTTP/1.0", "1.0", "Transfer-Encoding: chunked"),
        ("a space before the colon", "1.1", "Transfer-Encoding : chunked"),
        ("a folded line", "1.1", "Content-Length: 4\r\nX: a\r\n b"),
        ("a folded coding", "1.1", "Transfer-Encoding:\r\n chunked"),
        ("a bare CR", "1.1", "X: a\rContent-Length: 4"),
        ("a NUL", "1.1", "X: a\0b"),
    ];
    for (reason, version, fields) in heads {
        let mut raw = Raw::connect(&app.address).await;
        raw.send(format!("POST /livez HTTP/{version}\r\nHost: x\r\n{fields}\r\n\r\n0\r\n\r\n{SMUGGLED}"))
            .await;
        assert_eq!(raw.response("POST").await.status, 400, "{reason}");
        raw.closed().await;
    }
}

#[actix_web::test]
async fn an_invalid_or_endless_chunked_body_gets_one_response() {
    let app = TestApp::start().await;
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let bodies = [
        ("no size", "\r\n{}\r\n0\r\n\r\n".to_owned()),
        ("a size with a sign", "+2\r\n{}\r\n0\r\n\r\n".to_owned()),
        ("a size with a prefix", "0x2\r\n{}\r\n0\r\n\r\n".to_owned()),
        ("a size beyond 64 bits", "fffffffffffffffff\r\n{}".to_owned()),
        ("more data than the size", "1\r\n{}\r\n0\r\n\r\n".to_owned()),
        ("a bare LF", "2\n{}\n0\n\n".to_owned()),
        ("a size without end", "0".repeat(30_000)),
        ("an extension without end", format!("2;{}", "x".repeat(30_000))),
        ("a trailer without end", format!("2\r\n{{}}\r\n0\r\n{}", "x".repeat(30_000))),
        ("trailers without end", format!("2\r\n{{}}\r\n0\r\n{}", "a: b\r\n".repeat(10_000))),
    ];
    for (reason, body) in bodies {
        let mut raw = Raw::connect(&app.address).await;
        // The server may close the connection before it has read all of it.
        raw.try_send(format!("{head}{body}{SMUGGLED}")).await.ok();
        if let Some(response) = raw.try_response("POST").await {
            assert_eq!((response.status, response.problem().as_str()), (400, "bad_request"), "{reason}");
            raw.closed().await;
        }
    }
}

#[actix_web::test]
async fn a_head_without_end_is_rejected() {
    let app = TestApp::start().await;
    for (reason, bytes) in [
        ("many lines", format!("GET /livez HTTP/1.1\r\n{}", "a: b\r\n".repeat(20_000))),
        ("a long line", format!("GET /livez HTTP/1.1\r\nX: {}", "x".repeat(100_000))),
        ("a long target", format!("GET /{}", "x".repeat(100_000))),
        ("blank lines", "\r\n".repeat(50_000)),
    ] {
        let mut raw = Raw::connect(&app.address).await;
        raw.try_send(bytes).await.ok();
        let status = raw.try_response("GET").await.map_or(0, |response| response.status);
        assert!([0, 431].contains(&status), "{reason}: {status}");
        raw.drained().await;
    }
}

#[actix_web::test]
async fn unusual_requests_are_served() {
    let app = TestApp::start().await;
    let mut raw = Raw::connect(&app.address).await;
    let login = "POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    // Blank lines before a request, and bare LF as line end.
    assert_eq!(raw.request("GET", "\r\n\n\r\nGET /livez HTTP/1.1\nHost: x\n\n").await.status, 200);
    // Extensions and trailers of a chunked body.
    let body = "1;a=\"b\"\r\n{\r\n1 ; c\r\n}\r\n000;last\r\nSum: 1\r\nX: y\r\n\r\n";
    raw.send(format!("{login}Transfer-Encoding: chunked\r\n\r\n{body}{SMUGGLED}")).await;
    assert_eq!(raw.response("POST").await.status, 422);
    assert_eq!(raw.response("GET").await.status, 200, "a request after the body is no part of it");
    // A client that waits for permission to send its body.
    raw.send(format!("{login}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")).await;
    assert_eq!(raw.response("POST").await.status, 100);
    assert_eq!(raw.request("POST", "{}").await.status, 422);
    // A client that sends nothing more.
    raw.send(SMUGGLED).await;
    raw.finish().await;
    assert_eq!(raw.response("GET").await.status, 200);
    raw.closed().await;
}

#[actix_web::test]
async fn a_request_that_ends_its_connection_is_the_last_one() {
    let app = TestApp::start().await;
    for (request, says_so) in [
        ("GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", true),
        ("GET /livez HTTP/1.0\r\n\r\n", false),
        ("GET /livez HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", true),
        ("GET /livez HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", true),
    ] {
        let mut raw = Raw::connect(&app.address).await;
        let response = raw.request("GET", format!("{request}{SMUGGLED}")).await;
        assert_eq!((response.status, response.closes()), (200, says_so), "{request}");
        raw.closed().await;
    }
    let mut raw = Raw::connect(&app.address).await;
    for _ in 0..2 {
        let kept = raw.request("GET", "GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").await;
        assert_eq!((kept.status, kept.header("connection")), (200, Some("keep-alive")));
    }
}
