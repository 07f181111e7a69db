//! Client that writes bytes as a test says, and reads responses strictly: a response with a wrong length is noticed.

use std::{io, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::mailbox::PATIENCE;

/// Connection to the server.
pub struct Raw {
    stream: TcpStream,
    /// Bytes that belong to later responses.
    buffer: Vec<u8>,
}

/// Response, as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Lines of the head, in lower case.
    head: Vec<String>,
    pub body: Vec<u8>,
}

impl Response {
    /// Value of a header, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.iter().filter_map(|line| line.split_once(':'));
        lines.find(|(found, _)| *found == name).map(|(_, value)| value.trim())
    }

    /// Whether the connection closes after the response.
    pub fn closes(&self) -> bool {
        self.header("connection") == Some("close")
    }

    /// Code of the problem document.
    #[track_caller]
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let document: Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(document["status"], self.status);
        assert_eq!(document["request_id"].as_str(), self.header("x-request-id"));
        document["code"].as_str().unwrap().to_owned()
    }
}

impl Raw {
    /// Connects to `http://host:port`.
    pub async fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address.trim_start_matches("http://")).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::new() }
    }

    /// Sends bytes.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).await.unwrap();
    }

    /// Sends bytes to a server that may close the connection.
    pub async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        timeout(PATIENCE, self.stream.write_all(bytes.as_ref())).await.expect("the server reads")
    }

    /// Sends the same bytes again and again, with pauses, until the server closes the connection or answers.
    pub async fn trickle(&mut self, bytes: &[u8], pause: Duration) {
        let started = tokio::time::Instant::now();
        while timeout(pause, self.stream.readable()).await.is_err() {
            if self.try_send(bytes).await.is_err() {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "the server closes the connection");
        }
    }

    /// Ends the client's side of the connection.
    pub async fn finish(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Closes the connection with a reset.
    pub fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }

    /// Reads the response to a request with this method.
    pub async fn response(&mut self, method: &str) -> Response {
        self.try_response(method).await.expect("the connection is open")
    }

    /// Sends a request and reads its response.
    pub async fn request(&mut self, method: &str, bytes: impl AsRef<[u8]>) -> Response {
        self.send(bytes).await;
        self.response(method).await
    }

    /// Reads a response; none if the connection was closed before its first byte.
    pub async fn try_response(&mut self, method: &str) -> Option<Response> {
        let head = self.until(b"\r\n\r\n").await?;
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let mut lines = head.lines().filter(|line| !line.is_empty()).map(str::to_owned);
        let status = lines.next().unwrap();
        let status = status.strip_prefix("http/1.").unwrap_or_else(|| panic!("no status line: {status:?}"));
        let status = status[2..5].parse().unwrap();
        let mut response = Response { status, head: lines.collect(), body: Vec::new() };
        if method != "HEAD" && status != 304 && status != 204 && status >= 200 {
            response.body = match (response.header("content-length"), response.header("transfer-encoding")) {
                (Some(length), None) => self.exactly(length.parse().unwrap()).await,
                (None, Some("chunked")) => self.chunks().await,
                _ => panic!("no framing: {response:?}"),
            };
        }
        Some(response)
    }

    /// Waits until the server closes the connection, without sending anything more.
    pub async fn closed(&mut self) {
        assert!(self.buffer.is_empty(), "{}", String::from_utf8_lossy(&self.buffer));
        let rest = self.fill().await;
        assert!(!rest, "{}", String::from_utf8_lossy(&self.buffer));
    }

    /// Reads everything until the server closes the connection.
    pub async fn drained(&mut self) -> Vec<u8> {
        while self.fill().await {}
        std::mem::take(&mut self.buffer)
    }

    async fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let line = self.until(b"\r\n").await.unwrap();
            let size = std::str::from_utf8(&line).unwrap().trim();
            let size = usize::from_str_radix(size, 16).unwrap_or_else(|_| panic!("no chunk size: {size:?}"));
            body.extend(self.exactly(size).await);
            assert_eq!(self.exactly(2).await, b"\r\n");
            if size == 0 {
                return body;
            }
        }
    }

    /// Bytes up to and including `end`; none if there are none.
    async fn until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            if let Some(at) = self.buffer.windows(end.len()).position(|window| window == end) {
                return Some(self.buffer.drain(..at + end.len()).collect());
            }
            if !self.fill().await {
                let rest = String::from_utf8_lossy(&self.buffer);
                assert!(rest.is_empty(), "the connection was closed after {rest:?}");
                return None;
            }
        }
    }

    async fn exactly(&mut self, length: usize) -> Vec<u8> {
        while self.buffer.len() < length {
            assert!(self.fill().await, "the connection was closed in a body");
        }
        self.buffer.drain(..length).collect()
    }

    /// Reads further bytes; returns whether the connection is open.
    async fn fill(&mut self) -> bool {
        let read =
            timeout(PATIENCE, self.stream.read_buf(&mut self.buffer)).await.expect("the server answers");
        // A server that closes a connection with unread bytes resets it.
        matches!(read, Ok(1..))
    }
}
