//! International Standard Book Numbers (ISO 2108): read in every common spelling, stored as the thirteen digits of an
//! ISBN-13.

use validator::ValidationError;

use crate::{FieldCode, input};

/// Reads an ISBN-10 or ISBN-13, with or without hyphens or spaces, as the digits of an ISBN-13. Rejects EANs of other
/// goods, wrong check digits, and numbers that stand for none, such as `0000000000`.
#[must_use]
pub fn parse(text: &str) -> Option<String> {
    thirteen(text).filter(|isbn| !stands_for_none(isbn))
}

/// Whether the text is a valid number that stands for none.
pub(crate) fn is_placeholder(text: &str) -> bool {
    thirteen(text).is_some_and(|isbn| stands_for_none(&isbn))
}

fn thirteen(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !is_passed_over(*c)).collect();
    if !digits.is_ascii() {
        return None;
    }
    match digits.len() {
        10 => from_ten(&digits),
        13 => is_thirteen(&digits).then_some(digits),
        _ => None,
    }
}

/// Whether the nine digits that identify the book are the same, or those from 1 to 9.
fn stands_for_none(isbn: &str) -> bool {
    let body = &isbn.as_bytes()[3..12];
    body == b"123456789" || body.iter().all(|digit| *digit == body[0])
}

pub(crate) fn valid(text: &str) -> Result<(), ValidationError> {
    match parse(text) {
        Some(_) => Ok(()),
        None => Err(input::error(FieldCode::Isbn, "must be an ISBN-10 or ISBN-13 with a valid check digit")),
    }
}

/// Blanks, hyphens and dashes of printed ISBNs, and invisible characters that were copied with one.
fn is_passed_over(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}') || input::is_format(c)
}

fn is_thirteen(digits: &str) -> bool {
    // 979-0 is printed music (ISMN).
    let book = digits.starts_with("978") || (digits.starts_with("979") && !digits.starts_with("9790"));
    book && digits.bytes().all(|b| b.is_ascii_digit()) && weighted(digits).is_multiple_of(10)
}

/// Weighted sum of an EAN-13: digits times 1, 3, 1, 3 …
fn weighted(digits: &str) -> u32 {
    digits
        .bytes()
        .zip([1, 3].into_iter().cycle())
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum()
}

/// Converts an ISBN-10 with a valid check digit (modulo 11).
fn from_ten(digits: &str) -> Option<String> {
    let (body, check) = digits.split_at(9);
    if !body.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let check = match check {
        "X" | "x" => 10,
        digit => digit.parse::<u32>().ok()?,
    };
    let sum: u32 =
        body.bytes().zip((2..=10).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    if !(sum + check).is_multiple_of(11) {
        return None;
    }
    let body = format!("978{body}");
    let check = (10 - weighted(&body) % 10) % 10;
    Some(format!("{body}{check}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_number_is_one_isbn_13() {
        for text in [
            "9780441013593",
            "978-0-441-01359-3",
            "0441013597",
            "0-441-01359-7",
            " 978 0441 013593 ",
            "\u{200e}978-0441013593",
        ] {
            assert_eq!(parse(text).as_deref(), Some("9780441013593"), "{text:?}");
        }
        assert_eq!(parse("043942089x").as_deref(), Some("9780439420891"), "a lower-case check digit");
        assert_eq!(parse("979-10-90636-07-1").as_deref(), Some("9791090636071"), "prefix 979");
    }

    #[test]
    fn other_numbers_are_rejected() {
        for (text, why) in [
            ("", "nothing"),
            ("9780441013594", "check digit of an ISBN-13"),
            ("0441013598", "check digit of an ISBN-10"),
            ("9790060115615", "printed music"),
            ("4006381333931", "an EAN of other goods"),
            ("B00AA36R4U", "an ASIN"),
            ("9.78043902348e+12", "a number that lost its digits"),
            ("439023483", "nine digits"),
            ("٩٧٨٠٤٤١٠١٣٥٩٣", "digits of another script"),
            ("X441013597", "an X in front"),
            ("0000000000", "a placeholder"),
            ("978-0-00-000000-2", "a placeholder"),
            ("123456789X", "a placeholder"),
        ] {
            assert_eq!(parse(text), None, "{why}");
        }
    }
}
