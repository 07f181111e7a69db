//! Full-text search: parsing of the query, matching books, and ranking. Each database matches with its own index,
//! which the migrations maintain; the ranking is computed here, the same for all.

use std::cmp::Reverse;

use sea_orm::{
    DbBackend, FromQueryResult, QuerySelect, QueryTrait, Select, Statement,
    sea_query::{Expr, SelectStatement},
};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use uuid::Uuid;

use super::isbn;
use crate::{Db, Result, db::Class};
use entity::books::Entity;

mod mysql;
mod postgres;
mod sqlite;

/// Number of matches that are ranked. Which ones these are is decided by the database's own score.
pub(super) const RANKED: u64 = 1_000;

/// Number of matches that the database scores.
const WEIGHED: u64 = 10_000;

/// Whether the caller needs the first matches or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matches {
    /// The first matches in some order.
    First,
    /// All matches, to count them.
    All,
}

/// Parsed search query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Search {
    /// Phrases that a book must contain, each a run of words; only a quoted phrase has several words.
    phrases: Vec<Vec<String>>,
    /// Whether the last word may be a prefix.
    unfinished: bool,
}

/// Matching book with its ranking data.
#[derive(Debug, FromQueryResult)]
struct RankedBook {
    id: Uuid,
    title: String,
    author: String,
    /// Relevance score of the database; `None` for a match by the beginning of the title.
    score: Option<f64>,
}

/// Number of rows that a statement found.
#[derive(FromQueryResult)]
struct Found {
    n: i64,
}

impl Search {
    /// Parses a search query. Quotes keep words together, and the last word may be a prefix unless a quote or a space
    /// follows it; all other characters separate words. Returns `None` if there is no word.
    pub(super) fn parse(typed: &str) -> Option<Self> {
        if let Some(isbn) = isbn::parse(typed) {
            return Some(Self { phrases: vec![vec![isbn]], unfinished: false });
        }
        let typed = typed.replace(['“', '”', '„', '«', '»'], "\"");
        let mut phrases = Vec::new();
        for (at, part) in typed.split('"').enumerate() {
            let words = words(part);
            if at % 2 == 1 && !words.is_empty() {
                phrases.push(words);
            } else {
                phrases.extend(words.into_iter().map(|word| vec![word]));
            }
        }
        let unfinished = typed.rsplit(|c| !is_letter(c)).next().is_some_and(|last| !words(last).is_empty());
        (!phrases.is_empty()).then_some(Self { phrases, unfinished })
    }

    /// Condition on the id of a book that selects the matches.
    pub(super) async fn condition(&self, db: &Db, matches: Matches) -> Result<Expr> {
        match db.backend() {
            DbBackend::MySql => Ok(mysql::condition(self)),
            DbBackend::Postgres => postgres::condition(self, db).await,
            _ => sqlite::condition(self, db, matches).await,
        }
    }

    /// Ids of the matching books within `filter`, the best first, at most [`RANKED`].
    pub(super) async fn ranked(&self, db: &Db, filter: Option<Select<Entity>>) -> Result<Vec<Uuid>> {
        let backend = db.backend();
        let filter = filter.map(|select| {
            let mut query = select.select_only().into_query();
            query.expr(Expr::val(1)).and_where(Expr::cust("books.id = s.id")).take()
        });
        let queries = match backend {
            DbBackend::MySql => mysql::best(self, filter.as_ref()),
            DbBackend::Postgres => postgres::best(self, filter.as_ref()),
            _ => sqlite::best(self, filter.as_ref()),
        };
        let mut found: Vec<RankedBook> = Vec::new();
        for query in queries {
            let query = RankedBook::find_by_statement(backend.build(&query));
            found.extend(db.read(Class::Expensive, query).all().await?);
        }
        let wanted = folded(&self.phrases.concat().join(" "));
        found.retain(|found| found.score.is_some() || self.agrees(&folded(&found.title), &wanted));
        found.sort_by_cached_key(|found| {
            let (rank, length) = self.rank(found, &wanted);
            (Reverse(rank), length, Reverse(found.score.map(ordered)), found.id)
        });
        let mut ids: Vec<Uuid> = found.into_iter().map(|found| found.id).collect();
        let mut seen = std::collections::HashSet::new();
        ids.retain(|id| seen.insert(*id));
        ids.truncate(usize::try_from(RANKED).unwrap_or(usize::MAX));
        Ok(ids)
    }

    /// Rank of a book: equal title, then title with this beginning (shorter first), then all words in title and
    /// author.
    fn rank(&self, found: &RankedBook, wanted: &[String]) -> (u8, usize) {
        let (title, author) = (folded(&found.title), folded(&found.author));
        if self.agrees(&title, wanted) {
            return if title.len() == wanted.len() { (3, 0) } else { (2, title.len()) };
        }
        let finished = wanted.len() - usize::from(self.unfinished);
        let named = wanted.iter().enumerate().all(|(at, word)| {
            let mut names = title.iter().chain(&author);
            if at < finished {
                names.any(|name| name == word)
            } else {
                names.any(|name| name.starts_with(word))
            }
        });
        (u8::from(named), 0)
    }

