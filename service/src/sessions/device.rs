//! Sessions as shown to their owner: signed-in devices and their times of use.

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::alive;
use crate::{
    Account, Actor, Context, Error, Result,
    access::Action,
    db::Class,
    error::OrNotFound,
    page::Page,
    security::{Event, SessionEnd},
};
use entity::sessions::{Column, Entity, Model};

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

/// Lists the active sessions of the actor, the latest used first, on a single page.
pub async fn list(cx: &Context, actor: &Actor) -> Result<Page<Session>> {
    let id = actor.require_account(Action::ListSessions)?.id;
    let active = Entity::find()
        .filter(Column::UserId.eq(id))
        .filter(alive(cx.clock().now()))
        .order_by_desc(Column::LastSeenAt)
        .order_by_desc(Column::Id);
    let rows = cx.db.read(Class::List, active).all().await?;
    let items = rows.into_iter().map(|row| Session::of(row, actor.session())).collect();
    Ok(Page { items, next_cursor: None, total: None })
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

/// Stored sessions of an account, active or ended, the newest first.
pub(crate) async fn records(cx: &Context, account: &Account) -> Result<Vec<SessionRecord>> {
    let stored = Entity::find().filter(Column::UserId.eq(account.id)).order_by_desc(Column::Id);
    let rows = cx.db.read(Class::List, stored).all().await?;
    let record = |row: Model| SessionRecord {
        ended_at: row.revoked_at.map(|moment| moment.to_utc()),
        session: Session::of(row, account.session),
    };
    Ok(rows.into_iter().map(record).collect())
}
