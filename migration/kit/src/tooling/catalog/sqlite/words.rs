//! SQL of SQLite as words, and in a form in which only its meaning counts.

use sqlparser::{
    dialect::SQLiteDialect,
    tokenizer::{Token, Tokenizer},
};

/// SQL reduced to its meaning: without white space, comments, and the quotes and case of names.
pub(super) fn normal(sql: &str) -> String {
    match tokens(sql) {
        Some(tokens) => print(bare(&tokens)),
        None => sql.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

pub(super) fn tokens(sql: &str) -> Option<Vec<Token>> {
    let mut tokens = Tokenizer::new(&SQLiteDialect {}, sql).tokenize().ok()?;
    tokens.retain(|token| !matches!(token, Token::Whitespace(_)));
    Some(tokens)
}

/// The tokens between the first parenthesis and its partner, and the tokens after them.
pub(super) fn parenthesised(tokens: &[Token]) -> Option<(&[Token], &[Token])> {
    let start = tokens.iter().position(|token| *token == Token::LParen)?;
    let end = start + partner(&tokens[start..])?;
    Some((&tokens[start + 1..end], &tokens[end + 1..]))
}

/// Where the parenthesis that opens `tokens` closes.
fn partner(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0_i32;
    tokens.iter().position(|token| {
        depth += match token {
            Token::LParen => 1,
            Token::RParen => -1,
            _ => 0,
        };
        depth == 0
    })
}

/// Without parentheses around the whole.
pub(super) fn bare(mut tokens: &[Token]) -> &[Token] {
    while tokens.first() == Some(&Token::LParen) && partner(tokens) == Some(tokens.len() - 1) {
        tokens = &tokens[1..tokens.len() - 1];
    }
    tokens
}

/// Splits at the commas outside parentheses.
pub(super) fn split(tokens: &[Token]) -> Vec<&[Token]> {
    let mut depth = 0_i32;
    tokens
        .split(|token| {
            depth += match token {
                Token::LParen => 1,
                Token::RParen => -1,
                _ => 0,
            };
            depth == 0 && *token == Token::Comma
        })
        .collect()
}

/// The unquoted words outside parentheses, with their positions.
pub(super) fn outer(tokens: &[Token]) -> Vec<(usize, &str)> {
    let mut depth = 0_i32;
    let mut words = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            Token::Word(word) if depth == 0 && word.quote_style.is_none() => {
                words.push((at, word.value.as_str()));
            }
            _ => {}
        }
    }
    words
}

pub(super) fn is(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(found) if found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word))
}

pub(super) fn has(tokens: &[Token], word: &str) -> bool {
    tokens.iter().any(|token| is(token, word))
}

pub(super) fn ends_with(tokens: &[Token], word: &str) -> bool {
    tokens.last().is_some_and(|token| is(token, word))
}

/// A name without its quotes.
pub(super) fn plain(token: &Token) -> String {
    match token {
        Token::Word(word) => word.value.clone(),
        Token::SingleQuotedString(name) => name.clone(),
        other => other.to_string(),
    }
}

/// Words before which a parenthesis is none of a call.
const OPERATORS: &[&str] = &[
    "AND", "AS", "BETWEEN", "CHECK", "ELSE", "EXISTS", "FROM", "IN", "LIKE", "NOT", "OR", "SELECT", "THEN",
    "WHEN", "WHERE",
];

pub(super) fn print(tokens: &[Token]) -> String {
    let mut printed = String::new();
    let mut before: Option<&Token> = None;
    for token in tokens {
        let tight = match (before, token) {
            (None | Some(Token::LParen | Token::Period), _) => true,
            (_, Token::RParen | Token::Comma | Token::Period) => true,
            (Some(word @ Token::Word(_)), Token::LParen) => {
                !OPERATORS.iter().any(|operator| is(word, operator))
            }
            _ => false,
        };
        if !tight {
            printed.push(' ');
        }
        match token {
            Token::Word(word) if is_name(&word.value) => printed.push_str(&word.value.to_lowercase()),
            other => printed.push_str(&other.to_string()),
        }
        before = Some(token);
    }
    printed
}

/// Whether a name needs no quotes, even if it was written with some.
fn is_name(name: &str) -> bool {
    name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn quotes_case_and_white_space_do_not_matter() {
        for sql in
            [r#"CREATE VIEW "v" AS SELECT Id FROM [parcels]"#, "create view v  as select `id` from parcels"]
        {
            assert_eq!(normal(sql), "create view v as select id from parcels");
        }
        assert_eq!(normal("(\"Code\" IN ('A','b'))"), "code in ('A', 'b')");
    }
}
