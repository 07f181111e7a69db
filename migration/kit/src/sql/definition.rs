//! CREATE TABLE and the definitions of columns as their clauses, each in its own words. It reads the words of SQLite and of
//! MariaDB / MySQL, and splits them only: a database has accepted the statement, or will read it.

use sea_orm_migration::sea_orm::DbBackend;

use super::pieces::{Piece, pieces};

/// A word, a text or name in quotes, or a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word<'s> {
    pub(crate) text: &'s str,
    /// Position in the SQL.
    pub(crate) at: usize,
    /// Number of open parentheses around it. A parenthesis counts as outside of itself.
    pub(crate) depth: usize,
}

/// CREATE TABLE: the statement up to its parenthesis, the definitions in it, and the options after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableText {
    pub(crate) head: String,
    pub(crate) items: Vec<String>,
    pub(crate) tail: String,
}

/// A clause in the definition of a column, in the order in which MariaDB prints clauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Clause {
    Type,
    Compressed,
    CharacterSet,
    Collate,
    Generated,
    Null,
    Visible,
    Versioning,
    Default,
    OnUpdate,
    AutoIncrement,
    /// A comment that MySQL reads, such as `/*!80023 INVISIBLE */`.
    Hint,
    Key,
    References,
    Comment,
    Check,
}

/// The words of `sql`, without white space and comments.
pub(crate) fn words(backend: DbBackend, sql: &str) -> Vec<Word<'_>> {
    let (mut words, mut at, mut depth) = (Vec::new(), 0, 0_usize);
    for piece in pieces(backend, sql) {
        let text = match piece {
            Piece::Space(text) | Piece::Comment(text) => {
                at += text.len();
                continue;
            }
            Piece::Placeholder(text, _) | Piece::Other(text) => text,
            Piece::Semicolon => ";",
        };
        if text == ")" {
            depth = depth.saturating_sub(1);
        }
        words.push(Word { text, at, depth });
        if text == "(" {
            depth += 1;
        }
        at += text.len();
    }
    words
}

impl Word<'_> {
    pub(crate) fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    fn end(&self) -> usize {
        self.at + self.text.len()
    }
}

/// A name without its quotes.
pub(crate) fn unquoted(name: &str) -> String {
    let inner = |open: char, close: char| name.strip_prefix(open)?.strip_suffix(close);
    for quote in ['"', '`', '\''] {
        if let Some(inner) = inner(quote, quote) {
            return inner.replace(&format!("{quote}{quote}"), &quote.to_string());
        }
    }
    inner('[', ']').unwrap_or(name).to_owned()
}

/// The words between the first parenthesis outside all others and its partner, and the words after that.
pub(crate) fn parenthesised<'w, 's>(words: &'w [Word<'s>]) -> Option<(&'w [Word<'s>], &'w [Word<'s>])> {
    let open = words.iter().position(|word| word.text == "(")?;
    let depth = words[open].depth;
    let length = words[open + 1..].iter().position(|word| word.text == ")" && word.depth == depth)?;
    Some((&words[open + 1..open + 1 + length], &words[open + 2 + length..]))
}

/// The words between commas outside inner parentheses.
pub(crate) fn listed<'w, 's>(words: &'w [Word<'s>]) -> Vec<&'w [Word<'s>]> {
    let depth = words.iter().map(|word| word.depth).min().unwrap_or(0);
    words.split(|word| word.text == "," && word.depth == depth).collect()
}

