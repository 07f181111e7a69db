//! Tokens of Rust source with their places in it: enough to find a list, and to change a file without touching the rest.
//!
//! A parser such as `syn` gives no places without a feature that every macro of the build would be compiled again for.

/// Class of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A keyword or a name.
    Word,
    /// A text, with its quotes.
    Text,
    /// A number, a character or a lifetime.
    Other,
    /// A bracket or another mark, of one character.
    Mark,
}

/// A token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'s> {
    pub(super) class: Class,
    pub(super) text: &'s str,
    /// Its first byte in the source.
    pub(super) start: usize,
}

impl Token<'_> {
    /// The byte behind it.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it opens a group.
    pub(super) fn opens(&self) -> bool {
        self.class == Class::Mark && matches!(self.text, "(" | "[" | "{")
    }

    /// Whether it closes a group.
    pub(super) fn closes(&self) -> bool {
        self.class == Class::Mark && matches!(self.text, ")" | "]" | "}")
    }
}

/// The tokens of a source, without white space and comments.
pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(first) = source[start..].chars().next() {
        let rest = &source[start..];
        let (class, length) = if first.is_whitespace() {
            (None, first.len_utf8())
        } else if let Some(length) = comment(rest) {
            (None, length)
        } else if let Some(length) = text(rest) {
            (Some(Class::Text), length)
        } else if let Some(length) = quoted(rest) {
            (Some(Class::Other), length)
        } else if first.is_ascii_digit() {
            (Some(Class::Other), number(rest))
        } else if is_word(first) {
            (Some(Class::Word), word(rest))
        } else {
            (Some(Class::Mark), first.len_utf8())
        };
        let text = &rest[..length];
        tokens.extend(class.map(|class| Token { class, text, start }));
        start += length;
    }
    tokens
}

/// The place of the token that closes the group which the token at `open` opens.
pub(super) fn closing(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        depth += usize::from(token.opens());
        if token.closes() {
            depth = depth.checked_sub(1)?;
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Length of the comment at the start of a source.
fn comment(source: &str) -> Option<usize> {
    if source.starts_with("//") {
        return Some(source.find('\n').unwrap_or(source.len()));
    }
    let mut depth = usize::from(source.starts_with("/*"));
    let mut at = 2;
    while depth > 0 {
        let rest = source.get(at..).filter(|rest| !rest.is_empty()).unwrap_or_default();
        let first = rest.chars().next()?;
        let (opens, closes) = (rest.starts_with("/*"), rest.starts_with("*/"));
        depth = depth + usize::from(opens) - usize::from(closes);
        at += if opens || closes { 2 } else { first.len_utf8() };
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Length of the text at the start of a source, such as `"…"`, `b"…"` or `r#"…"#`.
fn text(source: &str) -> Option<usize> {
    let prefix = source.len() - source.trim_start_matches(['b', 'c', 'r']).len();
    if !matches!(&source[..prefix], "" | "b" | "c" | "r" | "br" | "cr") {
        return None;
    }
    let hashes = source[prefix..].len() - source[prefix..].trim_start_matches('#').len();
    let inner = source[prefix + hashes..].strip_prefix('"')?;
    let start = prefix + hashes + 1;
    if source[..prefix].ends_with('r') {
        let end = format!("\"{}", "#".repeat(hashes));
        return Some(inner.find(&end).map_or(source.len(), |at| start + at + end.len()));
    }
    (hashes == 0).then(|| escaped(inner, '"').map_or(source.len(), |at| start + at + 1))
}

/// Length of the character or lifetime at the start of a source, such as `'a'`, `b'a'` or `'a`.
fn quoted(source: &str) -> Option<usize> {
    let prefix = usize::from(source.starts_with("b'"));
    let inner = source[prefix..].strip_prefix('\'')?;
    let mut characters = inner.chars();
    let first = characters.next()?;
    if first == '\\' || characters.next() == Some('\'') {
        return Some(prefix + 1 + escaped(inner, '\'')? + 1);
    }
    Some(prefix + 1 + word(inner))
}

/// The place of the first `quote` that no backslash escapes.
fn escaped(inner: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    inner.char_indices().find_map(|(at, c)| {
        let ends = c == quote && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends.then_some(at)
    })
}

/// Length of the number at the start of a source. The dots of a range belong to no number.
fn number(source: &str) -> usize {
    let bytes = source.as_bytes();
    let is_part = |at: usize| {
        let digit_follows = bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_' || (bytes[at] == b'.' && digit_follows)
    };
    (0..bytes.len()).find(|at| !is_part(*at)).unwrap_or(bytes.len())
}

fn word(source: &str) -> usize {
    let raw = if source.starts_with("r#") { 2 } else { 0 };
    source[raw..].find(|c| !is_word(c)).map_or(source.len(), |end| raw + end)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_texts_hide_their_content() {
        for (source, expected) in [
            ("a /* vec![ /* ] */ */ b // vec![\nc", vec!["a", "b", "c"]),
            (r##"f(r#"a " ] b"#, "\" ]", b"]", br"]\", c"x")"##, {
                vec![
                    "f",
                    "(",
                    r##"r#"a " ] b"#"##,
                    ",",
                    r#""\" ]""#,
                    ",",
                    "b\"]\"",
                    ",",
                    r#"br"]\""#,
                    ",",
                    "c\"x\"",
                    ")",
                ]
            }),
            (
                "&'a str, '[', '\\'', b']', 'ä'",
                vec!["&", "'a", "str", ",", "'['", ",", "'\\''", ",", "b']'", ",", "'ä'"],
            ),
            ("r#type 1_000.5e3 0..5", vec!["r#type", "1_000.5e3", "0", ".", ".", "5"]),
            ("\"open", vec!["\"open"]),
        ] {
            let texts: Vec<&str> = tokens(source).iter().map(|token| token.text).collect();
            assert_eq!(texts, expected, "{source}");
        }
    }

    #[test]
    fn a_group_closes_where_its_inner_groups_have() {
        let tokens = tokens("f([{}], \")\") + g()");
        assert_eq!(closing(&tokens, 1).map(|at| tokens[at].start), Some(11));
        assert_eq!(closing(&tokens[..4], 1), None);
    }
}
