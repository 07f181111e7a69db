//! CSV injection: a `'` before cells that a spreadsheet would evaluate as a formula. `unescape` reverses `escape` for
//! every text.

use std::borrow::Cow;

/// Characters that begin a formula, and those that a spreadsheet skips before one.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Puts a `'` before a cell that begins like a formula, after any number of `'`.
pub(crate) fn escape(cell: &str) -> Cow<'_, str> {
    if cell.trim_start_matches('\'').starts_with(FORMULA) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

/// Removes the `'` that [`escape`] puts before a cell.
pub(crate) fn unescape(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(FORMULA) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_formula_is_escaped_and_nothing_else_is() {
        for (cell, escaped) in [
            ("=1+1", "'=1+1"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("\r", "'\r"),
            ("'=1", "''=1"),
            ("''-", "'''-"),
            ("'tis", "'tis"),
            ("''", "''"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(escape(cell), escaped);
            assert_eq!(unescape(escaped), cell);
        }
    }

    #[test]
    fn every_character_comes_back_and_none_begins_a_formula() {
        for c in '\0'..=char::MAX {
            for cell in [format!("{c}"), format!("'{c}"), format!("''{c}="), format!("={c}")] {
                let escaped = escape(&cell);
                assert_eq!(unescape(&escaped), cell);
                assert!(!escaped.starts_with(FORMULA), "{escaped:?}");
            }
        }
    }
}
