//! Import of books from files of other programs: the operation of `POST /books/import` and `bookly import`.
//!
//! A thread reads the file row by row and sends batches; the writer matches each row with the catalogue and writes it.
//! Neither holds the whole file or remembers its rows: the database finds rows of the same book.

mod charset;
mod date;
mod draft;
mod file;
mod format;
mod matcher;
mod merge;
mod text;
mod writer;

use std::io::{Read, Seek};

use serde::Deserialize;
use tokio::sync::{Semaphore, mpsc};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use self::{file::File, format::ImportRow, writer::Writer};
use crate::{
    Actor, Context, Error, Result,
    access::Action,
    db::TransactionOutcome,
    report::{ImportFormat, ImportReport},
    security::Event,
};

/// Rows of a batch.
const BATCH: usize = 1000;

/// Numbers of rows, ids or keys per statement. Drivers and databases cache each distinct statement, so there are few
/// sizes.
const STATEMENT_SIZES: [usize; 4] = [BATCH, 100, 10, 1];

/// Maximum text of a batch in bytes, except for its last row.
const BATCH_BYTES: usize = 1024 * 1024;

/// Batches that may wait for the database.
const BATCHES_AHEAD: usize = 2;

/// Lock for one import at a time: two imports of the same books in different order would deadlock.
static IMPORT_LOCK: Semaphore = Semaphore::const_new(1);

/// Treatment of valid rows in a file with invalid ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImportMode {
    /// One invalid row, and nothing is written.
    #[default]
    Atomic,
    /// Valid rows are written, invalid ones reported.
    Partial,
}

/// Treatment of a book that is already in the catalogue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnConflict {
    /// The book stays as it is.
    #[default]
    Ignore,
    /// The book is updated from the file, if the account may do so.
    Update,
}

/// Query parameters of an import.
#[derive(Debug, Default, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ImportOptions {
    /// Format of the file; detected by default.
    #[param(nullable = false)]
    pub format: Option<ImportFormat>,
    /// Character encoding, a label of the WHATWG Encoding Standard; detected by default.
    #[validate(length(min = 1, max = 40), custom(function = "charset::valid"))]
    #[param(min_length = 1, max_length = 40, example = "windows-1252", nullable = false)]
    pub charset: Option<String>,
    /// True to change nothing and return the same report.
    pub dry_run: bool,
    /// Treatment of valid rows in a file with invalid ones.
    pub mode: ImportMode,
    /// Treatment of a book that is already in the catalogue.
    pub on_conflict: OnConflict,
}

/// Imports the books of a file for the actor. A file of more than `max_rows` rows is rejected.
///
/// # Errors
/// [`Error::UnknownFormat`], [`Error::UnreadableFile`] and [`Error::TooManyRows`] for the file;
/// [`Error::ImportFailed`] for invalid rows in atomic mode, which writes nothing then.
pub async fn run<R>(
    cx: &Context,
    actor: &Actor,
    mut file: R,
    options: ImportOptions,
    max_rows: Option<usize>,
) -> Result<ImportReport>
where
    R: Read + Seek + Send + 'static,
{
    actor.require(Action::ImportBooks)?;
    options.validate()?;
    let _lock = IMPORT_LOCK.acquire().await.map_err(Error::internal)?;
    let (format, charset) = (options.format, options.charset.clone());
    let file = tokio::task::spawn_blocking(move || {
        let charset = charset.as_deref();
        max_rows.map_or(Ok(()), |max_rows| limit(&mut file, format, charset, max_rows))?;
        File::open(file, format, charset)
    });
    let file = file.await.map_err(Error::internal)??;
    let (atomic, dry_run) = (options.mode == ImportMode::Atomic, options.dry_run);
    let writer = Writer::new(cx.clone(), actor.clone(), &options, file.format(), file.charset());
    let batches = read(file, options.mode);
    let outcome = if atomic || dry_run {
        cx.db.transaction(move |txn| Box::pin(write_all(txn, writer, batches, atomic, dry_run))).await?
    } else {
        write_batches(cx, writer, batches).await
    };
    match &outcome {
        Ok(report) => log(actor, report),
        Err(Error::ImportFailed(report)) => log(actor, report),
        Err(_) => {}
    }
    outcome
}

