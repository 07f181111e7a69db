//! Input file of an import: its encoding, its format, and its rows.

use std::io::{BufRead, Read, Seek, SeekFrom};

use csv::{ReaderBuilder, StringRecord};
use encoding_rs::Encoding;

use super::{
    ImportFormat, array, charset, delimiter,
    format::{self, Columns, ImportRow, RowContent, RowPosition},
    text::{self, LONGEST_ROW, Rationed, Text},
};
use crate::{Error, FieldCode, FieldError, Result};

/// Open file, at its first row.
pub(super) struct File<R> {
    charset: &'static Encoding,
    content: Content<R>,
}

enum Content<R> {
    Table { reader: Box<csv::Reader<Rationed<Text<R>>>>, columns: Columns },
    Lines { format: ImportFormat, text: Text<R>, read: ReadLine },
    Array { format: ImportFormat, text: Text<R>, read: ReadLine },
}

/// Row, or the place from which the file is unreadable.
pub(super) type RowRead = std::result::Result<ImportRow, Unreadable>;

/// Unreadable place of a file, with the reason.
pub(super) struct Unreadable {
    pub(super) position: RowPosition,
    pub(super) why: String,
}

impl Unreadable {
    /// Last row of the file, as a failed one.
    pub(super) fn into_row(self) -> ImportRow {
        let detail = format!("{}; the rest of the file was not read", self.why);
        let error = FieldError::new("", FieldCode::Unreadable, detail);
        ImportRow::without_book(self.position, RowContent::Invalid(vec![error]))
    }
}

impl From<Unreadable> for Error {
    fn from(Unreadable { position: RowPosition { row, line }, why }: Unreadable) -> Self {
        Self::UnreadableFile(format!("row {row}, line {line}: {why}"))
    }
}

/// Parser of a row from its position and text.
pub(super) type ReadLine = fn(RowPosition, &str) -> ImportRow;

impl<R: Read + Seek> File<R> {
    /// Detects the encoding and the format unless they are given, and reads the header.
    pub(super) fn open(mut file: R, format: Option<ImportFormat>, charset: Option<&str>) -> Result<Self> {
        let given = charset.and_then(|label| Encoding::for_label(label.as_bytes()));
        let charset = charset::detect(&mut file, given).map_err(unreadable)?;
        file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        let (head, text) = text::decode(file, charset).map_err(unreadable)?;
        if head.is_empty() {
            return Err(Error::UnreadableFile("the file is empty".to_owned()));
        }
        let detected = match format {
            Some(format) => Some(format),
            None if format::is_librarything_json(&head) => Some(ImportFormat::LibraryThing),
            None if head.starts_with('{') => Some(ImportFormat::Ndjson),
            None if head.starts_with('[') => Some(ImportFormat::Json),
            None if format::is_dump(&head) => Some(ImportFormat::OpenLibrary),
            None => None,
        };
        let content = match detected {
            Some(format @ ImportFormat::Json) => Content::Array { format, text, read: format::json_row },
            Some(format @ ImportFormat::LibraryThing) if head.starts_with('{') => {
                Content::Array { format, text, read: format::librarything_row }
            }
            Some(format @ ImportFormat::Ndjson) => Content::Lines { format, text, read: format::json_row },
            Some(ImportFormat::OpenLibrary) if !format::is_dump(&head) => {
                return Err(Error::UnknownFormat(format::expected(detected)));
            }
            Some(format @ ImportFormat::OpenLibrary) => {
                Content::Lines { format, text, read: format::dump_row }
            }
            Some(
                ImportFormat::Csv
                | ImportFormat::Table
                | ImportFormat::Goodreads
                | ImportFormat::Goodbooks
                | ImportFormat::Gutenberg
                | ImportFormat::StoryGraph
                | ImportFormat::LibraryThing
                | ImportFormat::Calibre
                | ImportFormat::BookWyrm
                | ImportFormat::Openreads
                | ImportFormat::BookBuddy
                | ImportFormat::Libib
                | ImportFormat::Zotero,
            )
            | None => table(&head, text, detected)?,
        };
        Ok(Self { charset, content })
    }
}

impl<R: Read> File<R> {
    pub(super) fn format(&self) -> ImportFormat {
        match &self.content {
            Content::Table { columns, .. } => columns.format(),
            Content::Lines { format, .. } | Content::Array { format, .. } => *format,
        }
    }

    /// Whether a row may end behind this byte.
    pub(super) fn end_of_rows(&self) -> fn(u8) -> bool {
        match self.content {
            Content::Table { .. } | Content::Lines { .. } => |byte| matches!(byte, b'\r' | b'\n'),
            Content::Array { .. } => |byte| byte == b',',
        }
    }

    /// Names of the columns of a table that are not read.
    pub(super) fn unread_columns(&self) -> &[String] {
        match &self.content {
            Content::Table { columns, .. } => columns.unread(),
            Content::Lines { .. } | Content::Array { .. } => &[],
        }
    }