    /// Whether a text begins with the words.
    fn agrees(&self, text: &[String], words: &[String]) -> bool {
        let Some((last, first)) = words.split_last() else { return false };
        let rest = text.strip_prefix(first).and_then(<[String]>::first);
        rest.is_some_and(|word| word == last || (self.unfinished && word.starts_with(last)))
    }
}

/// Words of a text, in lower case. A combining mark without a letter is not a word.
fn words(text: &str) -> Vec<String> {
    let words = text.split(|c| !is_letter(c)).map(|word| plain(&word.to_lowercase()));
    words.filter(|word| !without_marks(word).is_empty()).collect()
}

/// Words of a text, without marks.
fn folded(text: &str) -> Vec<String> {
    words(text).iter().map(|word| without_marks(word)).collect()
}

fn without_marks(word: &str) -> String {
    let bare: String = word.nfkd().filter(|c| !matches!(c, '\u{300}'..='\u{36f}')).collect();
    plain(&bare.to_lowercase())
}

/// Replaces letters that Unicode does not decompose by their usual spelling, and final sigma by sigma. The index
/// contains the same spelling.
fn plain(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    for letter in word.chars() {
        match letter {
            'æ' => plain.push_str("ae"),
            'ð' | 'đ' => plain.push('d'),
            'ı' => plain.push('i'),
            'ł' => plain.push('l'),
            'ø' => plain.push('o'),
            'œ' => plain.push_str("oe"),
            'ß' => plain.push_str("ss"),
            'þ' => plain.push_str("th"),
            'ς' => plain.push('σ'),
            other => plain.push(other),
        }
    }
    plain
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Score as a comparable integer.
fn ordered(score: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "scores are small")]
    let ordered = (score * 1e12) as i64;
    ordered
}

/// Whether a statement returns at most `few` rows, so that each can be looked up. With more rows, scanning the
/// requested order finds enough matches soon.
async fn are_few(db: &Db, rows: &str, query: String, few: u64) -> Result<bool> {
    let count = format!("SELECT count(*) AS n FROM ({rows} LIMIT {}) AS few", few + 1);
    let count = Found::find_by_statement(Statement::from_sql_and_values(db.backend(), count, [query.into()]));
    let found = db.read(Class::Expensive, count).one().await?;
    Ok(found.is_none_or(|found| found.n.unsigned_abs() <= few))
}

/// Query of `books.id, title, author, score` for the best [`RANKED`] rows of `found`, which has `id` and `score`.
fn with_names(found: SelectStatement) -> SelectStatement {
    use sea_orm::sea_query::{Order, Query};
    Query::select()
        .columns([("books", "id"), ("books", "title"), ("books", "author")])
        .column(("found", "score"))
        .from_subquery(found, "found")
        .inner_join("books", Expr::cust("books.id = found.id"))
        .order_by(("found", "score"), Order::Desc)
        .order_by(("found", "id"), Order::Asc)
        .limit(RANKED)
        .take()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases(typed: &str) -> Vec<String> {
        Search::parse(typed)
            .map_or_else(Vec::new, |search| search.phrases.iter().map(|phrase| phrase.join(" ")).collect())
    }

    #[test]
    fn quotes_keep_words_together_and_other_characters_separate_words() {
        for (typed, expected) in [
            ("dune", vec!["dune"]),
            ("  Dune  Messiah ", vec!["dune", "messiah"]),
            ("\"Dune Messiah\" herbert", vec!["dune messiah", "herbert"]),
            ("\"Dune Mess", vec!["dune mess"]),
            ("100% _x_ O'Hara", vec!["100", "x", "o", "hara"]),
            ("a AND NOT (b OR c*)", vec!["a", "and", "not", "b", "or", "c"]),
            ("Straße Ørsted", vec!["strasse", "orsted"]),
            ("ΛΌΓΟΣ λόγος", vec!["λόγοσ", "λόγοσ"]),
            ("\u{301}", vec![]),
            ("dune \u{301}", vec!["dune"]),
            ("\u{301}dune \"\u{301}\"", vec!["\u{301}dune"]),
            ("0-441-01359-7", vec!["9780441013593"]),
            ("%", vec![]),
            ("📚 '\" --", vec![]),
        ] {
            assert_eq!(phrases(typed), expected, "{typed}");
        }
    }

    #[test]
    fn the_last_word_is_a_prefix_until_a_quote_or_space_follows() {
        for (typed, expected) in
            [("dun", true), ("dun ", false), ("\"dun\"", false), ("\"dun", true), ("dun \u{301}", false)]
        {
            assert_eq!(Search::parse(typed).unwrap().unfinished, expected, "{typed}");
        }
    }
}
