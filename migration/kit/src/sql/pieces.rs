//! Splits SQL into pieces: quotes, comments, placeholders, semicolons, and the rest.

use sea_orm_migration::sea_orm::DbBackend;

/// A piece of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'s> {
    /// White space.
    Space(&'s str),
    /// A comment that changes nothing.
    Comment(&'s str),
    /// A placeholder for a value, with its number, if it has one.
    Placeholder(&'s str, Option<usize>),
    /// The end of a statement, or of one inside it.
    Semicolon,
    /// Anything else: text and names in quotes as one piece, words, marks.
    Other(&'s str),
}

/// The pieces of `sql`, in their order; together they are the whole of it.
pub(crate) fn pieces(backend: DbBackend, sql: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(first) = sql[at..].chars().next() {
        let rest = &sql[at..];
        let length = length(backend, first, rest, sql[..at].chars().next_back()).max(first.len_utf8());
        pieces.push(piece(backend, &rest[..length]));
        at += length;
    }
    pieces
}

fn piece(backend: DbBackend, text: &str) -> Piece<'_> {
    let number = |digits: &str| digits.parse().ok();
    let hint = ["/*!", "/*+", "/*M!"].iter().any(|start| text.starts_with(start));
    if text.starts_with(char::is_whitespace) {
        return Piece::Space(text);
    }
    if text == ";" {
        return Piece::Semicolon;
    }
    if (text.starts_with("--") || text.starts_with("/*") || text.starts_with('#')) && !hint && text.len() > 1
    {
        return Piece::Comment(text);
    }
    match (backend, text.strip_prefix('$').map(number), text.strip_prefix('?')) {
        (DbBackend::Postgres | DbBackend::Sqlite, Some(Some(number)), _) => {
            Piece::Placeholder(text, Some(number))
        }
        (DbBackend::Sqlite | DbBackend::MySql, _, Some("")) => Piece::Placeholder(text, None),
        (DbBackend::Sqlite, _, Some(digits)) => Piece::Placeholder(text, number(digits)),
        _ => Piece::Other(text),
    }
}

fn length(backend: DbBackend, first: char, rest: &str, before: Option<char>) -> usize {
    let run = |is: fn(char) -> bool| rest.find(|c| !is(c)).unwrap_or(rest.len());
    let line = || rest.find('\n').map_or(rest.len(), |end| end + 1);
    let mysql = backend == DbBackend::MySql;
    match first {
        '\'' | '"' | '`' => {
            let escapes = mysql && first != '`'
                || backend == DbBackend::Postgres && first == '\'' && matches!(before, Some('e' | 'E'));
            quoted(rest, first, escapes)
        }
        '[' if backend == DbBackend::Sqlite => rest.find(']').map_or(rest.len(), |end| end + 1),
        '-' if rest.starts_with("--")
            && (!mysql || rest[2..].starts_with(char::is_whitespace) || rest.len() == 2) =>
        {
            line()
        }
        '#' if mysql => line(),
        '/' if rest.starts_with("/*") => comment(rest, backend == DbBackend::Postgres),
        '$' if backend == DbBackend::Postgres => dollars(rest),
        '$' | '?' if backend == DbBackend::Sqlite => 1 + digits(&rest[1..]),
        // `e'…'` is one word and one text: the word ends where the quote begins.
        c if c.is_alphanumeric() || c == '_' => run(|c| c.is_alphanumeric() || c == '_' || c == '$'),
        c if c.is_whitespace() => run(char::is_whitespace),
        c => c.len_utf8(),
    }
}

fn digits(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())
}

/// A text in quotes ends at a quote that is not doubled nor, where there are escapes, escaped.
fn quoted(text: &str, quote: char, escapes: bool) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && escapes || c == quote && chars.peek().is_some_and(|(_, next)| *next == quote) {
            chars.next();
        } else if c == quote {
            return at + c.len_utf8();
        }
    }
    text.len()
}

fn comment(text: &str, nests: bool) -> usize {
    let (mut depth, mut at) = (0, 0);
    loop {
        let rest = &text[at..];
        match (rest.find("/*"), rest.find("*/")) {
            (Some(open), Some(close)) if open < close && (nests || depth == 0) => {
                depth += 1;
                at += open + 2;
            }
            (_, Some(close)) => {
                depth -= 1;
                at += close + 2;
                if depth == 0 {
                    return at;
                }
            }
            (_, None) => return text.len(),
        }
    }
}

/// `$1`, or a text between `$tag$` and `$tag$`.
fn dollars(text: &str) -> usize {
    let number = digits(&text[1..]);
    if number > 0 {
        return 1 + number;
    }
    let tag = text[1..].find(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(text.len(), |end| end + 1);
    if !text[tag..].starts_with('$') {
        return 1;
    }
    let mark = &text[..=tag];
    text[mark.len()..].find(mark).map_or(text.len(), |end| end + 2 * mark.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placeholders(backend: DbBackend, sql: &str) -> Vec<Option<usize>> {
        let number = |piece| match piece {
            Piece::Placeholder(_, number) => Some(number),
            Piece::Space(_) | Piece::Comment(_) | Piece::Semicolon | Piece::Other(_) => None,
        };
        let pieces = pieces(backend, sql);
        pieces.into_iter().filter_map(number).collect()
    }

    #[test]
    fn a_placeholder_is_none_in_quotes_and_comments() {
        let cases = [
            (DbBackend::Sqlite, "SELECT '?', \"?\", [?], ?2 -- ?\n /* ? */ , ?", vec![Some(2), None]),
            (DbBackend::MySql, r#"SELECT 'it\'s ?', "?", `?` # ?"#, vec![]),
            (DbBackend::MySql, "SELECT 1--?", vec![None]),
            (
                DbBackend::Postgres,
                r"SELECT '\', $1, E'\' $2', $$ $3 $$, $t$ $4 $t$, a$5, $6",
                vec![Some(1), Some(6)],
            ),
            (DbBackend::Postgres, "/* /* $1 */ $2 */ $3", vec![Some(3)]),
        ];
        for (backend, sql, expected) in cases {
            assert_eq!(placeholders(backend, sql), expected, "{sql}");
        }
    }

    #[test]
    fn nothing_is_lost() {
        for sql in ["", "'", "$", "$a", "/*", "--", "[", "é 'ü'';' \u{1f4da}", "a;b", "-", "E'\\"] {
            for backend in [DbBackend::Sqlite, DbBackend::Postgres, DbBackend::MySql] {
                let whole: String = pieces(backend, sql)
                    .into_iter()
                    .map(|piece| match piece {
                        Piece::Space(text)
                        | Piece::Comment(text)
                        | Piece::Placeholder(text, _)
                        | Piece::Other(text) => text,
                        Piece::Semicolon => ";",
                    })
                    .collect();
                assert_eq!(whole, sql);
            }
        }
    }
}
