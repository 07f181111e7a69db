//! ISBNs in cells of other programs: with labels, qualifiers and the marks of spreadsheets, or several in one cell.

use crate::books::isbn;

/// Minimum number of digits of an ISBN-10 whose leading zeros were removed by a spreadsheet.
const SHORTENED_LENGTH: usize = 7;

/// ISBNs of a cell, in their order.
pub(super) fn read(cell: &str) -> Vec<String> {
    let cell = unwrap(cell);
    let whole = cell.strip_suffix(".0").unwrap_or(cell);
    if let Some(isbn) = isbn::parse(whole).or_else(|| restored(whole)) {
        return vec![isbn];
    }
    let words: Vec<&str> = cell
        .split(|c: char| c.is_whitespace() || ",;:/|()[]".contains(c))
        .filter(|word| !word.is_empty())
        .collect();
    let mut found = Vec::new();
    let mut rest = words.as_slice();
    while !rest.is_empty() {
        // A number may be written in groups with blanks between them.
        let number = (1..=rest.len().min(5)).rev().find_map(|count| Some((count, number(&rest[..count])?)));
        let (count, isbn) = number.map_or((1, None), |(count, isbn)| (count, Some(isbn)));
        found.extend(isbn);
        rest = &rest[count..];
    }
    found
}

/// Cell without the wrapper `="…"`, which makes a spreadsheet treat digits as text.
pub(super) fn unwrap(cell: &str) -> &str {
    let cell = cell.trim();
    cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(cell).trim()
}

/// The ISBN that these words write together.
fn number(words: &[&str]) -> Option<String> {
    let mut digits = words.concat();
    if let Some(label) = digits.get(..4).filter(|label| label.eq_ignore_ascii_case("isbn")) {
        digits = digits[label.len()..].to_owned();
    }
    isbn::parse(digits.trim_end_matches('.'))
}

/// Restores missing leading zeros if the check digit is then valid.
fn restored(cell: &str) -> Option<String> {
    let shortened = (SHORTENED_LENGTH..10).contains(&cell.len());
    shortened.then(|| isbn::parse(&format!("{cell:0>10}"))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_among_labels_and_qualifiers() {
        let (dune, emma) = ("9780441013593", "9780141439587");
        for (cell, isbns) in [
            ("9780441013593", vec![dune]),
            ("=\"0441013597\"", vec![dune]),
            ("441013597", vec![dune]),
            ("9780441013593.0", vec![dune]),
            ("\u{200e}9780441013593", vec![dune]),
            ("978\u{200b}0441013593", vec![dune]),
            ("ISBN 978-0-441-01359-3", vec![dune]),
            ("ISBN-13: 9780441013593", vec![dune]),
            ("isbn:0441013597", vec![dune]),
            ("ISBN9780441013593", vec![dune]),
            ("9780441013593 (pbk.)", vec![dune]),
            ("0441013597 (v. 2)", vec![dune]),
            ("9780441013593 :", vec![dune]),
            ("978 0 441 01359 3 (hbk)", vec![dune]),
            ("978-0-441-01359-3 0-441-01359-7", vec![dune, dune]),
            ("9780441013593, 0141439580", vec![dune, emma]),
            ("9780441013593|9780141439587", vec![dune, emma]),
            ("0000000000", vec![]),
            ("9781111111113", vec![]),
            ("123456789X", vec![]),
            ("9780441013594 (pbk.)", vec![]),
            ("9.78044101359e+12", vec![]),
            ("B00AA36R4U", vec![]),
            ("9790060115615", vec![]),
            ("4006381333931", vec![]),
            ("12345", vec![]),
            ("441013598", vec![]),
            ("Contributor", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(read(cell), isbns, "{cell}");
        }
    }
}
