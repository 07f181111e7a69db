//! Responses to connections whose requests never reach the application.

use actix_web::{
    ResponseError,
    http::{StatusCode, header::HeaderName},
};
use chrono::Utc;
use uuid::Uuid;

use crate::{
    error::{Code, Problem},
    request::{PROBLEM_JSON, SECURITY_HEADERS, X_REQUEST_ID},
};

/// Reason to close a connection with a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The head did not arrive in time.
    HeadTimeout,
    /// The head is too long.
    HeadTooLong,
    /// The bytes are no HTTP.
    Malformed,
    /// Every connection is in use.
    Full,
    /// The server stops.
    Stopping,
}

impl Refusal {
    /// Response as it is sent.
    pub fn response(self) -> Vec<u8> {
        let problem = match self {
            Self::HeadTimeout => Problem::new(Code::RequestTimeout, "the request took too long to arrive"),
            Self::HeadTooLong => return empty(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
            Self::Malformed => return empty(StatusCode::BAD_REQUEST),
            Self::Full => Problem::new(Code::Overloaded, "the server has too many connections"),
            Self::Stopping => Problem::new(Code::Unavailable, "the server is stopping"),
        };
        let id = Uuid::now_v7().to_string();
        let body = serde_json::to_vec(&problem.document(&id)).unwrap_or_default();
        let response = problem.error_response();
        let own = response.headers().iter().map(|(name, value)| (name, value.to_str().unwrap_or_default()));
        let common = SECURITY_HEADERS.iter().map(|(name, value)| (name, *value));
        let content: [(&HeaderName, &str); 2] =
            [(&actix_web::http::header::CONTENT_TYPE, PROBLEM_JSON), (&X_REQUEST_ID, &id)];
        let mut bytes = head(response.status(), body.len());
        for (name, value) in own.chain(common).chain(content) {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&body);
        bytes
    }
}

/// Response without a body, as the HTTP library sends it for what it cannot parse.
fn empty(status: StatusCode) -> Vec<u8> {
    let mut bytes = head(status, 0);
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// First lines of a response.
fn head(status: StatusCode, length: usize) -> Vec<u8> {
    let date = Utc::now().format("%a, %d %b %Y %H:%M:%S GMT");
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\ndate: {date}\r\n")
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn refusals_are_whole_responses() {
        for (refusal, status, code) in [
            (Refusal::HeadTimeout, "408 Request Timeout", "request_timeout"),
            (Refusal::HeadTooLong, "431 Request Header Fields Too Large", ""),
            (Refusal::Malformed, "400 Bad Request", ""),
            (Refusal::Full, "503 Service Unavailable", "overloaded"),
            (Refusal::Stopping, "503 Service Unavailable", "unavailable"),
        ] {
            let response = String::from_utf8(refusal.response()).unwrap();
            let (head, body) = response.split_once("\r\n\r\n").unwrap();
            let lines: Vec<&str> = head.split("\r\n").collect();
            assert_eq!(lines[0], format!("HTTP/1.1 {status}"));
            assert!(lines.contains(&"connection: close"), "{head}");
            assert!(lines.contains(&format!("content-length: {}", body.len()).as_str()), "{head}");
            assert_eq!(lines.contains(&"retry-after: 1"), status.starts_with("503"), "{head}");
            let document: Value = serde_json::from_str(body).unwrap_or_default();
            assert_eq!(document["code"].as_str().unwrap_or_default(), code);
        }
    }
}
