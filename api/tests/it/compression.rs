//! Compression: codings of responses and their `ETag`s.

use std::io::Read;

use reqwest::Method;
use serde_json::json;

use crate::{
    app::{TestApp, path_of, send},
    reads::library,
};

/// Decodes a body.
fn plain(coding: &str, body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match coding {
        "zstd" => zstd::stream::read::Decoder::new(body).unwrap().read_to_end(&mut plain),
        "br" => brotli::Decompressor::new(body, 4096).read_to_end(&mut plain),
        "gzip" => flate2::read::GzDecoder::new(body).read_to_end(&mut plain),
        other => panic!("{other} is no coding"),
    }
    .unwrap();
    plain
}

#[actix_web::test]
async fn responses_are_compressed_in_the_accepted_coding() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    // One body that exceeds the compression buffer, and one that does not.
    let book = path_of(&library(&alice, 60).await[0]);
    for path in ["/books?limit=60", "/books?limit=1", &book, "/openapi.json", "/docs/swagger-ui-bundle.js"] {
        let get = async |coding: &str| {
            let request = app.anonymous().request(Method::GET, path).header("Accept-Encoding", coding);
            request.send().await.unwrap()
        };
        let whole = get("identity").await;
        assert!(!whole.headers().contains_key("content-encoding"));
        assert!(whole.headers()["vary"].to_str().unwrap().contains("Accept-Encoding"), "{path}");
        let whole = whole.bytes().await.unwrap();
        for coding in ["gzip", "br", "zstd", "gzip"] {
            let answer = get(coding).await;
            assert_eq!(answer.headers()["content-encoding"], coding, "{path}");
            assert!(answer.headers()["vary"].to_str().unwrap().contains("Accept-Encoding"), "{path}");
            let length = answer.content_length();
            let body = answer.bytes().await.unwrap();
            assert_eq!(length, Some(body.len() as u64), "{path}");
            assert!(body.len() * 2 < whole.len(), "{path} {coding}: {} of {}", body.len(), whole.len());
            assert_eq!(plain(coding, &body), whole, "{path} {coding}");
        }
    }
    for path in ["//livez", "/docs/favicon-32x32.png", "/users/me", "/nowhere"] {
        let answer = alice
            .request(Method::GET, path)
            .header("Accept-Encoding", "gzip, br, zstd")
            .send()
            .await
            .unwrap();
        assert!(!answer.headers().contains_key("content-encoding"), "{path}");
    }
    let long = json!({ "title": "T", "author": "A", "description": "Words. ".repeat(300) });
    let answer =
        send(alice.request(Method::POST, "/books").header("Accept-Encoding", "gzip").json(&long)).await;
    assert_eq!(answer.header("content-encoding"), "", "only what is read is compressed");
}

#[actix_web::test]
async fn a_strong_etag_belongs_to_one_coding_and_guards_writes_from_each() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let path = path_of(&library(&alice, 1).await[0]);
    let read = async |accepted: &str, known: &str| {
        let request = app.anonymous().request(Method::GET, &path).header("Accept-Encoding", accepted);
        let answer = request.header("If-None-Match", known).send().await.unwrap();
        (answer.status().as_u16(), answer.headers()["etag"].to_str().unwrap().to_owned())
    };
    for (accepted, known, expected) in [
        ("identity", "\"x\"", (200, "\"1\"")),
        ("gzip", "\"x\"", (200, "\"1-gzip\"")),
        ("br, gzip", "\"x\"", (200, "\"1-br\"")),
        ("zstd", "\"x\"", (200, "\"1-zstd\"")),
        ("gzip", "\"1-gzip\"", (304, "\"1-gzip\"")),
        ("gzip", "W/\"1-gzip\"", (304, "\"1-gzip\"")),
        // A cached response in another accepted coding is as good.
        ("gzip", "\"1\"", (304, "\"1\"")),
        ("gzip, br", "\"1-gzip\"", (304, "\"1-gzip\"")),
        ("gzip, br", "\"1-gzip\", \"1-br\"", (304, "\"1-br\"")),
        ("identity", "\"1-gzip\"", (200, "\"1\"")),
        ("gzip", "\"1-br\"", (200, "\"1-gzip\"")),
        ("gzip, identity;q=0", "\"1\"", (200, "\"1-gzip\"")),
        ("gzip", "*", (304, "\"1-gzip\"")),
    ] {
        assert_eq!(read(accepted, known).await, (expected.0, expected.1.to_owned()), "{accepted} {known}");
    }
    for (tag, version) in [("\"1-gzip\"", 2), ("\"2-br\"", 3), ("\"x\", \"3-zstd\"", 4), ("\"4\"", 5)] {
        let changed = alice.patch_if(&path, tag, json!({ "page_count": version })).await;
        assert_eq!(changed.ok()["version"], version, "{tag}");
    }
    for tag in ["\"4-gzip\"", "\"5-deflate\"", "\"5-\"", "W/\"5-gzip\"", "\"-gzip\"", "\"5gzip\""] {
        alice.patch_if(&path, tag, json!({ "page_count": 9 })).await.problem("stale");
    }
}
