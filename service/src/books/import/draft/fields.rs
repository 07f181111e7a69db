//! Fields of a draft: conversion of text to the fields of a book. Text that is not valid is dropped with a warning.

use crate::{
    FieldCode, FieldError,
    books::{
        self, Price,
        import::{date, isbn, language},
        valid_currency,
    },
};

/// Maximum length of all authors together, in characters.
const AUTHORS_LENGTH: usize = 500;

/// Warnings of dropped fields.
pub(super) struct Warnings(pub(super) Vec<FieldError>);

impl Warnings {
    fn add(&mut self, pointer: &str, code: FieldCode, detail: String) {
        self.0.push(FieldError::new(pointer, code, detail));
    }

    /// Warns that the value of a field is not valid, if there is none.
    fn check<T>(&mut self, value: Option<T>, pointer: &str, code: FieldCode, problem: &str) -> Option<T> {
        if value.is_none() {
            self.add(pointer, code, format!("{problem} and was left out"));
        }
        value
    }
}

/// Authors in one text, as many as fit.
pub(super) fn author(authors: &[String], warnings: &mut Warnings) -> String {
    let mut joined = String::new();
    for (index, author) in authors.iter().enumerate() {
        let separator = if index == 0 { "" } else { "; " };
        let length = joined.chars().count() + separator.len() + author.chars().count();
        if index > 0 && length > AUTHORS_LENGTH {
            warnings.add(
                "/author",
                FieldCode::Length,
                format!("{} of {} authors were left out", authors.len() - index, authors.len()),
            );
            break;
        }
        joined.push_str(separator);
        joined.push_str(author);
    }
    joined
}

pub(super) fn date(text: &str, warnings: &mut Warnings) -> Option<String> {
    let problem = format!("{text:?} is not a date");
    warnings.check(date::read(text), "/published_date", FieldCode::Date, &problem)
}

pub(super) fn page_count(text: &str, warnings: &mut Warnings) -> Option<i64> {
    let pages = read_pages(text).filter(|pages| (1..=1_000_000).contains(pages));
    let problem = format!("{text:?} is not a number of pages");
    warnings.check(pages, "/page_count", FieldCode::Range, &problem)
}

pub(super) fn language(text: &str, warnings: &mut Warnings) -> Option<String> {
    let problem = format!("{text:?} is not a known language");
    warnings.check(language::read(text), "/language", FieldCode::Language, &problem)
}

pub(super) fn price(amount: &str, currency: &str, warnings: &mut Warnings) -> Option<Price> {
    let problem = format!("{amount:?} {currency:?} is not a price");
    warnings.check(read_price(amount, currency), "/price", FieldCode::Price, &problem)
}

pub(super) fn cover_url(text: &str, warnings: &mut Warnings) -> Option<String> {
    let problem = "is not an https URL";
    warnings.check(books::cover_url::parse(text), "/cover_url", FieldCode::Url, problem)
}

fn read_price(amount: &str, currency: &str) -> Option<Price> {
    let amount =
        amount.parse().ok().filter(|amount| (0..=crate::input::MAX_SAFE_INTEGER).contains(amount))?;
    valid_currency(currency).ok()?;
    Some(Price { amount, currency: currency.to_owned() })
}

/// Words behind a number of pages.
const PAGES: [&str; 9] = ["p", "pp", "pg", "pgs", "page", "pages", "s", "seiten", "páginas"];

/// Number of pages: `412`, `412.0`, `412 p.`, `xii, 412 pages`.
fn read_pages(text: &str) -> Option<i64> {
    let words: Vec<&str> = text.split([' ', ',', ';', ':']).filter(|word| !word.is_empty()).collect();
    let is_unit = |word: &str| PAGES.contains(&word.trim_end_matches('.').to_lowercase().as_str());
    let is_roman = |word: &str| word.chars().all(|c| "ivxlcdmIVXLCDM[]".contains(c));
    let number = match words[..] {
        [number] => number,
        [number, unit] if is_unit(unit) => number,
        [front, number] if is_roman(front) => number,
        [front, number, unit] if is_roman(front) && is_unit(unit) => number,
        _ => return None,
    };
    let number = number.strip_suffix(".0").unwrap_or(number);
    let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    let (digits, unit) = number.split_at(end);
    (unit.is_empty() || is_unit(unit)).then(|| digits.parse().ok()).flatten()
}

