//! The formats: which columns each has, and what they mean for a book.

use csv::StringRecord;
use serde_json::{Map, Value};

use super::{
    Format, Problem,
    draft::{Draft, tidy},
};
use crate::{Error, FieldError, Result, books::NewBook};

/// A row of a file as a book, or why it is none, and what was left out of it.
pub(super) struct Row {
    pub(super) number: u64,
    pub(super) line: u64,
    pub(super) book: std::result::Result<Box<NewBook>, Vec<FieldError>>,
    pub(super) warnings: Vec<FieldError>,
}

impl Row {
    fn new(number: u64, line: u64, draft: Draft) -> Self {
        let (book, warnings) = draft.into_book();
        Self { number, line, book: book.map(Box::new), warnings }
    }

    /// Tells where an error is.
    pub(super) fn problem(&self, error: FieldError) -> Problem {
        Problem { row: self.number, line: self.line, error }
    }
}

/// Where a table's columns stand, by their names.
pub(super) struct Columns {
    format: Format,
    names: Vec<String>,
}

/// What tells a format: names that no other format has together.
const MARKS: [(Format, &[&str]); 3] = [
    (Format::Goodreads, &["book id", "title", "author", "exclusive shelf"]),
    (Format::Goodbooks, &["goodreads_book_id", "authors", "title"]),
    (Format::Csv, &["title", "author"]),
];

impl Columns {
    /// Tells the format from the header, or checks that the header has what the given format needs.
    pub(super) fn of(header: &StringRecord, format: Option<Format>) -> Result<Self> {
        let names: Vec<String> =
            header.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_lowercase()).collect();
        let has = |marks: &[&str]| marks.iter().all(|mark| names.iter().any(|name| name == mark));
        let told = MARKS.into_iter().find(|(known, marks)| format.is_none_or(|f| f == *known) && has(marks));
        match told {
            Some((format, _)) => Ok(Self { format, names }),
            None => Err(Error::UnknownFormat(expected(format))),
        }
    }

    pub(super) fn format(&self) -> Format {
        self.format
    }

    /// Reads a record.
    pub(super) fn row(&self, number: u64, line: u64, record: &StringRecord) -> Row {
        let cell = |name: &str| {
            let index = self.names.iter().position(|column| column == name)?;
            record.get(index).filter(|cell| !cell.is_empty())
        };
        let draft = match self.format {
            Format::Goodreads => goodreads(cell),
            Format::Goodbooks => goodbooks(cell),
            Format::Csv | Format::Ndjson => own(|name| cell(name).map(unguard)),
        };
        let mut row = Row::new(number, line, draft);
        if record.len() != self.names.len() {
            let detail = format!("the row has {} cells, the header {}", record.len(), self.names.len());
            row.warnings.push(FieldError::new("", "ragged", detail));
        }
        row
    }
}

fn expected(format: Option<Format>) -> String {
    let tables: Vec<String> = MARKS
        .iter()
        .filter(|(known, _)| format.is_none_or(|f| f == *known))
        .map(|(_, marks)| format!("a table with the columns {}", marks.join(", ")))
        .collect();
    let lines = if format.is_none() { ", or a JSON object on each line" } else { "" };
    format!("expected {}{lines}", tables.join(", or "))
}

/// Our own columns, taken as they are.
fn own<'c>(cell: impl Fn(&str) -> Option<&'c str>) -> Draft {
    let text = |name: &str| cell(name).map(str::to_owned);
    Draft {
        title: text("title"),
        subtitle: text("subtitle"),
        authors: text("author").into_iter().collect(),
        publisher: text("publisher"),
        published_date: text("published_date"),
        page_count: text("page_count"),
        language: text("language"),
        isbns: text("isbn").into_iter().collect(),
        description: text("description"),
        price: text("price_amount").zip(text("price_currency")),
        cover_url: text("cover_url"),
    }
}

/// Takes off the `'` that keeps a spreadsheet from reading a cell as a formula.
fn unguard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t', '\r']) => rest,
        _ => cell,
    }
}

fn goodreads<'c>(cell: impl Fn(&str) -> Option<&'c str>) -> Draft {
    let text = |name: &str| cell(name).and_then(tidy);
    let additional = text("additional authors");
    let more = additional.iter().flat_map(|names| names.split(',')).filter_map(tidy);
    Draft {
        title: text("title"),
        authors: text("author").into_iter().chain(more).collect(),
        publisher: text("publisher"),
        published_date: text("year published").or_else(|| text("original publication year")),
        page_count: text("number of pages"),
        isbns: ["isbn13", "isbn"].into_iter().filter_map(text).collect(),
        ..Draft::default()
    }
}

fn goodbooks<'c>(cell: impl Fn(&str) -> Option<&'c str>) -> Draft {
    let text = |name: &str| cell(name).and_then(tidy);
    Draft {
        title: text("title").or_else(|| text("original_title")),
        authors: text("authors").iter().flat_map(|names| names.split(',')).filter_map(tidy).collect(),
        // Years are written as decimals: 2008.0.
        published_date: text("original_publication_year").map(|year| year.trim_end_matches(".0").to_owned()),
        language: text("language_code"),
        // A number in scientific notation stands in for the ISBN-13; the ISBN-10 has lost its zeros.
        isbns: ["isbn13", "isbn"].into_iter().filter_map(text).collect(),
        cover_url: text("image_url").filter(|url| !url.contains("/nophoto/")),
        ..Draft::default()
    }
}

/// Reads a line of NDJSON.
pub(super) fn json_row(number: u64, line: u64, text: &str) -> Row {
    match serde_json::from_str::<Map<String, Value>>(text) {
        Ok(object) => Row::new(number, line, json_draft(&object)),
        Err(error) => {
            let error = FieldError::new("", "json", format!("is not a JSON object: {error}"));
            Row { number, line, book: Err(vec![error]), warnings: Vec::new() }
        }
    }
}

fn json_draft(object: &Map<String, Value>) -> Draft {
    let text = |object: &Map<String, Value>, name: &str| match object.get(name)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let price = object.get("price").and_then(Value::as_object);
    Draft {
        price: price.and_then(|price| text(price, "amount").zip(text(price, "currency"))),
        title: text(object, "title"),
        subtitle: text(object, "subtitle"),
        authors: text(object, "author").into_iter().collect(),
        publisher: text(object, "publisher"),
        published_date: text(object, "published_date"),
        page_count: text(object, "page_count"),
        language: text(object, "language"),
        isbns: text(object, "isbn").into_iter().collect(),
        description: text(object, "description"),
        cover_url: text(object, "cover_url"),
    }
}
