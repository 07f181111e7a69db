//! Draft of a book: unvalidated text of a row. Invalid optional fields are dropped with a warning; invalid required
//! fields fail the row.

mod fields;

use html_escape::decode_html_entities;
use validator::Validate;

use self::fields::Warnings;
use crate::{Error, FieldCode, FieldError, books::NewBook, input};

/// Maximum length of a title, in characters.
const TITLE_LENGTH: usize = 500;

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
    /// Persons whose part in the book other cells tell.
    pub(super) credits: Credits,
    /// Kind of the record, if it is not a book.
    pub(super) other_kind: Option<String>,
}

/// Persons whose part in the book other cells tell.
#[derive(Debug, Default)]
pub(super) struct Credits {
    /// Further persons.
    pub(super) names: Vec<String>,
    /// Their roles, in the same order; fewer if the last ones have none.
    pub(super) roles: Vec<String>,
    /// Persons who are no authors.
    pub(super) contributors: Vec<String>,
}

/// Normalizes a cell of another program: decodes entities once, collapses control characters and white space, and
/// removes invisible format characters. Returns `None` for an empty result.
pub(super) fn tidy(cell: &str) -> Option<String> {
    let decoded = decode_html_entities(cell);
    let mut text = String::with_capacity(decoded.len());
    for word in decoded.split(|c: char| c.is_whitespace() || c.is_control()) {
        let end = text.len();
        text.extend((end > 0).then_some(' '));
        let start = text.len();
        text.extend(word.chars().filter(|c| !input::is_format(*c)));
        if text.len() == start {
            text.truncate(end);
        }
    }
    Some(text).filter(|text| !text.is_empty())
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

/// Normalizes a text with markup, whose paragraphs become lines.
pub(super) fn tidy_html(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once('<') {
        plain.push_str(before);
        let is_tag = tag.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!'));
        let Some((name, after)) = tag.split_once('>').filter(|_| is_tag) else {
            plain.push('<');
            rest = tag;
            continue;
        };
        let name = name.trim_start_matches('/').to_ascii_lowercase();
        if ["br", "p", "div", "li", "h1", "h2", "h3"]
            .iter()
            .any(|block| name.split([' ', '/']).next() == Some(block))
        {
            plain.push('\n');
        }
        rest = after;
    }
    plain.push_str(rest);
    tidy_lines(&plain)
}

impl Draft {
    /// Draft of a row of another program with this title.
    pub(super) fn foreign(title: Option<String>) -> Self {
        Self { title, ..Self::default() }.with_short_title()
    }

    /// Adds further authors, and removes contributors from the authors.
    pub(super) fn assign_credits(&mut self) {
        let Credits { names, roles, contributors } = std::mem::take(&mut self.credits);
        let roles = roles.iter().map(String::as_str).chain(std::iter::repeat(""));
        let is_author = |role: &str| role.is_empty() || role.eq_ignore_ascii_case("author");
        let further = names.into_iter().zip(roles).filter(|(name, role)| !name.is_empty() && is_author(role));
        for (name, _) in further {
            if !self.authors.contains(&name) {
                self.authors.push(name);
            }
        }
        self.authors.retain(|author| !contributors.contains(author));
    }

    /// The draft with a title that is truncated if it is very long.
    pub(super) fn with_short_title(mut self) -> Self {
        let end = self.title.as_ref().and_then(|title| title.char_indices().nth(TITLE_LENGTH));
        if let (Some((end, _)), Some(title)) = (end, &mut self.title) {
            title.truncate(title[..end].trim_end().len());
            let detail = format!("was truncated to {TITLE_LENGTH} characters");
            self.warnings.push(FieldError::new("/title", FieldCode::Length, detail));
        }
        self
    }

    /// Uses the first of several languages.
    pub(super) fn languages<'l>(&mut self, languages: impl Iterator<Item = &'l str>) {
        let mut languages = languages.filter_map(tidy);
        self.language = languages.next();
        let others = languages.count();
        if let (Some(first), true) = (&self.language, others > 0) {
            let detail = format!("{first:?} was used, {others} other languages were left out");
            self.warnings.push(FieldError::new("/language", FieldCode::Languages, detail));
        }
    }

    /// Book, or its errors; and the warnings of dropped fields.
    pub(super) fn into_book(self) -> (Result<NewBook, Vec<FieldError>>, Vec<FieldError>) {
        let mut warnings = Warnings(self.warnings);
        let book = NewBook {
            title: self.title.unwrap_or_default(),
            subtitle: self.subtitle,
            author: fields::author(&self.authors, &mut warnings),
            publisher: self.publisher,
            published_date: self.published_date.and_then(|text| fields::date(&text, &mut warnings)),
            page_count: self.page_count.and_then(|text| fields::page_count(&text, &mut warnings)),
            language: self.language.and_then(|text| fields::language(&text, &mut warnings)),
            isbn: fields::isbn(&self.isbns, &mut warnings),
            description: self.description,
            price: self.price.and_then(|(amount, currency)| fields::price(&amount, &currency, &mut warnings)),
            cover_url: self.cover_url.and_then(|text| fields::cover_url(&text, &mut warnings)),
        };
        validate(book, warnings.0)
    }
}

/// Validates a book, and drops invalid optional texts.
fn validate(
    mut book: NewBook,
    mut warnings: Vec<FieldError>,
) -> (Result<NewBook, Vec<FieldError>>, Vec<FieldError>) {
    match book.validate().map_err(Error::from) {
        Ok(()) => (Ok(book), warnings),
        Err(Error::Invalid(mut errors)) => {
            errors.retain(|error| !leave_out(&mut book, error, &mut warnings));
            if errors.is_empty() { (Ok(book), warnings) } else { (Err(errors), warnings) }
        }
        Err(other) => (Err(vec![FieldError::new("", FieldCode::Invalid, other.to_string())]), warnings),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_normalized_once() {
        assert_eq!(tidy("  Michael \u{a0}  Lewis\n").as_deref(), Some("Michael Lewis"));
        assert_eq!(tidy("Ben &amp; Jerry &amp;amp; Co").as_deref(), Some("Ben & Jerry &amp; Co"));
        assert_eq!(
            tidy("\u{feff}Du\u{ad}ne\u{2028}Mes\u{200b}siah \u{202e}").as_deref(),
            Some("Dune Messiah")
        );
        assert_eq!(tidy(" \t "), None);
    }

    #[test]
    fn lines_are_normalized_one_by_one() {
        assert_eq!(tidy_lines(" a  b \r\n\n c&amp;d\t\n ").as_deref(), Some("a b\n\nc&d"));
        assert_eq!(tidy_lines(" \n "), None);
    }

    #[test]
    fn too_long_details_are_dropped_and_titles_truncated() {
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
}
