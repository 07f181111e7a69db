//! Framing of the body of a request.

use actix_http::{Payload, Request, RequestHead};
use actix_web::http::{Method, header};

/// Framing of a request's body (RFC 9112, section 6), as the HTTP library understood the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// No body.
    None,
    /// `Content-Length`.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// All further bytes of the connection, as for WebSocket and CONNECT.
    UntilClose,
}

impl Framing {
    /// Framing of a request.
    pub fn of(request: &mut Request) -> Self {
        match request.payload() {
            Payload::None => Self::None,
            _ => Self::declared(request.head()),
        }
    }

    /// Framing of a body that the library expects after this head.
    pub(super) fn declared(head: &RequestHead) -> Self {
        let headers = head.headers();
        // The library has rejected other codings, several lengths, and a length beside a coding.
        if headers.contains_key(header::TRANSFER_ENCODING) {
            return Self::Chunked;
        }
        let websocket = headers
            .get_all(header::UPGRADE)
            .any(|value| value.to_str().is_ok_and(|value| value.trim().eq_ignore_ascii_case("websocket")));
        let length = headers.get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.trim().parse().ok());
        match length {
            Some(length) if !websocket && head.method != Method::CONNECT => Self::Length(length),
            _ => Self::UntilClose,
        }
    }
}
