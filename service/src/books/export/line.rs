//! Exported book, as a row of CSV and as a line of NDJSON.

use std::borrow::Cow;

use csv::Writer;
use sea_orm::FromQueryResult;
use serde::Serialize;
use uuid::Uuid;

use crate::{Error, Result, books::Price, csv_injection::escape};
use entity::books::Column;

/// Columns of the CSV file, by the names that the import reads.
const NAMES: [&str; 12] = [
    "title",
    "author",
    "subtitle",
    "publisher",
    "published_date",
    "page_count",
    "language",
    "isbn",
    "description",
    "price_amount",
    "price_currency",
    "cover_url",
];

/// Columns of the database that are read.
pub(super) const COLUMNS: [Column; 13] = [
    Column::Id,
    Column::Title,
    Column::Author,
    Column::Subtitle,
    Column::Publisher,
    Column::PublishedDate,
    Column::PageCount,
    Column::Language,
    Column::Isbn,
    Column::Description,
    Column::PriceAmount,
    Column::PriceCurrency,
    Column::CoverUrl,
];

/// Exported book.
#[derive(Debug, Clone, Default, FromQueryResult)]
pub(super) struct Line {
    pub(super) id: Uuid,
    title: String,
    author: String,
    subtitle: Option<String>,
    publisher: Option<String>,
    published_date: Option<String>,
    page_count: Option<i64>,
    language: Option<String>,
    isbn: Option<String>,
    description: Option<String>,
    price_amount: Option<i64>,
    price_currency: Option<String>,
    cover_url: Option<String>,
}

/// Line of NDJSON.
#[derive(Serialize)]
struct Object<'l> {
    title: &'l str,
    author: &'l str,
    subtitle: Option<&'l str>,
    publisher: Option<&'l str>,
    published_date: Option<&'l str>,
    page_count: Option<i64>,
    language: Option<&'l str>,
    isbn: Option<&'l str>,
    description: Option<&'l str>,
    price: Option<Price>,
    cover_url: Option<&'l str>,
}

impl Line {
    /// Cells, in the order of [`NAMES`].
    fn cells(&self) -> [Cow<'_, str>; 12] {
        let Self {
            id: _,
            title,
            author,
            subtitle,
            publisher,
            published_date,
            page_count,
            language,
            isbn,
            description,
            price_amount,
            price_currency,
            cover_url,
        } = self;
        [
            escape(title),
            escape(author),
            text(subtitle.as_ref()),
            text(publisher.as_ref()),
            text(published_date.as_ref()),
            number(*page_count),
            text(language.as_ref()),
            text(isbn.as_ref()),
            text(description.as_ref()),
            number(*price_amount),
            text(price_currency.as_ref()),
            text(cover_url.as_ref()),
        ]
    }

    fn object(&self) -> Object<'_> {
        let Self {
            id: _,
            title,
            author,
            subtitle,
            publisher,
            published_date,
            page_count,
            language,
            isbn,
            description,
            price_amount,
            price_currency,
            cover_url,
        } = self;
        let price = price_amount.zip(price_currency.clone());
        Object {
            title,
            author,
            subtitle: subtitle.as_deref(),
            publisher: publisher.as_deref(),
            published_date: published_date.as_deref(),
            page_count: *page_count,
            language: language.as_deref(),
            isbn: isbn.as_deref(),
            description: description.as_deref(),
            price: price.map(|(amount, currency)| Price { amount, currency }),
            cover_url: cover_url.as_deref(),
        }
    }
}

/// Cell of optional text. Absent text is an empty cell; stored text is never empty.
fn text(text: Option<&String>) -> Cow<'_, str> {
    text.map_or(Cow::Borrowed(""), |text| escape(text))
}

fn number(number: Option<i64>) -> Cow<'static, str> {
    number.map_or(Cow::Borrowed(""), |number| Cow::Owned(number.to_string()))
}

/// Header of the CSV file.
pub(super) fn header() -> Result<Vec<u8>> {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(NAMES).map_err(internal)?;
    writer.into_inner().map_err(internal)
}

