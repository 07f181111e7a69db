//! What the books of a list have in common, counted: for the filters beside it.

use sea_orm::{
    ColumnTrait, DatabaseConnection, DbErr, FromQueryResult, QueryFilter, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, Order, SimpleExpr},
};
use serde::{Deserialize, Serialize};
use utoipa::{
    IntoParams, ToSchema,
    openapi::path::{Parameter, ParameterIn},
};
use validator::Validate;

use super::BookQuery;
use crate::{Db, Error, Result};
use entity::books::{Column, Entity};

/// How many values of each are counted.
const VALUES: u64 = 20;

/// What the books of a list have in common: of each the twenty values that most of them have, the most frequent first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Facets {
    /// Their languages, BCP 47 tags.
    pub language: Vec<Facet>,
    /// Their authors.
    pub author: Vec<Facet>,
    /// Their publishers.
    pub publisher: Vec<Facet>,
    /// The decades in which they came out.
    pub decade: Vec<Decade>,
}

/// A value, and how many books have it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Facet {
    /// The value, as its filter takes it.
    #[schema(examples("Frank Herbert"))]
    pub value: String,
    /// How many books of the list have it.
    #[schema(examples(6))]
    pub count: i64,
}

/// Ten years, and how many books came out in them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Decade {
    /// The first of the ten years.
    #[schema(examples(1960))]
    pub value: i64,
    /// How many books of the list came out then.
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
    for (name, _) in given
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, value)| is_set(value) && !FILTERS.contains(&name.as_str()))
    {
        return Err(Error::invalid(format!("/{name}"), "conflict", "is no filter"));
    }
    let Some(select) = query.matching(db.backend()) else {
        return Ok(Facets {
            language: Vec::new(),
            author: Vec::new(),
            publisher: Vec::new(),
            decade: Vec::new(),
        });
    };
    let of = async |column: Column| db.read(async |conn| counted(conn, select.clone(), column).await).await;
    let decade = db.read(async |conn| decades(conn, select.clone()).await).await?;
    Ok(Facets {
        language: of(Column::Language).await?,
        author: of(Column::Author).await?,
        publisher: of(Column::Publisher).await?,
        decade,
    })
}

#[derive(FromQueryResult)]
struct Counted {
    value: String,
    count: i64,
}

async fn counted(
    conn: &DatabaseConnection,
    select: Select<Entity>,
    column: Column,
) -> std::result::Result<Vec<Facet>, DbErr> {
    let rows = group(select.filter(column.is_not_null()), column.into_expr()).all(conn).await?;
    Ok(rows.into_iter().map(|Counted { value, count }| Facet { value, count }).collect())
}

async fn decades(
    conn: &DatabaseConnection,
    select: Select<Entity>,
) -> std::result::Result<Vec<Decade>, DbErr> {
    let three_digits = Expr::cust("substr(books.published_date, 1, 3)");
    let rows = group(select.filter(Column::PublishedDate.is_not_null()), three_digits).all(conn).await?;
    let decade = |Counted { value, count }| Some(Decade { value: value.parse::<i64>().ok()? * 10, count });
    Ok(rows.into_iter().filter_map(decade).collect())
}

fn group(select: Select<Entity>, value: SimpleExpr) -> sea_orm::Selector<sea_orm::SelectModel<Counted>> {
    let mut select = select
        .select_only()
        .expr_as(value.clone(), "value")
        .expr_as(Expr::cust("count(*)"), "count")
        .group_by(value);
    QueryTrait::query(&mut select)
        .order_by_expr(Expr::col("count"), Order::Desc)
        .order_by_expr(Expr::col("value"), Order::Asc)
        .limit(VALUES);
    select.into_model()
}
