//! Everything that is held about an account, for its owner to take along. Books come by the page: there may
//! be more of them than memory should hold.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{User, find};
use crate::{
    Actor, Db, Keys, Result,
    access::Action,
    auth::{SessionRecord, session::device},
    books::{self, Book, BookQuery, BookSort, Excerpt},
};
use entity::behavior::now;

/// How many books are read at a time.
const AT_A_TIME: u64 = 100;

/// Everything stored about an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Export)]
pub struct ExportDocument {
    /// Time of the export, UTC.
    pub exported_at: DateTime<Utc>,
    /// The account.
    pub account: User,
    /// New address that is not confirmed yet; null if there is none.
    #[schema(format = "email")]
    pub pending_email: Option<String>,
    /// Sessions, active and ended, the newest first.
    pub sessions: Vec<SessionRecord>,
    /// Books that the account added, the oldest first.
    pub books: Vec<Book>,
}

/// An export that is being read.
#[derive(Debug)]
pub struct Export {
    owner: Uuid,
    document: ExportDocument,
    place: Place,
}

/// How far the books have been read.
#[derive(Debug)]
enum Place {
    Start,
    Behind(String),
    End,
}

/// Begins to read everything that is held about the account in use.
pub async fn export(db: &Db, actor: &Actor) -> Result<Export> {
    let owner = actor.own_account(Action::ExportMe)?;
    let account = find(db, owner).await?;
    let sessions = device::records(db, owner, actor.session).await?;
    let pending_email = account.pending_email.clone();
    let (exported_at, account, books) = (now().to_utc(), account.into(), Vec::new());
    let document = ExportDocument { exported_at, account, pending_email, sessions, books };
    Ok(Export { owner, document, place: Place::Start })
}

impl Export {
    /// The document, its books left out.
    #[must_use]
    pub fn document(&self) -> &ExportDocument {
        &self.document
    }

    /// The next books; nothing behind the last.
    pub async fn next(&mut self, db: &Db, keys: &Keys) -> Result<Option<Vec<Excerpt>>> {
        let cursor = match std::mem::replace(&mut self.place, Place::End) {
            Place::Start => None,
            Place::Behind(cursor) => Some(cursor),
            Place::End => return Ok(None),
        };
        let query = BookQuery {
            limit: Some(AT_A_TIME),
            cursor,
            sort: Some(BookSort::CreatedAt),
            owner: Some(self.owner),
            ..BookQuery::default()
        };
        let page = books::list(db, keys, query).await?;
        self.place = page.next_cursor.map_or(Place::End, Place::Behind);
        Ok(Some(page.items))
    }
}
