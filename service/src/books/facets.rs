//! What the books of a list have in common, counted: for the filters beside it.

use std::cmp::Reverse;

use sea_orm::{
    DatabaseConnection, DbBackend, DbErr, FromQueryResult, QuerySelect, QueryTrait, Select,
    sea_query::{CommonTableExpression, Expr, ExprTrait, Order, Query, UnionType, WithClause},
};
use serde::{Deserialize, Serialize};
use utoipa::{
    IntoParams, ToSchema,
    openapi::path::{Parameter, ParameterIn},
};
use validator::Validate;

use super::{BookQuery, search::Extent};
use crate::{Db, Error, Result};
use entity::books::{Column, Entity};

/// How many values of each are counted.
const VALUES: u64 = 20;

/// Facets of a list of books: for each, its twenty most frequent values, the most frequent first.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Facets {
    /// Languages, as BCP 47 tags.
    pub language: Vec<Facet>,
    /// Authors.
    pub author: Vec<Facet>,
    /// Publishers.
    pub publisher: Vec<Facet>,
    /// Decades of publication.
    pub decade: Vec<Decade>,
}

/// Value, with the number of books that have it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Facet {
    /// Value, as its filter accepts it.
    #[schema(examples("Frank Herbert"))]
    pub value: String,
    /// Number of books of the list that have it.
    #[schema(examples(6))]
    pub count: i64,
}

/// Decade, with the number of books published in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Decade {
    /// First year of the decade.
    #[schema(examples(1960))]
    pub value: i64,
    /// Number of books of the list that were published then.
    #[schema(examples(6))]
    pub count: i64,
}

/// Which books to count: the filters of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct FacetQuery(BookQuery);

/// The parameters of the list that say which books it has.
const FILTERS: [&str; 8] =
    ["q", "author", "language", "publisher", "isbn", "owner", "published_from", "published_to"];

impl IntoParams for FacetQuery {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = BookQuery::into_params(place);
        parameters.retain(|parameter| FILTERS.contains(&parameter.name.as_str()));
        parameters
    }
}

/// Counts what the books of a list have in common.
///
/// # Errors
/// [`Error::Invalid`] for a parameter that says which part of a list is wanted: there is only all of it.
pub async fn facets(db: &Db, FacetQuery(query): FacetQuery) -> Result<Facets> {
    query.validate()?;
    let given = serde_json::to_value(&query).map_err(|error| Error::Internal(error.to_string()))?;
    let is_set = |value: &serde_json::Value| !value.is_null() && *value != false;
    let mut given = given.as_object().into_iter().flatten();
    if let Some((name, _)) = given.find(|(name, value)| is_set(value) && !FILTERS.contains(&name.as_str())) {
        return Err(Error::invalid(format!("/{name}"), "conflict", "is no filter"));
    }
    let Some(select) = query.matching(db, Extent::All).await? else { return Ok(Facets::default()) };
    let part = (query.q.is_some() || query.is_filtered()).then_some(select);
    let counted = db.read(async |conn| count(conn, part.clone()).await).await?;
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

/// A facet's value, and how many books have it.
#[derive(FromQueryResult)]
struct Counted {
    facet: String,
    value: String,
    count: i64,
}

/// Counts books in four ways: a part of them is read once, and for all of them an index is read each time.
async fn count(
    conn: &DatabaseConnection,
    part: Option<Select<Entity>>,
) -> std::result::Result<Vec<Counted>, DbErr> {
    let columns = [Column::Language, Column::Author, Column::Publisher, Column::PublishedDate];
    let found = part.map(|part| part.select_only().columns(columns).into_query());
    let from = if found.is_some() { "found" } else { "books" };
    let values = [
        ("language", Expr::col("language")),
        ("author", Expr::col("author")),
        ("publisher", Expr::col("publisher")),
        ("decade", Expr::cust("substr(published_date, 1, 3)")),
    ];
    let mut counts = values.into_iter().map(|(facet, of)| {
        let top = Query::select()
            .expr_as(Expr::val(facet), "facet")
            .expr_as(of.clone(), "value")
            .expr_as(Expr::cust("count(*)"), "count")
            .from(from)
            .and_where(of.clone().is_not_null())
            .add_group_by([of])
            .order_by("count", Order::Desc)
            .order_by("value", Order::Asc)
            .limit(VALUES)
            .take();
        // Of a union, only what is in a query of its own may have an order.
        Query::select().columns(["facet", "value", "count"]).from_subquery(top, facet).take()
    });
    let mut all = counts.next().unwrap_or_default();
    for one in counts {
        all.union(UnionType::All, one);
    }
    let backend = conn.get_database_backend();
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
    let mut counted = Counted::find_by_statement(statement).all(conn).await?;
    counted.sort_by(|one, other| (Reverse(one.count), &one.value).cmp(&(Reverse(other.count), &other.value)));
    Ok(counted)
}
