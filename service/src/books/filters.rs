//! Filters of the list, of the facets and of the export.

use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryTrait, Select};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use uuid::Uuid;
use validator::Validate;

use super::{
    date, isbn, language,
    search::{Matches, Search},
};
use crate::{Db, Result, input};
use entity::books::{Column, Entity};

/// Filters of books. A book must match all of them.
#[derive(Debug, Clone, Default, Serialize, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Filters {
    /// Only books with these words in title, subtitle, author, publisher, description or ISBN. The last word may be
    /// the beginning of one; words in quotes must be adjacent; marks on letters do not matter. By `relevance`, the
    /// list ends after 1,000 books.
    #[validate(length(min = 1, max = 200), custom(function = "input::line"))]
    #[param(min_length = 1, max_length = 200, nullable = false, example = "frank \"dune mess")]
    pub q: Option<String>,
    /// Only books of exactly this author.
    #[validate(length(min = 1, max = 500), custom(function = "input::line"))]
    #[param(min_length = 1, max_length = 500, nullable = false, example = "Frank Herbert")]
    pub author: Option<String>,
    /// Only books in this language, a BCP 47 tag: `en` includes `en-GB` (RFC 4647, basic filtering).
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
    /// Only books published on this date or later: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[validate(custom(function = "date::valid"))]
    #[param(
        nullable = false,
        pattern = "^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$",
        example = "1965"
    )]
    pub published_from: Option<String>,
    /// Only books published on this date or earlier: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[validate(custom(function = "date::valid"))]
    #[param(
        nullable = false,
        pattern = "^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$",
        example = "1965-08"
    )]
    pub published_to: Option<String>,
}

impl Filters {
    /// The search of `q`; none without `q`, or if it has no word.
    pub(super) fn search(&self) -> Option<Search> {
        self.q.as_deref().and_then(Search::parse)
    }

    /// Whether there is no filter at all, `q` included.
    pub(super) fn is_empty(&self) -> bool {
        self.q.is_none() && !self.restrict()
    }

    /// Whether there is a filter beside `q`.
    pub(super) fn restrict(&self) -> bool {
        let Self { q: _, author, language, publisher, isbn, owner, published_from, published_to } = self;
        owner.is_some()
            || [author, language, publisher, isbn, published_from, published_to]
                .iter()
                .any(|filter| filter.is_some())
    }

    /// The matching books; `None` if `q` has no word, which matches nothing.
    pub(crate) async fn matching(&self, db: &Db, matches: Matches) -> Result<Option<Select<Entity>>> {
        match (&self.q, self.search()) {
            (None, _) => Ok(Some(self.select())),
            (Some(_), Some(search)) => {
                let condition = search.condition(db, matches).await?;
                Ok(Some(self.select().filter(condition)))
            }
            (Some(_), None) => Ok(None),
        }
    }

    /// The books that match all filters except `q`.
    pub(super) fn select(&self) -> Select<Entity> {
        let Self { q: _, author, language, publisher, isbn, owner, published_from, published_to } = self;
        Entity::find()
            .apply_if(author.as_deref(), |select, author| select.filter(Column::Author.eq(author)))
            .apply_if(language.as_deref().and_then(language::parse), |select, tag| {
                let narrower = Column::Language.starts_with(format!("{tag}-"));
                select.filter(Condition::any().add(Column::Language.eq(tag)).add(narrower))
            })
            .apply_if(publisher.as_deref(), |select, publisher| {
                select.filter(Column::Publisher.eq(publisher))
            })
            .apply_if(isbn.as_deref().and_then(isbn::parse), |select, isbn| {
                select.filter(Column::Isbn.eq(isbn))
            })
            .apply_if(*owner, |select, owner| select.filter(Column::OwnerId.eq(owner)))
            .apply_if(published_from.as_deref(), |select, from| {
                select.filter(Column::PublishedDate.gte(from))
            })
            .apply_if(published_to.as_deref(), |select, to| {
                select.filter(Column::PublishedDate.lte(date::latest_within(to)))
            })
    }
}
