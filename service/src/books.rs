//! The catalogue: what a book is to the world, and what may be done with it.

pub mod date;
pub mod isbn;
pub mod language;

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction, EntityTrait,
    IntoActiveModel, QueryFilter, QuerySelect, QueryTrait, Select,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::{Validate, ValidationError};

use crate::{
    Actor, Db, Error, Result,
    access::Action,
    auth::Keys,
    db,
    error::{OrNotFound, OrTaken},
    input,
    page::{self, Order, Page, Window},
    users::set,
};
use entity::{
    books::{ActiveModel, Column, Entity, Model},
    users,
};

/// A book, as the world sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Book {
    /// A UUID of version 7.
    pub id: Uuid,
    /// The title.
    #[schema(examples("Dune"))]
    pub title: String,
    /// What follows the title.
    pub subtitle: Option<String>,
    /// The author; several are joined by `; `.
    #[schema(examples("Frank Herbert"))]
    pub author: String,
    /// The publisher.
    #[schema(examples("Ace"))]
    pub publisher: Option<String>,
    /// When it came out, as precisely as is known: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[schema(examples("1965-08-01"))]
    pub published_date: Option<String>,
    /// How many pages it has.
    #[schema(examples(412))]
    pub page_count: Option<i64>,
    /// Its language, a canonical BCP 47 tag.
    #[schema(examples("en"))]
    pub language: Option<String>,
    /// The thirteen digits of its ISBN.
    #[schema(examples("9780441013593"))]
    pub isbn: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// What it costs.
    pub price: Option<Price>,
    /// Where a picture of its cover is.
    #[schema(format = "uri")]
    pub cover_url: Option<String>,
    /// Who added it; null when that account is gone.
    pub owner: Option<Owner>,
    /// How often the book was changed, from 1: the value of the entity tag.
    #[schema(examples(1))]
    pub version: i64,
    /// When the book was added, UTC.
    pub created_at: DateTime<Utc>,
    /// When the book was last changed, UTC.
    pub updated_at: DateTime<Utc>,
}

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// How much, in the currency's minor units: 1099 is 10.99 EUR, and 1,099 JPY.
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
    pub id: Uuid,
    /// The account's name.
    #[schema(examples("alice"))]
    pub username: String,
}

/// What it takes to add a book.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBook {
    /// The title.
    #[validate(length(min = 1, max = 500), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 500, examples("Dune"))]
    pub title: String,
    /// What follows the title.
    #[validate(length(min = 1, max = 500), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 500)]
    pub subtitle: Option<String>,
    /// The author; several are joined by `; `.
    #[validate(length(min = 1, max = 500), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 500, examples("Frank Herbert"))]
    pub author: String,
    /// The publisher.
    #[validate(length(min = 1, max = 500), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 500, examples("Ace"))]
    pub publisher: Option<String>,
    /// When it came out: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[validate(custom(function = "date::valid"))]
    #[schema(pattern = "^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$", examples("1965-08-01"))]
    pub published_date: Option<String>,
    /// How many pages it has.
    #[validate(range(min = 1, max = 1_000_000))]
    #[schema(minimum = 1, maximum = 1_000_000, examples(412))]
    pub page_count: Option<i64>,
    /// Its language, a BCP 47 tag; kept in canonical form.
    #[validate(custom(function = "language::valid"))]
    #[schema(examples("en"))]
    pub language: Option<String>,
    /// Its ISBN-10 or ISBN-13, hyphens welcome; kept as thirteen digits.
    #[validate(custom(function = "isbn::valid"))]
    #[schema(examples("978-0-441-01359-3"))]
    pub isbn: Option<String>,
    /// What it is about.
    #[validate(length(min = 1, max = 10_000), custom(function = "input::paragraphs"))]
    #[schema(min_length = 1, max_length = 10_000)]
    pub description: Option<String>,
    /// What it costs.
    #[serde(default, deserialize_with = "input::object")]
    #[validate(nested)]
    pub price: Option<Price>,
    /// Where a picture of its cover is, by https. It is never fetched.
    #[validate(length(max = 2048), custom(function = "valid_cover_url"))]
    #[schema(format = "uri", max_length = 2048, examples("https://example.com/dune.jpg"))]
    pub cover_url: Option<String>,
}

