//! Order and part of a list of books.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::{BookField, Filters, fields};
use crate::page::{Order, Window};
use entity::books::{Column, Entity};

/// Order of a list of books; `-` reverses it. Books without the key are last in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[expect(missing_docs, reason = "each is the column of its name")]
pub enum BookSort {
    #[serde(rename = "relevance")]
    Relevance,
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
    /// Order by a column; none for relevance.
    fn order(self) -> Option<Order<Entity>> {
        let (key, nullable, descending) = match self {
            Self::Relevance => return None,
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
        Some(Order { key, id: Column::Id, nullable, descending })
    }
}

/// Order of a list of books, and the requested part of it.
#[derive(Debug, Default, Serialize, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct BookQuery {
    /// Items of the page at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20, nullable = false, example = 20)]
    pub limit: Option<u64>,
    /// Start of the page: `next_cursor` of the previous page, with the same order and filters.
    #[param(min_length = 1, nullable = false, example = "ZHVuZSBtZXNzaWFoIGNoaWxk")]
    pub cursor: Option<String>,
    /// Items to skip, instead of a cursor.
    #[validate(range(max = 10_000))]
    #[param(minimum = 0, maximum = 10_000, nullable = false, example = 40)]
    pub offset: Option<u64>,
    /// True to count the whole list.
    pub total: bool,
    /// Order of the list. The default is `relevance` with `q`, and `-created_at` without it.
    #[param(nullable = false)]
    pub sort: Option<BookSort>,
    /// Only these fields of each book. The parameter may be repeated, or hold several names with commas between them.
    #[validate(custom(function = "fields::valid"))]
    #[param(value_type = Option<Vec<BookField>>, nullable = false, min_items = 1, style = Form, explode, example = json!(["id", "title"]))]
    pub fields: Option<String>,
}

impl BookQuery {
    /// Order of the list; `None` is relevance. By default, the results of a search are ordered by relevance and all
    /// other lists by age, the newest first.
    pub(super) fn order(&self, filters: &Filters) -> Option<Order<Entity>> {
        let default = if filters.q.is_some() { BookSort::Relevance } else { BookSort::CreatedAtDescending };
        self.sort.unwrap_or(default).order()
    }

    /// Whether the list with these filters searches, counts or skips many books.
    #[must_use]
    pub fn is_expensive(&self, filters: &Filters) -> bool {
        filters.q.is_some() || self.window().is_expensive()
    }

    /// Requested part of the list.
    pub(super) fn window(&self) -> Window<'_> {
        Window { limit: self.limit, cursor: self.cursor.as_deref(), offset: self.offset, total: self.total }
    }
}
