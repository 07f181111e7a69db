//! Update of stored books from the rows of a file.

use std::collections::HashMap;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, Iterable, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::padded;
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

/// Stored books of a batch, locked until the transaction ends.
#[derive(Default)]
pub(super) struct Stored(HashMap<Uuid, Model>);

impl Stored {
    /// Reads and locks the books.
    pub(super) async fn read(txn: &DatabaseTransaction, ids: Vec<Uuid>) -> Result<Self> {
        if ids.is_empty() {
            return Ok(Self::default());
        }
        let books =
            Entity::find().filter(Column::Id.is_in(padded(ids))).order_by_asc(Column::Id).lock_exclusive();
        Ok(Self(books.all(txn).await?.into_iter().map(|book| (book.id, book)).collect()))
    }

    pub(super) fn get(&self, id: Uuid) -> Option<&Model> {
        self.0.get(&id)
    }

    /// Updates a stored book from a row; returns whether anything changed.
    pub(super) async fn update(
        &mut self,
        txn: &DatabaseTransaction,
        book: Model,
        new: NewBook,
    ) -> Result<bool> {
        let changed = merge(book, new);
        if !changed.is_changed() {
            return Ok(false);
        }
        let book = db::update(txn, changed, Column::Version, None).await.or_taken(&[Unique::Isbn])?;
        self.0.insert(book.id, book);
        Ok(true)
    }
}

/// Sets the fields of the row that differ. Fields that the row lacks stay.
fn merge(stored: Model, new: NewBook) -> ActiveModel {
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
    if row.is_changed() {
        set_work_key(&mut row);
    }
    row
}
