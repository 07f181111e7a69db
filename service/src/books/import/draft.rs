//! Draft of a book: unvalidated text of a row. Invalid optional fields are dropped with a warning; invalid required
//! fields fail the row.

use html_escape::decode_html_entities;
use validator::Validate;

use super::date;
use crate::{
    Error, FieldCode, FieldError,
    books::{NewBook, Price, isbn, language, valid_cover_url, valid_currency},
};

/// Maximum length of all authors together, in characters.
const AUTHORS_LENGTH: usize = 500;

/// Maximum length of a title, in characters.
const TITLE_LENGTH: usize = 500;

/// Minimum number of digits of an ISBN-10 whose leading zeros were removed by a spreadsheet.
const SHORTENED_ISBN_LENGTH: usize = 7;

/// Cells of a row by meaning.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) title: Option<String>,
    pub(super) subtitle: Option<String>,
    pub(super) authors: Vec<String>,
    pub(super) publisher: Option<String>,
    pub(super) published_date: Option<String>,
    pub(super) page_count: Option<String>,
    pub(super) language: Option<String>,
    /// ISBN candidates, the most reliable first.
    pub(super) isbns: Vec<String>,
    pub(super) description: Option<String>,
    /// Amount and currency.
    pub(super) price: Option<(String, String)>,
    pub(super) cover_url: Option<String>,
    /// Warnings of fields that were dropped so far.
    pub(super) warnings: Vec<FieldError>,
}

/// Normalizes a cell of another program: decodes entities once, and collapses control characters and white space.
/// Returns `None` for an empty result.
pub(super) fn tidy(cell: &str) -> Option<String> {
    let decoded = decode_html_entities(cell);
    let words: Vec<&str> =
        decoded.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Normalizes each line of a text.
pub(super) fn tidy_lines(text: &str) -> Option<String> {
    let decoded = decode_html_entities(text);
    let lines: Vec<String> = decoded
        .lines()
        .map(|line| {
            let words = line.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty());
            words.collect::<Vec<_>>().join(" ")
        })
        .collect();
    let text = lines.join("\n");
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

impl Draft {
    /// Draft of a row of another program. Very long titles are truncated.
    pub(super) fn foreign(title: Option<String>) -> Self {
        let mut draft = Self { title, ..Self::default() };
        let end = draft.title.as_ref().and_then(|title| title.char_indices().nth(TITLE_LENGTH));
        if let (Some((end, _)), Some(title)) = (end, &mut draft.title) {
            title.truncate(title[..end].trim_end().len());
            let detail = format!("was cut to {TITLE_LENGTH} characters");
            draft.warnings.push(FieldError::new("/title", FieldCode::Length, detail));
        }
        draft
    }

    /// Uses the first of several languages.
    pub(super) fn languages<'l>(&mut self, languages: impl Iterator<Item = &'l str>) {
        let mut languages = languages.filter_map(tidy);
        self.language = languages.next();
        let others = languages.count();
        if let (Some(first), true) = (&self.language, others > 0) {
            let detail = format!("{first:?} was taken, {others} other languages were left out");
            self.warnings.push(FieldError::new("/language", FieldCode::Languages, detail));
        }
    }

    /// Book, or its errors; and the warnings of dropped fields.
    pub(super) fn into_book(self) -> (Result<NewBook, Vec<FieldError>>, Vec<FieldError>) {
        let mut warnings = self.warnings;
        let mut warn = |pointer: &str, code: FieldCode, detail: String| {
            warnings.push(FieldError::new(pointer, code, detail));
        };
        let mut book = NewBook {
            title: self.title.unwrap_or_default(),
            subtitle: self.subtitle,
            author: join(&self.authors, &mut warn),
            publisher: self.publisher,
            published_date: self.published_date.and_then(|text| {
                let date = date::read(&text);
                if date.is_none() {
                    warn("/published_date", FieldCode::Date, format!("{text:?} is no date and was left out"));
                }
                date
            }),
            page_count: self.page_count.and_then(|text| {
                let pages =
                    text.trim_end_matches(".0").parse().ok().filter(|pages| (1..=1_000_000).contains(pages));
                if pages.is_none() {
                    warn(
                        "/page_count",
                        FieldCode::Range,
                        format!("{text:?} is no number of pages and was left out"),
                    );
                }
                pages
            }),
            language: self.language.and_then(|text| {
                let tag = language::parse(&text);
                if tag.is_none() {
                    warn(
                        "/language",
                        FieldCode::Language,
                        format!("{text:?} is no known language and was left out"),
                    );
                }
                tag
            }),
            isbn: choose_isbn(&self.isbns, &mut warn),
            description: self.description,
            price: self.price.and_then(|(amount, currency)| {
                let price = read_price(&amount, &currency);
                if price.is_none() {
                    warn(
                        "/price",
                        FieldCode::Price,
                        format!("{amount:?} {currency:?} is no price and was left out"),
                    );
                }
                price
            }),
            cover_url: self.cover_url.filter(|url| {
                let sound = url.chars().count() <= 2048 && valid_cover_url(url).is_ok();
                if !sound {
                    warn("/cover_url", FieldCode::Url, "is no https URL and was left out".to_owned());
                }
                sound
            }),
        };
        match book.validate().map_err(Error::from) {
            Ok(()) => (Ok(book), warnings),
            Err(Error::Invalid(mut errors)) => {
                errors.retain(|error| !leave_out(&mut book, error, &mut warnings));
                if errors.is_empty() { (Ok(book), warnings) } else { (Err(errors), warnings) }
            }
            Err(other) => (Err(vec![FieldError::new("", FieldCode::Invalid, other.to_string())]), warnings),
        }
    }
}

