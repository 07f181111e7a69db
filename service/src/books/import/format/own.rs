//! Bookly's own formats, read without normalization.

use serde_json::{Map, Value};

use super::Cells;
use crate::{books::import::draft::Draft, csv_injection::unescape};

pub(super) fn table(cells: &Cells<'_>) -> Draft {
    let text = |name: &str| cells.get(name).map(|cell| unescape(cell).to_owned());
    let (amount, currency) = (text("price_amount"), text("price_currency"));
    let priced = amount.is_some() || currency.is_some();
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
        price: priced.then(|| half(amount, currency)),
        cover_url: text("cover_url"),
        ..Draft::default()
    }
}

pub(super) fn line(object: &Map<String, Value>) -> Draft {
    let text = |object: &Map<String, Value>, name: &str| match object.get(name)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let price = match object.get("price") {
        None | Some(Value::Null) => None,
        Some(Value::Object(object)) => Some(half(text(object, "amount"), text(object, "currency"))),
        Some(other) => Some(half(Some(other.to_string()), None)),
    };
    Draft {
        price,
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
        ..Draft::default()
    }
}

/// Price from both of its parts. A missing part becomes empty text, which validation rejects.
fn half(amount: Option<String>, currency: Option<String>) -> (String, String) {
    (amount.unwrap_or_default(), currency.unwrap_or_default())
}