/// The text that words cover.
pub(crate) fn covered<'s>(sql: &'s str, words: &[Word<'_>]) -> &'s str {
    match (words.first(), words.last()) {
        (Some(first), Some(last)) => &sql[first.at..last.end()],
        _ => "",
    }
}

impl TableText {
    /// Splits CREATE TABLE; `None` if there is no list of definitions.
    pub(crate) fn read(backend: DbBackend, sql: &str) -> Option<Self> {
        let words = words(backend, sql);
        let (inner, after) = parenthesised(&words)?;
        let open = words.iter().find(|word| word.text == "(")?;
        let items = listed(inner).into_iter().map(|item| covered(sql, item).to_owned());
        Some(Self {
            head: sql[..open.end()].to_owned(),
            items: items.filter(|item| !item.is_empty()).collect(),
            tail: covered(sql, after).to_owned(),
        })
    }

    /// The statement with these definitions and options.
    pub(crate) fn print(&self) -> String {
        let space = if self.tail.is_empty() { "" } else { " " };
        format!("{} {} ){space}{}", self.head, self.items.join(", "), self.tail)
    }

    /// The definition of a column behind its name.
    pub(crate) fn column(&self, backend: DbBackend, name: &str) -> Option<&str> {
        self.items.iter().find_map(|item| {
            let (of, definition) = column(backend, item)?;
            of.eq_ignore_ascii_case(name).then_some(definition)
        })
    }
}

/// The name of a column and its definition, unless an item of CREATE TABLE defines something else.
pub(crate) fn column(backend: DbBackend, item: &str) -> Option<(String, &str)> {
    const OTHERS: [&str; 10] = [
        "CONSTRAINT",
        "CHECK",
        "UNIQUE",
        "PRIMARY",
        "FOREIGN",
        "KEY",
        "INDEX",
        "FULLTEXT",
        "SPATIAL",
        "PERIOD",
    ];
    // SQLite has no definitions of indexes in tables, so a column may have these names.
    let others = if backend == DbBackend::MySql { &OTHERS[..] } else { &OTHERS[..5] };
    let words = words(backend, item);
    let name = words.first()?;
    if others.iter().any(|other| name.is(other)) {
        return None;
    }
    Some((unquoted(name.text), covered(item, &words[1..])))
}

/// The clauses in the definition of a column behind its name, in their order.
pub(crate) fn clauses(backend: DbBackend, definition: &str) -> Vec<(Clause, &str)> {
    let words = words(backend, definition);
    let mut clauses: Vec<(Clause, usize)> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let current = clauses.last().map(|(clause, _)| *clause);
        if let Some((clause, length)) =
            start(&words[at..], current, at.checked_sub(1).map(|before| words[before]))
        {
            clauses.push((clause, at));
            at += length;
            continue;
        }
        if current.is_none() {
            clauses.push((Clause::Type, at));
        }
        at += 1;
    }
    let ends = clauses.iter().skip(1).map(|(_, start)| *start).chain([words.len()]);
    clauses
        .iter()
        .zip(ends)
        .map(|((clause, start), end)| (*clause, covered(definition, &words[*start..end])))
        .collect()
}

