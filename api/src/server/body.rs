//! End of the body of a request.

use super::framing::Framing;

/// Most bytes of a chunked body that are neither data nor the size of a chunk: extensions, trailers and leading zeros.
const EXTRAS: usize = 16 * 1024;

/// Scanner for the end of a body. It accepts exactly what the HTTP library accepts, except for extras without end.
#[derive(Debug)]
pub(super) enum BodyScanner {
    /// Bytes that are left.
    Length(u64),
    Chunked(Chunked),
    UntilClose,
}

/// State of a chunked body.
#[derive(Debug)]
pub(super) struct Chunked {
    expected: Expected,
    /// Size of the chunk, or what is left of it.
    size: u64,
    /// Digits of the chunk's size.
    digits: usize,
    /// Extras so far.
    extras: usize,
}

/// Part of a chunked body that the next byte belongs to (RFC 9112, section 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    SizeFirst,
    Size,
    Space,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    LineOrEnd,
    Trailer,
    TrailerLf,
    EndLf,
}

/// State of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyState {
    /// More bytes are needed.
    Partial,
    /// The body has ended.
    Complete,
    /// The body is invalid, or has too many extras.
    Broken,
}

impl BodyScanner {
    /// Scanner for a body; none if there is no body.
    pub fn new(framing: Framing) -> Option<Self> {
        match framing {
            Framing::None | Framing::Length(0) => None,
            Framing::Length(length) => Some(Self::Length(length)),
            Framing::Chunked => Some(Self::Chunked(Chunked::new())),
            Framing::UntilClose => Some(Self::UntilClose),
        }
    }

    /// Number of bytes that belong to the body, up to the first invalid one.
    pub fn scan(&mut self, bytes: &[u8]) -> (usize, BodyState) {
        match self {
            Self::Length(left) => {
                let length = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= length as u64;
                (length, if *left == 0 { BodyState::Complete } else { BodyState::Partial })
            }
            Self::Chunked(chunked) => chunked.scan(bytes),
            Self::UntilClose => (bytes.len(), BodyState::Partial),
        }
    }
}

impl Chunked {
    fn new() -> Self {
        Self { expected: Expected::SizeFirst, size: 0, digits: 0, extras: 0 }
    }

    fn scan(&mut self, bytes: &[u8]) -> (usize, BodyState) {
        let mut index = 0;
        while let Some(&byte) = bytes.get(index) {
            if self.expected == Expected::Data {
                let left = bytes.len() - index;
                let length = left.min(usize::try_from(self.size).unwrap_or(usize::MAX));
                self.size -= length as u64;
                index += length;
                if self.size == 0 {
                    self.expected = Expected::DataCr;
                }
                continue;
            }
            index += 1;
            if self.expected == Expected::EndLf && byte == b'\n' {
                return (index, BodyState::Complete);
            }
            match self.next(byte) {
                Some(expected) if self.extras <= EXTRAS => self.expected = expected,
                _ => return (index - 1, BodyState::Broken),
            }
        }
        (index, BodyState::Partial)
    }

