//! FULLTEXT of MariaDB and MySQL, in which each word stands behind `zz`.

use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};

use super::{RANKED, Search, WEIGHED, with_names};

const MATCHES: &str = "MATCH (s.words) AGAINST (? IN BOOLEAN MODE)";

pub(super) fn condition(search: &Search) -> Expr {
    Expr::cust_with_values(
        format!("books.id IN (SELECT s.id FROM _books_search s WHERE {MATCHES})"),
        [query(search)],
    )
}

pub(super) fn best(search: &Search, filter: Option<&SelectStatement>) -> Vec<SelectStatement> {
    let matches = || Expr::cust_with_values(MATCHES, [query(search)]);
    let from = || {
        let mut select = Query::select();
        select.column(("s", "id")).from_as("_books_search", "s").and_where(matches());
        if let Some(filter) = filter {
            select.and_where(Expr::exists(filter.clone()));
        }
        select
    };
    let weighed = from().expr_as(matches(), "score").limit(WEIGHED).take();
    let begins = search.phrases.concat().iter().map(|word| marked(word)).collect::<Vec<_>>().join(" ");
    let begins = begins.chars().take(100).collect::<String>();
    let titled = from()
        .expr_as(Expr::cust("0e0"), "score")
        .and_where(Expr::col(("s", "title")).like(format!("{begins}%")))
        .limit(RANKED / 5)
        .take();
    vec![with_names(weighed), with_names(titled)]
}

/// In the words of BOOLEAN MODE.
fn query(search: &Search) -> String {
    let last = search.phrases.len() - 1;
    let phrase = |(at, phrase): (usize, &Vec<String>)| {
        let words: Vec<String> = phrase.iter().map(|word| marked(word)).collect();
        let unfinished = at == last && search.unfinished;
        match (words.as_slice(), unfinished) {
            ([word], true) => format!("+{word}*"),
            ([word], false) => format!("+{word}"),
            // A phrase cannot end in a part of a word: the part is asked for by itself.
            ([words @ .., word], true) => format!("+\"{}\" +{word}*", words.join(" ")),
            (words, _) => format!("+\"{}\"", words.join(" ")),
        }
    };
    search.phrases.iter().enumerate().map(phrase).collect::<Vec<_>>().join(" ")
}

fn marked(word: &str) -> String {
    format!("zz{word}")
}
