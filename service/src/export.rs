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
use crate::{
    Actor, Db, Result,
    access::Action,
    books::{BookQuery, Extent},
};
use entity::books::Column;

/// How many books are read at first.
const FIRST_BATCH: usize = 100;

/// The most books that are read at a time.
const BATCH: usize = 1000;

/// How many bytes a batch should have.
const BATCH_BYTES: usize = 512 * 1024;

/// Format of an exported file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ExportFormat)]
pub enum Format {
    /// A table, a book on each row.
    #[default]
    Csv,
    /// A book on each line, as `POST /books` takes it.
    Ndjson,
}

impl Format {
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

/// Which books, and in which format.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// The format of the file.
    pub format: Format,
    /// Only books with these words, as the list finds them.
    #[param(min_length = 1, max_length = 200, nullable = false)]
    pub q: Option<String>,
    /// Only books of exactly this author.
    #[param(min_length = 1, max_length = 500, nullable = false)]
    pub author: Option<String>,
    /// Only books in this language, a BCP 47 tag: `en` covers `en-GB` (RFC 4647, basic filtering).
    #[param(nullable = false)]
    pub language: Option<String>,
    /// Only books of exactly this publisher.
    #[param(min_length = 1, max_length = 500, nullable = false)]
    pub publisher: Option<String>,
    /// Only the book with this ISBN-10 or ISBN-13.
    #[param(nullable = false)]
    pub isbn: Option<String>,
    /// Only books that this account added.
    #[param(nullable = false)]
    pub owner: Option<Uuid>,
    /// Only books published then or later: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[param(nullable = false, pattern = "^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$")]
    pub published_from: Option<String>,
    /// Only books published then or earlier: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[param(nullable = false, pattern = "^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$")]
    pub published_to: Option<String>,
}

impl ExportQuery {
    /// The same filters on a list.
    fn books(self) -> BookQuery {
        BookQuery {
            q: self.q,
            author: self.author,
            language: self.language,
            publisher: self.publisher,
            isbn: self.isbn,
            owner: self.owner,
            published_from: self.published_from,
            published_to: self.published_to,
            ..BookQuery::default()
        }
    }
}

/// An export under way.
pub struct Export {
    db: Db,
    query: BookQuery,
    format: Format,
    /// What was read before anybody asked for it.
    head: Option<Vec<u8>>,
    /// The last book that was read.
    last: Option<Uuid>,
    batch: usize,
    ended: bool,
}

/// Begins an export; its first part is read already.
pub async fn open(db: &Db, actor: &Actor, query: ExportQuery) -> Result<Export> {
    actor.may(Action::ExportBooks)?;
    let format = query.format;
    let query = query.books();
    query.validate()?;
    let mut export =
        Export { db: db.clone(), query, format, head: None, last: None, batch: FIRST_BATCH, ended: false };
    let mut head = match format {
        Format::Csv => line::header()?,
        Format::Ndjson => Vec::new(),
    };
    head.extend(export.read().await?);
    export.head = Some(head);
    Ok(export)
}

impl Export {
    /// The format of the file.
    #[must_use]
    pub fn format(&self) -> Format {
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
        let Some(mut select) = self.query.matching(&self.db, Extent::First).await? else {
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
            Format::Csv => line::table(&lines)?,
            Format::Ndjson => line::json(&lines)?,
        };
        // As many as have about the size that a batch should have, whatever these books are like.
        self.batch = (lines.len() * BATCH_BYTES / bytes.len().max(1)).clamp(FIRST_BATCH / 10, BATCH);
        Ok(bytes)
    }
}
