//! A file of books: its encoding, its format, and its rows.

use std::io::{BufRead, Read, Seek, SeekFrom};

use csv::{ReaderBuilder, StringRecord};
use encoding_rs::Encoding;

use super::{
    Format, charset,
    format::{self, Columns, Row},
    text::{self, LONGEST_ROW, Rationed, Text},
};
use crate::{Error, Result};

/// An open file, at its first row.
pub(super) struct File<R> {
    charset: &'static Encoding,
    content: Content<R>,
}

enum Content<R> {
    Table { reader: Box<csv::Reader<Rationed<Text<R>>>>, columns: Columns },
    Lines { format: Format, text: Text<R>, read: ReadLine },
}

/// Reads a row from its number, its line and its text.
type ReadLine = fn((u64, u64), &str) -> Row;

impl<R: Read + Seek> File<R> {
    /// Tells the encoding and the format, as far as they are not given, and reads the header.
    pub(super) fn open(mut file: R, format: Option<Format>, charset: Option<&str>) -> Result<Self> {
        let charset = match charset.and_then(|label| Encoding::for_label(label.as_bytes())) {
            Some(charset) => charset,
            None => charset::detect(&mut file).map_err(unreadable)?,
        };
        file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        let (head, text) = text::decode(file, charset).map_err(unreadable)?;
        let told = match format {
            Some(format) => Some(format),
            None if head.starts_with('{') => Some(Format::Ndjson),
            None if format::is_dump(&head) => Some(Format::OpenLibrary),
            None => None,
        };
        let content = match told {
            Some(format @ Format::Ndjson) => Content::Lines { format, text, read: format::json_row },
            Some(Format::OpenLibrary) if !format::is_dump(&head) => {
                return Err(Error::UnknownFormat(format::expected(told)));
            }
            Some(format @ Format::OpenLibrary) => Content::Lines { format, text, read: format::dump_row },
            Some(Format::Csv | Format::Goodreads | Format::Goodbooks | Format::Gutenberg) | None => {
                table(&head, text, told)?
            }
        };
        Ok(Self { charset, content })
    }
}

impl<R: Read> File<R> {
    pub(super) fn format(&self) -> Format {
        match &self.content {
            Content::Table { columns, .. } => columns.format(),
            Content::Lines { format, .. } => *format,
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
            Content::Table { reader, columns } => Box::new(records(*reader, columns)),
            Content::Lines { text, read, .. } => Box::new(lines(text, read)),
        }
    }
}

fn table<R: Read>(head: &str, text: Text<R>, format: Option<Format>) -> Result<Content<R>> {
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter(head)).flexible(true).from_reader(Rationed::new(text));
    let header = reader.headers().map_err(unreadable)?;
    let columns = Columns::of(header, format)?;
    Ok(Content::Table { reader: Box::new(reader), columns })
}

fn records<R: Read>(
    mut reader: csv::Reader<Rationed<Text<R>>>,
    columns: Columns,
) -> impl Iterator<Item = Result<Row>> {
    let mut record = StringRecord::new();
    let mut number = 0;
    std::iter::from_fn(move || {
        reader.get_mut().refill();
        match reader.read_record(&mut record) {
            Ok(false) => None,
            Ok(true) => {
                number += 1;
                let byte = record.position().map_or(0, csv::Position::byte);
                let line = reader.get_mut().line(byte);
                Some(Ok(columns.row((number, line), &record)))
            }
            Err(error) => Some(Err(unreadable(error))),
        }
    })
}

fn lines<R: Read>(mut text: Text<R>, read: ReadLine) -> impl Iterator<Item = Result<Row>> {
    let mut line = Vec::new();
    let (mut number, mut position) = (0, 0);
    std::iter::from_fn(move || {
        loop {
            line.clear();
            position += 1;
            match (&mut text).take(LONGEST_ROW as u64).read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(length) if length == LONGEST_ROW && !line.ends_with(b"\n") => {
                    let error = format!("line {position} has more than {LONGEST_ROW} bytes");
                    return Some(Err(Error::UnreadableFile(error)));
                }
                Ok(_) => {
                    let line = String::from_utf8_lossy(&line);
                    if !line.trim().is_empty() {
                        number += 1;
                        return Some(Ok(read((number, position), line.trim_start_matches('\u{feff}'))));
                    }
                }
                Err(error) => return Some(Err(unreadable(error))),
            }
        }
    })
}

/// The delimiter that the first line has most of, outside quotes.
fn delimiter(head: &str) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in head.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
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

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// The number and the line of each row.
    fn places(file: &str) -> Vec<(u64, u64)> {
        let file = File::open(Cursor::new(file.to_owned()), None, None).unwrap();
        file.rows().map(|row| row.unwrap()).map(|row| (row.number, row.line)).collect()
    }

    #[test]
    fn a_row_is_named_by_the_line_where_it_begins() {
        for end in ["\n", "\r\n", "\r"] {
            let file = "title,author\nA,B\n\"A\nA\",B\n\n\nC,D".replace('\n', end);
            assert_eq!(places(&file), [(1, 2), (2, 3), (3, 7)], "{end:?}");
            let file = "{}\n\n{}\n".replace('\n', end);
            assert_eq!(places(&file), [(1, 1), (2, 3)], "{end:?}");
        }
    }

    #[test]
    fn a_row_without_an_end_is_refused_before_it_fills_the_memory() {
        for start in ["title,author\nA,B\n\"", "{}\n{\"title\":\"", "/type/edition\ta\tb\tc\t{}\n"] {
            let file = format!("{start}{}", "x".repeat(3 * LONGEST_ROW));
            let mut rows = File::open(Cursor::new(file), None, None).unwrap().rows();
            let bad = rows.find_map(std::result::Result::err).unwrap();
            assert!(matches!(bad, Error::UnreadableFile(why) if why.contains("more than")), "{start}");
        }
    }
}
