//! FTS5 of SQLite.

use sea_orm::sea_query::{Expr, Order, Query, SelectStatement, TableRef};

use super::{Matches, RANKED, Search, WEIGHED, are_few, with_names};
use crate::{Db, Result};

/// Score by weighted columns, in the order of the index. bm25 is lower for better matches.
const WEIGHT: &str = "-bm25(_books_words, 10.0, 6.0, 6.0, 6.0, 2.0, 1.0)";

/// Largest number of matches that are looked up directly, in a tenth of a second.
const FEW: u64 = 30_000;

pub(super) async fn condition(search: &Search, db: &Db, matches: Matches) -> Result<Expr> {
    let query = query(search);
    let numbers = "SELECT rowid FROM _books_words WHERE _books_words MATCH ?";
    // With many matches, keep their row numbers and scan the requested order, which finds enough of them soon; looking
    // up every book would take longer.
    let condition = if matches == Matches::All || are_few(db, numbers, query.clone(), FEW).await? {
        "books.id IN (SELECT s.id FROM _books_words JOIN _books_search s ON s.number = _books_words.rowid \
         WHERE _books_words MATCH ?)"
            .to_owned()
    } else {
        format!("(SELECT s.number FROM _books_search s WHERE s.id = books.id) IN ({numbers})")
    };
    Ok(Expr::cust_with_values(condition, [query]))
}

pub(super) fn best(search: &Search, filter: Option<&SelectStatement>) -> Vec<SelectStatement> {
    let found = |score: &'static str, query: String, limit: u64| {
        let mut select = Query::select();
        select
            .column(("s", "id"))
            .expr_as(Expr::cust(score), "score")
            .from("_books_words")
            .inner_join(
                TableRef::from("_books_search").alias("s"),
                Expr::cust("s.number = _books_words.rowid"),
            )
            .and_where(Expr::cust_with_values("_books_words MATCH ?", [query]))
            .limit(limit);
        if let Some(filter) = filter {
            select.and_where(Expr::exists(filter.clone()));
        }
        select
    };
    let begins = |unfinished| format!("title : ^ {}", quoted(&search.phrases.concat(), unfinished));
    // FTS5 stores the word count of each column, so the shortest titles are found without reading them.
    let shortest = found("NULL", begins(false), RANKED / 5)
        .inner_join(
            TableRef::from("_books_words_docsize").alias("size"),
            Expr::cust("size.id = _books_words.rowid"),
        )
        .order_by_expr(Expr::cust("substr(size.sz, 1, 1)"), Order::Asc)
        .order_by(("_books_words", "rowid"), Order::Asc)
        .take();
    let found = [
        found(WEIGHT, query(search), WEIGHED),
        found(WEIGHT, begins(search.unfinished), RANKED / 5),
        shortest,
    ];
    found.map(with_names).to_vec()
}

/// Search query in the syntax of FTS5.
fn query(search: &Search) -> String {
    let last = search.phrases.len() - 1;
    let phrase = |(at, phrase): (usize, &Vec<String>)| quoted(phrase, at == last && search.unfinished);
    search.phrases.iter().enumerate().map(phrase).collect::<Vec<_>>().join(" AND ")
}

fn quoted(words: &[String], unfinished: bool) -> String {
    format!("\"{}\"{}", words.join(" "), if unfinished { " *" } else { "" })
}
