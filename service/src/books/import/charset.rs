//! Character encoding of a file: detected by its byte order mark, by the zero bytes of UTF-16 in Western text, or by
//! statistics.

use std::io::{Read, Result, Seek, SeekFrom};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use validator::ValidationError;

use crate::{FieldCode, input};

/// Bytes that are examined at a time.
const CHUNK: usize = 64 * 1024;

/// Detects the encoding of the whole file, unless it is given. A byte order mark has precedence over both.
pub(super) fn detect(
    file: &mut (impl Read + Seek),
    given: Option<&'static Encoding>,
) -> Result<&'static Encoding> {
    file.seek(SeekFrom::Start(0))?;
    let mut head = Vec::new();
    file.take(CHUNK as u64).read_to_end(&mut head)?;
    if let Some(encoding) = mark(&head).or(given).or_else(|| utf_16(&head)) {
        return Ok(encoding);
    }
    // Valid UTF-8 to the end is UTF-8, and validation is much faster than statistics.
    if is_utf_8(file)? { Ok(UTF_8) } else { guess(file) }
}

fn is_utf_8(file: &mut (impl Read + Seek)) -> Result<bool> {
    file.seek(SeekFrom::Start(0))?;
    let mut chunk = vec![0; CHUNK];
    let mut kept = 0;
    loop {
        let length = file.read(&mut chunk[kept..])?;
        let filled = kept + length;
        let valid = Encoding::utf8_valid_up_to(&chunk[..filled]);
        kept = filled - valid;
        if length == 0 {
            return Ok(kept == 0);
        }
        // A character may continue in the next chunk; it has at most four bytes.
        if kept > 3 {
            return Ok(false);
        }
        chunk.copy_within(valid..filled, 0);
    }
}

fn guess(file: &mut (impl Read + Seek)) -> Result<&'static Encoding> {
    file.seek(SeekFrom::Start(0))?;
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = file.read(&mut chunk)?;
        detector.feed(&chunk[..length], length == 0);
        if length == 0 {
            return Ok(detector.guess(None, Utf8Detection::Allow));
        }
    }
}

fn mark(bytes: &[u8]) -> Option<&'static Encoding> {
    Encoding::for_bom(bytes).map(|(encoding, _)| encoding)
}

/// UTF-16 without a mark: at least a third of the bytes at odd or at even offsets are zero.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    let zeros = |start: usize| bytes.iter().skip(start).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, enough) = (zeros(0), zeros(1), bytes.len() / 6);
    match () {
        () if odd > enough && odd > even => Some(UTF_16LE),
        () if even > enough && even > odd => Some(UTF_16BE),
        () => None,
    }
}

pub(super) fn valid(label: &str) -> std::result::Result<(), ValidationError> {
    match Encoding::for_label(label.as_bytes()) {
        Some(encoding) if encoding == UTF_8 || encoding.is_ascii_compatible() => Ok(()),
        Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => Ok(()),
        _ => {
            Err(input::error(FieldCode::Charset, "must be an encoding such as utf-8, utf-16 or windows-1252"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_utf_8_character_may_span_two_chunks() {
        for shift in 0..4 {
            let text = "x".repeat(CHUNK - shift) + "𝄞 and more";
            assert_eq!(detect(&mut Cursor::new(text), None).unwrap(), UTF_8);
        }
        for bytes in [&b"\xc3"[..], b"caf\xe9", b"caf\xe9 au lait\n"] {
            assert_ne!(detect(&mut Cursor::new(bytes), None).unwrap(), UTF_8, "{bytes:?}");
        }
    }
}
