//! End of the head of a request.

/// Scanner for the end of a head: the first blank line after the request line.
///
/// It accepts the line ends of the HTTP library, CR LF and LF, and skips blank lines before the request line as
/// RFC 9112, section 2.2, recommends. What else is in the head is left to the library, which rejects invalid heads.
#[derive(Debug, Default)]
pub(super) struct HeadScanner {
    /// Bytes so far, without blank lines before the head.
    length: usize,
    /// Bytes of blank lines before the head.
    blank: usize,
    line: Line,
}

/// Present line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Line {
    /// Nothing yet.
    #[default]
    Empty,
    /// A CR, and nothing else.
    Cr,
    /// Anything else.
    Text,
}

/// Result of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HeadScan {
    /// Bytes of blank lines before the head.
    pub blank: usize,
    /// Bytes after them that belong to the head.
    pub length: usize,
    pub state: HeadState,
}

/// State of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadState {
    /// More bytes are needed.
    Partial,
    /// The head has ended.
    Complete,
    /// A CR without LF before the head.
    Malformed,
    /// More bytes than the limit.
    TooLong,
}

impl HeadScanner {
    /// Whether the head has begun.
    pub fn begun(&self) -> bool {
        self.length > 0
    }

    /// Scans further bytes.
    pub fn scan(&mut self, bytes: &[u8], limit: usize) -> HeadScan {
        let blank = if self.begun() { 0 } else { self.skip_blank_lines(bytes) };
        // A CR that another byte than LF follows.
        let bare = self.line == Line::Cr && !self.begun() && blank < bytes.len();
        let (length, state) = if bare { (0, HeadState::Malformed) } else { self.find_end(&bytes[blank..]) };
        self.length += length;
        let too_long = self.length.max(self.blank) > limit;
        HeadScan { blank, length, state: if too_long { HeadState::TooLong } else { state } }
    }

    fn skip_blank_lines(&mut self, bytes: &[u8]) -> usize {
        let blank = bytes.iter().take_while(|byte| {
            let (line, blank) = match (self.line, byte) {
                (Line::Empty, b'\r') => (Line::Cr, true),
                (Line::Empty | Line::Cr, b'\n') => (Line::Empty, true),
                (line, _) => (line, false),
            };
            self.line = line;
            blank
        });
        let blank = blank.count();
        self.blank += blank;
        blank
    }

    /// Number of bytes up to the end of the head, if they contain it.
    fn find_end(&mut self, bytes: &[u8]) -> (usize, HeadState) {
        let mut begin = 0;
        while let Some(length) = memchr::memchr(b'\n', &bytes[begin..]) {
            let line = std::mem::take(&mut self.line).extended(&bytes[begin..begin + length]);
            begin += length + 1;
            if line != Line::Text {
                return (begin, HeadState::Complete);
            }
        }
        self.line = self.line.extended(&bytes[begin..]);
        (bytes.len(), HeadState::Partial)
    }
}

impl Line {
    /// The line with further bytes, none of which is LF.
    fn extended(self, bytes: &[u8]) -> Self {
        match (self, bytes) {
            (line, []) => line,
            (Self::Empty, [b'\r']) => Self::Cr,
            _ => Self::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1_000;

    /// Bytes, and the result of their scan.
    type Case = (&'static [u8], (usize, usize, HeadState));

    /// Result of scanning `bytes` in parts that end at `cuts`: blank bytes, length of the head, state.
    fn scan(bytes: &[u8], cuts: &[usize]) -> (usize, usize, HeadState) {
        let (mut scanner, mut begin, mut blank, mut length) = (HeadScanner::default(), 0, 0, 0);
        for end in cuts.iter().copied().chain([bytes.len()]) {
            let scan = scanner.scan(&bytes[begin..end], LIMIT);
            (blank, length, begin) = (blank + scan.blank, length + scan.length, end);
            if scan.state != HeadState::Partial {
                return (blank, length, scan.state);
            }
        }
        (blank, length, HeadState::Partial)
    }

    #[test]
    fn the_end_is_found_wherever_the_bytes_are_cut() {
        use HeadState::{Complete, Malformed, Partial};
        let cases: [Case; 9] = [
            (b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET", (0, 27, Complete)),
            (b"GET / HTTP/1.1\nHost: x\n\nrest", (0, 24, Complete)),
            (b"GET / HTTP/1.1\n\r\n", (0, 17, Complete)),
            (b"\r\n\n\r\nGET / HTTP/1.1\r\n\r\n", (5, 18, Complete)),
            (b"GET / HTTP/1.1\r\nHost: x\r\n\r", (0, 26, Partial)),
            (b"GET / HTTP/1.1\r\nHost: x\r\n\r\r\n", (0, 28, Partial)),
            (b"\r\n\r", (3, 0, Partial)),
            (b"", (0, 0, Partial)),
            (b"\r\n\rGET / HTTP/1.1\r\n\r\n", (3, 0, Malformed)),
        ];
        for (bytes, expected) in cases {
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(scan(bytes, &[]), expected, "{text:?}");
            for cut in 0..bytes.len() {
                assert_eq!(scan(bytes, &[cut]), expected, "{text:?} cut at {cut}");
            }
            assert_eq!(scan(bytes, &(0..bytes.len()).collect::<Vec<_>>()), expected, "{text:?} byte by byte");
        }
    }

    #[test]
    fn heads_and_blank_lines_without_end_are_too_long() {
        for bytes in ["\r\n".repeat(LIMIT), format!("GET / HTTP/1.1\r\n{}", "a: b\r\n".repeat(LIMIT))] {
            assert_eq!(scan(bytes.as_bytes(), &[]).2, HeadState::TooLong);
            assert_eq!(scan(bytes.as_bytes(), &(0..bytes.len()).collect::<Vec<_>>()).2, HeadState::TooLong);
        }
    }
}
