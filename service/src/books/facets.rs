//! Facets: counts of the most frequent values of the matching books, for the filters beside a list.

use std::cmp::Reverse;

use sea_orm::{
    DbBackend, FromQueryResult, QuerySelect, QueryTrait, Select,
    sea_query::{
        CommonTableExpression, Expr, ExprTrait, Order, Query, SelectStatement, UnionType, WithClause,
    },
};
use serde::Serialize;
use utoipa::ToSchema;
use validator::Validate;

use super::{Filters, search::Matches};
use crate::{Context, Db, Result, db::Class};
use entity::books::{Column, Entity};

/// Values of each facet.
const VALUES: u64 = 20;

/// The twenty most frequent values of each facet, the most frequent first.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Facets {
    /// Languages, BCP 47 tags.
    pub language: Vec<Facet>,
    /// Authors.
    pub author: Vec<Facet>,
    /// Publishers.
    pub publisher: Vec<Facet>,
    /// Decades of publication.
    pub decade: Vec<Decade>,
}

/// Value of a facet, and its number of books.
#[derive(Debug, Serialize, ToSchema)]
pub struct Facet {
    /// Value, as the filter expects it.
    #[schema(examples("Frank Herbert"))]
    pub value: String,
    /// Number of matching books with this value.
    #[schema(examples(6))]
    pub count: i64,
}

/// Decade, and its number of books.
#[derive(Debug, Serialize, ToSchema)]
pub struct Decade {
    /// First year of the decade.
    #[schema(examples(1960))]
    pub value: i64,
    /// Number of matching books that were published in it.
    #[schema(examples(6))]
    pub count: i64,
}

/// Counts the most frequent values of the matching books.
pub async fn facets(cx: &Context, filters: Filters) -> Result<Facets> {
    filters.validate()?;
    let Some(select) = filters.matching(&cx.db, Matches::All).await? else { return Ok(Facets::default()) };
    let part = (!filters.is_empty()).then_some(select);
    let counted = count(&cx.db, part).await?;
    let mut facets = Facets::default();
    for Counted { facet, value, count } in counted {
        match facet.as_str() {
            "language" => facets.language.push(Facet { value, count }),
            "author" => facets.author.push(Facet { value, count }),
            "publisher" => facets.publisher.push(Facet { value, count }),
            _ => facets.decade.extend(value.parse::<i64>().map(|ten| Decade { value: ten * 10, count })),
        }
    }
    Ok(facets)
}

/// A value of a facet, and its number of books.
#[derive(FromQueryResult)]
struct Counted {
    facet: String,
    value: String,
    count: i64,
}

/// Query of the most frequent values of each facet in the table `from`.
fn top_values(from: &'static str) -> SelectStatement {
    let values = [
        ("language", Expr::col("language")),
        ("author", Expr::col("author")),
        ("publisher", Expr::col("publisher")),
        ("decade", Expr::cust("substr(published_date, 1, 3)")),
    ];
    let mut counts = values.into_iter().map(|(facet, value)| {
        let top = Query::select()
            .expr_as(Expr::val(facet), "facet")
            .expr_as(value.clone(), "value")
            .expr_as(Expr::cust("count(*)"), "count")
            .from(from)
            .and_where(value.clone().is_not_null())
            .add_group_by([value])
            .order_by("count", Order::Desc)
            .order_by("value", Order::Asc)
            .limit(VALUES)
            .take();
        // In a UNION, only a subquery may have an ORDER BY.
        Query::select().columns(["facet", "value", "count"]).from_subquery(top, facet).take()
    });
    let mut all = counts.next().unwrap_or_default();
    for count in counts {
        all.union(UnionType::All, count);
    }
    all
}

/// Counts the values of the four facets. Some of the books are read once; for all of them, each count reads an index.
async fn count(db: &Db, part: Option<Select<Entity>>) -> Result<Vec<Counted>> {
    let columns = [Column::Language, Column::Author, Column::Publisher, Column::PublishedDate];
    let found = part.map(|part| part.select_only().columns(columns).into_query());
    let all = top_values(if found.is_some() { "found" } else { "books" });
    let backend = db.backend();
    let statement = match found {
        Some(found) => {
            let mut found = CommonTableExpression::new().query(found).table_name("found").to_owned();
            // SQLite would read the books anew for each, in the order of an index.
            if backend == DbBackend::Sqlite {
                found.materialized(true);
            }
            backend.build(&all.with(WithClause::new().cte(found).to_owned()))
        }
        None => backend.build(&all),
    };
    let mut counted = db.read(Class::Expensive, Counted::find_by_statement(statement)).all().await?;
    counted.sort_by(|one, other| (Reverse(one.count), &one.value).cmp(&(Reverse(other.count), &other.value)));
    Ok(counted)
}