fn log(actor: &Actor, report: &ImportReport) {
    let ImportReport { rows, created, updated, failed, dry_run, .. } = *report;
    Event::Imported { actor: actor.into(), rows, created, updated, failed, dry_run }.log();
}

/// Rejects a file of more than `max_rows` rows.
fn limit<R: Read + Seek>(
    file: &mut R,
    format: Option<ImportFormat>,
    charset: Option<&str>,
    max_rows: usize,
) -> Result<()> {
    // Counting rows requires parsing. A file with fewer line ends cannot have too many rows.
    if file::line_ends(file)? < max_rows {
        return Ok(());
    }
    let surplus = File::open(file, format, charset)?.rows().nth(max_rows);
    surplus.map_or(Ok(()), |_| Err(Error::TooManyRows(max_rows)))
}

/// Writes all batches in one transaction, and rolls it back after a failed row or in a trial.
async fn write_all(
    txn: &sea_orm::DatabaseTransaction,
    mut writer: Writer,
    mut batches: mpsc::Receiver<Result<Vec<ImportRow>>>,
    atomic: bool,
    dry_run: bool,
) -> Result<TransactionOutcome<Result<ImportReport>>> {
    while let Some(batch) = batches.recv().await {
        writer.write(txn, batch?).await?;
    }
    writer.confirm(txn).await?;
    let report = writer.into_report();
    if atomic && report.failed > 0 {
        return Ok(TransactionOutcome::Rollback(Err(Error::ImportFailed(Box::new(
            report.nothing_written(),
        )))));
    }
    Ok(if dry_run {
        TransactionOutcome::Rollback(Ok(report))
    } else {
        TransactionOutcome::Commit(Ok(report))
    })
}

/// Writes each batch in a transaction of its own.
async fn write_batches(
    cx: &Context,
    mut writer: Writer,
    mut batches: mpsc::Receiver<Result<Vec<ImportRow>>>,
) -> Result<ImportReport> {
    while let Some(batch) = batches.recv().await {
        let batch = batch?;
        writer = cx
            .db
            .transaction(move |txn| {
                Box::pin(async move {
                    writer.write(txn, batch).await?;
                    writer.confirm(txn).await?;
                    Ok(TransactionOutcome::Commit(writer))
                })
            })
            .await?;
    }
    Ok(writer.into_report())
}

/// Reads the file on its own thread, a few batches ahead. In partial mode, rows before an unreadable place are kept.
fn read<R: Read + Send + 'static>(file: File<R>, mode: ImportMode) -> mpsc::Receiver<Result<Vec<ImportRow>>> {
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut batch = Vec::with_capacity(BATCH);
        let mut bytes = 0;
        for row in file.rows() {
            let row = match (row, mode) {
                (Ok(row), _) => row,
                (Err(unreadable), ImportMode::Partial) => unreadable.into_row(),
                (Err(unreadable), ImportMode::Atomic) => {
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

/// Pads values to the next statement size by repeating the last. No batch exceeds the largest size.
fn padded<T: Clone>(mut values: Vec<T>) -> Vec<T> {
    let size = STATEMENT_SIZES.into_iter().rev().find(|size| *size >= values.len());
    if let (Some(size), Some(last)) = (size, values.last().cloned()) {
        values.resize(size, last);
    }
    values
}

/// Books of an entirely valid file, each as its debug text.
#[cfg(test)]
pub(crate) fn read_books<R: Read + Seek + 'static>(file: R) -> Result<Vec<String>> {
    let rows = File::open(file, None, None)?.rows().map(|row| {
        let row = row?;
        assert!(row.warnings.is_empty(), "{:?}", row.warnings);
        Ok(format!("{:?}", row.book().expect("the row is a book")))
    });
    rows.collect()
}