/// What changes of a book. A field that is absent stays; null clears it.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BookPatch {
    /// The title.
    #[serde(deserialize_with = "input::required")]
    #[validate(length(min = 1, max = 500), custom(function = "input::words"))]
    #[schema(nullable = false, min_length = 1, max_length = 500, examples("Dune"))]
    pub title: Option<String>,
    /// What follows the title.
    #[serde(deserialize_with = "input::clearable")]
    #[validate(length(min = 1, max = 500), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 500)]
    pub subtitle: Option<Option<String>>,
    /// The author; several are joined by `; `.
    #[serde(deserialize_with = "input::required")]
    #[validate(length(min = 1, max = 500), custom(function = "input::words"))]
    #[schema(nullable = false, min_length = 1, max_length = 500, examples("Frank Herbert"))]
    pub author: Option<String>,
    /// The publisher.
    #[serde(deserialize_with = "input::clearable")]
    #[validate(length(min = 1, max = 500), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 500, examples("Ace"))]
    pub publisher: Option<Option<String>>,
    /// When it came out: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[serde(deserialize_with = "input::clearable")]
    #[validate(custom(function = "date::valid"))]
    #[schema(pattern = "^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$", examples("1965"))]
    pub published_date: Option<Option<String>>,
    /// How many pages it has.
    #[serde(deserialize_with = "input::clearable")]
    #[validate(range(min = 1, max = 1_000_000))]
    #[schema(minimum = 1, maximum = 1_000_000, examples(412))]
    pub page_count: Option<Option<i64>>,
    /// Its language, a BCP 47 tag; kept in canonical form.
    #[serde(deserialize_with = "input::clearable")]
    #[validate(custom(function = "language::valid"))]
    #[schema(examples("en"))]
    pub language: Option<Option<String>>,
    /// Its ISBN-10 or ISBN-13, hyphens welcome; kept as thirteen digits.
    #[serde(deserialize_with = "input::clearable")]
    #[validate(custom(function = "isbn::valid"))]
    #[schema(examples("0441013597"))]
    pub isbn: Option<Option<String>>,
    /// What it is about.
    #[serde(deserialize_with = "input::clearable")]
    #[validate(length(min = 1, max = 10_000), custom(function = "input::paragraphs"))]
    #[schema(min_length = 1, max_length = 10_000)]
    pub description: Option<Option<String>>,
    /// What it costs.
    #[serde(deserialize_with = "input::clearable_object")]
    #[validate(nested)]
    pub price: Option<Option<Price>>,
    /// Where a picture of its cover is, by https. It is never fetched.
    #[serde(deserialize_with = "input::clearable")]
    #[validate(length(max = 2048), custom(function = "valid_cover_url"))]
    #[schema(format = "uri", max_length = 2048, examples("https://example.com/dune.jpg"))]
    pub cover_url: Option<Option<String>>,
}

/// The order of a list of books; `-` turns it round. Books without the key come last either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[expect(missing_docs, reason = "each is the column of its name")]
pub enum BookSort {
    #[serde(rename = "created_at")]
    CreatedAt,
    #[serde(rename = "-created_at")]
    CreatedAtDescending,
    #[serde(rename = "updated_at")]
    UpdatedAt,
    #[serde(rename = "-updated_at")]
    UpdatedAtDescending,
    #[serde(rename = "title")]
    Title,
    #[serde(rename = "-title")]
    TitleDescending,
    #[serde(rename = "author")]
    Author,
    #[serde(rename = "-author")]
    AuthorDescending,
    #[serde(rename = "published_date")]
    PublishedDate,
    #[serde(rename = "-published_date")]
    PublishedDateDescending,
    #[serde(rename = "page_count")]
    PageCount,
    #[serde(rename = "-page_count")]
    PageCountDescending,
}

impl BookSort {
    fn order(self) -> Order<Entity> {
        let (key, nullable, descending) = match self {
            Self::CreatedAt => (Column::CreatedAt, false, false),
            Self::CreatedAtDescending => (Column::CreatedAt, false, true),
            Self::UpdatedAt => (Column::UpdatedAt, false, false),
            Self::UpdatedAtDescending => (Column::UpdatedAt, false, true),
            Self::Title => (Column::Title, false, false),
            Self::TitleDescending => (Column::Title, false, true),
            Self::Author => (Column::Author, false, false),
            Self::AuthorDescending => (Column::Author, false, true),
            Self::PublishedDate => (Column::PublishedDate, true, false),
            Self::PublishedDateDescending => (Column::PublishedDate, true, true),
            Self::PageCount => (Column::PageCount, true, false),
            Self::PageCountDescending => (Column::PageCount, true, true),
        };
        Order { key, id: Column::Id, nullable, descending }
    }
}

