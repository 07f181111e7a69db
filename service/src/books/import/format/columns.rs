//! Columns of a table: the field of a book that each fills, found by name.

use std::collections::HashMap;

use csv::StringRecord;

use super::{
    ImportRow, RowContent, RowPosition,
    tables::{TABLES, Table},
};
use crate::{
    Error, FieldCode, FieldError, Result,
    books::import::draft::{Draft, tidy, tidy_html, tidy_lines},
    csv_injection::unescape,
    report::ImportFormat,
};

/// Field of a book that a column fills. Of several columns for a field, the first with a value does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Title,
    Subtitle,
    /// Names with one of these separators between two.
    Authors(&'static [&'static str]),
    /// Names that begin with the last name and a comma.
    InvertedAuthors(&'static [&'static str]),
    /// Further persons, `Last, First`, with `|` between two; some are authors.
    SecondaryAuthors,
    /// Roles of the further persons. One without a role is an author.
    SecondaryRoles,
    /// Persons, `Last, First`, with `;` between two, who are no authors, although the authors have them.
    Contributors,
    /// Kind of a record, of which this one is a book.
    Kind(&'static str),
    Publisher,
    /// Publisher, year and further details in one text.
    Publication,
    PublishedDate,
    PageCount,
    /// Languages with one of these separators between two.
    Language(&'static [&'static str]),
    /// Every column is read: an ISBN-13 is more reliable than an ISBN-10.
    Isbn,
    /// Numbers with their kinds, such as `isbn:9780441013593`.
    Identifiers,
    Description,
    /// Description with markup.
    Html,
    PriceAmount,
    PriceCurrency,
    CoverUrl,
}

/// Columns of a file.
pub(in crate::books::import) struct Columns {
    table: &'static Table,
    width: usize,
    /// Indexes of the columns that are read, in the order in which they are preferred.
    read: Vec<(usize, Field)>,
    unread: Vec<String>,
}

impl Columns {
    /// Detects the table from the header, or checks that the header has the columns of the given format.
    pub(in crate::books::import) fn of(header: &StringRecord, format: Option<ImportFormat>) -> Result<Self> {
        let mut indexes = HashMap::new();
        for (index, name) in header.iter().enumerate() {
            indexes.entry(normal(name)).or_insert(index);
        }
        let names = |table: &Table| {
            table.columns.iter().filter_map(|(name, field)| Some((*indexes.get(*name)?, *field)))
        };
        let fits = |table: &&Table| match format {
            Some(format) => table.format == format && table.is_complete(|name| indexes.contains_key(name)),
            None => table.marks_of(|name| indexes.contains_key(name), indexes.len()),
        };
        let table = TABLES.iter().find(fits).ok_or_else(|| unknown(header, format))?;
        let read: Vec<(usize, Field)> = names(table).collect();
        let is_unread =
            |(index, name): &(usize, &str)| !name.trim().is_empty() && read.iter().all(|(at, _)| at != index);
        let unread =
            header.iter().enumerate().filter(is_unread).map(|(_, name)| name.trim().to_owned()).collect();
        Ok(Self { table, width: header.len(), read, unread })
    }

    pub(in crate::books::import) fn format(&self) -> ImportFormat {
        self.table.format
    }

    /// Names of the columns that are not read.
    pub(in crate::books::import) fn unread(&self) -> &[String] {
        &self.unread
    }

    /// Reads a record; `None` for one whose cells are all blank.
    pub(in crate::books::import) fn row(
        &self,
        position: RowPosition,
        record: &StringRecord,
    ) -> Option<ImportRow> {
        if record.iter().all(|cell| cell.trim().is_empty()) {
            return None;
        }
        if record.iter().skip(self.width).any(|cell| !cell.trim().is_empty()) {
            let detail = format!("the row has {} cells, the header {}", record.len(), self.width);
            let error = FieldError::new("", FieldCode::Ragged, detail);
            return Some(ImportRow::without_book(position, RowContent::Invalid(vec![error])));
        }
        let draft = self.draft(record);
        if let Some(kind) = &draft.other_kind {
            let error = FieldError::new(
                "",
                FieldCode::Kind,
                format!("is not a book but a record of the kind {kind:?}"),
            );
            return Some(ImportRow::without_book(position, RowContent::Other(error)));
        }
        let mut row = ImportRow::new(position, record.as_slice().len(), draft);
        if record.len() < self.width {
            let detail = format!("the row has {} cells, the header {}", record.len(), self.width);
            row.warnings.push(FieldError::new("", FieldCode::Ragged, detail));
        }
        Some(row)
    }

    fn draft(&self, record: &StringRecord) -> Draft {
        let mut draft = Draft::default();
        let is_own = self.table.format == ImportFormat::Csv;
        for (index, field) in &self.read {
            let Some(cell) = record.get(*index).filter(|cell| !cell.is_empty()) else { continue };
            if is_own {
                field.fill(&mut draft, Some(one_line(unescape(cell), *field)), |text| Some(text.to_owned()));
            } else {
                field.fill(&mut draft, field.tidied(cell), tidy);
            }
        }
        draft.assign_credits();
        (self.table.finish)(&mut draft);
        if is_own { draft } else { draft.with_short_title() }
    }
}

impl Field {
    /// Cell of another program, normalized.
    fn tidied(self, cell: &str) -> Option<String> {
        match self {
            Self::Description => tidy_lines(cell),
            Self::Html => tidy_html(cell),
            _ => tidy(cell),
        }
    }

