//! Properties that only the text of SQLite's statements shows. The text is split into words, not parsed: SQLite has
//! accepted it already, and ALTER TABLE edits it in place.

use std::collections::BTreeMap;

use sqlparser::{
    keywords::Keyword,
    tokenizer::{Token, Word},
};

use super::words::{bare, ends_with, has, is, outer, parenthesised, plain, print, split, tokens};

/// Parts of CREATE TABLE that no pragma shows.
#[derive(Debug, Default)]
pub(super) struct TableText {
    /// The conditions, with their names where they have any.
    pub checks: Vec<(Option<String>, String)>,
    /// By name in lower case.
    pub columns: BTreeMap<String, ColumnText>,
    /// That the text has not the form of a table's.
    pub unread: bool,
    uniques: Vec<(String, Vec<String>)>,
    deferred: Vec<Vec<String>>,
}

/// Parts of a column's definition that no pragma shows.
#[derive(Debug, Default)]
pub(super) struct ColumnText {
    pub collation: Option<String>,
    pub generated: Option<String>,
    pub autoincrement: bool,
}

/// Parts of CREATE INDEX that no pragma shows.
#[derive(Debug, Default)]
pub(super) struct IndexText {
    /// The expressions or columns, without order and collation.
    pub terms: Vec<String>,
    /// The condition of a partial index.
    pub predicate: Option<String>,
}

impl TableText {
    pub fn read(sql: &str) -> Self {
        let mut text = Self::default();
        let tokens = tokens(sql).unwrap_or_default();
        let Some((body, _)) = parenthesised(&tokens) else {
            text.unread = true;
            return text;
        };
        for item in split(body) {
            text.item(item);
        }
        text
    }

    /// The name of the unique constraint on `columns`, in lower case.
    pub fn unique_name(&self, columns: &[String]) -> Option<&str> {
        self.uniques.iter().find(|(_, of)| of == columns).map(|(name, _)| name.as_str())
    }

    /// Whether the foreign key on `columns`, in lower case, waits for the end of the transaction.
    pub fn defers(&self, columns: &[String]) -> bool {
        self.deferred.iter().any(|of| of == columns)
    }

    fn item(&mut self, item: &[Token]) {
        let column = match item.first() {
            Some(Token::Word(word)) if !is_constraint(word) => Some(word.value.to_lowercase()),
            Some(Token::SingleQuotedString(name)) => Some(name.to_lowercase()),
            _ => None,
        };
        let mut text = ColumnText::default();
        let mut named = None;
        let mut key: Vec<String> = column.iter().cloned().collect();
        for (at, word) in outer(item) {
            let rest = &item[at + 1..];
            let next = rest.first().map(plain);
            match word.to_uppercase().as_str() {
                "CONSTRAINT" => named = next,
                "CHECK" => {
                    let condition = parenthesised(rest).map(|(condition, _)| print(bare(condition)));
                    self.checks.extend(condition.map(|condition| (named.take(), condition)));
                }
                "UNIQUE" => {
                    if column.is_none() {
                        key = columns(rest);
                    }
                    self.uniques.extend(named.take().map(|name| (name, key.clone())));
                }
                "FOREIGN" => key = columns(rest),
                "DEFERRABLE" if !ends_with(&item[..at], "NOT") && has(rest, "DEFERRED") => {
                    self.deferred.push(key.clone());
                }
                "COLLATE" => text.collation = next.map(|name| name.to_lowercase()),
                "AUTOINCREMENT" => text.autoincrement = true,
                "AS" => text.generated = parenthesised(rest).map(|(inner, _)| print(bare(inner))),
                _ => {}
            }
        }
        self.columns.extend(column.map(|name| (name, text)));
    }
}

impl IndexText {
    pub fn read(sql: &str) -> Self {
        let tokens = tokens(sql).unwrap_or_default();
        let Some((body, rest)) = parenthesised(&tokens) else {
            return Self::default();
        };
        let terms = split(body).into_iter().map(|term| print(without_order(term))).collect();
        let predicate = match rest {
            [Token::Word(word), condition @ ..] if word.keyword == Keyword::WHERE => {
                Some(print(bare(condition)))
            }
            _ => None,
        };
        Self { terms, predicate }
    }
}

fn is_constraint(word: &Word) -> bool {
    let starts = ["CONSTRAINT", "CHECK", "UNIQUE", "PRIMARY", "FOREIGN"];
    word.quote_style.is_none() && starts.iter().any(|start| word.value.eq_ignore_ascii_case(start))
}

/// The names in the first parentheses, in lower case.
fn columns(tokens: &[Token]) -> Vec<String> {
    let inner = parenthesised(tokens).map(|(inner, _)| split(inner)).unwrap_or_default();
    inner.iter().filter_map(|column| column.first()).map(|name| plain(name).to_lowercase()).collect()
}

fn without_order(mut term: &[Token]) -> &[Token] {
    if ends_with(term, "ASC") || ends_with(term, "DESC") {
        term = &term[..term.len() - 1];
    }
    match term {
        [inner @ .., collate, _] if is(collate, "COLLATE") => inner,
        _ => term,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tables_text_tells_what_the_pragmas_do_not() {
        let text = TableText::read(
            r#"CREATE TABLE "parcels" ( "id" integer PRIMARY KEY AUTOINCREMENT, -- a comment, with a comma
               "code" varchar(9) COLLATE NOCASE CONSTRAINT "uq" UNIQUE CHECK (("code" <> 'a, (b')),
               "sum" integer GENERATED ALWAYS AS ("weight" * 2) STORED, [weight] INTEGER NOT NULL DEFAULT (1+1),
               CONSTRAINT "ck-parcels-weight" CHECK ( "weight" >= 1 AND weight IN (1,2) ), UNIQUE ("code", "weight"),
               FOREIGN KEY ("weight") REFERENCES "scales" ("id") DEFERRABLE INITIALLY DEFERRED) STRICT"#,
        );
        assert_eq!(
            text.checks,
            [
                (None, "code <> 'a, (b'".to_owned()),
                (Some("ck-parcels-weight".to_owned()), "weight >= 1 and weight in (1, 2)".to_owned())
            ]
        );
        assert_eq!(text.columns.keys().collect::<Vec<_>>(), ["code", "id", "sum", "weight"]);
        assert_eq!(text.columns["code"].collation.as_deref(), Some("nocase"));
        assert_eq!(text.columns["sum"].generated.as_deref(), Some("weight * 2"));
        assert!(text.columns["id"].autoincrement);
        assert_eq!(text.unique_name(&["code".to_owned()]), Some("uq"));
        assert_eq!(text.unique_name(&["code".to_owned(), "weight".to_owned()]), None);
        assert!(text.defers(&["weight".to_owned()]));
    }

    #[test]
    fn an_indexs_text_has_its_expressions_and_its_condition() {
        let text = IndexText::read(
            r#"CREATE INDEX "i" ON "t" (lower("code") DESC, "weight" COLLATE NOCASE) WHERE (weight > 0)"#,
        );
        assert_eq!(text.terms, ["lower(code)", "weight"]);
        assert_eq!(text.predicate.as_deref(), Some("weight > 0"));
    }
}
