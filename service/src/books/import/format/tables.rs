//! Tables that other programs write: their columns, by name without case and signs.

use super::{
    columns::Field::{
        self, Authors, Contributors, CoverUrl, Description, Html, Identifiers, InvertedAuthors, Isbn, Kind,
        Language, PageCount, PriceAmount, PriceCurrency, Publication, PublishedDate, Publisher,
        SecondaryAuthors, SecondaryRoles, Subtitle, Title,
    },
    usual::USUAL,
};
use crate::{
    books::import::draft::{Draft, tidy},
    report::ImportFormat,
};

/// Table of a program.
pub(super) struct Table {
    pub(super) format: ImportFormat,
    /// Columns by which it is recognized: no table before it in the list has all of them.
    marks: &'static [&'static str],
    /// Columns that are read. Of several for one field, the first with a value is used.
    pub(super) columns: &'static [(&'static str, Field)],
    /// Corrects a draft.
    pub(super) finish: fn(&mut Draft),
}

impl Table {
    /// Whether a header is of this table. `has` tells whether it has a column, `count` is the number of its columns.
    pub(super) fn marks_of(&self, has: impl Fn(&str) -> bool, count: usize) -> bool {
        // A few columns of Bookly's table beside others are a table of another program.
        let own = || {
            let known = self.columns.iter().filter(|(name, _)| has(name)).count();
            known == count || known == self.columns.len()
        };
        match self.format {
            ImportFormat::Csv => own() && self.is_complete(has),
            _ => self.is_complete(has),
        }
    }

    /// Whether a header has the columns without which the table has no books.
    pub(super) fn is_complete(&self, has: impl Fn(&str) -> bool) -> bool {
        if self.marks.is_empty() {
            let any = |wanted: fn(&Field) -> bool| {
                self.columns.iter().any(|(name, field)| wanted(field) && has(name))
            };
            return any(|field| *field == Title) && any(|field| matches!(field, Authors(_)));
        }
        self.marks.iter().all(|mark| has(mark))
    }

    /// Description of the columns that are wanted.
    pub(super) fn wanted(&self) -> String {
        match self.marks {
            [] => "a table with a title and an author under their usual names".to_owned(),
            marks => format!("a table with the columns {}", marks.join(", ")),
        }
    }
}

fn as_it_is(_: &mut Draft) {}

