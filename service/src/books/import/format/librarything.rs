//! Exports of LibraryThing: a table without quotes, and an object with a record for each book, by its id. Empty objects
//! are written as arrays.

use serde_json::{Map, Value};

use super::{ImportRow, RowContent, RowPosition, columns::natural};
use crate::{
    FieldCode, FieldError,
    books::import::draft::{Draft, tidy},
};

/// Whether the text is the beginning of the table, whose cells may contain quotes.
pub(in crate::books::import) fn is_unquoted(head: &str) -> bool {
    head.lines().next().is_some_and(|line| line.contains("\tPrimary Author\t"))
}

/// Whether the text is the beginning of the object.
pub(in crate::books::import) fn is_librarything_json(head: &str) -> bool {
    head.starts_with('{') && head.chars().take(200).collect::<String>().contains("\"books_id\"")
}

/// Reads a record with its key.
pub(in crate::books::import) fn librarything_row(position: RowPosition, text: &str) -> ImportRow {
    match serde_json::from_str::<Map<String, Value>>(&format!("{{{text}}}")) {
        Ok(object) => match object.into_iter().next() {
            Some((_, Value::Object(record))) => {
                let row = ImportRow::new(position, text.len(), draft(&record));
                ImportRow { unread: unread(&record), ..row }
            }
            _ => invalid(position, "is not an object".to_owned()),
        },
        Err(error) => invalid(position, format!("is not an object with a key: {error}")),
    }
}

fn invalid(position: RowPosition, detail: String) -> ImportRow {
    ImportRow::without_book(position, RowContent::Invalid(vec![FieldError::new("", FieldCode::Json, detail)]))
}

/// Fields that are read.
const FIELDS: [&str; 10] = [
    "title",
    "authors",
    "primaryauthor",
    "publication",
    "date",
    "pages",
    "language",
    "isbn",
    "originalisbn",
    "ean",
];

fn unread(record: &Map<String, Value>) -> Vec<String> {
    record.keys().filter(|name| !FIELDS.contains(&name.as_str())).cloned().collect()
}

fn draft(record: &Map<String, Value>) -> Draft {
    let text = |name: &str| record.get(name).and_then(Value::as_str).and_then(tidy);
    let mut draft = Draft {
        authors: authors(record),
        published_date: text("date").filter(|date| date != "?" && date != "no date"),
        page_count: text("pages"),
        isbns: ["isbn", "originalisbn", "ean"].iter().flat_map(|name| texts(record.get(*name))).collect(),
        ..Draft::foreign(text("title"))
    };
    if let Some(publication) = text("publication") {
        super::columns::publication(&mut draft, &publication);
    }
    let languages = texts(record.get("language"));
    draft.languages(languages.iter().map(String::as_str));
    draft
}

/// Names of the authors: those without a role, or with that of an author.
fn authors(record: &Map<String, Value>) -> Vec<String> {
    let of = |person: &Value| {
        let role = person.get("role").and_then(Value::as_str).unwrap_or_default();
        let name = person.get("fl").and_then(Value::as_str).and_then(tidy);
        name.filter(|_| role.is_empty() || role.eq_ignore_ascii_case("author"))
    };
    let mut authors: Vec<String> =
        record.get("authors").and_then(Value::as_array).into_iter().flatten().filter_map(of).collect();
    if authors.is_empty() {
        let primary = record.get("primaryauthor").and_then(Value::as_str).and_then(tidy);
        authors.extend(primary.map(natural));
    }
    authors
}

/// Texts of a field: a text, or the values of an array or an object. The last one of an ISBN has thirteen digits.
fn texts(value: Option<&Value>) -> Vec<String> {
    let text = |value: &Value| value.as_str().and_then(tidy);
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(text).collect(),
        Some(Value::Object(object)) => object.values().filter_map(text).collect(),
        Some(other) => text(other).into_iter().collect(),
        None => Vec::new(),
    }
}
