//! Bookly's own NDJSON, read without normalization.

use serde_json::{Map, Value};

use crate::{FieldCode, FieldError, books::import::draft::Draft};

/// Draft of an object.
///
/// # Errors
/// A field that is a list, an object or a boolean where a text belongs.
pub(super) fn line(object: &Map<String, Value>) -> Result<Draft, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut text = |name: &str| {
        text(object.get(name)).unwrap_or_else(|kind| {
            errors.push(mistyped(name, kind, "a text"));
            None
        })
    };
    let draft = Draft {
        title: text("title"),
        subtitle: text("subtitle"),
        authors: text("author").into_iter().collect(),
        publisher: text("publisher"),
        published_date: text("published_date"),
        page_count: text("page_count"),
        language: text("language"),
        isbns: text("isbn").into_iter().collect(),
        description: text("description"),
        cover_url: text("cover_url"),
        ..Draft::default()
    };
    let price = price(object.get("price")).map_err(|error| errors.push(error)).ok().flatten();
    if errors.is_empty() { Ok(Draft { price, ..draft }) } else { Err(errors) }
}

/// Names of the fields that are not read.
pub(super) fn unread(object: &Map<String, Value>) -> Vec<String> {
    let is_unread = |name: &&String| !FIELDS.contains(&name.as_str());
    object.keys().filter(is_unread).cloned().collect()
}

/// Fields that are read.
const FIELDS: [&str; 11] = [
    "title",
    "subtitle",
    "author",
    "publisher",
    "published_date",
    "page_count",
    "language",
    "isbn",
    "description",
    "price",
    "cover_url",
];

/// Amount and currency. A missing part becomes empty text, which validation rejects.
fn price(value: Option<&Value>) -> Result<Option<(String, String)>, FieldError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(price)) => {
            let part = |name: &str| {
                let kind = |kind| mistyped(&format!("price/{name}"), kind, "a text");
                text(price.get(name)).map(Option::unwrap_or_default).map_err(kind)
            };
            Ok(Some((part("amount")?, part("currency")?)))
        }
        Some(list @ Value::Array(_)) => Err(mistyped("price", kind(list), "an object")),
        Some(amount) => Ok(Some((amount.to_string(), String::new()))),
    }
}

/// A text, or a number in its digits; the kind of another value is the error.
fn text(value: Option<&Value>) -> Result<Option<String>, &'static str> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(other) => Err(kind(other)),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn mistyped(field: &str, kind: &str, expected: &str) -> FieldError {
    FieldError::new(format!("/{field}"), FieldCode::Type, format!("must be {expected}, but is {kind}"))
}