/// The clause that begins with these words, and the number of words that belong to it in any case.
fn start(words: &[Word<'_>], current: Option<Clause>, before: Option<Word<'_>>) -> Option<(Clause, usize)> {
    let first = words.first().filter(|word| word.depth == 0)?;
    let next = |word: &str| words.get(1).is_some_and(|second| second.is(word));
    if first.text.starts_with("/*") {
        let compressed = first.text.to_uppercase().contains("COMPRESSED");
        return Some((if compressed { Clause::Compressed } else { Clause::Hint }, 1));
    }
    // `SET NULL` and `ON UPDATE` are actions of a foreign key.
    if current == Some(Clause::References) && (first.is("ON") || before.is_some_and(|word| word.is("SET"))) {
        return None;
    }
    let clause = match first.text.to_uppercase().as_str() {
        "CONSTRAINT" => {
            let (clause, length) = start(words.get(2..)?, current, None)?;
            return Some((clause, length + 2));
        }
        "CHARACTER" if next("SET") => return Some((Clause::CharacterSet, 3)),
        "CHARSET" => return Some((Clause::CharacterSet, 2)),
        "COLLATE" => return Some((Clause::Collate, 2)),
        "DEFAULT" => return Some((Clause::Default, 2)),
        "COMMENT" => return Some((Clause::Comment, 2)),
        "NOT" if next("NULL") => return Some((Clause::Null, 2)),
        "NULL" => Clause::Null,
        "GENERATED" => Clause::Generated,
        "AS" if next("(") && current != Some(Clause::Generated) => Clause::Generated,
        "ON" if next("UPDATE") => Clause::OnUpdate,
        "AUTO_INCREMENT" => Clause::AutoIncrement,
        "CHECK" => Clause::Check,
        "PRIMARY" | "UNIQUE" => return Some((Clause::Key, 1 + usize::from(next("KEY")))),
        "REFERENCES" => Clause::References,
        "INVISIBLE" | "VISIBLE" => Clause::Visible,
        "COMPRESSED" => Clause::Compressed,
        "WITH" | "WITHOUT" if next("SYSTEM") => Clause::Versioning,
        _ => return None,
    };
    Some((clause, 1))
}

#[cfg(test)]
mod tests {
    use super::{
        Clause::{Default, Null, OnUpdate, Type, Visible},
        *,
    };

    #[test]
    fn a_column_is_split_into_its_clauses() {
        let definition = "varchar(20) /*M!100301 COMPRESSED*/ CHARACTER SET latin1 COLLATE latin1_bin NOT NULL \
            DEFAULT NULL COMMENT 'it''s, NOT NULL' CHECK (`a` is not null)";
        let split: Vec<_> = clauses(DbBackend::MySql, definition);
        assert_eq!(
            split,
            [
                (Clause::Type, "varchar(20)"),
                (Clause::Compressed, "/*M!100301 COMPRESSED*/"),
                (Clause::CharacterSet, "CHARACTER SET latin1"),
                (Clause::Collate, "COLLATE latin1_bin"),
                (Clause::Null, "NOT NULL"),
                (Clause::Default, "DEFAULT NULL"),
                (Clause::Comment, "COMMENT 'it''s, NOT NULL'"),
                (Clause::Check, "CHECK (`a` is not null)"),
            ]
        );
        let moment =
            "timestamp(6) NULL DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6) INVISIBLE";
        let kinds: Vec<_> = clauses(DbBackend::MySql, moment).into_iter().map(|(clause, _)| clause).collect();
        assert_eq!(kinds, [Type, Null, Default, OnUpdate, Visible]);
        let sqlite = "REFERENCES \"p\" (id) ON UPDATE CASCADE ON DELETE SET NULL NOT DEFERRABLE NOT NULL \
            CONSTRAINT x UNIQUE ON CONFLICT IGNORE GENERATED ALWAYS AS (a + 1) STORED";
        let split: Vec<_> = clauses(DbBackend::Sqlite, sqlite);
        assert_eq!(
            split,
            [
                (
                    Clause::References,
                    "REFERENCES \"p\" (id) ON UPDATE CASCADE ON DELETE SET NULL NOT DEFERRABLE"
                ),
                (Clause::Null, "NOT NULL"),
                (Clause::Key, "CONSTRAINT x UNIQUE ON CONFLICT IGNORE"),
                (Clause::Generated, "GENERATED ALWAYS AS (a + 1) STORED"),
            ]
        );
    }

    #[test]
    fn a_table_is_split_into_its_definitions() {
        let sql = "CREATE TABLE \"t(\" ( -- one, two\n\"a\" real(10, 4) DEFAULT ',)', [b c] text, CHECK (\"a\" > (1)) ) STRICT";
        let table = TableText::read(DbBackend::Sqlite, sql).unwrap();
        assert_eq!(table.items, ["\"a\" real(10, 4) DEFAULT ',)'", "[b c] text", "CHECK (\"a\" > (1))"]);
        assert_eq!(table.tail, "STRICT");
        assert_eq!(table.column(DbBackend::Sqlite, "B C"), Some("text"));
        assert_eq!(table.column(DbBackend::Sqlite, "check"), None);
        assert_eq!(
            TableText { items: vec!["a int".to_owned()], ..table }.print(),
            "CREATE TABLE \"t(\" ( a int ) STRICT"
        );
    }
}
