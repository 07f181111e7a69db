//! Export of all data of an account, as a stream: every part is read page by page, since it may not fit into memory.

use std::pin::Pin;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Account, Actor, Context, Error, Result,
    access::Action,
    books::{self, Book},
    page::Page,
    sessions::{self, SessionRecord},
    users::{self, User},
};

/// Reader of a page of a part, as JSON texts.
type Read = for<'r> fn(
    &'r Context,
    &'r Account,
    Option<String>,
) -> Pin<Box<dyn Future<Output = Result<Page<String>>> + 'r>>;

/// Declares the document. Each part is named after its table, holds every row of the account, and is read page by page:
/// by the context, the account and the cursor of the page.
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
        }

        /// Parts of the document, in their order.
        const PARTS: &[(&str, Read)] = &[$((stringify!($part), |cx, account, cursor| {
            Box::pin(async move { texts(&$read(cx, account, cursor).await?) })
        }),)+];
    };
}

document! {
    sessions: SessionRecord = sessions::of_account, "Sessions, the newest first.";
    books: Book = books::of_account, "Books that the account added, the oldest first.";
}

/// Start of the document, before its parts.
#[derive(Serialize)]
struct Head {
    exported_at: DateTime<Utc>,
    account: User,
    pending_email: Option<String>,
}

/// Export in progress.
#[derive(Debug)]
pub struct OwnData {
    cx: Context,
    account: Account,
    /// Start of the document, until it is taken.
    head: Option<String>,
    /// Index of the part that is read.
    part: usize,
    /// Next page of the part; none at its start.
    cursor: Option<String>,
}

/// Starts the export of all data of the actor's account.
pub async fn export(cx: &Context, actor: &Actor) -> Result<OwnData> {
    let account = actor.require_account(Action::ExportMe)?.clone();
    let user = users::find_own(cx, account.id).await?;
    let head = Head {
        exported_at: cx.clock().now().to_utc(),
        pending_email: user.pending_email.clone(),
        account: user.into(),
    };
    let mut head = serde_json::to_string(&head).map_err(Error::internal)?;
    // The parts are further fields of the same object.
    head.pop();
    let mut cx = cx.clone();
    cx.db = cx.db.for_export();
    Ok(OwnData { cx, account, head: Some(head), part: 0, cursor: None })
}

impl OwnData {
    /// Username of the account.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.account.username
    }

    /// Next piece of the JSON document; `None` after the last.
    ///
    /// # Errors
    /// Errors of the database. The pieces so far are then an incomplete document.
    pub async fn next(&mut self) -> Result<Option<String>> {
        if let Some(head) = self.head.take() {
            return Ok(Some(head));
        }
        let Some((name, read)) = PARTS.get(self.part) else { return Ok(None) };
        let cursor = self.cursor.take();
        let mut piece = match &cursor {
            None => format!(",\"{name}\":["),
            Some(_) => String::new(),
        };
        let page = read(&self.cx, &self.account, cursor).await?;
        let follows = piece.is_empty() && !page.items.is_empty();
        piece += if follows { "," } else { "" };
        piece += &page.items.join(",");
        self.cursor = page.next_cursor;
        if self.cursor.is_none() {
            self.part += 1;
            piece += if self.part == PARTS.len() { "]}" } else { "]" };
        }
        Ok(Some(piece))
    }
}

/// Page with each item as JSON.
fn texts<T: Serialize>(page: &Page<T>) -> Result<Page<String>> {
    let items: std::result::Result<_, _> = page.items.iter().map(serde_json::to_string).collect();
    let (items, next_cursor) = (items.map_err(Error::internal)?, page.next_cursor.clone());
    Ok(Page { items, next_cursor, total: None })
}
