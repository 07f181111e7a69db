//! A file of books: its character encoding, its format, and its rows.

use std::io::{BufRead, BufReader, Chain, Cursor, Read, Seek, SeekFrom};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use csv::{ReaderBuilder, StringRecord};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use validator::ValidationError;

use super::{
    Format,
    format::{self, Columns, Row},
};
use crate::{Error, Result, input};

/// Bytes that are read at a time.
const CHUNK: usize = 64 * 1024;

/// Bytes that the format is told from.
const HEAD: u64 = 64 * 1024;

/// The longest line of NDJSON, in bytes.
const LINE: u64 = 1024 * 1024;

/// The text of a file, its head read ahead.
type Text<R> = BufReader<Chain<Cursor<Vec<u8>>, DecodeReaderBytes<R, Vec<u8>>>>;

/// An open file, at its first row.
pub(super) struct File<R> {
    charset: &'static Encoding,
    content: Content<R>,
}

enum Content<R> {
    Table { reader: csv::Reader<Text<R>>, columns: Columns },
    Lines(Text<R>),
}

impl<R: Read + Seek> File<R> {
    /// Tells the encoding and the format, as far as they are not given, and reads the header.
    pub(super) fn open(mut file: R, format: Option<Format>, charset: Option<&str>) -> Result<Self> {
        let charset = match charset.and_then(|label| Encoding::for_label(label.as_bytes())) {
            Some(charset) => charset,
            None => detect(&mut file).map_err(unreadable)?,
        };
        file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        let mut decoded =
            DecodeReaderBytesBuilder::new().encoding(Some(charset)).bom_override(true).build(file);
        let mut start = Vec::new();
        (&mut decoded).take(HEAD).read_to_end(&mut start).map_err(unreadable)?;
        let head = String::from_utf8_lossy(&start).trim_start_matches('\u{feff}').trim_start().to_owned();
        let text = BufReader::with_capacity(CHUNK, Cursor::new(start).chain(decoded));
        if format == Some(Format::Ndjson) || (format.is_none() && head.starts_with('{')) {
            return Ok(Self { charset, content: Content::Lines(text) });
        }
        let mut reader = ReaderBuilder::new().delimiter(delimiter(&head)).flexible(true).from_reader(text);
        let header = reader.headers().map_err(unreadable)?;
        let columns = Columns::of(header, format)?;
        Ok(Self { charset, content: Content::Table { reader, columns } })
    }
}

impl<R: Read> File<R> {
    pub(super) fn format(&self) -> Format {
        match &self.content {
            Content::Table { columns, .. } => columns.format(),
            Content::Lines(_) => Format::Ndjson,
        }
    }

    pub(super) fn charset(&self) -> &'static str {
        self.charset.name()
    }

    /// The rows, each good or bad; an error ends them.
    pub(super) fn rows(self) -> Box<dyn Iterator<Item = Result<Row>>>
    where
        R: 'static,
    {
        match self.content {
            Content::Table { reader, columns } => Box::new(table(reader, columns)),
            Content::Lines(text) => Box::new(lines(text)),
        }
    }
}

fn table<R: Read>(mut reader: csv::Reader<Text<R>>, columns: Columns) -> impl Iterator<Item = Result<Row>> {
    let mut record = StringRecord::new();
    let mut number = 0;
    std::iter::from_fn(move || match reader.read_record(&mut record) {
        Ok(false) => None,
        Ok(true) => {
            number += 1;
            let line = record.position().map_or(0, csv::Position::line);
            Some(Ok(columns.row(number, line, &record)))
        }
        Err(error) => Some(Err(unreadable(error))),
    })
}

fn lines<R: Read>(mut text: Text<R>) -> impl Iterator<Item = Result<Row>> {
    let mut line = String::new();
    let (mut number, mut position) = (0, 0);
    std::iter::from_fn(move || {
        loop {
            line.clear();
            position += 1;
            match (&mut text).take(LINE).read_line(&mut line) {
                Ok(0) => return None,
                Ok(length) if length as u64 == LINE && !line.ends_with('\n') => {
                    let error = format!("line {position} has more than {LINE} bytes");
                    return Some(Err(Error::UnreadableFile(error)));
                }
                Ok(_) if line.trim().is_empty() => {}
                Ok(_) => {
                    number += 1;
                    return Some(Ok(format::json_row(number, position, line.trim_start_matches('\u{feff}'))));
                }
                Err(error) => return Some(Err(unreadable(error))),
            }
        }
    })
}

/// Tells the encoding of the whole file: by its byte order mark, by the zeros that UTF-16 has in Western
/// text, or by what its bytes spell.
fn detect(file: &mut (impl Read + Seek)) -> std::io::Result<&'static Encoding> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut chunk = vec![0; CHUNK];
    let mut first = true;
    file.seek(SeekFrom::Start(0))?;
    loop {
        let length = file.read(&mut chunk)?;
        let bytes = &chunk[..length];
        if first {
            if let Some(encoding) = mark(bytes).or_else(|| utf_16(bytes)) {
                return Ok(encoding);
            }
            first = false;
        }
        detector.feed(bytes, length == 0);
        if length == 0 {
            return Ok(detector.guess(None, Utf8Detection::Allow));
        }
    }
}

fn mark(bytes: &[u8]) -> Option<&'static Encoding> {
    Encoding::for_bom(bytes).map(|(encoding, _)| encoding)
}

/// UTF-16 without a mark: at least a third of the bytes at the odd or at the even places are zero.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    let zeros = |start: usize| bytes.iter().skip(start).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, enough) = (zeros(0), zeros(1), bytes.len() / 6);
    match () {
        () if odd > enough && odd > even => Some(UTF_16LE),
        () if even > enough && even > odd => Some(UTF_16BE),
        () => None,
    }
}

/// The delimiter that the first line has most of, outside quotes.
fn delimiter(head: &str) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in head.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if quoted => {}
            _ => counts
                .iter_mut()
                .filter(|(delimiter, _)| *delimiter == byte)
                .for_each(|(_, count)| *count += 1),
        }
    }
    // Of equal counts the first wins: the comma.
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(delimiter, _)| delimiter)
}

fn unreadable(error: impl std::error::Error) -> Error {
    Error::UnreadableFile(error.to_string())
}

pub(super) fn valid_charset(label: &str) -> std::result::Result<(), ValidationError> {
    match Encoding::for_label(label.as_bytes()) {
        Some(encoding) if encoding == UTF_8 || encoding.is_ascii_compatible() => Ok(()),
        Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => Ok(()),
        _ => Err(input::error("charset", "must be an encoding such as utf-8, utf-16 or windows-1252")),
    }
}
