//! File formats: their columns, and the mapping of columns to the fields of a book.

mod goodreads;
mod gutenberg;
mod openlibrary;
mod own;

use std::collections::HashMap;

use csv::StringRecord;
use serde_json::{Map, Value};

pub(super) use self::openlibrary::is_dump;
use super::draft::{Draft, tidy};
use crate::{
    Error, FieldCode, FieldError, Result,
    books::NewBook,
    report::{ImportFormat, RowProblem},
};

/// Position of a row in a file: its number without the header, and its line, each from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowPosition {
    pub(super) row: u64,
    pub(super) line: u64,
}

impl RowPosition {
    /// Problem of the row.
    pub(super) fn problem(self, error: FieldError) -> RowProblem {
        RowProblem { row: self.row, line: self.line, error }
    }
}

/// Row of a file, with the warnings of dropped fields.
pub(super) struct ImportRow {
    pub(super) position: RowPosition,
    /// Approximate length in the file.
    pub(super) bytes: usize,
    pub(super) content: RowContent,
    pub(super) warnings: Vec<FieldError>,
}

/// Content of a row.
pub(super) enum RowContent {
    Book(Box<NewBook>),
    /// Invalid row, with its errors.
    Invalid(Vec<FieldError>),
    /// Record of the format that is not a book.
    Other(FieldError),
}

impl ImportRow {
    fn new(position: RowPosition, bytes: usize, draft: Draft) -> Self {
        let (book, warnings) = draft.into_book();
        let content = match book {
            Ok(book) => RowContent::Book(Box::new(book)),
            Err(errors) => RowContent::Invalid(errors),
        };
        Self { position, bytes, content, warnings }
    }

    pub(super) fn without_book(position: RowPosition, content: RowContent) -> Self {
        Self { position, bytes: 0, content, warnings: Vec::new() }
    }

    /// The book, if the row has one.
    pub(super) fn book(&self) -> Option<&NewBook> {
        match &self.content {
            RowContent::Book(book) => Some(book),
            RowContent::Invalid(_) | RowContent::Other(_) => None,
        }
    }
}

/// Mapping of a table's row to a draft.
type ToDraft = fn(&Cells<'_>) -> Draft;

/// Characteristic column names: no other format has all of them.
const MARKS: [(ImportFormat, &[&str], ToDraft); 5] = [
    (ImportFormat::Goodreads, &["book id", "title", "author", "exclusive shelf"], goodreads::library),
    (ImportFormat::Goodbooks, &["goodreads_book_id", "authors", "title"], goodreads::goodbooks),
    (ImportFormat::Gutenberg, &["text#", "title", "authors"], gutenberg::catalog),
    (ImportFormat::Gutenberg, &["gutenberg_id", "title", "author"], gutenberg::works),
    (ImportFormat::Csv, &["title", "author"], own::table),
];

/// Columns of a table by name, and their mapping.
pub(super) struct Columns {
    format: ImportFormat,
    to_draft: ToDraft,
    width: usize,
    indexes: HashMap<String, usize>,
}

/// Row of a table, by column name.
struct Cells<'c> {
    columns: &'c Columns,
    record: &'c StringRecord,
}

impl<'c> Cells<'c> {
    /// Cell without changes, unless it is empty.
    fn get(&self, name: &str) -> Option<&'c str> {
        let index = self.columns.indexes.get(name)?;
        self.record.get(*index).filter(|cell| !cell.is_empty())
    }

    /// Normalized cell, unless it is empty.
    fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(tidy)
    }
}

impl Columns {
    /// Detects the format from the header, or checks that the header has the required columns of the given format.
    pub(super) fn of(header: &StringRecord, format: Option<ImportFormat>) -> Result<Self> {
        let mut indexes = HashMap::new();
        for (index, name) in header.iter().enumerate() {
            indexes.entry(name.trim_start_matches('\u{feff}').trim().to_lowercase()).or_insert(index);
        }
        let has = |marks: &[&str]| marks.iter().all(|mark| indexes.contains_key(*mark));
        let detected = MARKS
            .into_iter()
            .find(|(candidate, marks, _)| format.is_none_or(|f| f == *candidate) && has(marks));
        match detected {
            Some((format, _, to_draft)) => Ok(Self { format, to_draft, width: header.len(), indexes }),
            None => Err(Error::UnknownFormat(expected(format))),
        }
    }

    pub(super) fn format(&self) -> ImportFormat {
        self.format
    }

    /// Reads a record.
    pub(super) fn row(&self, position: RowPosition, record: &StringRecord) -> ImportRow {
        let draft = (self.to_draft)(&Cells { columns: self, record });
        let mut row = ImportRow::new(position, record.as_slice().len(), draft);
        if record.len() != self.width {
            let detail = format!("the row has {} cells, the header {}", record.len(), self.width);
            row.warnings.push(FieldError::new("", FieldCode::Ragged, detail));
        }
        row
    }
}

/// Description of the expected columns.
pub(super) fn expected(format: Option<ImportFormat>) -> String {
    let tables: Vec<String> = MARKS
        .iter()
        .filter(|(candidate, ..)| format.is_none_or(|f| f == *candidate))
        .map(|(_, marks, _)| format!("a table with the columns {}", marks.join(", ")))
        .collect();
    match format {
        None => {
            format!(
                "expected {}, a JSON object on each line, or a dump of Open Library",
                tables.join(", or ")
            )
        }
        Some(ImportFormat::OpenLibrary) => {
            "expected a dump of Open Library: five columns separated by tabs, a JSON object in the fifth"
                .to_owned()
        }
        Some(_) => format!("expected {}", tables.join(", or ")),
    }
}

/// Reads a line of NDJSON.
pub(super) fn json_row(position: RowPosition, text: &str) -> ImportRow {
    match serde_json::from_str::<Map<String, Value>>(text) {
        Ok(object) => ImportRow::new(position, text.len(), own::line(&object)),
        Err(error) => {
            let error = FieldError::new("", FieldCode::Json, format!("is not a JSON object: {error}"));
            ImportRow::without_book(position, RowContent::Invalid(vec![error]))
        }
    }
}

/// Reads a line of a dump of Open Library.
pub(super) fn dump_row(position: RowPosition, text: &str) -> ImportRow {
    match openlibrary::line(text) {
        Ok(openlibrary::DumpRecord::Edition(draft)) => ImportRow::new(position, text.len(), *draft),
        Ok(openlibrary::DumpRecord::Other(kind)) => {
            let error = FieldError::new(
                "",
                FieldCode::Kind,
                format!("is not an edition but a record of the kind {kind:?}"),
            );
            ImportRow::without_book(position, RowContent::Other(error))
        }
        Err(error) => ImportRow::without_book(position, RowContent::Invalid(vec![error])),
    }
}
