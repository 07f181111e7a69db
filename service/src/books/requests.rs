//! Request bodies for creating and updating a book.

use sea_orm::ActiveValue::Set;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use super::{Price, cover_url, date, isbn, language, work_key};
use crate::{FieldCode, db::set, input};
use entity::books::ActiveModel;

/// Request body of `POST /books`.
#[derive(Debug, Clone, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBook {
    /// Title.
    #[validate(length(min = 1, max = 500), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 500, examples("Dune"))]
    pub title: String,
    /// Subtitle.
    #[validate(length(min = 1, max = 500), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 500, examples("Book One"))]
    pub subtitle: Option<String>,
    /// Author; several authors are joined by `; `.
    #[validate(length(min = 1, max = 500), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 500, examples("Frank Herbert"))]
    pub author: String,
    /// Publisher.
    #[validate(length(min = 1, max = 500), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 500, examples("Ace"))]
    pub publisher: Option<String>,
    /// Date of publication: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[validate(custom(function = "date::valid"))]
    #[schema(pattern = "^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$", examples("1965-08-01"))]
    pub published_date: Option<String>,
    /// Number of pages.
    #[validate(range(min = 1, max = 1_000_000))]
    #[schema(minimum = 1, maximum = 1_000_000, examples(412))]
    pub page_count: Option<i64>,
    /// Language, a BCP 47 tag; stored in canonical form.
    #[validate(custom(function = "language::valid"))]
    #[schema(examples("en"))]
    pub language: Option<String>,
    /// ISBN-10 or ISBN-13, with or without hyphens; stored as thirteen digits.
    #[validate(custom(function = "isbn::valid"))]
    #[schema(examples("978-0-441-01359-3"))]
    pub isbn: Option<String>,
    /// Description.
    #[validate(length(min = 1, max = 10_000), custom(function = "input::paragraphs"))]
    #[schema(min_length = 1, max_length = 10_000, examples("A desert planet and the struggle for it."))]
    pub description: Option<String>,
    /// Price.
    #[serde(default, deserialize_with = "input::object")]
    #[validate(nested)]
    pub price: Option<Price>,
    /// URL of a cover picture, with https; stored in normal form. The server never fetches it.
    #[validate(length(max = 2048), custom(function = "cover_url::valid"))]
    #[schema(format = "uri", max_length = 2048, examples("https://example.com/dune.jpg"))]
    pub cover_url: Option<String>,
}

/// Request body of `PATCH /books/{id}`. An absent field stays as it is; null clears it.
#[derive(Debug, Clone, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookPatch {
    /// Title.
    #[serde(default, deserialize_with = "input::required")]
    #[validate(length(min = 1, max = 500), custom(function = "input::words"))]
    #[schema(nullable = false, min_length = 1, max_length = 500, examples("Dune"))]
    pub title: Option<String>,
    /// Subtitle.
    #[serde(default, deserialize_with = "input::clearable")]
    #[validate(length(min = 1, max = 500), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 500, examples("Book One"))]
    pub subtitle: Option<Option<String>>,
    /// Author; several authors are joined by `; `.
    #[serde(default, deserialize_with = "input::required")]
    #[validate(length(min = 1, max = 500), custom(function = "input::words"))]
    #[schema(nullable = false, min_length = 1, max_length = 500, examples("Frank Herbert"))]
    pub author: Option<String>,
    /// Publisher.
    #[serde(default, deserialize_with = "input::clearable")]
    #[validate(length(min = 1, max = 500), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 500, examples("Ace"))]
    pub publisher: Option<Option<String>>,
    /// Date of publication: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[serde(default, deserialize_with = "input::clearable")]
    #[validate(custom(function = "date::valid"))]
    #[schema(pattern = "^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$", examples("1965"))]
    pub published_date: Option<Option<String>>,
    /// Number of pages.
    #[serde(default, deserialize_with = "input::clearable")]
    #[validate(range(min = 1, max = 1_000_000))]
    #[schema(minimum = 1, maximum = 1_000_000, examples(412))]
    pub page_count: Option<Option<i64>>,
    /// Language, a BCP 47 tag; stored in canonical form.
    #[serde(default, deserialize_with = "input::clearable")]
    #[validate(custom(function = "language::valid"))]
    #[schema(examples("en"))]
    pub language: Option<Option<String>>,
    /// ISBN-10 or ISBN-13, with or without hyphens; stored as thirteen digits.
    #[serde(default, deserialize_with = "input::clearable")]
    #[validate(custom(function = "isbn::valid"))]
    #[schema(examples("0441013597"))]
    pub isbn: Option<Option<String>>,
    /// Description.
    #[serde(default, deserialize_with = "input::clearable")]
    #[validate(length(min = 1, max = 10_000), custom(function = "input::paragraphs"))]
    #[schema(min_length = 1, max_length = 10_000, examples("A desert planet and the struggle for it."))]
    pub description: Option<Option<String>>,
    /// Price.
    #[serde(default, deserialize_with = "input::clearable_object")]
    #[validate(nested)]
    pub price: Option<Option<Price>>,
    /// URL of a cover picture, with https; stored in normal form. The server never fetches it.
    #[serde(default, deserialize_with = "input::clearable")]
    #[validate(length(max = 2048), custom(function = "cover_url::valid"))]
    #[schema(format = "uri", max_length = 2048, examples("https://example.com/dune.jpg"))]
    pub cover_url: Option<Option<String>>,
}