/// Which books, in which order, and which part of them.
#[derive(Debug, Default, Serialize, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct BookQuery {
    /// The most items of the page.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20, nullable = false)]
    pub limit: Option<u64>,
    /// Where the page begins: `next_cursor` of the page before, with the same order and filters.
    #[param(min_length = 1, nullable = false)]
    pub cursor: Option<String>,
    /// How many items to leave out, instead of a cursor.
    #[validate(range(max = 10_000))]
    #[param(minimum = 0, maximum = 10_000, nullable = false)]
    pub offset: Option<u64>,
    /// Whether to count the whole list.
    pub total: bool,
    /// The order; `-created_at` if left out.
    #[param(nullable = false)]
    pub sort: Option<BookSort>,
    /// Only books of exactly this author.
    #[validate(length(min = 1, max = 500), custom(function = "input::line"))]
    #[param(min_length = 1, max_length = 500, nullable = false)]
    pub author: Option<String>,
    /// Only books in this language, a BCP 47 tag: `en` covers `en-GB` (RFC 4647, basic filtering).
    #[validate(custom(function = "language::valid"))]
    #[param(nullable = false)]
    pub language: Option<String>,
    /// Only books of exactly this publisher.
    #[validate(length(min = 1, max = 500), custom(function = "input::line"))]
    #[param(min_length = 1, max_length = 500, nullable = false)]
    pub publisher: Option<String>,
    /// Only the book with this ISBN-10 or ISBN-13.
    #[validate(custom(function = "isbn::valid"))]
    #[param(nullable = false)]
    pub isbn: Option<String>,
    /// Only books that this account added.
    #[param(nullable = false)]
    pub owner: Option<Uuid>,
    /// Only books that came out then or later: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[validate(custom(function = "date::valid"))]
    #[param(nullable = false, pattern = "^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$")]
    pub published_from: Option<String>,
    /// Only books that came out then or earlier: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[validate(custom(function = "date::valid"))]
    #[param(nullable = false, pattern = "^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$")]
    pub published_to: Option<String>,
}

/// Lists the catalogue.
pub async fn list(db: &Db, keys: &Keys, query: BookQuery) -> Result<Page<Book>> {
    query.validate()?;
    let context = page::context("books", &query)?;
    let order = query.sort.unwrap_or(BookSort::CreatedAtDescending).order();
    let window = Window {
        limit: query.limit,
        cursor: query.cursor.as_deref(),
        offset: query.offset,
        total: query.total,
    };
    let page = page::fetch(db, keys, (filtered(&query), order, window), &context, async |conn, select| {
        select.find_also_related(users::Entity).all(conn).await
    })
    .await?;
    let items = page.items.into_iter().map(|(book, owner)| resource(book, owner.map(Owner::from))).collect();
    Ok(Page { items, next_cursor: page.next_cursor, total: page.total })
}

/// Lists the books that a user added.
pub async fn list_of_user(db: &Db, keys: &Keys, user: Uuid, mut query: BookQuery) -> Result<Page<Book>> {
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
    let owner = actor.id.map(|id| Owner { id, username: actor.username.clone() });
    Ok(resource(book, owner))
}

/// Reads a book.
pub async fn get(db: &Db, id: Uuid) -> Result<Book> {
    one(db, Entity::find_by_id(id)).await
}

