//! Statements that the parser does not know, read from their words.

use sea_orm_migration::sea_orm::DbBackend;
use sqlparser::{
    ast,
    keywords::Keyword,
    parser::Parser,
    tokenizer::{Token, TokenWithSpan},
};

use super::{Snapshot, dialect, kind, part::expression, tokens};
use crate::snapshot::Column;

/// Words in the way in which the parser expects them.
pub(super) fn understood(backend: DbBackend, mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let solid: Vec<usize> =
        (0..tokens.len()).filter(|at| !matches!(tokens[*at].token, Token::Whitespace(_))).collect();
    for pair in solid.windows(2) {
        let [at, next] = [pair[0], pair[1]];
        match backend {
            // MariaDB's older word for a stored column.
            DbBackend::MySql if tokens[at].token == Token::RParen => {
                if let Token::Word(word) = &mut tokens[next].token
                    && word.value.eq_ignore_ascii_case("persistent")
                {
                    "STORED".clone_into(&mut word.value);
                    word.keyword = Keyword::STORED;
                }
            }
            _ => {}
        }
    }
    tokens
}

impl Snapshot {
    /// Follows an ALTER TABLE that the parser does not know; `None` for every other statement.
    pub(super) fn follow_beyond(&mut self, backend: DbBackend, sql: &str) -> Option<()> {
        let upper = sql.trim_start().get(..11)?.to_uppercase();
        let is_candidate = match backend {
            DbBackend::Postgres => {
                ["COLLATE", "EXPRESSION", "IDENTITY"].iter().any(|word| contains(sql, word))
            }
            DbBackend::MySql => contains(sql, "COMMENT"),
            _ => false,
        };
        if !upper.starts_with("ALTER TABLE") || !is_candidate {
            return None;
        }
        let mut words: Vec<Token> =
            tokens(dialect(backend), sql).ok()?.into_iter().map(|token| token.token).collect();
        words.retain(|token| !matches!(token, Token::Whitespace(_) | Token::SemiColon));
        let mut words = Words { backend, rest: &words[2..] };
        words.all(&["IF", "EXISTS"]);
        words.all(&["ONLY"]);
        let table = super::key(backend, &words.name()?);
        let table = self.tables.get_mut(&table)?;
        if backend == DbBackend::MySql {
            let comment = words.comment()?;
            table.comment = Some(comment).filter(|comment| !comment.is_empty());
            return Some(());
        }
        words.all(&["ALTER"]).then_some(())?;
        words.all(&["COLUMN"]);
        let name = words.identifier()?;
        let column = table.columns.iter_mut().find(|column| column.name == name)?;
        words.alter(column)
    }
}

fn contains(sql: &str, word: &str) -> bool {
    sql.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// The words of a statement that are still to be read.
struct Words<'w> {
    backend: DbBackend,
    rest: &'w [Token],
}

impl Words<'_> {
    /// Steps over these words if they come next.
    fn all(&mut self, words: &[&str]) -> bool {
        let is = |(token, word): (&Token, &&str)| matches!(token, Token::Word(w) if w.value.eq_ignore_ascii_case(word));
        let found = self.rest.len() >= words.len() && self.rest.iter().zip(words).all(is);
        if found {
            self.rest = &self.rest[words.len()..];
        }
        found
    }

    fn identifier(&mut self) -> Option<String> {
        let (Token::Word(word), rest) = self.rest.split_first()? else { return None };
        self.rest = rest;
        Some(word.value.clone())
    }

    fn name(&mut self) -> Option<ast::ObjectName> {
        let mut parts = vec![self.identifier()?];
        while self.rest.first() == Some(&Token::Period) {
            self.rest = &self.rest[1..];
            parts.push(self.identifier()?);
        }
        let parts = parts.into_iter().map(|part| ast::ObjectNamePart::Identifier(ast::Ident::new(part)));
        Some(ast::ObjectName(parts.collect()))
    }

    /// `COMMENT = 'text'`, and nothing after it.
    fn comment(&mut self) -> Option<String> {
        self.all(&["COMMENT"]).then_some(())?;
        if self.rest.first() == Some(&Token::Eq) {
            self.rest = &self.rest[1..];
        }
        match self.rest {
            [Token::SingleQuotedString(text) | Token::DoubleQuotedString(text)] => Some(text.clone()),
            _ => None,
        }
    }

    /// One change of a column of PostgreSQL, and nothing after it.
    fn alter(&mut self, column: &mut Column) -> Option<()> {
        if self.all(&["DROP", "EXPRESSION"]) {
            column.generated = None;
            return Some(());
        }
        if self.all(&["DROP", "IDENTITY"]) {
            (column.auto_increment, column.counter) = (false, None);
            return Some(());
        }
        if self.all(&["SET", "EXPRESSION", "AS"]) {
            let sql = expression(self.parser(self.rest).parse_expr().ok()?);
            column.generated.as_mut()?.expression = sql;
            return Some(());
        }
        self.all(&["SET", "DATA"]);
        self.all(&["TYPE"]).then_some(())?;
        let is_collate =
            |token: &Token| matches!(token, Token::Word(word) if word.keyword == Keyword::COLLATE);
        let at = self.rest.iter().position(is_collate)?;
        if self.rest[..at]
            .iter()
            .any(|token| matches!(token, Token::Comma) && !self.rest.contains(&Token::LParen))
        {
            return None;
        }
        let data_type = self.parser(&self.rest[..at]).parse_data_type().ok()?;
        self.rest = &self.rest[at + 1..];
        let collation = self.parser(self.rest).parse_object_name(false).ok()?;
        column.kind = kind::of(self.backend, &data_type).0;
        column.collation = Some(collation.to_string());
        Some(())
    }

    fn parser(&self, words: &[Token]) -> Parser<'static> {
        Parser::new(dialect(self.backend)).with_tokens(words.to_vec())
    }
}
