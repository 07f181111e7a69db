//! The catalogue: what a book is to the world, and what may be done with it.

mod content;
pub mod date;
mod facets;
mod fields;
pub mod isbn;
pub mod language;
mod query;
mod search;
pub(crate) mod work;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QuerySelect, Select,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use self::fields::{Fields, Shelved, shelved, sparsely_shelved};
pub use self::{
    content::{BookPatch, NewBook},
    facets::{Decade, Facet, FacetQuery, Facets, facets},
    fields::{BookField, BookView, Excerpt},
    query::{BookQuery, BookSort},
};
pub(crate) use self::{
    content::{name_work, valid_cover_url, valid_currency},
    search::Extent,
};
use crate::{
    Actor, Db, Error, Keys, Result,
    access::Action,
    db,
    error::{OrNotFound, OrTaken},
    input,
    page::{self, Page},
};
use entity::{
    books::{Column, Entity, Model},
    users,
};

/// Book of the catalogue.
#[derive(Debug, Serialize, ToSchema)]
pub struct Book {
    /// A UUID of version 7.
    #[schema(examples("01a1fc31-abbd-7546-935c-2dfd8b4ffcc1"))]
    pub id: Uuid,
    /// The title.
    #[schema(examples("Dune"))]
    pub title: String,
    /// Subtitle.
    #[schema(examples("Book One"))]
    pub subtitle: Option<String>,
    /// The author; several are joined by `; `.
    #[schema(examples("Frank Herbert"))]
    pub author: String,
    /// The publisher.
    #[schema(examples("Ace"))]
    pub publisher: Option<String>,
    /// Publication date, as precisely as it is known: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[schema(examples("1965-08-01"))]
    pub published_date: Option<String>,
    /// Number of pages.
    #[schema(examples(412))]
    pub page_count: Option<i64>,
    /// Language, a canonical BCP 47 tag.
    #[schema(examples("en"))]
    pub language: Option<String>,
    /// ISBN-13 without hyphens.
    #[schema(examples("9780441013593"))]
    pub isbn: Option<String>,
    /// Description of the content.
    #[schema(examples("A desert planet, and who is to have it."))]
    pub description: Option<String>,
    /// Price.
    pub price: Option<Price>,
    /// URL of a cover picture.
    #[schema(format = "uri", examples("https://example.com/dune.jpg"))]
    pub cover_url: Option<String>,
    /// Account that added it; null if that account was deleted.
    pub owner: Option<Owner>,
    /// Version, from 1, which every change increments: the value of the entity tag.
    #[schema(examples(1))]
    pub version: i64,
    /// Time of creation, UTC.
    #[schema(examples("2026-11-21T03:41:16.093464Z"))]
    pub created_at: DateTime<Utc>,
    /// Time of the last change, UTC.
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
    /// A code of ISO 4217.
    #[validate(custom(function = "valid_currency"))]
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", examples("EUR"))]
    pub currency: String,
}

/// The account that added a book.
#[derive(Debug, Serialize, ToSchema)]
pub struct Owner {
    /// The account's id.
    #[schema(examples("01a1fc31-a23e-72a5-9ed9-5d2493985689"))]
    pub id: Uuid,
    /// The account's name.
    #[schema(examples("alice"))]
    pub username: String,
}

/// Lists the catalogue.
pub async fn list(db: &Db, keys: &Keys, query: BookQuery) -> Result<Page<Excerpt>> {
    query.validate()?;
    if query.sort == Some(BookSort::Relevance) && query.q.is_none() {
        return Err(Error::invalid("/sort", "conflict", "relevance is to a search: give q, too"));
    }
    let fields = Fields::of(query.fields.as_deref());
    let context = page::context("books", &query)?;
    let Some(order) = query.order() else { return best(db, keys, &query, fields, &context).await };
    let extent = if query.total { Extent::All } else { Extent::First };
    let Some(select) = query.matching(db, extent).await? else { return Ok(Page::empty(query.total)) };
    let page = page::fetch(db, keys, (select, order, query.window()), &context, async |conn, select| {
        let books = sparsely_shelved(select, fields, Some(order.key)).all(conn).await?;
        Ok(books.into_iter().map(|shelved| (shelved.book, shelved.owner_username)).collect())
    })
    .await?;
    Ok(page.map(|(book, owner_username)| Shelved { book, owner_username }.excerpt(fields)))
}

