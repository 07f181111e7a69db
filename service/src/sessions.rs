//! Lifecycle of a session: started at log-in, rotated by each refresh, revoked once. Its public view is in [`device`].

mod device;
mod ended;
mod expired;
mod known_device;
mod rotation;
pub(crate) mod token;

use std::net::IpAddr;

use chrono::TimeDelta;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction,
    EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, prelude::DateTimeWithTimeZone,
    sea_query::Expr,
};
use uuid::Uuid;

pub use self::device::{
    Session, SessionQuery, SessionRecord, end as end_session, end_others as end_other_sessions, list,
};
pub(crate) use self::{
    device::of_account,
    ended::cleanup,
    expired::end_expired,
    known_device::{KnownDevice, knows_network},
    rotation::rotate,
};
use crate::{
    Actor, Context, Db, DeviceToken, Error, Result,
    db::{Class, Priority},
    error::chain,
    lifetime,
};
use entity::{
    sessions::{ActiveModel, Column, Entity, Model},
    users,
};

/// Lifetime of an unused session.
const IDLE: TimeDelta = lifetime::SESSION_IDLE;

/// Lifetime of any session.
const ABSOLUTE: TimeDelta = lifetime::SESSION;

/// Time during which a used token returns its successor once more, since a response may get lost.
const GRACE: TimeDelta = lifetime::REFRESH_GRACE;

/// Maximum number of active sessions of an account.
const MAX_SESSIONS: usize = 20;

/// Precision of the time of last use. A write for each request would be too expensive.
const LAST_USE: TimeDelta = TimeDelta::minutes(1);

/// Characters of a `User-Agent` that are stored.
const USER_AGENT_LENGTH: usize = 255;

/// Device that logs in, as described by its request.
#[derive(Debug, Clone, Default)]
pub struct DeviceInfo {
    /// `User-Agent` header.
    pub user_agent: Option<String>,
    /// IP address.
    pub ip: Option<IpAddr>,
    /// Token of an earlier log-in on the device.
    pub token: Option<DeviceToken>,
}

/// Active session, for which tokens can be issued.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Live {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) generation: i64,
    /// Time until the refresh token expires.
    pub(crate) expires_in: TimeDelta,
}

impl Live {
    fn new(session: &Model, now: DateTimeWithTimeZone) -> Self {
        Self {
            id: session.id,
            user_id: session.user_id,
            generation: session.generation,
            expires_in: Ord::min(session.idle_expires_at, session.expires_at) - now,
        }
    }
}

/// Verified log-in, for which a session can start.
#[derive(Clone)]
pub(crate) struct Checked {
    pub(crate) user_id: Uuid,
    /// Stored hash that the password matched.
    pub(crate) password_hash: String,
    /// Replacement for an outdated hash.
    pub(crate) new_hash: Option<String>,
    pub(crate) device: DeviceInfo,
}

/// Starts a session. Returns `None` if the account was disabled or its password changed since it was verified. Over
/// the maximum, the least recently used sessions are revoked and their ids returned.
pub(crate) async fn start(cx: &Context, checked: Checked) -> Result<Option<(Live, Vec<Uuid>)>> {
    let now = cx.clock().now();
    let db = cx.db.with_priority(Priority::First);
    db.write(checked, move |txn, checked| Box::pin(start_in(txn, checked, now))).await
}

async fn start_in(
    txn: &DatabaseTransaction,
    checked: Checked,
    now: DateTimeWithTimeZone,
) -> Result<Option<(Live, Vec<Uuid>)>> {
    let Checked { user_id, password_hash, new_hash, device } = checked;
    let user = users::Entity::find_by_id(user_id).lock_exclusive().one(txn).await?;
    if !user.is_some_and(|user| user.is_active && user.password_hash == password_hash) {
        return Ok(None);
    }
    if let Some(new_hash) = new_hash {
        users::Entity::update_many()
            .col_expr(users::Column::PasswordHash, new_hash.into())
            .filter(users::Column::Id.eq(user_id))
            .exec(txn)
            .await?;
    }
    let surplus = end_surplus(txn, user_id, now).await?;
    ended::delete_surplus(txn, user_id, now).await?;
    let user_agent = device
        .user_agent
        .map(|name| name.chars().filter(|c| !c.is_control()).take(USER_AGENT_LENGTH).collect());
    let session = ActiveModel {
        user_id: Set(user_id),
        created_at: Set(now),
        rotated_at: Set(now),
        last_seen_at: Set(now),
        idle_expires_at: Set(now + IDLE),
        expires_at: Set(now + ABSOLUTE),
        user_agent: Set(user_agent),
        ip: Set(device.ip.map(|ip| ip.to_string())),
        ..ActiveModelBehavior::new()
    };
    Ok(Some((Live::new(&session.insert(txn).await?, now), surplus)))
}

/// Revokes the least recently used sessions of a user, so that there is room for another. Returns their ids.
async fn end_surplus(
    txn: &DatabaseTransaction,
    user_id: Uuid,
    now: DateTimeWithTimeZone,
) -> Result<Vec<Uuid>> {
    let mut others: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::UserId.eq(user_id))
        .filter(alive(now))
        .order_by_desc(Column::LastSeenAt)
        .order_by_desc(Column::Id)
        .into_tuple()
        .all(txn)
        .await?;
    let surplus = others.split_off(Ord::min(others.len(), MAX_SESSIONS - 1));
    if !surplus.is_empty() {
        revoke(txn, now, Condition::all().add(Column::Id.is_in(surplus.iter().copied()))).await?;
    }
    Ok(surplus)
}

