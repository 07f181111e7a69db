//! Cells that a spreadsheet would take for a formula, and the `'` that keeps it from doing so. The way
//! there and back is the identity for every text.

use std::borrow::Cow;

/// What a formula begins with, and what a spreadsheet skips before one.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Puts a `'` before what begins as a formula does, behind however many `'` of its own.
pub(crate) fn guard(cell: &str) -> Cow<'_, str> {
    if cell.trim_start_matches('\'').starts_with(FORMULA) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

/// Takes off the `'` that [`guard`] puts before a cell.
pub(crate) fn unguard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(FORMULA) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_formula_is_guarded_and_nothing_else_is() {
        for (cell, guarded) in [
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
            assert_eq!(guard(cell), guarded);
            assert_eq!(unguard(guarded), cell);
        }
    }

    #[test]
    fn every_character_comes_back_and_none_begins_a_formula() {
        for c in '\0'..=char::MAX {
            for cell in [format!("{c}"), format!("'{c}"), format!("''{c}="), format!("={c}")] {
                let guarded = guard(&cell);
                assert_eq!(unguard(&guarded), cell);
                assert!(!guarded.starts_with(FORMULA), "{guarded:?}");
            }
        }
    }
}