    /// Sets the field from a cell. `part` normalizes a part of a list.
    fn fill(self, draft: &mut Draft, cell: Option<String>, part: impl Fn(&str) -> Option<String>) {
        let Some(cell) = cell else { return };
        let set = |field: &mut Option<String>, cell: String| {
            field.get_or_insert(cell);
        };
        match self {
            Self::Title => set(&mut draft.title, cell),
            Self::Subtitle => set(&mut draft.subtitle, cell),
            Self::Authors(separators) => draft.authors.extend(split(&cell, separators).filter_map(part)),
            Self::InvertedAuthors(separators) => {
                draft.authors.extend(split(&cell, separators).filter_map(part).map(natural));
            }
            Self::SecondaryAuthors => draft.credits.names.extend(cell.split('|').map(str::trim).map(natural)),
            Self::SecondaryRoles => {
                draft.credits.roles.extend(cell.split('|').map(|role| role.trim().to_owned()));
            }
            Self::Contributors => {
                draft.credits.contributors.extend(cell.split(';').filter_map(part).map(natural));
            }
            Self::Kind(book) if cell.eq_ignore_ascii_case(book) => {}
            Self::Kind(_) => draft.other_kind = Some(cell),
            Self::Publisher => set(&mut draft.publisher, cell),
            Self::Publication => publication(draft, &cell),
            // Some programs write these for a book without a date.
            Self::PublishedDate if matches!(cell.as_str(), "?" | "no date" | "n.d.") => {}
            Self::PublishedDate => set(&mut draft.published_date, cell),
            Self::PageCount => set(&mut draft.page_count, cell),
            Self::Language(separators) if draft.language.is_none() => {
                draft.languages(split(&cell, separators));
            }
            Self::Language(_) => {}
            Self::Isbn => draft.isbns.push(cell),
            Self::Identifiers => draft.isbns.extend(Some(cell).filter(|cell| cell.contains("isbn:"))),
            Self::Description | Self::Html => set(&mut draft.description, cell),
            Self::PriceAmount => draft.price.get_or_insert_default().0 = cell,
            Self::PriceCurrency => draft.price.get_or_insert_default().1 = cell,
            Self::CoverUrl => set(&mut draft.cover_url, cell),
        }
    }
}

/// Name with the last name behind the first. One with further commas stays as it is.
pub(super) fn natural(name: impl AsRef<str>) -> String {
    let name = name.as_ref();
    match name.split_once(',') {
        Some((last, first)) if !first.contains(',') && !first.trim().is_empty() => {
            format!("{} {}", first.trim(), last.trim())
        }
        _ => name.to_owned(),
    }
}

/// Publisher, and the year if there is no other date: `Gallimard (1979), Poche`.
pub(super) fn publication(draft: &mut Draft, text: &str) {
    let end = text.find(['(', ',']).unwrap_or(text.len());
    let (publisher, rest) = text.split_at(end);
    if let Some(publisher) = tidy(publisher) {
        draft.publisher.get_or_insert(publisher);
    }
    let year = rest
        .split(['(', ')'])
        .nth(1)
        .filter(|year| year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()));
    if let (None, Some(year)) = (&draft.published_date, year) {
        draft.published_date = Some(year.to_owned());
    }
}

/// Own cell of one line: a line break, which a spreadsheet allows, is a blank.
fn one_line(cell: &str, field: Field) -> String {
    if field == Field::Description || !cell.contains(['\r', '\n']) {
        return cell.to_owned();
    }
    let lines: Vec<&str> = cell.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join(" ")
}

fn split<'c>(cell: &'c str, separators: &[&str]) -> impl Iterator<Item = &'c str> {
    let mut parts = vec![cell];
    for separator in separators {
        parts = parts.into_iter().flat_map(|part| part.split(*separator)).collect();
    }
    parts.into_iter()
}

/// Name of a column without case and signs: `ISBN-13`, `isbn_13` and `ISBN 13` are the same.
fn normal(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

fn unknown(header: &StringRecord, format: Option<ImportFormat>) -> Error {
    let names: Vec<String> = header.iter().filter_map(tidy).take(NAMED).collect();
    let has =
        if names.is_empty() { "no columns".to_owned() } else { format!("the columns {}", names.join(", ")) };
    Error::UnknownFormat(format!("the file has {has}; {}", super::expected(format)))
}

/// Columns of an unknown file that its error names.
const NAMED: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(header: &[&str]) -> Result<Columns> {
        Columns::of(&StringRecord::from(header.to_vec()), None)
    }

    #[test]
    fn a_table_is_recognized_by_its_columns() {
        for (header, format, unread) in [
            (&["title", "author", "isbn"][..], ImportFormat::Csv, &[][..]),
            (&["\u{feff}Title", "AUTHOR"], ImportFormat::Csv, &[]),
            (&["Autor", "Titel", "Notiz"], ImportFormat::Table, &["Notiz"]),
            (&["id", "title", "author", "ISBN13", "rating"], ImportFormat::Table, &["id", "rating"]),
            (
                &["Book Id", "Title", "Author", "Exclusive Shelf", ""],
                ImportFormat::Goodreads,
                &["Book Id", "Exclusive Shelf"],
            ),
        ] {
            let columns = columns(header).unwrap();
            assert_eq!(
                (columns.format(), columns.unread()),
                (format, &unread.iter().map(ToString::to_string).collect::<Vec<_>>()[..])
            );
        }
    }

    #[test]
    fn an_unknown_table_is_refused_with_its_columns_and_those_that_are_wanted() {
        let Err(Error::UnknownFormat(text)) = columns(&["Name of the cat", "Weight"]) else { panic!() };
        assert!(text.starts_with("the file has the columns Name of the cat, Weight; expected "), "{text}");
    }
}
