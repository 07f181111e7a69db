//! Which books a list has, and in which order.

use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryTrait, Select};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::{
    BookField, date, fields, isbn, language,
    search::{Extent, Search},
};
use crate::{
    Db, Result, input,
    page::{Order, Window},
};
use entity::books::{Column, Entity};

/// Sort order of a list of books, descending with `-`. Books without the key are last in both directions.
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
    /// By which column, if it is by one.
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

/// Which books, in which order, and which part of them.
#[derive(Debug, Default, Serialize, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct BookQuery {
    /// Maximum number of items on the page.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20, nullable = false, example = 20)]
    pub limit: Option<u64>,
    /// Start of the page: `next_cursor` of the previous page, with the same sort order and filters.
    #[param(min_length = 1, nullable = false, example = "ZHVuZSBtZXNzaWFoIGNoaWxk")]
    pub cursor: Option<String>,
    /// Number of items to skip, instead of a cursor.
    #[validate(range(max = 10_000))]
    #[param(minimum = 0, maximum = 10_000, nullable = false, example = 40)]
    pub offset: Option<u64>,
    /// Adds the number of items of the whole list.
    pub total: bool,
    /// Sort order; if omitted, `relevance` with `q`, else `-created_at`.
    #[param(nullable = false)]
    pub sort: Option<BookSort>,
    /// Only books with these words in title, subtitle, author, publisher, description or ISBN. The last word may be
    /// incomplete; words in quotes must be adjacent; accents are ignored. Sorted by `relevance`, the list has at most
    /// 1,000 books.
    #[validate(length(min = 1, max = 200), custom(function = "input::line"))]
    #[param(min_length = 1, max_length = 200, nullable = false, example = "frank \"dune mess")]
    pub q: Option<String>,
    /// Only books of exactly this author.
    #[validate(length(min = 1, max = 500), custom(function = "input::line"))]
    #[param(min_length = 1, max_length = 500, nullable = false, example = "Frank Herbert")]
    pub author: Option<String>,
    /// Only books in this language, a BCP 47 tag: `en` covers `en-GB` (RFC 4647, basic filtering).
    #[validate(custom(function = "language::valid"))]
    #[param(nullable = false, example = "en")]
    pub language: Option<String>,
    /// Only books of exactly this publisher.
    #[validate(length(min = 1, max = 500), custom(function = "input::line"))]
    #[param(min_length = 1, max_length = 500, nullable = false, example = "Ace")]
    pub publisher: Option<String>,
    /// Only the book with this ISBN-10 or ISBN-13.
    #[validate(custom(function = "isbn::valid"))]
    #[param(nullable = false, example = "978-0-441-01359-3")]
    pub isbn: Option<String>,
    /// Only books that this account added.
    #[param(nullable = false, example = "01a1fc31-a23e-72a5-9ed9-5d2493985689")]
    pub owner: Option<Uuid>,
    /// Only books published then or later: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[validate(custom(function = "date::valid"))]
    #[param(
        nullable = false,
        pattern = "^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$",
        example = "1965"
    )]
    pub published_from: Option<String>,
    /// Only books published then or earlier: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[validate(custom(function = "date::valid"))]
    #[param(
        nullable = false,
        pattern = "^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$",
        example = "1965-08"
    )]
    pub published_to: Option<String>,
    /// Only these fields of each book. The parameter may be repeated, or hold several names with commas between them.
    #[validate(custom(function = "fields::valid"))]
    #[param(value_type = Option<Vec<BookField>>, nullable = false, min_items = 1, style = Form, explode, example = json!(["id", "title"]))]
    pub fields: Option<String>,
}

impl BookQuery {
    /// The order asked for; `None` is that of relevance. If none is asked for, what is searched for comes by relevance,
    /// and all else with the newest first.
    pub(super) fn order(&self) -> Option<Order<Entity>> {
        let default = if self.q.is_some() { BookSort::Relevance } else { BookSort::CreatedAtDescending };
        self.sort.unwrap_or(default).order()
    }

    /// What is searched for, unless there is no word in it.
    pub(super) fn search(&self) -> Option<Search> {
        self.q.as_deref().and_then(Search::parse)
    }

    /// The books that filters and search leave; `None` where a search has no word, which finds nothing.
    pub(crate) async fn matching(&self, db: &Db, extent: Extent) -> Result<Option<Select<Entity>>> {
        match (&self.q, self.search()) {
            (None, _) => Ok(Some(self.select())),
            (Some(_), Some(search)) => {
                let condition = db.read(async |conn| search.condition(conn, extent).await).await?;
                Ok(Some(self.select().filter(condition)))
            }
            (Some(_), None) => Ok(None),
        }
    }

    /// Whether there is a filter beside the search.
    pub(super) fn is_filtered(&self) -> bool {
        let Self { author, language, publisher, isbn, owner, published_from, published_to, .. } = self;
        [author, language, publisher, isbn, published_from, published_to]
            .iter()
            .any(|filter| filter.is_some())
            || owner.is_some()
    }

    /// The part of the list asked for.
    pub(super) fn window(&self) -> Window<'_> {
        Window { limit: self.limit, cursor: self.cursor.as_deref(), offset: self.offset, total: self.total }
    }

    /// The books that the filters leave.
    pub(crate) fn select(&self) -> Select<Entity> {
        Entity::find()
            .apply_if(self.author.as_deref(), |select, author| select.filter(Column::Author.eq(author)))
            .apply_if(self.language.as_deref().and_then(language::parse), |select, tag| {
                let narrower = Column::Language.starts_with(format!("{tag}-"));
                select.filter(Condition::any().add(Column::Language.eq(tag)).add(narrower))
            })
            .apply_if(self.publisher.as_deref(), |select, publisher| {
                select.filter(Column::Publisher.eq(publisher))
            })
            .apply_if(self.isbn.as_deref().and_then(isbn::parse), |select, isbn| {
                select.filter(Column::Isbn.eq(isbn))
            })
            .apply_if(self.owner, |select, owner| select.filter(Column::OwnerId.eq(owner)))
            .apply_if(self.published_from.as_deref(), |select, from| {
                select.filter(Column::PublishedDate.gte(from))
            })
            .apply_if(self.published_to.as_deref(), |select, to| {
                select.filter(Column::PublishedDate.lte(date::latest_within(to)))
            })
    }
}
