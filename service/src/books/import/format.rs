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

/// Row of a file, with the warnings of dropped fields.
pub(super) struct Row {
    pub(super) number: u64,
    pub(super) line: u64,
    /// Approximate length in the file.
    pub(super) bytes: usize,
    pub(super) content: Content,
    pub(super) warnings: Vec<FieldError>,
}

/// Content of a row.
pub(super) enum Content {
    Book(Box<NewBook>),
    /// Invalid row, with its errors.
    Bad(Vec<FieldError>),
    /// Record of the format that is not a book.
    Other(FieldError),
}

impl Row {
    fn new((number, line): (u64, u64), bytes: usize, draft: Draft) -> Self {
        let (book, warnings) = draft.into_book();
        let content = match book {
            Ok(book) => Content::Book(Box::new(book)),
            Err(errors) => Content::Bad(errors),
        };
        Self { number, line, bytes, content, warnings }
    }

    pub(super) fn without_book((number, line): (u64, u64), content: Content) -> Self {
        Self { number, line, bytes: 0, content, warnings: Vec::new() }
    }

    /// The book, if the row has one.
    pub(super) fn book(&self) -> Option<&NewBook> {
        match &self.content {
            Content::Book(book) => Some(book),
            Content::Bad(_) | Content::Other(_) => None,
        }
    }
}

/// Problem of the row at a position.
pub(super) fn problem((row, line): (u64, u64), error: FieldError) -> RowProblem {
    RowProblem { row, line, error }
}

/// Mapping of a table's row to a draft.
type Reading = fn(&Cells<'_>) -> Draft;

/// Characteristic column names: no other format has all of them.
const MARKS: [(ImportFormat, &[&str], Reading); 5] = [
    (ImportFormat::Goodreads, &["book id", "title", "author", "exclusive shelf"], goodreads::library),
    (ImportFormat::Goodbooks, &["goodreads_book_id", "authors", "title"], goodreads::goodbooks),
    (ImportFormat::Gutenberg, &["text#", "title", "authors"], gutenberg::catalog),
    (ImportFormat::Gutenberg, &["gutenberg_id", "title", "author"], gutenberg::works),
    (ImportFormat::Csv, &["title", "author"], own::table),
];

/// Columns of a table by name, and their mapping.
pub(super) struct Columns {
    format: ImportFormat,
    reading: Reading,
    width: usize,
    places: HashMap<String, usize>,
}

/// Row of a table, by column name.
struct Cells<'c> {
    columns: &'c Columns,
    record: &'c StringRecord,
}

impl<'c> Cells<'c> {
    /// Cell without changes, unless it is empty.
    fn get(&self, name: &str) -> Option<&'c str> {
        let place = self.columns.places.get(name)?;
        self.record.get(*place).filter(|cell| !cell.is_empty())
    }

    /// Normalized cell, unless it is empty.
    fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(tidy)
    }
}

impl Columns {
    /// Detects the format from the header, or checks that the header has the required columns of the given format.
    pub(super) fn of(header: &StringRecord, format: Option<ImportFormat>) -> Result<Self> {
        let mut places = HashMap::new();
        for (place, name) in header.iter().enumerate() {
            places.entry(name.trim_start_matches('\u{feff}').trim().to_lowercase()).or_insert(place);
        }
        let has = |marks: &[&str]| marks.iter().all(|mark| places.contains_key(*mark));
        let told =
            MARKS.into_iter().find(|(known, marks, _)| format.is_none_or(|f| f == *known) && has(marks));
        match told {
            Some((format, _, reading)) => Ok(Self { format, reading, width: header.len(), places }),
            None => Err(Error::UnknownFormat(expected(format))),
        }
    }

    pub(super) fn format(&self) -> ImportFormat {
        self.format
    }

    /// Reads a record.
    pub(super) fn row(&self, place: (u64, u64), record: &StringRecord) -> Row {
        let draft = (self.reading)(&Cells { columns: self, record });
        let mut row = Row::new(place, record.as_slice().len(), draft);
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
        .filter(|(known, ..)| format.is_none_or(|f| f == *known))
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
            "expected a dump of Open Library: five columns behind tabs, a JSON object in the fifth".to_owned()
        }
        Some(_) => format!("expected {}", tables.join(", or ")),
    }
}

/// Reads a line of NDJSON.
pub(super) fn json_row(place: (u64, u64), text: &str) -> Row {
    match serde_json::from_str::<Map<String, Value>>(text) {
        Ok(object) => Row::new(place, text.len(), own::line(&object)),
        Err(error) => {
            let error = FieldError::new("", FieldCode::Json, format!("is not a JSON object: {error}"));
            Row::without_book(place, Content::Bad(vec![error]))
        }
    }
}

/// Reads a line of a dump of Open Library.
pub(super) fn dump_row(place: (u64, u64), text: &str) -> Row {
    match openlibrary::line(text) {
        Ok(openlibrary::Line::Edition(draft)) => Row::new(place, text.len(), *draft),
        Ok(openlibrary::Line::Other(kind)) => {
            let error =
                FieldError::new("", FieldCode::Kind, format!("is no edition but of the kind {kind:?}"));
            Row::without_book(place, Content::Other(error))
        }
        Err(error) => Row::without_book(place, Content::Bad(vec![error])),
    }
}
