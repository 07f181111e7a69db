//! Reports of imports: counts, and the problems of single rows.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::FieldError;

/// Problems that a report lists at most.
pub const LISTED_PROBLEMS: usize = 100;

/// Columns that a report lists at most.
const LISTED_COLUMNS: usize = 100;

/// File formats that can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImportFormat {
    /// Bookly's own CSV: `title`, `author` and further fields of a book as columns.
    Csv,
    /// Bookly's own NDJSON: a book on each line.
    Ndjson,
    /// JSON array of books.
    Json,
    /// Table with usual names of columns, such as `Titel`, `Authors` and `ISBN-13`, in any order.
    Table,
    /// Library export of Goodreads.
    Goodreads,
    /// `books.csv` of goodbooks-10k.
    Goodbooks,
    /// `pg_catalog.csv` of Project Gutenberg, or the table of works of gutenbergr.
    Gutenberg,
    /// Dump of Open Library's editions.
    OpenLibrary,
    /// Export of The StoryGraph.
    StoryGraph,
    /// Export of LibraryThing, as a table with tabs or as JSON.
    LibraryThing,
    /// CSV catalogue of calibre.
    Calibre,
    /// Export of BookWyrm.
    BookWyrm,
    /// Export of Openreads.
    Openreads,
    /// Export of BookBuddy.
    BookBuddy,
    /// Export of Libib.
    Libib,
    /// CSV export of Zotero.
    Zotero,
}

/// Result of an import. `created`, `updated`, `unchanged`, `skipped` and `failed` add up to `rows`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImportReport {
    /// Format that the file was read as.
    pub format: ImportFormat,
    /// Character encoding that the file was read in.
    #[schema(examples("UTF-8"))]
    pub charset: String,
    /// True if the import was a trial that changed nothing.
    pub dry_run: bool,
    /// Columns of the file, or fields of its objects, that are not read; at most 100.
    #[schema(examples(json!(["Average Rating", "Bookshelves"])))]
    pub unread_columns: Vec<String>,
    /// Rows of the file, without blank ones.
    #[schema(examples(200))]
    pub rows: u64,
    /// Books that were created.
    #[schema(examples(120))]
    pub created: u64,
    /// Books that were updated from the file.
    #[schema(examples(0))]
    pub updated: u64,
    /// Rows of books that the catalogue had and that stay as they are.
    #[schema(examples(77))]
    pub unchanged: u64,
    /// Readable rows that were not written: not a book, a book of another account, or another row failed.
    #[schema(examples(0))]
    pub skipped: u64,
    /// Rows that are not valid.
    #[schema(examples(3))]
    pub failed: u64,
    /// Details that were left out of imported rows.
    #[schema(examples(5))]
    pub warnings: u64,
    /// The first problems, in the order of the rows.
    pub problems: Vec<RowProblem>,
    /// True if there were more problems than are listed.
    pub problems_truncated: bool,
}

/// Problem of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RowProblem {
    /// Number of the row, from 1, without the header.
    #[schema(examples(17))]
    pub row: u64,
    /// Line of the file at which the row begins, from 1.
    #[schema(examples(18))]
    pub line: u64,
    /// Field, code and description of the problem.
    #[serde(flatten)]
    pub error: FieldError,
}

impl ImportReport {
    /// Report of an import that has read no row yet.
    pub(crate) fn new(format: ImportFormat, charset: &str, dry_run: bool) -> Self {
        Self {
            format,
            charset: charset.to_owned(),
            dry_run,
            unread_columns: Vec::new(),
            rows: 0,
            created: 0,
            updated: 0,
            unchanged: 0,
            skipped: 0,
            failed: 0,
            warnings: 0,
            problems: Vec::new(),
            problems_truncated: false,
        }
    }

    /// Report of the same import without rows, for a part of it.
    pub(crate) fn part(&self) -> Self {
        Self::new(self.format, &self.charset, self.dry_run)
    }

    /// Adds the report of a further part.
    pub(crate) fn add(&mut self, part: Self) {
        let Self { rows, created, updated, unchanged, skipped, failed, warnings, problems, .. } = part;
        self.leave_unread(&part.unread_columns);
        self.rows += rows;
        self.created += created;
        self.updated += updated;
        self.unchanged += unchanged;
        self.skipped += skipped;
        self.failed += failed;
        self.warnings += warnings;
        for problem in problems {
            self.list(problem);
        }
        self.problems_truncated |= part.problems_truncated;
    }

    /// Lists columns that are not read, each once.
    pub(crate) fn leave_unread(&mut self, columns: &[String]) {
        for column in columns {
            if self.unread_columns.len() < LISTED_COLUMNS && !self.unread_columns.contains(column) {
                self.unread_columns.push(column.clone());
            }
        }
    }

    /// Lists a problem, if there is room for it.
    pub(crate) fn list(&mut self, problem: RowProblem) {
        if self.problems.len() < LISTED_PROBLEMS {
            self.problems.push(problem);
        } else {
            self.problems_truncated = true;
        }
    }

    /// Counts and lists a warning.
    pub(crate) fn warn(&mut self, problem: RowProblem) {
        self.warnings += 1;
        self.list(problem);
    }

    /// Report of an import that was rolled back: all valid rows count as skipped.
    pub(crate) fn nothing_written(mut self) -> Self {
        for count in [&mut self.created, &mut self.updated, &mut self.unchanged] {
            self.skipped += std::mem::take(count);
        }
        self
    }
}
