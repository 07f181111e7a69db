//! What an import did, row by row where something is wrong.

use serde::Serialize;
use utoipa::ToSchema;

use super::Format;
use crate::FieldError;

/// How many problems a report lists.
pub const LISTED_PROBLEMS: usize = 100;

/// Report of an import. `created`, `updated`, `unchanged`, `skipped` and `failed` add up to `rows`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Report {
    /// Format of the file.
    pub format: Format,
    /// Character encoding of the file.
    #[schema(examples("UTF-8"))]
    pub charset: String,
    /// True if the import was a dry run that wrote nothing.
    pub dry_run: bool,
    /// Rows of the file.
    #[schema(examples(200))]
    pub rows: u64,
    /// Number of new books.
    #[schema(examples(120))]
    pub created: u64,
    /// Number of books updated from the file.
    #[schema(examples(0))]
    pub updated: u64,
    /// Number of rows whose book is in the catalogue and was not changed.
    #[schema(examples(77))]
    pub unchanged: u64,
    /// Number of valid rows that were not written: they are not books, their book belongs to another account, or another
    /// row is invalid.
    #[schema(examples(0))]
    pub skipped: u64,
    /// Number of invalid rows.
    #[schema(examples(3))]
    pub failed: u64,
    /// Number of details left out of imported rows.
    #[schema(examples(5))]
    pub warnings: u64,
    /// The first problems, in the order of the rows.
    pub problems: Vec<Problem>,
    /// True if there are more problems than are listed.
    pub problems_truncated: bool,
}

/// Something about a row that its owner should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RowProblem)]
pub struct Problem {
    /// The number of the row, from 1, without the header.
    #[schema(examples(17))]
    pub row: u64,
    /// The line of the file where the row begins, from 1.
    #[schema(examples(18))]
    pub line: u64,
    /// Invalid field, with a code for programs and a detail for people.
    #[serde(flatten)]
    pub error: FieldError,
}

impl Report {
    pub(super) fn new(format: Format, charset: &str, dry_run: bool) -> Self {
        Self {
            format,
            charset: charset.to_owned(),
            dry_run,
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

    pub(super) fn list(&mut self, problem: Problem) {
        if self.problems.len() < LISTED_PROBLEMS {
            self.problems.push(problem);
        } else {
            self.problems_truncated = true;
        }
    }

    pub(super) fn warn(&mut self, problem: Problem) {
        self.warnings += 1;
        self.list(problem);
    }

    /// The report of a file that was given up: what would have been written was skipped.
    pub(super) fn nothing_written(mut self) -> Self {
        self.skipped += std::mem::take(&mut self.created) + std::mem::take(&mut self.updated);
        self
    }
}
