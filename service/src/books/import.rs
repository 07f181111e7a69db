//! Import of books from files of other programs: the operation of `POST /books/import` and `bookly import`.
//!
//! A thread reads the file row by row and sends batches; the writer matches each row with the catalogue and writes it.
//! Neither holds the whole file or remembers its rows: the database finds rows of the same book. Only an atomic import
//! of an account is in memory as a whole, and small.

mod array;
mod batch;
mod charset;
mod date;
mod delimiter;
mod draft;
mod file;
mod format;
mod isbn;
mod known;
mod language;
mod matcher;
mod merge;
mod source;
mod text;
mod work_keys;
mod writer;

use std::io::{Read, Seek};

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use self::{
    source::{FileSize, Source},
    writer::Writer,
};
use crate::{
    Actor, Context, Error, Result,
    access::Action,
    admission::Admission,
    limit::RateLimit,
    report::{ImportFormat, ImportReport},
    security::Event,
    throttle::Subject,
};

/// Maximum number of rows of a file that an account imports.
pub const MAX_ROWS: usize = 200_000;

/// Maximum number of rows of a file that an account imports in one transaction: other writers of SQLite wait for it.
pub const ATOMIC_ROWS: usize = 5_000;

/// Maximum size of such a file in MiB.
pub const ATOMIC_MIB: u64 = 8;

/// Rows of a batch.
const BATCH: usize = 1000;

/// Numbers of rows, ids or keys per statement. Drivers and databases cache each distinct statement, so there are few
/// sizes.
const STATEMENT_SIZES: [usize; 4] = [BATCH, 100, 10, 1];

/// Treatment of valid rows in a file with invalid ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImportMode {
    /// One invalid row, and nothing is written. All rows are written in one transaction.
    #[default]
    Atomic,
    /// Valid rows are written, invalid ones reported. Rows are written in steps, each in a transaction of its own.
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

/// Admits an import of the actor, before its file is read.
///
/// # Errors
/// [`Error::Throttled`] if the database has worked too long on imports of the account, [`Error::ImportRunning`] if
/// another import of the account has not ended, [`Error::ImportsBusy`] if there are too many.
pub async fn admit(cx: &Context, actor: &Actor) -> Result<Admission> {
    let account = actor.require_account(Action::ImportBooks)?.id;
    cx.throttle().require(RateLimit::ImportTime, Subject::User(account)).await?;
    cx.imports().admit(account)
}

/// Imports the books of a file for the actor.
///
/// # Errors
/// [`Error::UnknownFormat`], [`Error::UnreadableFile`], [`Error::TooManyRows`] and [`Error::AtomicTooLarge`] for the
/// file; [`Error::ImportFailed`] for invalid rows in atomic mode, which writes nothing then.
pub async fn run<R>(
    cx: &Context,
    actor: &Actor,
    admission: Admission,
    file: R,
    options: ImportOptions,
) -> Result<ImportReport>
where
    R: Read + Seek + Send + 'static,
{
    actor.require(Action::ImportBooks)?;
    options.validate()?;
    let is_operator = admission.account().is_none();
    let outcome = import(cx, actor, admission, Source::new(file, &options), &options).await;
    let truncation = cx.db.clone().truncate_log();
    if is_operator {
        truncation.await;
    } else {
        tokio::spawn(truncation);
    }
    match &outcome {
        Ok(report) => log(actor, report),
        Err(Error::ImportFailed(report)) => log(actor, report),
        Err(_) => {}
    }
    outcome
}

/// Chooses the transactions of an import. An atomic import of an account is in memory as a whole; that of the operator
/// may be too large.
async fn import<R>(
    cx: &Context,
    actor: &Actor,
    admission: Admission,
    source: Source<R>,
    options: &ImportOptions,
) -> Result<ImportReport>
where
    R: Read + Seek + Send + 'static,
{
    let is_operator = admission.account().is_none();
    let size = if is_operator { FileSize::Unknown } else { source.size().await? };
    let file = source.open().await?;
    work_keys::complete(&cx.db, actor.id()).await?;
    let writer = Writer::open(cx, actor, admission, options, (&file, size)).await?;
    match (options.mode, is_operator, options.dry_run) {
        (ImportMode::Atomic, false, _) => writer.at_once(source.rows(file)).await,
        (ImportMode::Atomic, true, false) => {
            drop(file);
            writer.in_one_transaction(async || Ok(source.rows(source.open().await?))).await
        }
        (ImportMode::Atomic, true, true) | (ImportMode::Partial, ..) => {
            writer.in_steps(source.rows(file)).await
        }
    }
}

fn log(actor: &Actor, report: &ImportReport) {
    let ImportReport { rows, created, updated, failed, dry_run, .. } = *report;
    Event::Imported { actor: actor.into(), rows, created, updated, failed, dry_run }.log();
}

/// Pads values to the next statement size by repeating the last. No batch exceeds the largest size.
fn padded<T: Clone>(values: &[T]) -> Vec<T> {
    let mut values = values.to_vec();
    let size = STATEMENT_SIZES.into_iter().rev().find(|size| *size >= values.len());
    if let (Some(size), Some(last)) = (size, values.last().cloned()) {
        values.resize(size, last);
    }
    values
}

/// Books of an entirely valid file, each as its debug text.
#[cfg(test)]
pub(crate) fn read_books<R: Read + Seek + 'static>(file: R) -> Result<Vec<String>> {
    let rows = file::File::open(file, None, None)?.rows().map(|row| {
        let row = row?;
        assert!(row.warnings.is_empty(), "{:?}", row.warnings);
        Ok(format!("{:?}", row.book().expect("the row is a book")))
    });
    rows.collect()
}
