//! Book, as clients see it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::{fields::BookRow, valid_currency};
use crate::input;

/// A book.
#[derive(Debug, Serialize, ToSchema)]
pub struct Book {
    /// Id, a UUID of version 7.
    #[schema(examples("01a1fc31-abbd-7546-935c-2dfd8b4ffcc1"))]
    pub id: Uuid,
    /// Title.
    #[schema(examples("Dune"))]
    pub title: String,
    /// Subtitle.
    #[schema(examples("Book One"))]
    pub subtitle: Option<String>,
    /// Author; several authors are joined by `; `.
    #[schema(examples("Frank Herbert"))]
    pub author: String,
    /// Publisher.
    #[schema(examples("Ace"))]
    pub publisher: Option<String>,
    /// Date of publication, as precise as it is known: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[schema(examples("1965-08-01"))]
    pub published_date: Option<String>,
    /// Number of pages.
    #[schema(examples(412))]
    pub page_count: Option<i64>,
    /// Language, a canonical BCP 47 tag.
    #[schema(examples("en"))]
    pub language: Option<String>,
    /// ISBN, thirteen digits.
    #[schema(examples("9780441013593"))]
    pub isbn: Option<String>,
    /// Description.
    #[schema(examples("A desert planet and the struggle for it."))]
    pub description: Option<String>,
    /// Price.
    pub price: Option<Price>,
    /// URL of a cover picture.
    #[schema(format = "uri", examples("https://example.com/dune.jpg"))]
    pub cover_url: Option<String>,
    /// Account that added the book; null after that account was deleted.
    pub owner: Option<Owner>,
    /// Version of the book, from 1: the value of its `ETag`.
    #[schema(examples(1))]
    pub version: i64,
    /// Time of creation, UTC.
    #[schema(examples("2026-11-21T03:41:16.093464Z"))]
    pub created_at: DateTime<Utc>,
    /// Time of the latest change, UTC.
    #[schema(examples("2026-11-21T03:41:16.093464Z"))]
    pub updated_at: DateTime<Utc>,
}

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Amount in minor units of the currency: 1099 is 10.99 EUR, and 1,099 JPY.
    #[validate(range(min = 0, max = input::MAX_SAFE_INTEGER))]
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, examples(1099))]
    pub amount: i64,
    /// Currency code of ISO 4217.
    #[validate(custom(function = "valid_currency"))]
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", examples("EUR"))]
    pub currency: String,
}

/// Account that added a book.
#[derive(Debug, Serialize, ToSchema)]
pub struct Owner {
    /// Id of the account.
    #[schema(examples("01a1fc31-a23e-72a5-9ed9-5d2493985689"))]
    pub id: Uuid,
    /// Username of the account.
    #[schema(examples("alice"))]
    pub username: String,
}

impl From<BookRow> for Book {
    fn from(BookRow { book: row, owner_username }: BookRow) -> Self {
        Self {
            id: row.id,
            title: row.title,
            subtitle: row.subtitle,
            author: row.author,
            publisher: row.publisher,
            published_date: row.published_date,
            page_count: row.page_count,
            language: row.language,
            isbn: row.isbn,
            description: row.description,
            price: row
                .price_amount
                .zip(row.price_currency)
                .map(|(amount, currency)| Price { amount, currency }),
            cover_url: row.cover_url,
            owner: row.owner_id.zip(owner_username).map(|(id, username)| Owner { id, username }),
            version: row.version,
            created_at: row.created_at.to_utc(),
            updated_at: row.updated_at.to_utc(),
        }
    }
}