/// Account of an active session. Updates the time of its last use.
pub(crate) async fn owner(cx: &Context, id: Uuid) -> Result<Option<users::Model>> {
    let now = cx.clock().now();
    let found = cx
        .db
        .read(Class::Key, Entity::find_by_id(id).filter(alive(now)).find_also_related(users::Entity))
        .one()
        .await?;
    if found.as_ref().is_some_and(|(session, _)| session.last_seen_at <= now - LAST_USE) {
        record_use(cx.db.clone(), id, now);
    }
    Ok(found.and_then(|(_, user)| user))
}

/// Number of active sessions of an account.
pub(crate) async fn active(cx: &Context, user_id: Uuid) -> Result<u64> {
    let select = Entity::find().filter(Column::UserId.eq(user_id)).filter(alive(cx.clock().now()));
    cx.db.count(Class::List, select).await
}

/// Requires, at the end of a long transaction, that the actor still has its session, role and verification. The
/// operator has no session.
///
/// # Errors
/// [`Error::InvalidToken`] otherwise.
pub(crate) async fn confirm(
    txn: &DatabaseTransaction,
    actor: &Actor,
    now: DateTimeWithTimeZone,
) -> Result<()> {
    let Some(id) = actor.session() else { return Ok(()) };
    // Locked, so that a transaction of MariaDB reads the latest committed rows.
    let session = Entity::find_by_id(id).filter(alive(now)).lock_shared().one(txn).await?;
    let user_id = session.ok_or(Error::InvalidToken)?.user_id;
    actor.require_unchanged(users::Entity::find_by_id(user_id).lock_shared().one(txn).await?)
}

/// Updates the time of last use in the background. A lost update is harmless: the next request repeats it.
fn record_use(db: Db, id: Uuid, now: DateTimeWithTimeZone) {
    let update = async move {
        db.write((), move |txn, ()| {
            Box::pin(async move {
                Entity::update_many()
                    .col_expr(Column::LastSeenAt, now.into())
                    .col_expr(Column::IdleExpiresAt, idle_limit(now))
                    .filter(Column::Id.eq(id))
                    .filter(Column::LastSeenAt.lte(now - LAST_USE))
                    .filter(alive(now))
                    .exec(txn)
                    .await?;
                Ok(())
            })
        })
        .await
    };
    tokio::spawn(async move {
        if let Err(error) = update.await {
            log::debug!("recording the use of a session failed: {}", chain(&error));
        }
    });
}

/// Revokes a session.
pub(crate) async fn end(cx: &Context, id: Uuid) -> Result<()> {
    let (now, which) = (cx.clock().now(), Condition::all().add(Column::Id.eq(id)));
    cx.db
        .write(which, move |txn, which| Box::pin(async move { revoke(txn, now, which).await.map(drop) }))
        .await
}

/// Revokes a session of a user; returns whether it was active.
async fn end_own(cx: &Context, user_id: Uuid, id: Uuid) -> Result<bool> {
    let now = cx.clock().now();
    let which = alive(now).add(Column::Id.eq(id)).add(Column::UserId.eq(user_id));
    cx.db
        .write(which, move |txn, which| Box::pin(async move { Ok(revoke(txn, now, which).await? > 0) }))
        .await
}

/// Revokes all sessions of a user.
pub(crate) async fn end_all(
    txn: &DatabaseTransaction,
    now: DateTimeWithTimeZone,
    user_id: Uuid,
) -> Result<()> {
    revoke(txn, now, Condition::all().add(Column::UserId.eq(user_id))).await.map(drop)
}

/// Revokes all sessions of a user except one.
pub(crate) async fn end_others(
    txn: &DatabaseTransaction,
    now: DateTimeWithTimeZone,
    user_id: Uuid,
    kept: Uuid,
) -> Result<()> {
    revoke(txn, now, Condition::all().add(Column::UserId.eq(user_id)).add(Column::Id.ne(kept)))
        .await
        .map(drop)
}

/// Idle limit of a session that is used now: at most its absolute limit.
fn idle_limit(now: DateTimeWithTimeZone) -> Expr {
    let limit = Expr::value(now + IDLE);
    let beyond = Expr::col(Column::ExpiresAt).lt(now + IDLE);
    Expr::case(beyond, Expr::col(Column::ExpiresAt)).finally(limit).into()
}

/// Condition of active sessions: neither revoked nor expired.
fn alive(now: DateTimeWithTimeZone) -> Condition {
    Condition::all()
        .add(Column::RevokedAt.is_null())
        .add(Column::IdleExpiresAt.gt(now))
        .add(Column::ExpiresAt.gt(now))
}

/// Revokes the matching sessions that are not revoked yet, and returns their number.
async fn revoke(txn: &DatabaseTransaction, now: DateTimeWithTimeZone, which: Condition) -> Result<u64> {
    let ended = Entity::update_many()
        .col_expr(Column::RevokedAt, now.into())
        .filter(which)
        .filter(Column::RevokedAt.is_null())
        .exec(txn)
        .await?;
    Ok(ended.rows_affected)
}