/// Rows of the CSV file (RFC 4180).
pub(super) fn table(lines: &[Line]) -> Result<Vec<u8>> {
    let mut writer = Writer::from_writer(Vec::new());
    for line in lines {
        writer.write_record(line.cells().iter().map(|cell| cell.as_bytes())).map_err(internal)?;
    }
    writer.into_inner().map_err(internal)
}

/// Lines of the NDJSON file.
pub(super) fn json(lines: &[Line]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut bytes, &line.object()).map_err(internal)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// Error of a writer: every book can be written.
fn internal(error: impl std::fmt::Display) -> Error {
    Error::internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::{collection::vec, option, prelude::*, sample::select};
    use validator::Validate;

    use super::*;
    use crate::books::{NewBook, cover_url, import};

    /// Any text, and often what means something in a table.
    fn texts() -> impl Strategy<Value = String> {
        let special = select("'=+-@\t\r\n\",; \u{feff}&#x3d;\u{a0}0".chars().collect::<Vec<_>>());
        let char = prop_oneof![2 => special, 1 => any::<char>()];
        let text = vec(char, 1..30).prop_map(String::from_iter);
        text.prop_map(|text| text.replace(|c: char| c.is_control() && !"\t\r\n".contains(c), "?"))
    }

    /// Any text of one line that says something.
    fn words() -> impl Strategy<Value = String> {
        texts().prop_map(|text| {
            let line = text.replace(|c: char| c.is_control() || crate::input::is_format(c), "'");
            if crate::input::words(&line).is_err() { format!("{line}=") } else { line }
        })
    }

    /// A book that the API takes, as it stores it.
    fn lines() -> impl Strategy<Value = Line> {
        let price = option::of((0..=crate::input::MAX_SAFE_INTEGER, select(vec!["EUR", "JPY"])));
        let names = (words(), words(), option::of(words()), option::of(words()), option::of(texts()));
        let facts = (
            option::of(select(vec!["1965", "1965-08", "1965-08-01"])),
            option::of(1_i64..=1_000_000),
            option::of(select(vec!["en", "pt-BR", "zh-Hans-CN"])),
            option::of(select(vec!["9780441013593", "9791090636071"])),
            option::of(words().prop_map(|path| format!("https://example.com/{path}"))),
        );
        (names, facts, price).prop_map(|(names, facts, price)| {
            let (price_amount, price_currency) = price.unzip();
            Line {
                id: Uuid::nil(),
                title: names.0,
                author: names.1,
                subtitle: names.2,
                publisher: names.3,
                description: names.4,
                published_date: facts.0.map(str::to_owned),
                page_count: facts.1,
                language: facts.2.map(str::to_owned),
                isbn: facts.3.map(str::to_owned),
                cover_url: facts.4.and_then(|url| cover_url::parse(&url)),
                price_amount,
                price_currency: price_currency.map(str::to_owned),
            }
        })
    }

    fn book(line: &Line) -> NewBook {
        let price = line.price_amount.zip(line.price_currency.clone());
        NewBook {
            title: line.title.clone(),
            subtitle: line.subtitle.clone(),
            author: line.author.clone(),
            publisher: line.publisher.clone(),
            published_date: line.published_date.clone(),
            page_count: line.page_count,
            language: line.language.clone(),
            isbn: line.isbn.clone(),
            description: line.description.clone(),
            price: price.map(|(amount, currency)| Price { amount, currency }),
            cover_url: line.cover_url.clone(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_exported_is_imported_as_it_was(lines in vec(lines(), 1..4)) {
            for line in &lines {
                prop_assert!(book(line).validate().is_ok(), "{:?}", line);
            }
            let csv = [header().unwrap(), table(&lines).unwrap()].concat();
            for file in [csv.clone(), json(&lines).unwrap()] {
                let rows = import::read_books(Cursor::new(file)).unwrap();
                let expected: Vec<String> = lines.iter().map(|line| format!("{:?}", book(line))).collect();
                prop_assert_eq!(rows, expected);
            }
            for record in csv::Reader::from_reader(&csv[..]).records() {
                for cell in &record.unwrap() {
                    prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{:?}", cell);
                }
            }
        }
    }
}