/// Reads the book with an ISBN-10 or ISBN-13; what is no ISBN is no book's.
pub async fn get_by_isbn(db: &Db, isbn: &str) -> Result<Book> {
    let isbn = isbn::parse(isbn).or_not_found()?;
    one(db, Entity::find().filter(Column::Isbn.eq(isbn))).await
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
            let changed = db::update(txn, book, Column::Version, versions, &["isbn"]).await?;
            let owner = match changed.owner_id {
                Some(owner) => users::Entity::find_by_id(owner).one(txn).await?,
                None => None,
            };
            Ok(resource(changed, owner.map(Owner::from)))
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

async fn one(db: &Db, select: Select<Entity>) -> Result<Book> {
    let select = select.find_also_related(users::Entity);
    let (book, owner) = db.read(async |conn| select.clone().one(conn).await).await?.or_not_found()?;
    Ok(resource(book, owner.map(Owner::from)))
}

fn filtered(query: &BookQuery) -> Select<Entity> {
    Entity::find()
        .apply_if(query.author.as_deref(), |select, author| select.filter(Column::Author.eq(author)))
        .apply_if(query.language.as_deref().and_then(language::parse), |select, tag| {
            let narrower = Column::Language.starts_with(format!("{tag}-"));
            select.filter(Condition::any().add(Column::Language.eq(tag)).add(narrower))
        })
        .apply_if(query.publisher.as_deref(), |select, publisher| {
            select.filter(Column::Publisher.eq(publisher))
        })
        .apply_if(query.isbn.as_deref().and_then(isbn::parse), |select, isbn| {
            select.filter(Column::Isbn.eq(isbn))
        })
        .apply_if(query.owner, |select, owner| select.filter(Column::OwnerId.eq(owner)))
        .apply_if(query.published_from.as_deref(), |select, from| {
            select.filter(Column::PublishedDate.gte(from))
        })
        .apply_if(query.published_to.as_deref(), |select, to| {
            select.filter(Column::PublishedDate.lte(date::latest_within(to)))
        })
}

impl NewBook {
    /// The row of a valid book.
    pub(crate) fn into_row(self, owner_id: Option<Uuid>) -> ActiveModel {
        let (price_amount, price_currency) = self.price.map(|price| (price.amount, price.currency)).unzip();
        ActiveModel {
            title: Set(self.title),
            subtitle: Set(self.subtitle),
            author: Set(self.author),
            publisher: Set(self.publisher),
            published_date: Set(self.published_date),
            page_count: Set(self.page_count),
            language: Set(self.language.as_deref().and_then(language::parse)),
            isbn: Set(self.isbn.as_deref().and_then(isbn::parse)),
            description: Set(self.description),
            price_amount: Set(price_amount),
            price_currency: Set(price_currency),
            cover_url: Set(self.cover_url),
            owner_id: Set(owner_id),
            ..sea_orm::ActiveModelBehavior::new()
        }
    }
}

impl BookPatch {
    /// Sets what a valid patch names.
    pub(crate) fn apply(self, book: &mut ActiveModel) {
        let canonical = |field: Option<Option<String>>, parse: fn(&str) -> Option<String>| {
            field.map(|text| text.as_deref().and_then(parse))
        };
        set(&mut book.title, self.title);
        set(&mut book.subtitle, self.subtitle);
        set(&mut book.author, self.author);
        set(&mut book.publisher, self.publisher);
        set(&mut book.published_date, self.published_date);
        set(&mut book.page_count, self.page_count);
        set(&mut book.language, canonical(self.language, language::parse));
        set(&mut book.isbn, canonical(self.isbn, isbn::parse));
        set(&mut book.description, self.description);
        set(&mut book.cover_url, self.cover_url);
        if let Some(price) = self.price {
            let (amount, currency) = price.map(|price| (price.amount, price.currency)).unzip();
            book.price_amount = Set(amount);
            book.price_currency = Set(currency);
        }
    }
}

fn resource(row: Model, owner: Option<Owner>) -> Book {
    Book {
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
        price: row.price_amount.zip(row.price_currency).map(|(amount, currency)| Price { amount, currency }),
        cover_url: row.cover_url,
        owner,
        version: row.version,
        created_at: row.created_at.to_utc(),
        updated_at: row.updated_at.to_utc(),
    }
}

impl From<users::Model> for Owner {
    fn from(row: users::Model) -> Self {
        Self { id: row.id, username: row.username }
    }
}

pub(crate) fn valid_currency(code: &str) -> std::result::Result<(), ValidationError> {
    match iso_currency::Currency::from_code(code) {
        Some(_) => Ok(()),
        None => Err(input::error("currency", "must be a currency code of ISO 4217 such as EUR")),
    }
}

pub(crate) fn valid_cover_url(text: &str) -> std::result::Result<(), ValidationError> {
    let sound = input::line(text).is_ok()
        && url::Url::parse(text).is_ok_and(|url| {
            url.scheme() == "https" && url.has_host() && url.username().is_empty() && url.password().is_none()
        });
    if sound { Ok(()) } else { Err(input::error("url", "must be an https URL without credentials")) }
}