/// A page of the books that a search finds, the best first.
async fn best(
    db: &Db,
    keys: &Keys,
    query: &BookQuery,
    fields: Fields,
    context: &str,
) -> Result<Page<Excerpt>> {
    let Some(search) = query.search() else { return Ok(Page::empty(query.total)) };
    let filter = || query.is_filtered().then(|| query.select());
    let ids = db.read(async |conn| search.ranked(conn, filter()).await).await?;
    let all = if query.total { query.matching(db, Extent::All).await? } else { None };
    let total = match all {
        Some(all) => Some(db.read(async |conn| all.clone().count(conn).await).await?),
        None => None,
    };
    let page = page::part(keys, &query.window(), context, ids, total)?;
    let wanted = Entity::find().filter(Column::Id.is_in(page.items.iter().copied()));
    let found = db.read(async |conn| sparsely_shelved(wanted.clone(), fields, None).all(conn).await).await?;
    let mut found: HashMap<Uuid, Shelved> =
        found.into_iter().map(|shelved| (shelved.book.id, shelved)).collect();
    let items =
        page.items.iter().filter_map(|id| found.remove(id)).map(|shelved| shelved.excerpt(fields)).collect();
    Ok(Page { items, next_cursor: page.next_cursor, total: page.total })
}

/// Lists the books that a user added.
pub async fn list_of_user(db: &Db, keys: &Keys, user: Uuid, mut query: BookQuery) -> Result<Page<Excerpt>> {
    if query.owner.is_some_and(|owner| owner != user) {
        return Err(Error::invalid("/owner", "conflict", "must be the user in the path"));
    }
    query.owner = Some(user);
    let page = list(db, keys, query).await?;
    if page.items.is_empty() {
        db.read(async |conn| users::Entity::find_by_id(user).one(conn).await).await?.or_not_found()?;
    }
    Ok(page)
}

/// Puts a new book on the actor's shelf.
///
/// # Errors
/// [`Error::Taken`] when a book with its ISBN is in the catalogue.
pub async fn create(db: &Db, actor: &Actor, new: NewBook) -> Result<Book> {
    actor.may(Action::CreateBook)?;
    new.validate()?;
    let row = new.into_row(actor.id);
    let book =
        db.write(move |txn| Box::pin(async move { row.insert(txn).await.or_taken(&["isbn"]) })).await?;
    let owner_username = actor.id.map(|_| actor.username.clone());
    Ok(Shelved { book, owner_username }.into())
}

/// Reads a book.
pub async fn get(db: &Db, id: Uuid, view: BookView) -> Result<Excerpt> {
    one(db, Entity::find_by_id(id), view).await
}

/// Reads the book with an ISBN-10 or ISBN-13; what is no ISBN is no book's.
pub async fn get_by_isbn(db: &Db, isbn: &str, view: BookView) -> Result<Excerpt> {
    let isbn = isbn::parse(isbn).or_not_found()?;
    one(db, Entity::find().filter(Column::Isbn.eq(isbn)), view).await
}

/// Changes a book, unless its version is none of `versions`.
///
/// # Errors
/// [`Error::Taken`] when another book has its new ISBN.
pub async fn update(
    db: &Db,
    actor: &Actor,
    id: Uuid,
    versions: Option<Vec<i64>>,
    patch: BookPatch,
) -> Result<Book> {
    actor.may(Action::UpdateBook)?;
    patch.validate()?;
    let actor = actor.clone();
    db.write(move |txn| {
        Box::pin(async move {
            let mut book = permitted(txn, &actor, Action::UpdateBook, id).await?.into_active_model();
            patch.apply(&mut book);
            db::update(txn, book, Column::Version, versions, &["isbn"]).await?;
            Ok(shelved(Entity::find_by_id(id)).one(txn).await?.or_not_found()?.into())
        })
    })
    .await
}

/// Takes a book out of the catalogue, unless its version is none of `versions`.
pub async fn delete(db: &Db, actor: &Actor, id: Uuid, versions: Option<Vec<i64>>) -> Result<()> {
    actor.may(Action::DeleteBook)?;
    let actor = actor.clone();
    db.write(move |txn| {
        Box::pin(async move {
            permitted(txn, &actor, Action::DeleteBook, id).await?;
            let delete = Entity::delete_many().filter(Column::Id.eq(id));
            db::delete(txn, delete, Column::Version, versions).await
        })
    })
    .await
}

/// The book, locked until the transaction ends, if the actor may do `action` with it.
async fn permitted(txn: &DatabaseTransaction, actor: &Actor, action: Action, id: Uuid) -> Result<Model> {
    let book = Entity::find_by_id(id).lock_exclusive().one(txn).await?.or_not_found()?;
    actor.may_touch(action, book.owner_id)?;
    Ok(book)
}

async fn one(db: &Db, select: Select<Entity>, view: BookView) -> Result<Excerpt> {
    view.validate()?;
    let fields = Fields::of(view.fields.as_deref());
    let book = db.read(async |conn| sparsely_shelved(select.clone(), fields, None).one(conn).await).await?;
    Ok(book.or_not_found()?.excerpt(fields))
}

impl From<Shelved> for Book {
    fn from(Shelved { book: row, owner_username }: Shelved) -> Self {
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
