//! The catalogue of books.

mod book;
pub(crate) mod cover_url;
pub mod date;
pub mod export;
mod facets;
mod fields;
mod filters;
pub mod import;
pub mod isbn;
pub mod language;
mod query;
mod requests;
mod room;
mod search;
pub(crate) mod work_key;

use std::collections::HashMap;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect, Select,
};
use uuid::Uuid;
use validator::Validate;

use self::fields::{Fields, select_sparse};
pub use self::{
    book::{Book, Owner, Price},
    facets::{Decade, Facet, Facets, facets},
    fields::{BookField, BookView, SparseBook},
    filters::Filters,
    query::{BookQuery, BookSort},
    requests::{BookPatch, NewBook},
};
pub(crate) use self::{
    fields::{BookRow, select_rows},
    requests::{set_work_key, valid_currency},
    search::Matches,
};
use crate::{
    Account, Actor, Context, Error, FieldCode, Result, Versions,
    access::Action,
    db::{self, Class},
    error::{OrNotFound, OrViolated, Reference, Unique},
    page::{self, Page},
};
use entity::{
    books::{Column, Entity, Model},
    users,
};

/// Books of a page in the export of an account. Their descriptions may be long.
const EXPORTED_AT_ONCE: u64 = 50;

/// Lists books.
///
/// # Errors
/// [`Error::Invalid`] for an order by relevance without a search, [`Error::InvalidCursor`] for a cursor of another
/// list.
pub async fn list(cx: &Context, filters: Filters, query: BookQuery) -> Result<Page<SparseBook>> {
    filters.validate()?;
    query.validate()?;
    if query.sort == Some(BookSort::Relevance) && filters.q.is_none() {
        return Err(Error::invalid("/sort", FieldCode::Conflict, "relevance requires q"));
    }
    let fields = Fields::of(query.fields.as_deref());
    let name = page::name("books", &filters, &query)?;
    let Some(order) = query.order(&filters) else {
        return list_by_relevance(cx, &filters, &query, fields, &name).await;
    };
    let matches = if query.total { Matches::All } else { Matches::First };
    let Some(select) = filters.matching(&cx.db, matches).await? else { return Ok(Page::empty(query.total)) };
    let class = if filters.q.is_some() { Class::Expensive } else { Class::List };
    let select_page = |select| select_sparse(select, fields, Some(order.key));
    let list = (class, select, order, query.window());
    let page = page::fetch(cx, list, &name, select_page, |row| &row.book).await?;
    Ok(page.map(|row| row.sparse(fields)))
}

/// A page of the books that a search finds, the best match first.
async fn list_by_relevance(
    cx: &Context,
    filters: &Filters,
    query: &BookQuery,
    fields: Fields,
    name: &str,
) -> Result<Page<SparseBook>> {
    let Some(search) = filters.search() else { return Ok(Page::empty(query.total)) };
    let db = &cx.db;
    let restriction = || filters.restrict().then(|| filters.select());
    let ids = search.ranked(db, restriction()).await?;
    let all = if query.total { filters.matching(db, Matches::All).await? } else { None };
    let total = match all {
        Some(all) => Some(db.count(Class::Expensive, all).await?),
        None => None,
    };
    let page = page::part(cx.keys(), &query.window(), name, ids, total)?;
    let matches = Entity::find().filter(Column::Id.is_in(page.items.iter().copied()));
    let found = db.read(Class::Key, select_sparse(matches, fields, None)).all().await?;
    let mut found: HashMap<Uuid, BookRow> = found.into_iter().map(|row| (row.book.id, row)).collect();
    let items = page.items.iter().filter_map(|id| found.remove(id)).map(|row| row.sparse(fields)).collect();
    Ok(Page { items, next_cursor: page.next_cursor, total: page.total })
}

/// Lists the books that an account added.
///
/// # Errors
/// Those of [`list`], and [`Error::NotFound`] if the account does not exist.
pub async fn list_of_user(
    cx: &Context,
    user: Uuid,
    mut filters: Filters,
    query: BookQuery,
) -> Result<Page<SparseBook>> {
    if filters.owner.is_some_and(|owner| owner != user) {
        return Err(Error::invalid("/owner", FieldCode::Conflict, "must be the user in the path"));
    }
    filters.owner = Some(user);
    let page = list(cx, filters, query).await?;
    if page.items.is_empty() {
        cx.db.read(Class::Key, users::Entity::find_by_id(user)).one().await?.or_not_found()?;
    }
    Ok(page)
}

