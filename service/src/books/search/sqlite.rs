//! FTS5 of SQLite.

use sea_orm::{
    DatabaseConnection, DbErr,
    sea_query::{Expr, Query, SelectStatement},
};

use super::{Extent, RANKED, Search, WEIGHED, are_few, with_names};

/// Few enough to be looked up in a tenth of a second.
const FEW: u64 = 30_000;

pub(super) async fn condition(
    search: &Search,
    conn: &DatabaseConnection,
    extent: Extent,
) -> Result<Expr, DbErr> {
    let query = query(search);
    let numbers = "SELECT rowid FROM _books_words WHERE _books_words MATCH ?";
    // Of many, the numbers are kept, and the order meets enough of them soon; to look their books up would take longer.
    let condition = if extent == Extent::All || are_few(conn, numbers, query.clone(), FEW).await? {
        "books.id IN (SELECT s.id FROM _books_words JOIN _books_search s ON s.number = _books_words.rowid \
         WHERE _books_words MATCH ?)"
            .to_owned()
    } else {
        format!("(SELECT s.number FROM _books_search s WHERE s.id = books.id) IN ({numbers})")
    };
    Ok(Expr::cust_with_values(condition, [query]))
}

pub(super) fn best(search: &Search, filter: Option<&SelectStatement>) -> Vec<SelectStatement> {
    let found = |query: String, limit: u64| {
        let mut select = Query::select();
        select
            .column(("s", "id"))
            // The smaller, the better; by column in the order of the index.
            .expr_as(Expr::cust("-bm25(_books_words, 10.0, 6.0, 6.0, 6.0, 2.0, 1.0)"), "score")
            .from("_books_words")
            .inner_join(
                sea_orm::sea_query::TableRef::from("_books_search").alias("s"),
                Expr::cust("s.number = _books_words.rowid"),
            )
            .and_where(Expr::cust_with_values("_books_words MATCH ?", [query]))
            .limit(limit);
        if let Some(filter) = filter {
            select.and_where(Expr::exists(filter.clone()));
        }
        with_names(select)
    };
    let begins = format!("title : ^ {}", quoted(&search.phrases.concat(), search.unfinished));
    vec![found(query(search), WEIGHED), found(begins, RANKED / 5)]
}

/// In the words of FTS5.
fn query(search: &Search) -> String {
    let last = search.phrases.len() - 1;
    let phrase = |(at, phrase): (usize, &Vec<String>)| quoted(phrase, at == last && search.unfinished);
    search.phrases.iter().enumerate().map(phrase).collect::<Vec<_>>().join(" AND ")
}

fn quoted(words: &[String], unfinished: bool) -> String {
    format!("\"{}\"{}", words.join(" "), if unfinished { " *" } else { "" })
}
