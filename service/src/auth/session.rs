//! The life of a session: begun at log-in, moved on by each refresh, ended once.
//!
//! A refresh token names a generation of its session. Rotation is one conditional UPDATE, so of many that
//! come at once one moves the session on; the others, within a short grace, get the same successor. A
//! token older than that was copied: the session ends (RFC 9700, section 4.14.2).

use chrono::TimeDelta;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QuerySelect,
    prelude::DateTimeWithTimeZone,
    sea_query::{Expr, IntoCondition},
};
use uuid::Uuid;

use super::Client;
use crate::{Db, Error, Result};
use entity::{
    behavior::now,
    sessions::{ActiveModel, Column, Entity, Model},
    users,
};

/// Ends when unused for so long.
const IDLE: TimeDelta = TimeDelta::days(7);

/// Ends in any case after so long.
const ABSOLUTE: TimeDelta = TimeDelta::days(30);

/// For so long a token that was just used up gives its successor once more: an answer may get lost.
const GRACE: TimeDelta = TimeDelta::seconds(10);

/// The most characters of a `User-Agent` that are kept.
const USER_AGENT_LENGTH: usize = 255;

/// A session that tokens may be made for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Live {
    pub(super) id: Uuid,
    pub(super) user_id: Uuid,
    pub(super) generation: i64,
    /// Until the refresh token expires.
    pub(super) expires_in: TimeDelta,
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

/// Begins a session.
pub(super) async fn start(db: &Db, user_id: Uuid, client: Client) -> Result<Live> {
    let now = now();
    let user_agent = client
        .user_agent
        .map(|name| name.chars().filter(|c| !c.is_control()).take(USER_AGENT_LENGTH).collect());
    let session = ActiveModel {
        user_id: Set(user_id),
        idle_expires_at: Set(now + IDLE),
        expires_at: Set(now + ABSOLUTE),
        user_agent: Set(user_agent),
        ip: Set(client.ip.map(|ip| ip.to_string())),
        ..ActiveModelBehavior::new()
    };
    db.write(move |txn| Box::pin(async move { Ok(Live::new(&session.insert(txn).await?, now)) })).await
}

/// Moves a session on from `generation`.
pub(super) async fn rotate(db: &Db, id: Uuid, generation: i64) -> Result<Live> {
    let next = db.write(move |txn| Box::pin(rotate_in(txn, id, generation))).await?;
    next.ok_or(Error::InvalidToken)
}

/// The session moved on, or nothing for a token that is worth nothing: that is committed, too, since a
/// replay ends the session.
async fn rotate_in(txn: &DatabaseTransaction, id: Uuid, generation: i64) -> Result<Option<Live>> {
    let now = now();
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
        return Ok(None);
    };
    let live = session.revoked_at.is_none() && session.idle_expires_at > now && session.expires_at > now;
    let successor = session.generation == generation + 1;
    if live && successor && now - session.rotated_at <= GRACE {
        return Ok(Some(Live::new(&session, now)));
    }
    if live && session.generation > generation {
        log::warn!(target: "bookly::security", session:% = id; "refresh token replayed, session ended");
        revoke(txn, Column::Id.eq(id).into_condition()).await?;
    }
    Ok(None)
}

/// The account of a session that has not ended.
pub(super) async fn owner(db: &Db, id: Uuid) -> Result<Option<users::Model>> {
    let now = now();
    let found = db
        .read(async |conn| {
            Entity::find_by_id(id).filter(alive(now)).find_also_related(users::Entity).one(conn).await
        })
        .await?;
    Ok(found.and_then(|(_, user)| user))
}

/// Ends a session.
pub(super) async fn end(db: &Db, id: Uuid) -> Result<()> {
    db.write(move |txn| Box::pin(async move { revoke(txn, Column::Id.eq(id).into_condition()).await })).await
}

/// Ends every session of a user.
pub(crate) async fn end_all(txn: &DatabaseTransaction, user_id: Uuid) -> Result<()> {
    revoke(txn, Column::UserId.eq(user_id).into_condition()).await
}

/// Ends every session of a user but one.
pub(crate) async fn end_others(txn: &DatabaseTransaction, user_id: Uuid, kept: Uuid) -> Result<()> {
    revoke(txn, Condition::all().add(Column::UserId.eq(user_id)).add(Column::Id.ne(kept))).await
}

/// Sessions that are neither ended nor expired.
fn alive(now: DateTimeWithTimeZone) -> Condition {
    Condition::all()
        .add(Column::RevokedAt.is_null())
        .add(Column::IdleExpiresAt.gt(now))
        .add(Column::ExpiresAt.gt(now))
}

async fn revoke(txn: &DatabaseTransaction, which: Condition) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::RevokedAt, now().into())
        .filter(which)
        .filter(Column::RevokedAt.is_null())
        .exec(txn)
        .await?;
    Ok(())
}
