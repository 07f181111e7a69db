//! Order and part of a list of books.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{BookField, Filters, fields};
use crate::page::{Order, list_query};
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

list_query! {
    /// Order of a list of books, and the requested part of it.
    BookQuery {
        /// Order of the list. The default is `relevance` with `q`, and `-created_at` without it.
        #[param(nullable = false)]
        sort: Option<BookSort>,
        /// Only these fields of each book. The parameter may be repeated, or hold several names with commas between them.
        #[validate(custom(function = "fields::valid"))]
        #[param(value_type = Option<Vec<BookField>>, nullable = false, min_items = 1, style = Form, explode, example = json!(["id", "title"]))]
        fields: Option<String>,
    }
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
}