impl NewBook {
    /// Database row of a valid book.
    pub(crate) fn into_row(self, owner_id: Option<Uuid>) -> ActiveModel {
        let Self {
            title,
            subtitle,
            author,
            publisher,
            published_date,
            page_count,
            language,
            isbn,
            description,
            price,
            cover_url,
        } = self;
        let (price_amount, price_currency) = price.map(|price| (price.amount, price.currency)).unzip();
        ActiveModel {
            work_key: Set(Some(work_key::of(&title, &author))),
            title: Set(title),
            subtitle: Set(subtitle),
            author: Set(author),
            publisher: Set(publisher),
            published_date: Set(published_date),
            page_count: Set(page_count),
            language: Set(language.as_deref().and_then(language::parse)),
            isbn: Set(isbn.as_deref().and_then(isbn::parse)),
            description: Set(description),
            price_amount: Set(price_amount),
            price_currency: Set(price_currency),
            cover_url: Set(cover_url.as_deref().and_then(cover_url::parse)),
            owner_id: Set(owner_id),
            ..sea_orm::ActiveModelBehavior::new()
        }
    }
}

impl BookPatch {
    /// Sets the fields of a valid patch.
    pub(crate) fn apply(self, book: &mut ActiveModel) {
        let Self {
            title,
            subtitle,
            author,
            publisher,
            published_date,
            page_count,
            language,
            isbn,
            description,
            price,
            cover_url,
        } = self;
        let canonical = |field: Option<Option<String>>, parse: fn(&str) -> Option<String>| {
            field.map(|text| text.as_deref().and_then(parse))
        };
        set(&mut book.title, title);
        set(&mut book.subtitle, subtitle);
        set(&mut book.author, author);
        set(&mut book.publisher, publisher);
        set(&mut book.published_date, published_date);
        set(&mut book.page_count, page_count);
        set(&mut book.language, canonical(language, language::parse));
        set(&mut book.isbn, canonical(isbn, isbn::parse));
        set(&mut book.description, description);
        set(&mut book.cover_url, canonical(cover_url, cover_url::parse));
        if let Some(price) = price {
            let (amount, currency) = price.map(|price| (price.amount, price.currency)).unzip();
            book.price_amount = Set(amount);
            book.price_currency = Set(currency);
        }
        set_work_key(book);
    }
}

/// Derives the work key of a book from its title and author.
pub(crate) fn set_work_key(book: &mut ActiveModel) {
    if let (Some(title), Some(author)) = (book.title.try_as_ref(), book.author.try_as_ref()) {
        let key = Some(work_key::of(title, author));
        if book.work_key.try_as_ref() != Some(&key) {
            book.work_key = Set(key);
        }
    }
}

pub(crate) fn valid_currency(code: &str) -> std::result::Result<(), ValidationError> {
    match iso_currency::Currency::from_code(code) {
        Some(_) => Ok(()),
        None => Err(input::error(FieldCode::Currency, "must be a currency code of ISO 4217 such as EUR")),
    }
}
