//! Conversations with a client, without sockets.

use std::time::Duration;

use super::*;

const HEAD: &[u8] = b"POST / HTTP/1.1\r\nHost: x\r\n\r\n";

/// State and clock of a test.
struct Client {
    inbound: Inbound,
    limits: Limits,
    now: Instant,
}

impl Client {
    fn new() -> Self {
        let now = Instant::now();
        Self { inbound: Inbound::new(now), limits: Limits::default(), now }
    }

    /// Bytes that pass.
    fn send(&mut self, bytes: &[u8]) -> usize {
        let now = self.now;
        self.inbound.admit(bytes, &self.limits, || now).passed
    }

    fn begin(&mut self, framing: Framing) {
        assert_eq!(self.send(HEAD), HEAD.len());
        self.inbound.begin(framing);
    }

    fn end(&mut self) {
        self.inbound.end(self.now, &self.limits);
    }

    /// Waits until the client's time is over; returns how long that took.
    fn time_out(&mut self) -> Duration {
        let start = self.now;
        while let Wait::Until(deadline) = self.inbound.wait(self.now, &self.limits) {
            assert!(deadline > self.now);
            self.now = deadline;
        }
        assert!(self.inbound.is_closed(), "{:?}", self.inbound);
        self.now - start
    }
}

#[test]
fn requests_pass_one_at_a_time() {
    let mut client = Client::new();
    let pipelined = [HEAD, b"body", HEAD].concat();
    assert_eq!(client.send(&pipelined), HEAD.len());
    assert_eq!(client.send(b"body"), 0, "the library has not seen the framing");
    client.inbound.begin(Framing::Length(4));
    assert_eq!(client.send(&pipelined[HEAD.len()..]), 4);
    assert_eq!(client.send(HEAD), 0, "the response is not finished");
    assert!(!client.inbound.is_open());
    client.end();
    assert_eq!(client.send(HEAD), HEAD.len());
    client.inbound.begin(Framing::None);
    client.inbound.close_after_response();
    client.end();
    assert!(client.inbound.is_closed(), "the response closes the connection");
}

#[test]
fn a_request_that_was_not_expected_closes_the_connection() {
    let mut client = Client::new();
    assert_eq!(client.send(&HEAD[..4]), 4);
    client.inbound.begin(Framing::None);
    assert!(client.inbound.is_closed());
    client.end();
    assert!(client.inbound.is_closed());
}

#[test]
fn heads_have_a_deadline_from_their_first_byte() {
    let limits = Limits::default();
    let mut silent = Client::new();
    assert_eq!(silent.time_out(), limits.head);
    assert_eq!(silent.inbound.take_refusal(), None);

    let mut slow = Client::new();
    slow.begin(Framing::None);
    slow.end();
    slow.now += Duration::from_mins(1);
    let start = slow.now;
    for byte in HEAD {
        assert_eq!(slow.send(&[*byte]), 1);
        if slow.inbound.wait(slow.now, &limits) == Wait::Over {
            break;
        }
        slow.now += Duration::from_millis(500);
    }
    assert_eq!(slow.now - start, limits.head);
    assert_eq!(slow.inbound.take_refusal(), Some(Refusal::HeadTimeout));

    let mut idle = Client::new();
    idle.begin(Framing::None);
    idle.end();
    assert_eq!(idle.send(b"\r\n"), 0, "blank lines are no head");
    assert_eq!(idle.time_out(), limits.keep_alive);
    assert_eq!(idle.inbound.take_refusal(), None);

    let mut handed = Client::new();
    assert_eq!(handed.send(HEAD), HEAD.len());
    assert_eq!(handed.time_out(), limits.head);
}

#[test]
fn invalid_and_long_heads_are_refused() {
    for (bytes, refusal) in
        [(b"\rGET".to_vec(), Refusal::Malformed), (vec![b'x'; 100_000], Refusal::HeadTooLong)]
    {
        let mut client = Client::new();
        client.send(&bytes);
        assert!(client.inbound.is_closed());
        assert_eq!(client.inbound.take_refusal(), Some(refusal));
    }
}

#[test]
fn slow_bodies_are_cut_and_handlers_have_their_time() {
    let limits = Limits::default();
    let mut client = Client::new();
    client.begin(Framing::Chunked);
    client.now += Duration::from_mins(1);
    assert_eq!(client.time_out(), limits.stall, "time before the first wait does not count");
    assert!(client.inbound.is_cut());

    let mut client = Client::new();
    client.begin(Framing::Length(1));
    client.send(b"x");
    assert_eq!(client.inbound.wait(client.now + Duration::from_hours(1), &limits), Wait::Unlimited);
    assert!(!client.inbound.is_cut());
}

#[test]
fn little_of_an_unread_body_is_discarded() {
    let limits = Limits::default();
    let mut short = Client::new();
    short.begin(Framing::Length(1_000));
    short.end();
    assert_eq!(short.send(&[b'x'; 2_000]), 1_000);
    assert_eq!(short.send(HEAD), HEAD.len(), "the next request follows");

    let mut long = Client::new();
    long.begin(Framing::Length(1_000_000));
    long.end();
    assert_eq!(long.send(&vec![b'x'; 100_000]), limits.discard_bytes);
    assert_eq!(long.send(b"x"), 0);
    assert!(!long.inbound.is_open() && !long.inbound.is_closed(), "the client may read the response");
    assert_eq!(long.time_out(), limits.discard);
    assert!(long.inbound.is_closed());

    let mut slow = Client::new();
    slow.begin(Framing::Chunked);
    slow.end();
    assert_eq!(slow.send(b"5\r\nab"), 5);
    assert_eq!(slow.time_out(), limits.discard);
    assert!(!slow.inbound.is_cut());
}

#[test]
fn invalid_bodies_end_before_the_first_invalid_byte() {
    let mut client = Client::new();
    client.begin(Framing::Chunked);
    assert_eq!(client.send(b"1\r\nx\r\nGET"), 6);
    assert!(client.inbound.is_closed());
    assert!(!client.inbound.is_cut());
}

#[test]
fn connections_wait_for_their_client_or_not() {
    let mut client = Client::new();
    assert_eq!(client.inbound.waiting_since(), Some(client.now));
    client.begin(Framing::Length(1));
    assert_eq!(client.inbound.waiting_since(), None);
    client.inbound.wait(client.now, &client.limits);
    assert_eq!(client.inbound.waiting_since(), Some(client.now));
    client.send(b"x");
    assert_eq!(client.inbound.waiting_since(), None);
    client.end();
    assert_eq!(client.inbound.waiting_since(), Some(client.now));
}
