//! FULLTEXT index of MariaDB and MySQL. Each indexed word has the prefix `zz`.

use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use unicode_normalization::char::is_combining_mark;

use super::{RANKED, Search, WEIGHED, with_names};

const MATCHES: &str = "MATCH (s.words) AGAINST (? IN BOOLEAN MODE)";

/// Bounds of code points that MariaDB 10.11 does not index as letters: start and end of each range, in turn. It
/// indexes none from U+10000 on.
const UNINDEXED: [u32; 172] = [
    0x2EC, 0x2ED, 0x370, 0x378, 0x37F, 0x380, 0x3CF, 0x3D0, 0x514, 0x530, 0x560, 0x561, 0x588, 0x589, 0x5EF,
    0x5F0, 0x620, 0x621, 0x63B, 0x640, 0x76E, 0x780, 0x800, 0x8CA, 0x971, 0x97B, 0x980, 0x981, 0x9FC, 0x9FD,
    0xAF9, 0xAFA, 0xB72, 0xB78, 0xBD0, 0xBD1, 0xC34, 0xC35, 0xC3D, 0xC5E, 0xC78, 0xC81, 0xCDD, 0xCDE, 0xCF1,
    0xD05, 0xD29, 0xD2A, 0xD3A, 0xD60, 0xD70, 0xD80, 0xDE6, 0xDF0, 0xE86, 0xE87, 0xE89, 0xE8A, 0xE8C, 0xE8D,
    0xE8E, 0xE94, 0xE98, 0xE99, 0xEA0, 0xEA1, 0xEA8, 0xEAA, 0xEAC, 0xEAD, 0xEDE, 0xEE0, 0xF6B, 0xF6D, 0xF8C,
    0xF8D, 0x1022, 0x1023, 0x1028, 0x1029, 0x103F, 0x1040, 0x105A, 0x109A, 0x10C7, 0x10CE, 0x10FD, 0x1100,
    0x115A, 0x115F, 0x11A3, 0x11A8, 0x11FA, 0x1200, 0x13F5, 0x13FE, 0x1677, 0x1680, 0x16F1, 0x16F9, 0x170D,
    0x170E, 0x171F, 0x1720, 0x1878, 0x1879, 0x18AA, 0x18F6, 0x191D, 0x191F, 0x19AA, 0x19AC, 0x19DA, 0x19DB,
    0x1A20, 0x1AA8, 0x1B4C, 0x1B4D, 0x1B83, 0x1CFB, 0x1E9C, 0x1EA0, 0x1EFA, 0x1F00, 0x2095, 0x209D, 0x2150,
    0x2153, 0x2185, 0x218A, 0x2C2F, 0x2C30, 0x2C5F, 0x2C60, 0x2C6D, 0x2C74, 0x2C78, 0x2C80, 0x2CEB, 0x2CF4,
    0x2D27, 0x2D2E, 0x2D66, 0x2D68, 0x2E2F, 0x2E30, 0x312D, 0x3130, 0x31B8, 0x31C0, 0x3248, 0x3250, 0x4DB6,
    0x4DC0, 0x9FA6, 0x9FBB, 0x9FBC, 0xA000, 0xA4D0, 0xA6F0, 0xA71B, 0xA800, 0xA830, 0xA836, 0xA882, 0xABFA,
    0xD7B0, 0xD7FC, 0xFA2E, 0xFA30, 0xFA6B, 0xFA6E,
];

pub(super) fn condition(search: &Search) -> Expr {
    if !can_find(search) {
        return Expr::val(false);
    }
    Expr::cust_with_values(
        format!("books.id IN (SELECT s.id FROM _books_search s WHERE {MATCHES})"),
        [query(search)],
    )
}

/// Queries of the best matches. InnoDB's FULLTEXT index returns rows by descending score.
pub(super) fn best(search: &Search, filter: Option<&SelectStatement>) -> Vec<SelectStatement> {
    if !can_find(search) {
        return Vec::new();
    }
    let matches = || Expr::cust_with_values(MATCHES, [query(search)]);
    let from = || {
        let mut select = Query::select();
        select.column(("s", "id")).from_as("_books_search", "s");
        if let Some(filter) = filter {
            select.and_where(Expr::exists(filter.clone()));
        }
        select
    };
    let weighed = from().expr_as(matches(), "score").and_where(matches()).limit(WEIGHED).take();
    let begins = search.phrases.concat().iter().map(|word| marked(word)).collect::<Vec<_>>().join(" ");
    let begins = begins.chars().take(100).collect::<String>();
    let titled = from()
        .expr_as(Expr::cust("CAST(NULL AS DOUBLE)"), "score")
        .and_where(Expr::col(("s", "title")).like(format!("{begins}%")))
        .order_by(("s", "title"), Order::Asc)
        .order_by(("s", "id"), Order::Asc)
        .limit(RANKED / 5)
        .take();
    vec![with_names(weighed), with_names(titled)]
}

/// Search query in the syntax of BOOLEAN MODE.
fn query(search: &Search) -> String {
    let last = search.phrases.len() - 1;
    let phrase = |(at, phrase): (usize, &Vec<String>)| {
        let words: Vec<String> = phrase.iter().map(|word| marked(word)).collect();
        let unfinished = at == last && search.unfinished;
        match (words.as_slice(), unfinished) {
            ([word], true) => format!("+{word}*"),
            ([word], false) => format!("+{word}"),
            // A phrase cannot end in a prefix, so the prefix is a separate term.
            ([words @ .., word], true) => format!("+\"{}\" +{word}*", words.join(" ")),
            (words, _) => format!("+\"{}\"", words.join(" ")),
        }
    };
    search.phrases.iter().enumerate().map(phrase).collect::<Vec<_>>().join(" ")
}

/// Whether the index can contain each word. MariaDB indexes `zz` alone if the word begins with a character that it
/// does not accept as a letter, and then every word would match.
fn can_find(search: &Search) -> bool {
    search.phrases.concat().iter().filter_map(|word| word.chars().next()).all(|first| {
        let indexed = UNINDEXED.partition_point(|bound| *bound <= u32::from(first)) % 2 == 0;
        indexed && first < '\u{10000}' && !is_combining_mark(first)
    })
}

fn marked(word: &str) -> String {
    format!("zz{word}")
}
