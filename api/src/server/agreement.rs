//! Tests that this server and the HTTP library find the same ends of heads and bodies in any bytes. A difference would
//! let a client smuggle a request past either of them.

use actix_codec::Decoder;
use actix_http::{
    Request, ServiceConfig,
    h1::{Codec, Message, MessageType},
};
use actix_web::web::BytesMut;
use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};

use super::{
    body::{BodyScanner, BodyState},
    framing::Framing,
    head::{HeadScanner, HeadState},
};

/// End of a request.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// Length of head and body.
    At(usize, usize),
    /// More bytes are needed.
    Open,
    Invalid,
}

/// End of the first request of `bytes` for the library, and the framing of its body.
fn library(config: &ServiceConfig, bytes: &[u8]) -> (End, Framing) {
    let (mut codec, mut left) = (Codec::new(config.clone()), BytesMut::from(bytes));
    let head = match codec.decode(&mut left) {
        Ok(Some(Message::Item(request))) => request,
        Ok(_) => return (End::Open, Framing::None),
        Err(_) => return (End::Invalid, Framing::None),
    };
    let (head, length): (Request, usize) = (head, bytes.len() - left.len());
    if codec.message_type() == MessageType::None {
        return (End::At(length, 0), Framing::None);
    }
    let framing = Framing::declared(head.head());
    loop {
        match codec.decode(&mut left) {
            Ok(Some(Message::Chunk(None))) => {
                return (End::At(length, bytes.len() - left.len() - length), framing);
            }
            Ok(Some(_)) => {}
            Ok(None) => return (End::Open, framing),
            Err(_) => return (End::Invalid, framing),
        }
    }
}

/// End of the first request of `bytes`, read in parts, for this server.
fn ours(bytes: &[u8], framing: Framing, part: usize) -> End {
    let (mut scanner, mut head, mut blank) = (HeadScanner::default(), 0, 0);
    loop {
        let begin = head + blank;
        if begin == bytes.len() {
            return End::Open;
        }
        let scan = scanner.scan(&bytes[begin..bytes.len().min(begin + part)], usize::MAX);
        (head, blank) = (head + scan.length, blank + scan.blank);
        match scan.state {
            HeadState::Partial => {}
            HeadState::Complete => break,
            HeadState::Malformed | HeadState::TooLong => return End::Invalid,
        }
    }
    let head = head + blank;
    let Some(mut scanner) = BodyScanner::new(framing) else { return End::At(head, 0) };
    let mut body = 0;
    for part in bytes[head..].chunks(part) {
        let (length, state) = scanner.scan(part);
        body += length;
        match state {
            BodyState::Partial => {}
            BodyState::Complete => return End::At(head, body),
            BodyState::Broken => return End::Invalid,
        }
    }
    End::Open
}

/// Compares both. A head that the library rejects is not compared: it answers 400 and closes the connection.
fn compare(config: &ServiceConfig, bytes: &[u8], part: usize) -> Result<(), TestCaseError> {
    let (expected, framing) = library(config, bytes);
    let found = ours(bytes, framing, part);
    let rejected = expected == End::Invalid && framing == Framing::None;
    prop_assert!(
        rejected || found == expected,
        "{:?}: {found:?}",
        (String::from_utf8_lossy(bytes), expected, framing)
    );
    Ok(())
}

/// Text of some of these parts.
fn mix(parts: &'static [&'static str], most: usize) -> impl Strategy<Value = String> {
    vec(select(parts), 0..most).prop_map(|parts| parts.concat())
}

const HEADS: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    "\r\r\n",
    "GET / HTTP/1.1\r\n",
    "POST /a HTTP/1.1\n",
    "GET / HTTP/1.0\r\n",
    "Host: x\r\n",
    "Host: x\n",
    "a: b\r\n",
    " folded\r\n",
    "\tfolded\r\n",
    "Content-Length: 3\r\n",
    "Content-Length: +5\r\n",
    "Content-Length: 3, 3\r\n",
    "Content-Length:  07 \r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding : chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: identity\r\n",
    "Upgrade: websocket\r\n",
    "Connection: upgrade\r\n",
    "x\u{0}y",
    "abc",
    "3\r\nabc\r\n",
    "0\r\n\r\n",
];

const CHUNKS: &[&str] = &[
    "0",
    "1",
    "3",
    "a",
    "A",
    "00",
    "10",
    "ffffffffffffffff",
    "\r\n",
    "\r",
    "\n",
    ";",
    ";a=b",
    " ",
    "\t",
    "\"",
    "a: b",
    "é",
    "\u{0}",
    "xyz",
    "0\r\n\r\n",
    "3\r\nabc\r\n",
    "5;q\r\n12345\r\n",
    "0\r\na: b\r\n\r\n",
    "GET / HTTP/1.1\r\n",
];

/// Compares both for random values.
fn agree<S: Strategy>(values: S, texts: impl Fn(S::Value) -> Vec<String>) {
    // The library's settings need a runtime.
    actix_web::rt::System::new().block_on(async {
        let config = ServiceConfig::default();
        let mut runner =
            TestRunner::new(Config { cases: 4_000, failure_persistence: None, ..Config::default() });
        let result = runner.run(&(values, 1..40_usize), |(value, part)| {
            texts(value).iter().try_for_each(|text| compare(&config, text.as_bytes(), part))
        });
        result.unwrap_or_else(|error| panic!("{error}"));
    });
}

#[test]
fn heads_end_at_the_same_byte() {
    agree((mix(HEADS, 8), mix(HEADS, 4)), |(head, rest)| {
        let begin = "GET / HTTP/1.1\r\nHost: x\r\n";
        vec![format!("{head}\r\n{rest}"), format!("{begin}{head}\r\n{rest}")]
    });
}

#[test]
fn chunked_bodies_end_at_the_same_byte() {
    agree(mix(CHUNKS, 12), |body| {
        let head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        vec![format!("{head}{body}"), format!("{head}3\r\nabc\r\n{body}0\r\n\r\nGET / HTTP/1.1\r\n")]
    });
}

#[test]
fn bodies_with_a_length_end_at_the_same_byte() {
    agree((0..60_u64, "[a-z\r\n]{0,80}"), |(length, body)| {
        vec![format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}")]
    });
}