    /// Part after a byte that is no data; none if the byte is invalid.
    fn next(&mut self, byte: u8) -> Option<Expected> {
        match (self.expected, byte) {
            (Expected::SizeFirst, _) => {
                (self.size, self.digits) = (0, 0);
                self.digit(byte)
            }
            (Expected::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => self.digit(byte),
            (Expected::Size | Expected::Space, b'\t' | b' ') => self.extra(Expected::Space),
            (Expected::Size | Expected::Space, b';') => self.extra(Expected::Extension),
            (Expected::Size | Expected::Space | Expected::Extension, b'\r') => Some(Expected::SizeLf),
            (Expected::Extension, b'\t' | 0x20..=0x7e | 0x80..) => self.extra(Expected::Extension),
            (Expected::SizeLf, b'\n') if self.size == 0 => Some(Expected::LineOrEnd),
            (Expected::SizeLf, b'\n') => Some(Expected::Data),
            (Expected::DataCr, b'\r') => Some(Expected::DataLf),
            (Expected::DataLf, b'\n') => Some(Expected::SizeFirst),
            (Expected::LineOrEnd, b'\r') => Some(Expected::EndLf),
            (Expected::Trailer, b'\r') => Some(Expected::TrailerLf),
            (Expected::LineOrEnd | Expected::Trailer, _) => self.extra(Expected::Trailer),
            (Expected::TrailerLf, b'\n') => self.extra(Expected::LineOrEnd),
            _ => None,
        }
    }

    fn digit(&mut self, byte: u8) -> Option<Expected> {
        let digit = char::from(byte).to_digit(16)?;
        self.size = self.size.checked_mul(16)? + u64::from(digit);
        self.digits += 1;
        if self.digits > 16 { self.extra(Expected::Size) } else { Some(Expected::Size) }
    }

    #[expect(clippy::unnecessary_wraps, reason = "ends the arms of a match with options")]
    fn extra(&mut self, expected: Expected) -> Option<Expected> {
        self.extras += 1;
        Some(expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Result of scanning `bytes` in parts of `size`: length of the body, state.
    fn scan(framing: Framing, bytes: &[u8], size: usize) -> (usize, BodyState) {
        let (mut scanner, mut total) = (BodyScanner::new(framing).unwrap(), 0);
        for part in bytes.chunks(size) {
            let (length, state) = scanner.scan(part);
            total += length;
            if state != BodyState::Partial {
                return (total, state);
            }
        }
        (total, BodyState::Partial)
    }

    #[test]
    fn bodies_end_where_their_framing_says() {
        use BodyState::{Broken, Complete, Partial};
        let cases: [(Framing, &[u8], (usize, BodyState)); 14] = [
            (Framing::Length(4), b"abcdGET /", (4, Complete)),
            (Framing::Length(4), b"abc", (3, Partial)),
            (Framing::Length(u64::MAX), b"abc", (3, Partial)),
            (Framing::UntilClose, b"abc", (3, Partial)),
            (Framing::Chunked, b"3\r\nabc\r\n0\r\n\r\nGET /", (13, Complete)),
            (Framing::Chunked, b"A ;x=1\r\n0123456789\r\n00\r\nSum: 1\r\n\r\nGET /", (34, Complete)),
            (Framing::Chunked, b"3\r\nabc\r\n", (8, Partial)),
            (Framing::Chunked, b"3\nabc\r\n", (1, Broken)),
            (Framing::Chunked, b"\r\n", (0, Broken)),
            (Framing::Chunked, b"+3\r\nabc", (0, Broken)),
            (Framing::Chunked, b"0x3\r\nabc", (1, Broken)),
            (Framing::Chunked, b"3\r\nabcd", (6, Broken)),
            (Framing::Chunked, b"3;a\nb\r\n", (3, Broken)),
            (Framing::Chunked, b"fffffffffffffffff\r\n", (16, Broken)),
        ];
        for (framing, bytes, expected) in cases {
            for size in 1..=bytes.len() {
                let text = String::from_utf8_lossy(bytes);
                assert_eq!(scan(framing, bytes, size), expected, "{text:?} in parts of {size}");
            }
        }
        assert!(BodyScanner::new(Framing::None).is_none());
        assert!(BodyScanner::new(Framing::Length(0)).is_none());
    }

    #[test]
    fn extras_without_end_break_a_body() {
        let endless = "x".repeat(2 * EXTRAS);
        let zeros = "0".repeat(2 * EXTRAS);
        let small = "1;x=12345678\r\na\r\n".repeat(EXTRAS);
        let trailers = format!("0\r\n{}", "a: b\r\n".repeat(EXTRAS));
        for body in [format!("1;{endless}"), format!("0\r\n{endless}"), zeros, small, trailers] {
            let (length, state) = scan(Framing::Chunked, body.as_bytes(), 1_000);
            assert_eq!(state, BodyState::Broken, "{}", &body[..20]);
            assert!(length < body.len());
        }
        let small = "1\r\na\r\n".repeat(EXTRAS);
        assert_eq!(
            scan(Framing::Chunked, small.as_bytes(), 1_000).1,
            BodyState::Partial,
            "sizes are no extras"
        );
    }
}
