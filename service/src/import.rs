//! Bringing books in from files that other programs wrote. `POST /books/import` and `bookly import` are
//! this one operation.
//!
//! A thread reads the file row by row and hands on batches; the database's side matches each row with the
//! catalogue and writes. Neither holds the whole file, nor remembers its rows: which of them are the same
//! book is known by the database.

mod charset;
mod date;
mod draft;
mod file;
mod format;
mod known;
mod merge;
mod report;
mod text;
mod writer;

use std::io::{Read, Seek};

use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, mpsc};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

pub use self::report::{LISTED_PROBLEMS, Problem, Report};
use self::{file::File, format::Row, writer::Writer};
use crate::{Actor, Db, Error, Result, access::Action, db::End, security::Event};

/// How many rows are written at a time.
const BATCH: usize = 1000;

/// How many rows, ids or keys a statement has: drivers and databases keep each that they have seen, and few are few.
const STATEMENT_SIZES: [usize; 4] = [BATCH, 100, 10, 1];

/// How many bytes of text are written at a time, but for one row more.
const BATCH_BYTES: usize = 1024 * 1024;

/// How many batches may wait for the database.
const BATCHES_AHEAD: usize = 2;

/// One import at a time: two that bring the same books in another order would lock each other out.
static TURN: Semaphore = Semaphore::const_new(1);

/// Format of an imported file.
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
    /// `pg_catalog.csv` of Project Gutenberg, or the table of works of gutenbergr.
    Gutenberg,
    /// A dump of Open Library's editions.
    OpenLibrary,
}

/// Handling of valid rows in a file with invalid ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// One failed row, and nothing is written.
    #[default]
    Atomic,
    /// Good rows are written, bad ones reported.
    Partial,
}

/// Handling of books that are already in the catalogue.
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
    /// Format; detected if omitted.
    #[param(nullable = false)]
    pub format: Option<Format>,
    /// Character encoding, a label of the WHATWG Encoding Standard; detected if omitted.
    #[validate(length(min = 1, max = 40), custom(function = "charset::valid"))]
    #[param(min_length = 1, max_length = 40, example = "windows-1252", nullable = false)]
    pub charset: Option<String>,
    /// Dry run: reports the result without writing anything.
    pub dry_run: bool,
    /// Handling of valid rows in a file with invalid ones.
    pub mode: Mode,
    /// Handling of books that are already in the catalogue.
    pub on_conflict: OnConflict,
}

/// Brings the books of a file in, for the actor; of `most` rows, if so many are too many.
///
/// # Errors
/// [`Error::UnknownFormat`], [`Error::UnreadableFile`] and [`Error::TooManyRows`] for the file,
/// [`Error::ImportFailed`] for rows in atomic mode: nothing is written then.
pub async fn run<R>(
    db: &Db,
    actor: &Actor,
    mut file: R,
    options: Options,
    most: Option<usize>,
) -> Result<Report>
where
    R: Read + Seek + Send + 'static,
{
    actor.may(Action::ImportBooks)?;
    options.validate()?;
    let _turn = TURN.acquire().await.map_err(|error| Error::Internal(error.to_string()))?;
    let (format, charset) = (options.format, options.charset.clone());
    let file = tokio::task::spawn_blocking(move || {
        let charset = charset.as_deref();
        most.map_or(Ok(()), |most| limit(&mut file, format, charset, most))?;
        File::open(file, format, charset)
    });
    let file = file.await.map_err(|error| Error::Internal(error.to_string()))??;
    let (atomic, dry_run) = (options.mode == Mode::Atomic, options.dry_run);
    let writer = Writer::new(actor.clone(), &options, file.format(), file.charset());
    let batches = read(file, options.mode);
    let outcome = if atomic || dry_run {
        db.transaction(move |txn| Box::pin(whole(txn, writer, batches, atomic, dry_run))).await?
    } else {
        by_batches(db, writer, batches).await
    };
    match &outcome {
        Ok(report) => log(actor, report),
        Err(Error::ImportFailed(report)) => log(actor, report),
        Err(_) => {}
    }
    outcome
}

fn log(actor: &Actor, report: &Report) {
    let Report { rows, created, updated, failed, dry_run, .. } = *report;
    Event::Imported { actor: actor.into(), rows, created, updated, failed, dry_run }.log();
}

/// Refuses a file of more than `most` rows.
fn limit<R: Read + Seek>(
    file: &mut R,
    format: Option<Format>,
    charset: Option<&str>,
    most: usize,
) -> Result<()> {
    // Rows need reading; without so many ends of lines there are not so many of them.
    if file::line_ends(file)? < most {
        return Ok(());
    }
    let beyond = File::open(file, format, charset)?.rows().nth(most);
    beyond.map_or(Ok(()), |_| Err(Error::TooManyRows(most)))
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
    writer.confirm(txn).await?;
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
                    writer.confirm(txn).await?;
                    Ok(writer)
                })
            })
            .await?;
    }
    Ok(writer.into_report())
}

/// Reads the file on a thread of its own, a few batches ahead. Where it cannot be read on, good rows before may stay.
fn read<R: Read + Send + 'static>(file: File<R>, mode: Mode) -> mpsc::Receiver<Result<Vec<Row>>> {
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut batch = Vec::with_capacity(BATCH);
        let mut bytes = 0;
        for row in file.rows() {
            let row = match (row, mode) {
                (Ok(row), _) => row,
                (Err(unreadable), Mode::Partial) => unreadable.into_row(),
                (Err(unreadable), Mode::Atomic) => {
                    return drop(sender.blocking_send(Err(unreadable.into())));
                }
            };
            bytes += row.bytes;
            batch.push(row);
            if batch.len() == BATCH || bytes > BATCH_BYTES {
                bytes = 0;
                let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                if sender.blocking_send(Ok(full)).is_err() {
                    return;
                }
            }
        }
        drop(sender.blocking_send(Ok(batch)));
    });
    receiver
}

/// Repeats the last of some values until they have the size of a statement. No batch has more than the largest.
fn padded<T: Clone>(mut values: Vec<T>) -> Vec<T> {
    let size = STATEMENT_SIZES.into_iter().rev().find(|size| *size >= values.len());
    if let (Some(size), Some(last)) = (size, values.last().cloned()) {
        values.resize(size, last);
    }
    values
}

/// The books of a file that is good throughout, each as its debug text, and nothing left out.
#[cfg(test)]
pub(crate) fn read_books<R: Read + Seek + 'static>(file: R) -> Result<Vec<String>> {
    let rows = File::open(file, None, None)?.rows().map(|row| {
        let row = row?;
        assert!(row.warnings.is_empty(), "{:?}", row.warnings);
        Ok(format!("{:?}", row.book().expect("the row is a book")))
    });
    rows.collect()
}