/// Joins the authors that fit.
fn join(authors: &[String], warn: &mut impl FnMut(&str, FieldCode, String)) -> String {
    let mut joined = String::new();
    for (index, author) in authors.iter().enumerate() {
        let separator = if index == 0 { "" } else { "; " };
        let length = joined.chars().count() + separator.len() + author.chars().count();
        if index > 0 && length > AUTHORS_LENGTH {
            warn(
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

/// Drops an invalid optional text.
fn leave_out(book: &mut NewBook, error: &FieldError, warnings: &mut Vec<FieldError>) -> bool {
    match error.pointer.as_str() {
        "/subtitle" => book.subtitle = None,
        "/publisher" => book.publisher = None,
        "/description" => book.description = None,
        _ => return false,
    }
    let detail = format!("{}, and was left out", error.detail);
    warnings.push(FieldError::new(&error.pointer, error.code, detail));
    true
}

fn read_price(amount: &str, currency: &str) -> Option<Price> {
    let amount =
        amount.parse().ok().filter(|amount| (0..=crate::input::MAX_SAFE_INTEGER).contains(amount))?;
    valid_currency(currency).ok()?;
    Some(Price { amount, currency: currency.to_owned() })
}

/// ISBN of a row. Different candidates are reported, and the first is used.
fn choose_isbn(cells: &[String], warn: &mut impl FnMut(&str, FieldCode, String)) -> Option<String> {
    let cells: Vec<&str> = cells.iter().map(|cell| unwrap(cell)).filter(|cell| !cell.is_empty()).collect();
    let mut read = cells.iter().filter_map(|cell| read_isbn(cell));
    let isbn = read.next();
    if let (Some(isbn), Some(other)) = (&isbn, read.find(|other| Some(other) != isbn.as_ref())) {
        warn(
            "/isbn",
            FieldCode::IsbnMismatch,
            format!("{isbn} and {other} are different books; the first was taken"),
        );
    }
    if let (None, Some(cell)) = (&isbn, cells.first()) {
        warn("/isbn", FieldCode::Isbn, format!("{cell:?} is no ISBN and was left out"));
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
    isbn::parse(cell).or_else(|| {
        let shortened = (SHORTENED_ISBN_LENGTH..10).contains(&cell.len());
        shortened.then(|| isbn::parse(&format!("{cell:0>10}"))).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn isbn_of(cells: &[&str]) -> (Option<String>, Vec<FieldCode>) {
        let mut codes = Vec::new();
        let cells: Vec<String> = cells.iter().map(|cell| (*cell).to_owned()).collect();
        let isbn = choose_isbn(&cells, &mut |_, code, _| codes.push(code));
        (isbn, codes)
    }

    #[test]
    fn an_isbn_is_read_out_of_what_spreadsheets_make_of_it() {
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
    fn of_two_isbns_the_first_wins_and_the_difference_is_reported() {
        let (isbn, codes) = isbn_of(&["9780439420891", "0441013597"]);
        assert_eq!((isbn.as_deref(), codes), (Some("9780439420891"), vec![FieldCode::IsbnMismatch]));
    }

    #[test]
    fn cells_are_tidied_once() {
        assert_eq!(tidy("  Michael \u{a0}  Lewis\n").as_deref(), Some("Michael Lewis"));
        assert_eq!(tidy("Ben &amp; Jerry &amp;amp; Co").as_deref(), Some("Ben & Jerry &amp; Co"));
        assert_eq!(tidy(" \t "), None);
    }

    #[test]
    fn lines_are_tidied_each_by_itself() {
        assert_eq!(tidy_lines(" a  b \r\n\n c&amp;d\t\n ").as_deref(), Some("a b\n\nc&d"));
        assert_eq!(tidy_lines(" \n "), None);
    }

    #[test]
    fn a_detail_that_does_not_fit_is_left_out_and_a_title_is_cut() {
        let long = "é".repeat(501);
        let draft = Draft {
            authors: vec!["A".to_owned()],
            subtitle: Some(long.clone()),
            publisher: Some("\u{1}".to_owned()),
            ..Draft::foreign(Some(long.clone()))
        };
        let (book, warnings) = draft.into_book();
        let book = book.unwrap();
        assert_eq!((book.title.chars().count(), book.subtitle, book.publisher), (500, None, None));
        let pointers: Vec<&str> = warnings.iter().map(|warning| warning.pointer.as_str()).collect();
        assert_eq!(pointers, ["/title", "/publisher", "/subtitle"]);
        let own = Draft { title: Some(long), authors: vec!["A".to_owned()], ..Draft::default() };
        assert_eq!(own.into_book().0.unwrap_err()[0].pointer, "/title");
    }

    #[test]
    fn authors_that_do_not_fit_are_counted() {
        let mut warned = Vec::new();
        let authors = vec!["x".repeat(300), "y".repeat(300), "z".to_owned()];
        let joined = join(&authors, &mut |_, _, detail| warned.push(detail));
        assert_eq!((joined.len(), warned), (300, vec!["2 of 3 authors were left out".to_owned()]));
    }
}
