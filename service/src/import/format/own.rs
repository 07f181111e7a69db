//! Our own formats, taken as they are.

use serde_json::{Map, Value};

use super::Cells;
use crate::{cell::unguard, import::draft::Draft};

pub(super) fn table(cells: &Cells<'_>) -> Draft {
    let text = |name: &str| cells.get(name).map(|cell| unguard(cell).to_owned());
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
        ..Draft::default()
    }
}

pub(super) fn line(object: &Map<String, Value>) -> Draft {
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
        ..Draft::default()
    }
}