/// Books that an account added, page by page, the oldest first.
pub(crate) async fn of_account(
    cx: &Context,
    account: &Account,
    cursor: Option<String>,
) -> Result<Page<SparseBook>> {
    let filters = Filters { owner: Some(account.id), ..Filters::default() };
    let (limit, sort) = (Some(EXPORTED_AT_ONCE), Some(BookSort::CreatedAt));
    list(cx, filters, BookQuery { limit, cursor, sort, ..BookQuery::default() }).await
}

/// Adds a book to the catalogue, owned by the actor.
///
/// # Errors
/// [`Error::Taken`] if another book has its ISBN, [`Error::TooManyBooks`] if the actor has the maximum.
pub async fn create(cx: &Context, actor: &Actor, new: NewBook) -> Result<Book> {
    actor.require(Action::CreateBook)?;
    new.validate()?;
    if let Some(account) = actor.id() {
        room::require(cx, account).await?;
    }
    let row = new.into_row(actor.id());
    let book = cx
        .db
        .write(row, |txn, row| {
            Box::pin(
                async move { row.insert(txn).await.or_taken(&[Unique::Isbn]).or_missing(Reference::Account) },
            )
        })
        .await?;
    let owner_username = actor.account().map(|account| account.username.clone());
    Ok(BookRow { book, owner_username }.into())
}

/// Reads a book.
pub async fn get(cx: &Context, id: Uuid, view: BookView) -> Result<SparseBook> {
    one(cx, Entity::find_by_id(id), view).await
}

/// Reads the book with an ISBN-10 or ISBN-13. Text that is not an ISBN is [`Error::NotFound`].
pub async fn get_by_isbn(cx: &Context, isbn: &str, view: BookView) -> Result<SparseBook> {
    let isbn = isbn::parse(isbn).or_not_found()?;
    one(cx, Entity::find().filter(Column::Isbn.eq(isbn)), view).await
}

/// Updates a book, if `versions` accepts its version.
///
/// # Errors
/// [`Error::Stale`] for another version, [`Error::Taken`] if another book has its new ISBN.
pub async fn update(
    cx: &Context,
    actor: &Actor,
    id: Uuid,
    versions: Option<Versions>,
    patch: BookPatch,
) -> Result<Book> {
    actor.require(Action::UpdateBook)?;
    patch.validate()?;
    cx.db
        .write((actor.clone(), versions, patch), move |txn, (actor, versions, patch)| {
            Box::pin(async move {
                let mut book = lock(txn, &actor, Action::UpdateBook, id).await?.into_active_model();
                patch.apply(&mut book);
                db::update(txn, book, Column::Version, versions).await.or_taken(&[Unique::Isbn])?;
                Ok(select_rows(Entity::find_by_id(id)).one(txn).await?.or_not_found()?.into())
            })
        })
        .await
}

/// Deletes a book, if `versions` accepts its version.
///
/// # Errors
/// [`Error::Stale`] for another version.
pub async fn delete(cx: &Context, actor: &Actor, id: Uuid, versions: Option<Versions>) -> Result<()> {
    actor.require(Action::DeleteBook)?;
    cx.db
        .write((actor.clone(), versions), move |txn, (actor, versions)| {
            Box::pin(async move {
                lock(txn, &actor, Action::DeleteBook, id).await?;
                let delete = Entity::delete_many().filter(Column::Id.eq(id));
                db::delete(txn, delete, Column::Version, versions).await
            })
        })
        .await
}

/// Locks a book until the transaction ends, if the actor may do `action` with it.
async fn lock(txn: &DatabaseTransaction, actor: &Actor, action: Action, id: Uuid) -> Result<Model> {
    let book = Entity::find_by_id(id).lock_exclusive().one(txn).await?.or_not_found()?;
    actor.require_on(action, book.owner_id)?;
    Ok(book)
}

async fn one(cx: &Context, select: Select<Entity>, view: BookView) -> Result<SparseBook> {
    view.validate()?;
    let fields = Fields::of(view.fields.as_deref());
    let book = cx.db.read(Class::Key, select_sparse(select, fields, None)).one().await?;
    Ok(book.or_not_found()?.sparse(fields))
}
