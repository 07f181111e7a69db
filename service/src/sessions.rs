//! Lifecycle of a session: started at log-in, rotated by each refresh, revoked once. Its public view is in [`device`].
//!
//! A refresh token names a generation of its session. Rotation is one conditional UPDATE, so exactly one of several
//! concurrent refreshes advances the generation; within a short grace period, the others receive the same successor.
//! An older token was copied: the session is revoked (RFC 9700, section 4.14.2).

mod device;
pub(crate) mod token;

use std::net::IpAddr;

use chrono::TimeDelta;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, DatabaseTransaction,
    EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, prelude::DateTimeWithTimeZone,
    sea_query::Expr,
};
use uuid::Uuid;

pub(crate) use self::device::records;
pub use self::device::{Session, SessionRecord, end as end_session, end_others as end_other_sessions, list};
use crate::{Actor, Context, Db, Error, Result, lifetime, security::Event};
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
const MOST: usize = 20;

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
    cx.db.write(move |txn| Box::pin(start_in(txn, checked, now))).await
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
    let surplus = others.split_off(Ord::min(others.len(), MOST - 1));
    if !surplus.is_empty() {
        revoke(txn, now, Condition::all().add(Column::Id.is_in(surplus.iter().copied()))).await?;
    }
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

/// Result of a rotation.
enum Rotation {
    /// The generation was advanced.
    Done(Live),
    /// The token was used before: it was copied, so the session of this account was revoked.
    Replayed(Uuid),
    /// The token is not valid.
    Refused,
}

/// Advances a session from `generation`.
pub(crate) async fn rotate(cx: &Context, id: Uuid, generation: i64) -> Result<Live> {
    let now = cx.clock().now();
    match cx.db.write(move |txn| Box::pin(rotate_in(txn, id, generation, now))).await? {
        Rotation::Done(live) => Ok(live),
        Rotation::Replayed(user) => {
            Event::RefreshReplayed { user, session: id }.log();
            Err(Error::InvalidToken)
        }
        Rotation::Refused => Err(Error::InvalidToken),
    }
}

/// Commits in every case, since a replay revokes the session.
async fn rotate_in(
    txn: &DatabaseTransaction,
    id: Uuid,
    generation: i64,
    now: DateTimeWithTimeZone,
) -> Result<Rotation> {
    // The idle limit may exceed the absolute one: `Live` uses the lesser of the two.
    Entity::update_many()
        .col_expr(Column::Generation, Expr::col(Column::Generation).add(1))
        .col_expr(Column::RotatedAt, now.into())
        .col_expr(Column::LastSeenAt, now.into())
        .col_expr(Column::IdleExpiresAt, (now + IDLE).into())
        .filter(Column::Id.eq(id))
        .filter(Column::Generation.eq(generation))
        .filter(alive(now))
        .exec(txn)
        .await?;
    let Some(session) = Entity::find_by_id(id).lock_exclusive().one(txn).await? else {
        return Ok(Rotation::Refused);
    };
    let live = session.revoked_at.is_none() && session.idle_expires_at > now && session.expires_at > now;
    let successor = session.generation == generation + 1;
    if live && successor && now - session.rotated_at <= GRACE {
        return Ok(Rotation::Done(Live::new(&session, now)));
    }
    if live && session.generation > generation {
        revoke(txn, now, Condition::all().add(Column::Id.eq(id))).await?;
        return Ok(Rotation::Replayed(session.user_id));
    }
    Ok(Rotation::Refused)
}

/// Account of an active session. Updates the time of its last use.
pub(crate) async fn owner(cx: &Context, id: Uuid) -> Result<Option<users::Model>> {
    let now = cx.clock().now();
    let found = cx
        .db
        .read(async |conn| {
            Entity::find_by_id(id).filter(alive(now)).find_also_related(users::Entity).one(conn).await
        })
        .await?;
    if found.as_ref().is_some_and(|(session, _)| session.last_seen_at <= now - LAST_USE) {
        note_use(cx.db.clone(), id, now);
    }
    Ok(found.and_then(|(_, user)| user))
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
fn note_use(db: Db, id: Uuid, now: DateTimeWithTimeZone) {
    let note = async move {
        db.write(move |txn| {
            Box::pin(async move {
                Entity::update_many()
                    .col_expr(Column::LastSeenAt, now.into())
                    .col_expr(Column::IdleExpiresAt, (now + IDLE).into())
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
        if let Err(error) = note.await {
            log::debug!("the use of a session was not noted: {error}");
        }
    });
}

/// Revokes a session.
pub(crate) async fn end(cx: &Context, id: Uuid) -> Result<()> {
    let (now, which) = (cx.clock().now(), Condition::all().add(Column::Id.eq(id)));
    cx.db.write(move |txn| Box::pin(async move { revoke(txn, now, which).await.map(drop) })).await
}

/// Revokes a session of a user; returns whether it was active.
async fn end_own(cx: &Context, user_id: Uuid, id: Uuid) -> Result<bool> {
    let now = cx.clock().now();
    let which = alive(now).add(Column::Id.eq(id)).add(Column::UserId.eq(user_id));
    cx.db.write(move |txn| Box::pin(async move { Ok(revoke(txn, now, which).await? > 0) })).await
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
