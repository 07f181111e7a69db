//! Text search of PostgreSQL: a GIN index over weighted words.

use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};

use super::{RANKED, Search, WEIGHED, are_few, with_names, without_marks};
use crate::{Db, Result};

/// Largest number of matches that are looked up directly.
const FEW: u64 = 10_000;

/// Condition for the matches. It counts them first: if the planner underestimates them, it scans the whole index of
/// the requested order.
pub(super) async fn condition(search: &Search, db: &Db) -> Result<Expr> {
    let query = query(search);
    let rows = "SELECT 1 FROM _books_search s WHERE s.document @@ to_tsquery('simple', $1)";
    let ids = "SELECT s.id FROM _books_search s WHERE s.document @@ to_tsquery('simple', $1)";
    let condition = if are_few(db, rows, query.clone(), FEW).await? {
        format!("books.id = ANY (ARRAY({ids}))")
    } else {
        format!("books.id IN ({ids})")
    };
    Ok(Expr::cust_with_values(condition, [query]))
}

pub(super) fn best(search: &Search, filter: Option<&SelectStatement>) -> Vec<SelectStatement> {
    let query = query(search);
    let from = || {
        let mut select = Query::select();
        select.column(("s", "id")).from_as("_books_search", "s");
        if let Some(filter) = filter {
            select.and_where(Expr::exists(filter.clone()));
        }
        select
    };
    let matches = Expr::cust_with_values("s.document @@ to_tsquery('simple', $1)", [query.clone()]);
    let rank = "ts_rank('{0.05, 0.2, 0.6, 1.0}', s.document, to_tsquery('simple', $1), 1)::float8";
    let weighed = from()
        .expr_as(Expr::cust_with_values(rank, [query]), "score")
        .and_where(matches.clone())
        .limit(WEIGHED)
        .take();
    let begins = search.phrases.concat().iter().map(|word| without_marks(word)).collect::<Vec<_>>().join(" ");
    let begins = begins.chars().take(100).collect::<String>();
    let titled = from()
        .expr_as(Expr::val(0.0), "score")
        .and_where(Expr::col(("s", "title")).like(format!("{begins}%")))
        .and_where(matches)
        .order_by(("s", "title"), sea_orm::sea_query::Order::Asc)
        .limit(RANKED / 5)
        .take();
    vec![with_names(weighed), with_names(titled)]
}

/// Search query in the syntax of `to_tsquery`.
fn query(search: &Search) -> String {
    let last = search.phrases.len() - 1;
    let phrase = |(at, phrase): (usize, &Vec<String>)| {
        let words: Vec<String> = phrase.iter().map(|word| format!("'{}'", without_marks(word))).collect();
        let unfinished = if at == last && search.unfinished { ":*" } else { "" };
        format!("({}{unfinished})", words.join(" <-> "))
    };
    search.phrases.iter().enumerate().map(phrase).collect::<Vec<_>>().join(" & ")
}
