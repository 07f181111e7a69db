//! Sessions as shown to their owner: signed-in devices and their times of use.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Select};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::alive;
use crate::{
    Account, Actor, Context, Error, Result,
    access::Action,
    db::Class,
    error::OrNotFound,
    page::{self, Order, Page, Window, list_query},
    security::{Event, SessionEnd},
};
use entity::sessions::{Column, Entity, Model};

/// Sessions of a page in the export of an account.
const EXPORTED_AT_ONCE: u64 = 100;

/// Session of a signed-in device.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    /// A UUID of version 7.
    pub id: Uuid,
    /// `User-Agent` of the device at log-in.
    #[schema(examples("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"))]
    pub user_agent: Option<String>,
    /// IP address at log-in.
    #[schema(examples("203.0.113.7"))]
    pub ip: Option<String>,
    /// Time of log-in, UTC.
    pub created_at: DateTime<Utc>,
    /// Time of the last use, UTC, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// Time at which it expires unless it is used, UTC.
    pub expires_at: DateTime<Utc>,
    /// True for the session of this request.
    pub is_current: bool,
}

/// Session, active or ended, in an export of your data.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionRecord {
    /// The session.
    #[serde(flatten)]
    pub session: Session,
    /// Time of revocation, UTC; null for a session that is active or expired.
    pub ended_at: Option<DateTime<Utc>>,
}

impl Session {
    fn of(row: Model, current: Option<Uuid>) -> Self {
        Self {
            id: row.id,
            is_current: Some(row.id) == current,
            user_agent: row.user_agent,
            ip: row.ip,
            created_at: row.created_at.to_utc(),
            last_seen_at: row.last_seen_at.to_utc(),
            expires_at: Ord::min(row.idle_expires_at, row.expires_at).to_utc(),
        }
    }
}

list_query! {
    /// Requested part of a list of sessions.
    SessionQuery {}
}

/// Lists the active sessions of the actor, the latest used first.
///
/// # Errors
/// [`Error::InvalidCursor`] for a cursor of another list.
pub async fn list(cx: &Context, actor: &Actor, query: SessionQuery) -> Result<Page<Session>> {
    let owner = actor.require_account(Action::ListSessions)?.id;
    query.validate()?;
    let active = Entity::find().filter(Column::UserId.eq(owner)).filter(alive(cx.clock().now()));
    let page = read(cx, active, Column::LastSeenAt, query.window(), &page::name("sessions", &owner, &query)?)
        .await?;
    Ok(page.map(|row| Session::of(row, actor.session())))
}

/// Reads a page of sessions, the latest by `key` first.
async fn read(
    cx: &Context,
    select: Select<Entity>,
    key: Column,
    window: Window<'_>,
    name: &str,
) -> Result<Page<Model>> {
    let order = Order { key, id: Column::Id, nullable: false, descending: true };
    page::fetch(cx, (Class::List, select, order, window), name, |select| select, |row| row).await
}

/// Revokes a session of the actor, the current one or another.
///
/// # Errors
/// [`Error::NotFound`] for an ended session or one of another account.
pub async fn end(cx: &Context, actor: &Actor, id: Uuid) -> Result<()> {
    let owner = actor.require_account(Action::EndSession)?.id;
    super::end_own(cx, owner, id).await?.then_some(()).or_not_found()?;
    Event::SessionEnded { user: Some(owner), session: id, reason: SessionEnd::Owner }.log();
    Ok(())
}

/// Revokes every session of the actor except the current one.
pub async fn end_others(cx: &Context, actor: &Actor) -> Result<()> {
    let owner = actor.require_account(Action::EndOtherSessions)?.id;
    let kept = actor.session().ok_or(Error::NotSignedIn)?;
    let now = cx.clock().now();
    cx.db.write((), move |txn, ()| Box::pin(super::end_others(txn, now, owner, kept))).await?;
    Event::SessionsEnded { user: owner, actor: actor.into(), reason: SessionEnd::Owner }.log();
    Ok(())
}

/// Stored sessions of an account, active or ended, page by page, the newest first.
pub(crate) async fn of_account(
    cx: &Context,
    account: &Account,
    cursor: Option<String>,
) -> Result<Page<SessionRecord>> {
    let all = Entity::find().filter(Column::UserId.eq(account.id));
    let window = Window { limit: Some(EXPORTED_AT_ONCE), cursor: cursor.as_deref(), ..Window::default() };
    let page = read(cx, all, Column::CreatedAt, window, &page::name("records", &account.id, &())?).await?;
    Ok(page.map(|row| SessionRecord {
        ended_at: row.revoked_at.map(|moment| moment.to_utc()),
        session: Session::of(row, account.session),
    }))
}
