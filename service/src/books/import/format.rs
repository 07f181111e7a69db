//! File formats: their columns, and the mapping of columns to the fields of a book.

mod columns;
mod librarything;
mod openlibrary;
mod own;
mod tables;
mod usual;

use serde_json::{Map, Value};

use self::tables::TABLES;
pub(super) use self::{
    columns::Columns,
    librarything::{is_librarything_json, is_unquoted, librarything_row},
    openlibrary::is_dump,
};
use super::draft::Draft;
use crate::{
    FieldCode, FieldError,
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
    /// Fields of an object that are not read.
    pub(super) unread: Vec<String>,
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
        Self { position, bytes, content, warnings, unread: Vec::new() }
    }

    pub(super) fn without_book(position: RowPosition, content: RowContent) -> Self {
        Self { position, bytes: 0, content, warnings: Vec::new(), unread: Vec::new() }
    }

    /// The book, if the row has one.
    pub(super) fn book(&self) -> Option<&NewBook> {
        match &self.content {
            RowContent::Book(book) => Some(book),
            RowContent::Invalid(_) | RowContent::Other(_) => None,
        }
    }
}

/// Description of the files that are read.
pub(super) fn expected(format: Option<ImportFormat>) -> String {
    let tables = TABLES.iter().filter(|table| format.is_none_or(|format| format == table.format));
    let tables: Vec<String> = tables.map(tables::Table::wanted).collect();
    match format {
        None => {
            format!(
                "expected {}, a JSON array, a JSON object on each line, or a dump of Open Library",
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
        Ok(object) => {
            let row = match own::line(&object) {
                Ok(draft) => ImportRow::new(position, text.len(), draft),
                Err(errors) => ImportRow::without_book(position, RowContent::Invalid(errors)),
            };
            ImportRow { unread: own::unread(&object), ..row }
        }
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
