//! Taking books out as a file. `GET /books/export` and `bookly export` are this one operation.
//!
//! The books are read a few at a time, each time from where the last ones ended, the oldest first: no
//! transaction stays open and nothing is held but what is being sent. What the import does not bring back is
//! left out: ids, versions, times and owners. So an export that is imported into an empty catalogue and
//! exported again is the same to the byte.

mod line;

use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use self::line::Line;
use super::{Filters, search::Matches};
use crate::{Actor, Context, Db, Result, access::Action};
use entity::books::Column;

/// How many books are read at first.
const FIRST_BATCH: usize = 100;

/// The most books that are read at a time.
const BATCH: usize = 1000;

/// How many bytes a batch should have.
const BATCH_BYTES: usize = 512 * 1024;

/// The formats that can be written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// A table, a book on each row.
    #[default]
    Csv,
    /// A book on each line, as `POST /books` takes it.
    Ndjson,
}

impl ExportFormat {
    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// What a file of it is called.
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

/// An export under way.
pub struct BookExport {
    db: Db,
    filters: Filters,
    format: ExportFormat,
    /// What was read before anybody asked for it.
    head: Option<Vec<u8>>,
    /// The last book that was read.
    last: Option<Uuid>,
    batch: usize,
    ended: bool,
}

/// Begins an export; its first part is read already.
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
    /// The format of the file.
    #[must_use]
    pub fn format(&self) -> ExportFormat {
        self.format
    }

    /// The next part of the file; none behind the last one.
    ///
    /// # Errors
    /// What the database says. What was written so far is not the whole file then.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        if let Some(head) = self.head.take() {
            return Ok(Some(head));
        }
        if self.ended { Ok(None) } else { self.read().await.map(Some) }
    }

    /// Reads the next books.
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
        let lines = self.db.read(async |conn| select.clone().into_model::<Line>().all(conn).await).await?;
        self.ended = lines.len() < self.batch;
        self.last = lines.last().map(|line| line.id).or(self.last);
        let bytes = match self.format {
            ExportFormat::Csv => line::table(&lines)?,
            ExportFormat::Ndjson => line::json(&lines)?,
        };
        // As many as have about the size that a batch should have, whatever these books are like.
        self.batch = (lines.len() * BATCH_BYTES / bytes.len().max(1)).clamp(FIRST_BATCH / 10, BATCH);
        Ok(bytes)
    }
}