    pub(super) fn charset(&self) -> &'static str {
        self.charset.name()
    }

    /// Rows of the file, valid or not; an error ends them.
    pub(super) fn rows<'r>(self) -> Box<dyn Iterator<Item = RowRead> + 'r>
    where
        R: 'r,
    {
        match self.content {
            Content::Table { reader, columns } => Box::new(records(*reader, columns)),
            Content::Lines { text, read, .. } => Box::new(lines(text, read)),
            Content::Array { text, read, .. } => Box::new(array::rows(text, read)),
        }
    }
}

fn table<R: Read>(head: &str, mut text: Text<R>, format: Option<ImportFormat>) -> Result<Content<R>> {
    let declared = delimiter::declared(head);
    if declared.is_some() {
        text.read_until(b'\n', &mut Vec::new()).map_err(unreadable)?;
    }
    let text = Rationed::new(text, u64::from(declared.is_some()));
    let delimiter = declared.unwrap_or_else(|| delimiter::frequent(head));
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .quoting(!format::is_unquoted(head))
        .flexible(true)
        .from_reader(text);
    let header = reader.headers().map_err(unreadable)?;
    let columns = Columns::of(header, format)?;
    Ok(Content::Table { reader: Box::new(reader), columns })
}

fn records<R: Read>(
    mut reader: csv::Reader<Rationed<Text<R>>>,
    columns: Columns,
) -> impl Iterator<Item = RowRead> {
    let mut record = StringRecord::new();
    let mut row = 1;
    std::iter::from_fn(move || {
        loop {
            reader.get_mut().refill();
            let byte = reader.position().byte();
            let read = reader.read_record(&mut record);
            let position = RowPosition { row, line: reader.get_mut().line(byte) };
            match read {
                Ok(false) => return None,
                Ok(true) => {
                    // Spreadsheets leave rows of empty cells behind.
                    if let Some(read) = columns.row(position, &record) {
                        row += 1;
                        return Some(Ok(read));
                    }
                }
                Err(error) => return Some(Err(Unreadable { position, why: error.to_string() })),
            }
        }
    })
}

fn lines<R: Read>(mut text: Text<R>, read: ReadLine) -> impl Iterator<Item = RowRead> {
    let mut bytes = Vec::new();
    let (mut row, mut line) = (0, 0);
    let mut broken = false;
    std::iter::from_fn(move || {
        while !broken {
            bytes.clear();
            line += 1;
            let why = match (&mut text).take(LONGEST_ROW as u64).read_until(b'\n', &mut bytes) {
                Ok(0) => return None,
                Ok(length) if length == LONGEST_ROW && !bytes.ends_with(b"\n") => text::too_long(),
                Ok(_) => {
                    let text = String::from_utf8_lossy(&bytes);
                    if !text.trim().is_empty() {
                        row += 1;
                        return Some(Ok(read(
                            RowPosition { row, line },
                            text.trim_start_matches('\u{feff}'),
                        )));
                    }
                    continue;
                }
                Err(error) => error.to_string(),
            };
            broken = true;
            return Some(Err(Unreadable { position: RowPosition { row: row + 1, line }, why }));
        }
        None
    })
}

/// Number of bytes of a file behind which a row may end. It has at most one more row.
pub(super) fn count_ends(file: &mut (impl Read + Seek), is_end: fn(u8) -> bool) -> Result<usize> {
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let mut chunk = vec![0; 64 * 1024];
    let mut ends = 0;
    loop {
        let length = file.read(&mut chunk).map_err(unreadable)?;
        if length == 0 {
            return Ok(ends);
        }
        ends += chunk[..length].iter().filter(|byte| is_end(**byte)).count();
    }
}

fn unreadable(error: impl std::error::Error) -> Error {
    Error::UnreadableFile(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// Position of each row.
    fn positions(file: &str) -> Vec<(u64, u64)> {
        let file = File::open(Cursor::new(file.to_owned()), None, None).unwrap();
        file.rows().map(|row| row.ok().unwrap()).map(|row| (row.position.row, row.position.line)).collect()
    }

    #[test]
    fn a_row_is_located_by_its_first_line() {
        for end in ["\n", "\r\n", "\r"] {
            let file = "title,author\nA,B\n\"A\nA\",B\n\n\nC,D".replace('\n', end);
            assert_eq!(positions(&file), [(1, 2), (2, 3), (3, 7)], "{end:?}");
            let file = "{}\n\n{}\n".replace('\n', end);
            assert_eq!(positions(&file), [(1, 1), (2, 3)], "{end:?}");
        }
    }

    #[test]
    fn a_row_without_an_end_is_rejected_before_it_fills_the_memory() {
        for (line, start) in
            [(3, "title,author\nA,B\n\""), (2, "{}\n{\"title\":\""), (2, "/type/edition\ta\tb\tc\t{}\n")]
        {
            let file = format!("{start}{}", "x".repeat(3 * LONGEST_ROW));
            let mut rows = File::open(Cursor::new(file), None, None).unwrap().rows();
            let Some(bad) = rows.find_map(std::result::Result::err) else { panic!("{start}") };
            assert!(rows.next().is_none(), "{start}");
            let Error::UnreadableFile(why) = bad.into() else { panic!("{start}") };
            assert_eq!(
                why,
                format!("row 2, line {line}: a row has more than {LONGEST_ROW} bytes"),
                "{start}"
            );
        }
    }
}
