//! Fields of a draft: conversion of text to the fields of a book. Text that is not valid is dropped with a warning.

use crate::{
    FieldCode, FieldError,
    books::{self, Price, import::date, valid_currency},
};

/// Maximum length of all authors together, in characters.
const AUTHORS_LENGTH: usize = 500;

/// Minimum number of digits of an ISBN-10 whose leading zeros were removed by a spreadsheet.
const SHORTENED_ISBN_LENGTH: usize = 7;

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
    let pages = text.trim_end_matches(".0").parse().ok().filter(|pages| (1..=1_000_000).contains(pages));
    let problem = format!("{text:?} is not a number of pages");
    warnings.check(pages, "/page_count", FieldCode::Range, &problem)
}

pub(super) fn language(text: &str, warnings: &mut Warnings) -> Option<String> {
    let problem = format!("{text:?} is not a known language");
    warnings.check(books::language::parse(text), "/language", FieldCode::Language, &problem)
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

/// ISBN of a row. Different candidates are reported, and the first is used.
pub(super) fn isbn(cells: &[String], warnings: &mut Warnings) -> Option<String> {
    let cells: Vec<&str> = cells.iter().map(|cell| unwrap(cell)).filter(|cell| !cell.is_empty()).collect();
    let mut read = cells.iter().filter_map(|cell| read_isbn(cell));
    let isbn = read.next();
    if let (Some(isbn), Some(other)) = (&isbn, read.find(|other| Some(other) != isbn.as_ref())) {
        warnings.add(
            "/isbn",
            FieldCode::IsbnMismatch,
            format!("{isbn} and {other} are different books; the first was used"),
        );
    }
    if let (None, Some(cell)) = (&isbn, cells.first()) {
        warnings.add("/isbn", FieldCode::Isbn, format!("{cell:?} is not an ISBN and was left out"));
    }
    isbn
}

/// Removes the wrapper `="…"`, which makes a spreadsheet treat digits as text.
fn unwrap(cell: &str) -> &str {
    let cell = cell.trim();
    cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(cell).trim()
}

/// Reads an ISBN. Restores missing leading zeros if the check digit is then valid.
fn read_isbn(cell: &str) -> Option<String> {
    books::isbn::parse(cell).or_else(|| {
        let shortened = (SHORTENED_ISBN_LENGTH..10).contains(&cell.len());
        shortened.then(|| books::isbn::parse(&format!("{cell:0>10}"))).flatten()
    })
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
    fn authors_that_do_not_fit_are_counted() {
        let mut warnings = Warnings(Vec::new());
        let authors = vec!["x".repeat(300), "y".repeat(300), "z".to_owned()];
        let joined = author(&authors, &mut warnings);
        assert_eq!((joined.len(), warnings.0[0].detail.as_str()), (300, "2 of 3 authors were left out"));
    }
}
