//! Sparse fieldsets: the requested fields of a book, and a book with these alone.

use sea_orm::{FromQueryResult, Iterable, QuerySelect, Select, SelectModel, Selector};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use super::Book;
use crate::{FieldCode, input};
use entity::{
    books::{Column, Entity, Model},
    users,
};

macro_rules! fields {
    ($($field:ident = $name:literal, $member:ident, $columns:expr;)+) => {
        /// A field of a book.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
        #[expect(missing_docs, reason = "each is the field of its name")]
        pub enum BookField {
            $(#[serde(rename = $name)] $field,)+
        }

        impl BookField {
            /// Every field, in the order of a book's.
            pub const ALL: &[Self] = &[$(Self::$field),+];

            /// The field's name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$field => $name,)+ }
            }

            /// Nullable columns that only this field needs.
            fn optional_columns(self) -> &'static [Column] {
                match self { $(Self::$field => $columns,)+ }
            }

            fn write<M: SerializeMap>(self, book: &Book, map: &mut M) -> Result<(), M::Error> {
                match self { $(Self::$field => map.serialize_entry($name, &book.$member),)+ }
            }
        }
    };
}

fields! {
    Id = "id", id, &[];
    Title = "title", title, &[];
    Subtitle = "subtitle", subtitle, &[Column::Subtitle];
    Author = "author", author, &[];
    Publisher = "publisher", publisher, &[Column::Publisher];
    PublishedDate = "published_date", published_date, &[Column::PublishedDate];
    PageCount = "page_count", page_count, &[Column::PageCount];
    Language = "language", language, &[Column::Language];
    Isbn = "isbn", isbn, &[Column::Isbn];
    Description = "description", description, &[Column::Description];
    Price = "price", price, &[Column::PriceAmount, Column::PriceCurrency];
    CoverUrl = "cover_url", cover_url, &[Column::CoverUrl];
    Owner = "owner", owner, &[Column::OwnerId];
    Version = "version", version, &[];
    CreatedAt = "created_at", created_at, &[];
    UpdatedAt = "updated_at", updated_at, &[];
}

/// Requested fields of a book: a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fields(u32);

impl Fields {
    const ALL: Self = Self(u32::MAX);

    /// Fields of a valid list; all without a list.
    pub(super) fn of(names: Option<&str>) -> Self {
        let Some(names) = names else { return Self::ALL };
        Self(named(names).flatten().fold(0, |bits, field| bits | 1 << field as u32))
    }

    fn has(self, field: BookField) -> bool {
        self.0 & 1 << field as u32 != 0
    }
}

/// Fields of a list of names; none for an unknown name.
fn named(names: &str) -> impl Iterator<Item = Option<BookField>> {
    names.split(',').map(|name| BookField::ALL.iter().copied().find(|field| field.name() == name.trim()))
}

/// Validates a list of field names.
pub(super) fn valid(names: &str) -> Result<(), ValidationError> {
    let Some(index) = named(names).position(|field| field.is_none()) else { return Ok(()) };
    let name: String = names.split(',').nth(index).unwrap_or_default().trim().chars().take(50).collect();
    Err(if name.is_empty() {
        input::error(FieldCode::Missing, "must name fields, with commas between them")
    } else {
        input::error(FieldCode::UnknownField, format!("names `{name}`, which a book does not have"))
    })
}

/// Query parameters of a single book.
#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct BookView {
    /// Only these fields. The parameter may be repeated, or hold several names with commas between them.
    #[validate(custom(function = "valid"))]
    #[param(value_type = Option<Vec<BookField>>, nullable = false, min_items = 1, style = Form, explode, example = json!(["id", "title"]))]
    pub fields: Option<String>,
}

/// A book with its requested fields.
#[derive(Debug)]
pub struct SparseBook {
    /// The book; fields that are not requested may be empty.
    book: Book,
    fields: Fields,
}

impl SparseBook {
    /// Version of the book, from 1.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.book.version
    }
}

impl Serialize for SparseBook {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.fields == Fields::ALL {
            return self.book.serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        for field in BookField::ALL.iter().filter(|field| self.fields.has(**field)) {
            field.write(&self.book, &mut map)?;
        }
        map.end()
    }
}

/// Row of a book, with the username of its owner.
#[derive(FromQueryResult)]
pub(crate) struct BookRow {
    #[sea_orm(nested)]
    pub(crate) book: Model,
    pub(super) owner_username: Option<String>,
}

impl BookRow {
    pub(super) fn sparse(self, fields: Fields) -> SparseBook {
        SparseBook { book: self.into(), fields }
    }
}

/// Selects all columns.
pub(crate) fn select_rows(select: Select<Entity>) -> Selector<SelectModel<BookRow>> {
    select.left_join(users::Entity).column_as(users::Column::Username, "owner_username").into_model()
}

/// Selects the columns of `fields`, and the column `key`. A nullable column that is not selected is null.
pub(super) fn select_sparse(
    select: Select<Entity>,
    fields: Fields,
    key: Option<Column>,
) -> Selector<SelectModel<BookRow>> {
    if fields == Fields::ALL {
        return select_rows(select);
    }
    let unwanted: Vec<Column> = BookField::ALL
        .iter()
        .filter(|field| !fields.has(**field))
        .flat_map(|field| field.optional_columns())
        .copied()
        .collect();
    let is_unwanted = |column: &Column| {
        let same = |other: Column| std::mem::discriminant(column) == std::mem::discriminant(&other);
        unwanted.iter().copied().any(same) && !key.is_some_and(same)
    };
    let select = select.select_only().columns(Column::iter().filter(|column| !is_unwanted(column)));
    if fields.has(BookField::Owner) { select_rows(select) } else { select.into_model() }
}
