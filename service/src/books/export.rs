//! Export of books as a file, for `GET /books/export` and `bookly export`.
//!
//! Books are read in batches, the oldest first, each after the last id of the previous batch: no transaction stays
//! open and only one batch is in memory. Columns that the import does not read are left out: ids, versions, times and
//! owners. An export that is imported into an empty catalogue and exported again is identical to the byte.

mod line;

use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use self::line::Line;
use super::{Filters, search::Matches};
use crate::{Actor, Context, Db, Result, access::Action, db::Class};
use entity::books::Column;

/// Books of the first batch.
const FIRST_BATCH: usize = 100;

/// Maximum number of books of a batch.
const BATCH: usize = 1000;

/// Target size of a batch in bytes.
const BATCH_BYTES: usize = 512 * 1024;

/// File formats of an export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// A table with a row for each book.
    #[default]
    Csv,
    /// A book on each line, in the format of `POST /books`.
    Ndjson,
}

impl ExportFormat {
    /// Media type of the format.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// Name of an exported file.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Csv => "books.csv",
            Self::Ndjson => "books.ndjson",
        }
    }
}

/// Query parameters of the export, beside its filters.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// Format of the file.
    pub format: ExportFormat,
}

/// Export in progress.
pub struct BookExport {
    db: Db,
    filters: Filters,
    format: ExportFormat,
    /// First batch, which is read before the response starts.
    head: Option<Vec<u8>>,
    /// Id of the last book that was read.
    last: Option<Uuid>,
    batch: usize,
    ended: bool,
}

/// Starts an export and reads its first batch.
pub async fn open(cx: &Context, actor: &Actor, filters: Filters, query: ExportQuery) -> Result<BookExport> {
    actor.require(Action::ExportBooks)?;
    filters.validate()?;
    let ExportQuery { format } = query;
    let mut export = BookExport {
        db: cx.db.clone(),
        filters,
        format,
        head: None,
        last: None,
        batch: FIRST_BATCH,
        ended: false,
    };
    let mut head = match format {
        ExportFormat::Csv => line::header()?,
        ExportFormat::Ndjson => Vec::new(),
    };
    head.extend(export.read().await?);
    export.head = Some(head);
    Ok(export)
}

impl BookExport {
    /// Format of the file.
    #[must_use]
    pub fn format(&self) -> ExportFormat {
        self.format
    }

    /// Next part of the file; `None` after the last.
    ///
    /// # Errors
    /// Errors of the database. The parts so far are then an incomplete file.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        if let Some(head) = self.head.take() {
            return Ok(Some(head));
        }
        if self.ended { Ok(None) } else { self.read().await.map(Some) }
    }

    /// Reads the next batch.
    async fn read(&mut self) -> Result<Vec<u8>> {
        let Some(mut select) = self.filters.matching(&self.db, Matches::First).await? else {
            self.ended = true;
            return Ok(Vec::new());
        };
        if let Some(last) = self.last {
            select = select.filter(Column::Id.gt(last));
        }
        let select =
            select.select_only().columns(line::COLUMNS).order_by_asc(Column::Id).limit(self.batch as u64);
        let lines = self.db.read(Class::Export, select.into_model::<Line>()).all().await?;
        self.ended = lines.len() < self.batch;
        self.last = lines.last().map(|line| line.id).or(self.last);
        let bytes = match self.format {
            ExportFormat::Csv => line::table(&lines)?,
            ExportFormat::Ndjson => line::json(&lines)?,
        };
        // Adapts the batch to the size of these books.
        self.batch = (lines.len() * BATCH_BYTES / bytes.len().max(1)).clamp(FIRST_BATCH / 10, BATCH);
        Ok(bytes)
    }
}
