//! Update of stored books from the rows of a file.

use std::collections::HashMap;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait,
    IntoActiveModel, Iterable, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::{BATCH, padded};
use crate::{
    Result,
    books::{NewBook, set_work_key},
    db,
    error::{OrViolated, Unique},
};
use entity::books::{ActiveModel, Column, Entity, Model};

/// Whether a file sets a column. The others are set by the catalogue.
const fn is_set_by_files(column: Column) -> bool {
    match column {
        Column::Title
        | Column::Subtitle
        | Column::Author
        | Column::Publisher
        | Column::PublishedDate
        | Column::PageCount
        | Column::Language
        | Column::Isbn
        | Column::Description
        | Column::PriceAmount
        | Column::PriceCurrency
        | Column::CoverUrl => true,
        Column::Id
        | Column::OwnerId
        | Column::Version
        | Column::CreatedAt
        | Column::UpdatedAt
        | Column::WorkKey => false,
    }
}

/// Limits waits for locks to a few seconds, on a connection for long operations: an import that waits longer has locks
/// that others wait for.
pub(super) async fn limit_waits(txn: &DatabaseTransaction) -> Result<()> {
    let sql = match txn.get_database_backend() {
        DbBackend::Postgres => "SET LOCAL lock_timeout = '3s'",
        DbBackend::MySql => "SET SESSION innodb_lock_wait_timeout = 3",
        _ => return Ok(()),
    };
    txn.execute_unprepared(sql).await?;
    Ok(())
}

/// Reads books by id. With `lock` they are locked until the transaction ends, in the order of their ids.
pub(super) async fn read(
    txn: &DatabaseTransaction,
    mut ids: Vec<Uuid>,
    lock: bool,
) -> Result<HashMap<Uuid, Model>> {
    ids.sort_unstable();
    let mut books = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(BATCH) {
        let select = Entity::find().filter(Column::Id.is_in(padded(ids))).order_by_asc(Column::Id);
        let select = if lock { select.lock_exclusive() } else { select };
        books.extend(select.all(txn).await?.into_iter().map(|book| (book.id, book)));
    }
    Ok(books)
}

/// Writes a changed book.
pub(super) async fn update(txn: &DatabaseTransaction, change: ActiveModel) -> Result<()> {
    db::update(txn, change, Column::Version, None).await.or_taken(&[Unique::Isbn]).map(drop)
}

/// Change of a stored book by a row: the fields that differ; none if nothing does. Fields that the row lacks stay.
pub(super) fn change(stored: Model, new: NewBook) -> Option<ActiveModel> {
    let mut row = stored.into_active_model();
    let new = new.into_row(None);
    for column in Column::iter().filter(|column| is_set_by_files(*column)) {
        if let Some(value) = new.get(column).into_value()
            && value != value.as_null()
            && Some(&value) != row.get(column).into_value().as_ref()
        {
            row.set(column, value);
        }
    }
    if !row.is_changed() {
        return None;
    }
    set_work_key(&mut row);
    Some(row)
}
