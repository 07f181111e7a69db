//! What an import did, row by row where something is wrong.

use serde::Serialize;
use utoipa::ToSchema;

use super::Format;
use crate::FieldError;

/// How many problems a report lists.
pub const LISTED_PROBLEMS: usize = 100;

/// What an import did. `created`, `updated`, `unchanged`, `skipped` and `failed` add up to `rows`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Report {
    /// The format the file was read as.
    pub format: Format,
    /// The character encoding the file was read in.
    #[schema(examples("UTF-8"))]
    pub charset: String,
    /// Whether nothing was changed because only a trial was asked for.
    pub dry_run: bool,
    /// Rows of the file.
    #[schema(examples(200))]
    pub rows: u64,
    /// Books that are new.
    #[schema(examples(120))]
    pub created: u64,
    /// Books that took what the file says.
    #[schema(examples(0))]
    pub updated: u64,
    /// Rows whose book was in the catalogue and stays as it is.
    #[schema(examples(77))]
    pub unchanged: u64,
    /// Rows that can be read and were not written: they are no books, their book is somebody else's, or another
    /// row failed.
    #[schema(examples(0))]
    pub skipped: u64,
    /// Rows that cannot be taken.
    #[schema(examples(3))]
    pub failed: u64,
    /// Details that were left out of rows that were taken.
    #[schema(examples(5))]
    pub warnings: u64,
    /// The first problems, in the order of the rows.
    pub problems: Vec<Problem>,
    /// Whether there were more problems than are listed.
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
    /// What is wrong, for programs, and for people, and which field it is.
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