/// ISBN of a row. Different numbers are reported, and the first is used.
pub(super) fn isbn(cells: &[String], warnings: &mut Warnings) -> Option<String> {
    let is_filled = |cell: &&str| cell.chars().any(char::is_alphanumeric);
    let cells: Vec<&str> = cells.iter().map(|cell| isbn::unwrap(cell)).filter(is_filled).collect();
    let mut read = cells.iter().flat_map(|cell| isbn::read(cell));
    let isbn = read.next();
    if let (Some(isbn), Some(other)) = (&isbn, read.find(|other| Some(other) != isbn.as_ref())) {
        warnings.add(
            "/isbn",
            FieldCode::IsbnMismatch,
            format!("{isbn} and {other} are different books; the first was used"),
        );
    }
    if let (None, Some(cell)) = (&isbn, cells.first()) {
        let problem = if books::isbn::is_placeholder(cell) { "stands for no ISBN" } else { "is not an ISBN" };
        warnings.add("/isbn", FieldCode::Isbn, format!("{cell:?} {problem} and was left out"));
    }
    isbn
}

#[cfg(test)]
mod tests {
    use super::*;

    fn isbn_of(cells: &[&str]) -> (Option<String>, Vec<FieldCode>) {
        let mut warnings = Warnings(Vec::new());
        let cells: Vec<String> = cells.iter().map(|cell| (*cell).to_owned()).collect();
        let isbn = isbn(&cells, &mut warnings);
        (isbn, warnings.0.into_iter().map(|warning| warning.code).collect())
    }

    #[test]
    fn an_isbn_is_recovered_from_spreadsheet_spellings() {
        let dune = Some("9780441013593".to_owned());
        for cells in [
            &["=\"0441013597\""][..],
            &["441013597"],
            &["9.78044101359e+12", "441013597"],
            &["", "978-0-441-01359-3"],
        ] {
            assert_eq!(isbn_of(cells), (dune.clone(), vec![]), "{cells:?}");
        }
        assert_eq!(isbn_of(&[]), (None, vec![]));
        assert_eq!(isbn_of(&["=\"\""]), (None, vec![]));
    }

    #[test]
    fn an_unreadable_isbn_is_left_out_with_a_warning() {
        for cell in ["9.78043902348e+12", "9780439023480", "12345", "441013598", "B00AA36R4U", "Contributor"]
        {
            assert_eq!(isbn_of(&[cell]), (None, vec![FieldCode::Isbn]), "{cell}");
        }
    }

    #[test]
    fn the_first_of_two_isbns_is_used_and_the_difference_reported() {
        let (isbn, codes) = isbn_of(&["9780439420891", "0441013597"]);
        assert_eq!((isbn.as_deref(), codes), (Some("9780439420891"), vec![FieldCode::IsbnMismatch]));
    }

    #[test]
    fn pages_are_read_with_their_unit() {
        for (text, pages) in [
            ("412", Some(412)),
            ("412.0", Some(412)),
            ("288 ", Some(288)),
            ("412 p.", Some(412)),
            ("412p", Some(412)),
            ("412 pages", Some(412)),
            ("xii, 412 p.", Some(412)),
            ("412.5", None),
            ("1 v. (various pagings)", None),
            ("12-24", None),
            ("many", None),
            ("", None),
        ] {
            assert_eq!(read_pages(text), pages, "{text}");
        }
    }

    #[test]
    fn authors_that_do_not_fit_are_counted() {
        let mut warnings = Warnings(Vec::new());
        let authors = vec!["x".repeat(300), "y".repeat(300), "z".to_owned()];
        let joined = author(&authors, &mut warnings);
        assert_eq!((joined.len(), warnings.0[0].detail.as_str()), (300, "2 of 3 authors were left out"));
    }
}
