//! Export of all data of an account. Books are read page by page, since they may not fit into memory.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Account, Actor, Context, Result,
    access::Action,
    books::{self, Book, BookQuery, BookSort, Filters, SparseBook},
    users::{self, User},
};

/// Books per database query.
const AT_A_TIME: u64 = 100;

/// Declares the document. Each part is named after its table, and holds every row of the account.
macro_rules! document {
    ($($part:ident: $type:ty = $read:path, $text:literal;)+) => {
        /// All data of an account.
        #[derive(Debug, Serialize, ToSchema)]
        #[schema(as = Export)]
        pub struct OwnDataDocument {
            /// Time of the export, UTC.
            pub exported_at: DateTime<Utc>,
            /// The account.
            pub account: User,
            /// New address of the account that is not confirmed yet; null if no change is under way.
            #[schema(format = "email")]
            pub pending_email: Option<String>,
            $(#[doc = $text] pub $part: Vec<$type>,)+
            /// Books that the account added, the oldest first.
            pub books: Vec<Book>,
        }

        /// Reads the document, without its books.
        async fn read(cx: &Context, actor: &Account) -> Result<OwnDataDocument> {
            let account = users::find_own(cx, actor.id).await?;
            Ok(OwnDataDocument {
                exported_at: cx.clock().now().to_utc(),
                pending_email: account.pending_email.clone(),
                account: account.into(),
                $($part: $read(cx, actor).await?,)+
                books: Vec::new(),
            })
        }
    };
}

document! {
    sessions: crate::sessions::SessionRecord = crate::sessions::records, "Sessions, the newest first.";
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
    let account = actor.require_account(Action::ExportMe)?;
    let document = read(cx, account).await?;
    Ok(OwnData { owner: account.id, document, progress: ExportProgress::Start })
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
