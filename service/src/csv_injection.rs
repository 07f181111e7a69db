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
    fn only_cells_that_look_like_formulas_are_escaped() {
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
    fn escaping_is_reversible_for_every_character_and_prevents_formulas() {
        for c in '\0'..=char::MAX {
            for cell in [format!("{c}"), format!("'{c}"), format!("''{c}="), format!("={c}")] {
                let escaped = escape(&cell);
                assert_eq!(unescape(&escaped), cell);
                assert!(!escaped.starts_with(FORMULA), "{escaped:?}");
            }
        }
    }
}
