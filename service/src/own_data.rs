//! Export of all data of an account. Books are read page by page, since they may not fit into memory.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Actor, Context, Result,
    access::Action,
    books::{self, Book, BookQuery, BookSort, Filters, SparseBook},
    sessions::{self, SessionRecord},
    users::{self, User},
};

/// Books per database query.
const AT_A_TIME: u64 = 100;

/// All data of an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Export)]
pub struct OwnDataDocument {
    /// Time of the export, UTC.
    pub exported_at: DateTime<Utc>,
    /// The account.
    pub account: User,
    /// New address that is not confirmed yet; null if no change is pending.
    #[schema(format = "email")]
    pub pending_email: Option<String>,
    /// Sessions of the account, active or ended, the newest first.
    pub sessions: Vec<SessionRecord>,
    /// Books that the account added, the oldest first.
    pub books: Vec<Book>,
}

/// Export in progress.
#[derive(Debug)]
pub struct OwnData {
    owner: Uuid,
    document: OwnDataDocument,
    progress: ExportProgress,
}

/// Position of the export in the list of books.
#[derive(Debug)]
enum ExportProgress {
    Start,
    Behind(String),
    End,
}

/// Starts the export of all data of the actor's account.
pub async fn export(cx: &Context, actor: &Actor) -> Result<OwnData> {
    let owner = actor.require_account(Action::ExportMe)?.id;
    let account = users::find(cx, owner).await?;
    let sessions = sessions::records(cx, owner, actor.session()).await?;
    let pending_email = account.pending_email.clone();
    let (exported_at, account, books) = (cx.clock().now().to_utc(), account.into(), Vec::new());
    let document = OwnDataDocument { exported_at, account, pending_email, sessions, books };
    Ok(OwnData { owner, document, progress: ExportProgress::Start })
}

impl OwnData {
    /// Document without its books.
    #[must_use]
    pub fn document(&self) -> &OwnDataDocument {
        &self.document
    }

    /// Next books; `None` after the last.
    pub async fn next(&mut self, cx: &Context) -> Result<Option<Vec<SparseBook>>> {
        let cursor = match std::mem::replace(&mut self.progress, ExportProgress::End) {
            ExportProgress::Start => None,
            ExportProgress::Behind(cursor) => Some(cursor),
            ExportProgress::End => return Ok(None),
        };
        let filters = Filters { owner: Some(self.owner), ..Filters::default() };
        let query = BookQuery {
            limit: Some(AT_A_TIME),
            cursor,
            sort: Some(BookSort::CreatedAt),
            ..BookQuery::default()
        };
        let page = books::list(cx, filters, query).await?;
        self.progress = page.next_cursor.map_or(ExportProgress::End, ExportProgress::Behind);
        Ok(Some(page.items))
    }
}
