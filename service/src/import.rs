//! Bringing books in from files that other programs wrote. `POST /books/import` and `bookly import` are
//! this one operation.
//!
//! A thread reads the file row by row and hands on batches; the database's side matches each row with the
//! catalogue and writes. Neither holds the whole file.

mod draft;
mod file;
mod format;
mod writer;

use std::io::{Read, Seek};

use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, mpsc};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use self::{file::File, format::Row, writer::Writer};
use crate::{Actor, Db, Error, FieldError, Result, access::Action, db::End, security::Event};

/// How many problems a report lists.
pub const LISTED_PROBLEMS: usize = 100;

/// How many rows are written at a time.
const BATCH: usize = 500;

/// How many batches may wait for the database.
const BATCHES_AHEAD: usize = 4;

/// One import at a time: two that bring the same books in another order would lock each other out.
static TURN: Semaphore = Semaphore::const_new(1);

/// The formats that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Our own CSV: `title`, `author` and further fields of a book as columns.
    Csv,
    /// Our own NDJSON: a book on each line.
    Ndjson,
    /// The library export of Goodreads.
    Goodreads,
    /// `books.csv` of goodbooks-10k.
    Goodbooks,
}

/// What becomes of good rows beside bad ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// One failed row, and nothing is written.
    #[default]
    Atomic,
    /// Good rows are written, bad ones reported.
    Partial,
}

/// What becomes of a book that is in the catalogue already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnConflict {
    /// It stays as it is.
    #[default]
    Ignore,
    /// It takes what the file says, where the actor may change it.
    Update,
}

/// How to read a file, and what to do with it.
#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Options {
    /// The format; told from the file if left out.
    #[param(nullable = false)]
    pub format: Option<Format>,
    /// The character encoding, a label of the WHATWG Encoding Standard; told from the file if left out.
    #[validate(length(min = 1, max = 40), custom(function = "file::valid_charset"))]
    #[param(min_length = 1, max_length = 40, example = "windows-1252", nullable = false)]
    pub charset: Option<String>,
    /// Whether to change nothing and report the same.
    pub dry_run: bool,
    /// What becomes of good rows beside bad ones.
    pub mode: Mode,
    /// What becomes of a book that is in the catalogue already.
    pub on_conflict: OnConflict,
}

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
    pub rows: u64,
    /// Books that are new.
    pub created: u64,
    /// Books that took what the file says.
    pub updated: u64,
    /// Rows whose book was in the catalogue and stays as it is.
    pub unchanged: u64,
    /// Good rows that were not written: their book is somebody else's, or another row failed.
    pub skipped: u64,
    /// Rows that cannot be taken.
    pub failed: u64,
    /// Details that were left out of rows that were taken.
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

/// Brings the books of a file in, for the actor.
///
/// # Errors
/// [`Error::UnknownFormat`] and [`Error::UnreadableFile`] for the file, [`Error::ImportFailed`] for rows in
/// atomic mode: nothing is written then.
pub async fn run<R>(db: &Db, actor: &Actor, file: R, options: Options) -> Result<Report>
where
    R: Read + Seek + Send + 'static,
{
    actor.may(Action::ImportBooks)?;
    options.validate()?;
    let _turn = TURN.acquire().await.map_err(|error| Error::Internal(error.to_string()))?;
    let (format, charset) = (options.format, options.charset.clone());
    let file = tokio::task::spawn_blocking(move || File::open(file, format, charset.as_deref()));
    let file = file.await.map_err(|error| Error::Internal(error.to_string()))??;
    let (atomic, dry_run) = (options.mode == Mode::Atomic, options.dry_run);
    let writer = Writer::new(actor.clone(), &options, file.format(), file.charset());
    let batches = read(file);
    let report = if atomic || dry_run {
        db.transaction(move |txn| Box::pin(whole(txn, writer, batches, atomic, dry_run))).await??
    } else {
        by_batches(db, writer, batches).await?
    };
    let Report { rows, created, updated, failed, .. } = report;
    Event::Imported { actor: actor.into(), rows, created, updated, failed, dry_run }.log();
    Ok(report)
}

/// Writes every batch in one transaction, and takes it back where a row failed or nothing was to change.
async fn whole(
    txn: &sea_orm::DatabaseTransaction,
    mut writer: Writer,
    mut batches: mpsc::Receiver<Result<Vec<Row>>>,
    atomic: bool,
    dry_run: bool,
) -> Result<End<Result<Report>>> {
    while let Some(batch) = batches.recv().await {
        writer.write(txn, batch?).await?;
    }
    let report = writer.into_report();
    if atomic && report.failed > 0 {
        return Ok(End::Rollback(Err(Error::ImportFailed(Box::new(report.nothing_written())))));
    }
    Ok(if dry_run { End::Rollback(Ok(report)) } else { End::Commit(Ok(report)) })
}

/// Writes each batch in a transaction of its own.
async fn by_batches(
    db: &Db,
    mut writer: Writer,
    mut batches: mpsc::Receiver<Result<Vec<Row>>>,
) -> Result<Report> {
    while let Some(batch) = batches.recv().await {
        let batch = batch?;
        writer = db
            .write(move |txn| {
                Box::pin(async move {
                    writer.write(txn, batch).await?;
                    Ok(writer)
                })
            })
            .await?;
    }
    Ok(writer.into_report())
}

/// Reads the file on a thread of its own, a few batches ahead.
fn read<R: Read + Send + 'static>(file: File<R>) -> mpsc::Receiver<Result<Vec<Row>>> {
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut batch = Vec::with_capacity(BATCH);
        for row in file.rows() {
            match row {
                Ok(row) => batch.push(row),
                Err(error) => return drop(sender.blocking_send(Err(error))),
            }
            if batch.len() == BATCH && sender.blocking_send(Ok(std::mem::take(&mut batch))).is_err() {
                return;
            }
        }
        drop(sender.blocking_send(Ok(batch)));
    });
    receiver
}

impl Report {
    fn new(format: Format, charset: &str, dry_run: bool) -> Self {
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

    fn list(&mut self, problem: Problem) {
        if self.problems.len() < LISTED_PROBLEMS {
            self.problems.push(problem);
        } else {
            self.problems_truncated = true;
        }
    }

    /// The report of a file that was given up: what would have been written was skipped.
    fn nothing_written(mut self) -> Self {
        self.skipped += std::mem::take(&mut self.created) + std::mem::take(&mut self.updated);
        self
    }
}
