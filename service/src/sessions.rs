//! The life of a session: begun at log-in, moved on by each refresh, ended once. [`device`] is what its
//! owner sees of it.
//!
//! A refresh token names a generation of its session. Rotation is one conditional UPDATE, so of many that
//! come at once one moves the session on; the others, within a short grace, get the same successor. A
//! token older than that was copied: the session ends (RFC 9700, section 4.14.2).

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
use crate::{Actor, Context, Db, Error, Result, error::chain, lifetime, security::Event};
use entity::{
    sessions::{ActiveModel, Column, Entity, Model},
    users,
};

/// Ends when unused for so long.
const IDLE: TimeDelta = lifetime::SESSION_IDLE;

/// Ends in any case after so long.
const ABSOLUTE: TimeDelta = lifetime::SESSION;

/// For so long a token that was just used up gives its successor once more: an answer may get lost.
const GRACE: TimeDelta = lifetime::REFRESH_GRACE;

/// How many sessions a user may have.
const MOST: usize = 20;

/// To how much the moment of the last use is exact. A write for each request would cost more than it tells.
const LAST_USE: TimeDelta = TimeDelta::minutes(1);

/// The most characters of a `User-Agent` that are kept.
const USER_AGENT_LENGTH: usize = 255;

/// Device that logs in, as it presents itself.
#[derive(Debug, Clone, Default)]
pub struct DeviceInfo {
    /// Its `User-Agent`.
    pub user_agent: Option<String>,
    /// Its address.
    pub ip: Option<IpAddr>,
}

/// A session that tokens may be made for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Live {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) generation: i64,
    /// Until the refresh token expires.
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

/// A log-in that has been checked, to be made a session of.
pub(crate) struct Checked {
    pub(crate) user_id: Uuid,
    /// The stored hash that the password met.
    pub(crate) password_hash: String,
    /// What is to be stored instead, if that one is old.
    pub(crate) new_hash: Option<String>,
    pub(crate) device: DeviceInfo,
}

/// Begins a session; nothing if the account was disabled or got another password since it was checked. Of too
/// many sessions the least recently used end, and are named.
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

/// What became of a refresh token.
enum Rotation {
    /// The session moved on.
    Done(Live),
    /// The token was used up before: it was copied, and its session ended. This is whose it was.
    Replayed(Uuid),
    /// The token is worth nothing.
    Refused,
}

/// Moves a session on from `generation`.
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

/// Whatever becomes of it is committed, since a replay ends the session.
async fn rotate_in(
    txn: &DatabaseTransaction,
    id: Uuid,
    generation: i64,
    now: DateTimeWithTimeZone,
) -> Result<Rotation> {
    // The idle limit may lie behind the absolute one: `Live` takes the lesser of the two.
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

/// The account of a session that has not ended. That it was used is noted.
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
/// [`Error::InvalidToken`] if it has not.
pub(crate) async fn confirm(
    txn: &DatabaseTransaction,
    actor: &Actor,
    now: DateTimeWithTimeZone,
) -> Result<()> {
    let Some(id) = actor.session() else { return Ok(()) };
    // Locked, so that a transaction of MariaDB sees what was committed since it began.
    let session = Entity::find_by_id(id).filter(alive(now)).lock_shared().one(txn).await?;
    let user_id = session.ok_or(Error::InvalidToken)?.user_id;
    actor.require_unchanged(users::Entity::find_by_id(user_id).lock_shared().one(txn).await?)
}

/// Notes that a session was used, beside the request that used it. A note that is lost does no harm: the next
/// request makes another.
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
            log::debug!("the use of a session was not noted: {}", chain(&error));
        }
    });
}

/// Ends a session.
pub(crate) async fn end(cx: &Context, id: Uuid) -> Result<()> {
    let (now, which) = (cx.clock().now(), Condition::all().add(Column::Id.eq(id)));
    cx.db.write(move |txn| Box::pin(async move { revoke(txn, now, which).await.map(drop) })).await
}

/// Ends a session of a user, and returns whether there was one to end.
async fn end_own(cx: &Context, user_id: Uuid, id: Uuid) -> Result<bool> {
    let now = cx.clock().now();
    let which = alive(now).add(Column::Id.eq(id)).add(Column::UserId.eq(user_id));
    cx.db.write(move |txn| Box::pin(async move { Ok(revoke(txn, now, which).await? > 0) })).await
}

/// Ends all sessions of a user.
pub(crate) async fn end_all(
    txn: &DatabaseTransaction,
    now: DateTimeWithTimeZone,
    user_id: Uuid,
) -> Result<()> {
    revoke(txn, now, Condition::all().add(Column::UserId.eq(user_id))).await.map(drop)
}

/// Ends all sessions of a user except one.
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

/// Sessions that are neither ended nor expired.
fn alive(now: DateTimeWithTimeZone) -> Condition {
    Condition::all()
        .add(Column::RevokedAt.is_null())
        .add(Column::IdleExpiresAt.gt(now))
        .add(Column::ExpiresAt.gt(now))
}

/// Ends those of the sessions that have not been ended, and counts them.
async fn revoke(txn: &DatabaseTransaction, now: DateTimeWithTimeZone, which: Condition) -> Result<u64> {
    let ended = Entity::update_many()
        .col_expr(Column::RevokedAt, now.into())
        .filter(which)
        .filter(Column::RevokedAt.is_null())
        .exec(txn)
        .await?;
    Ok(ended.rows_affected)
}