/// All tables; the first that fits is used.
pub(super) static TABLES: &[Table] = &[
    Table {
        format: ImportFormat::Goodreads,
        marks: &["book id", "title", "author", "exclusive shelf"],
        columns: &[
            ("title", Title),
            ("author", Authors(&[])),
            ("additional authors", Authors(&[","])),
            ("publisher", Publisher),
            ("year published", PublishedDate),
            ("original publication year", PublishedDate),
            ("number of pages", PageCount),
            ("isbn13", Isbn),
            ("isbn", Isbn),
        ],
        finish: as_it_is,
    },
    Table {
        format: ImportFormat::Goodbooks,
        marks: &["goodreads book id", "authors", "title"],
        columns: &[
            ("title", Title),
            ("original title", Title),
            ("authors", Authors(&[","])),
            ("original publication year", PublishedDate),
            ("language code", Language(&[])),
            // The ISBN-13 is in scientific notation; the ISBN-10 has lost its leading zeros.
            ("isbn13", Isbn),
            ("isbn", Isbn),
            ("image url", CoverUrl),
        ],
        finish: |draft| {
            draft.cover_url.take_if(|url| url.contains("/nophoto/"));
        },
    },
    Table {
        format: ImportFormat::Gutenberg,
        marks: &["text", "title", "authors"],
        columns: &[
            ("title", Title),
            ("authors", Authors(&[";"])),
            ("issued", PublishedDate),
            ("language", Language(&[";"])),
        ],
        finish: without_subfields,
    },
    Table {
        format: ImportFormat::Gutenberg,
        marks: &["gutenberg id", "title", "author"],
        columns: &[("title", Title), ("author", Authors(&[])), ("language", Language(&["/"]))],
        finish: without_subfields,
    },
    Table {
        format: ImportFormat::StoryGraph,
        marks: &["title", "authors", "isbn uid"],
        columns: &[("title", Title), ("authors", Authors(&[","])), ("isbn uid", Isbn)],
        finish: as_it_is,
    },
    Table {
        format: ImportFormat::LibraryThing,
        marks: &["book id", "title", "primary author", "publication"],
        columns: &[
            ("title", Title),
            ("primary author", InvertedAuthors(&[])),
            ("secondary author", SecondaryAuthors),
            ("secondary author roles", SecondaryRoles),
            ("date", PublishedDate),
            ("publication", Publication),
            ("page count", PageCount),
            ("languages", Language(LIST)),
            ("isbn", Isbn),
            ("isbns", Isbn),
        ],
        finish: as_it_is,
    },
    Table {
        format: ImportFormat::Calibre,
        marks: &["title", "authors", "title sort", "author sort"],
        columns: &[
            ("title", Title),
            ("authors", Authors(&[" & "])),
            ("publisher", Publisher),
            ("pubdate", PublishedDate),
            ("languages", Language(LIST)),
            ("isbn", Isbn),
            ("identifiers", Identifiers),
            ("comments", Html),
        ],
        finish: |draft| {
            // The program has no empty date: it writes the year 101, or the last day of 100 in the west.
            draft.published_date.take_if(|date| date.as_str() < "0102");
            for author in &mut draft.authors {
                *author = author.replace("&&", "&");
            }
        },
    },
    Table {
        format: ImportFormat::BookWyrm,
        marks: &["title", "author text", "remote id"],
        columns: &[
            ("title", Title),
            ("author text", Authors(&[","])),
            ("pages", PageCount),
            ("isbn 13", Isbn),
            ("isbn 10", Isbn),
        ],
        finish: as_it_is,
    },
    Table {
        format: ImportFormat::Openreads,
        marks: &["title", "author", "olid", "publication year"],
        columns: &[
            ("title", Title),
            ("subtitle", Subtitle),
            ("author", Authors(&[])),
            ("publisher", Publisher),
            ("publication year", PublishedDate),
            ("pages", PageCount),
            ("isbn", Isbn),
            ("description", Description),
        ],
        finish: as_it_is,
    },
    Table {
        format: ImportFormat::BookBuddy,
        marks: &["title", "author", "author last first"],
        columns: &[
            ("title", Title),
            ("original title", Title),
            ("subtitle", Subtitle),
            ("author", Authors(&[",", " & "])),
            ("publisher", Publisher),
            ("date published", PublishedDate),
            ("year published", PublishedDate),
            ("number of pages", PageCount),
            ("length", PageCount),
            ("language", Language(&[])),
            ("isbn", Isbn),
            ("summary", Description),
            ("uploaded image url", CoverUrl),
        ],
        finish: as_it_is,
    },
    Table {
        format: ImportFormat::Libib,
        marks: &["item type", "title", "creators", "ean isbn13"],
        columns: &[
            ("item type", Kind("book")),
            ("title", Title),
            ("creators", Authors(&[","])),
            ("publisher", Publisher),
            ("publish date", PublishedDate),
            ("length", PageCount),
            ("ean isbn13", Isbn),
            ("upc isbn10", Isbn),
            ("description", Description),
        ],
        finish: as_it_is,
    },
    Table {
        format: ImportFormat::Zotero,
        marks: &["key", "item type", "publication title", "title", "author"],
        columns: &[
            ("item type", Kind("book")),
            ("title", Title),
            ("author", InvertedAuthors(&[";"])),
            ("contributor", Contributors),
            ("publisher", Publisher),
            ("date", PublishedDate),
            ("publication year", PublishedDate),
            ("num pages", PageCount),
            ("language", Language(&[";"])),
            ("isbn", Isbn),
            ("abstract note", Description),
        ],
        finish: as_it_is,
    },
    Table {
        format: ImportFormat::Csv,
        marks: &["title", "author"],
        columns: &[
            ("title", Title),
            ("author", Authors(&[])),
            ("subtitle", Subtitle),
            ("publisher", Publisher),
            ("published date", PublishedDate),
            ("page count", PageCount),
            ("language", Language(&[])),
            ("isbn", Isbn),
            ("description", Description),
            ("price amount", PriceAmount),
            ("price currency", PriceCurrency),
            ("cover url", CoverUrl),
        ],
        finish: as_it_is,
    },
    Table { format: ImportFormat::Table, marks: &[], columns: USUAL, finish: as_it_is },
];

/// Separators of a list of words.
pub(super) const LIST: &[&str] = &[",", ";", "|"];

/// Removes MARC subfield codes such as ` $b ` from the title.
fn without_subfields(draft: &mut Draft) {
    let Some(title) = draft.title.take_if(|title| title.contains('$')) else { return };
    let is_mark = |word: &&str| matches!(word.as_bytes(), [b'$', b'a'..=b'z']);
    let words: Vec<&str> = title.split(' ').filter(|word| !is_mark(word)).collect();
    draft.title = tidy(&words.join(" "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_table_is_found_by_its_own_marks() {
        for (index, table) in TABLES.iter().enumerate() {
            let has = |name: &str| table.marks.contains(&name);
            let found = TABLES.iter().position(|other| other.marks_of(has, table.marks.len()));
            assert!(table.marks.is_empty() || found == Some(index), "{:?}", table.marks);
            for mark in table.marks {
                assert!(
                    mark.bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b' '),
                    "{mark}"
                );
            }
        }
    }
}
