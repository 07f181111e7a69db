//! Rotation of refresh tokens.
//!
//! A refresh token names a generation of its session. Rotation is one conditional UPDATE, so exactly one of several
//! concurrent refreshes advances the generation; within a short grace period, the others receive the same successor.
//! An older token was copied: the session is revoked (RFC 9700, section 4.14.2).

use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QuerySelect,
    prelude::DateTimeWithTimeZone, sea_query::Expr,
};
use uuid::Uuid;

use super::{GRACE, Live, alive, expired, idle_limit, revoke};
use crate::{Context, Error, Result, db::Priority, security::Event};
use entity::sessions::{Column, Entity};

/// Result of a rotation.
enum Rotation {
    /// The generation was advanced.
    Done(Live),
    /// The token was used before: it was copied, so the session of this account was revoked.
    Replayed(Uuid),
    /// The token is not valid.
    Rejected,
}

/// Advances a session from `generation`.
pub(crate) async fn rotate(cx: &Context, id: Uuid, generation: i64) -> Result<Live> {
    let now = cx.clock().now();
    let db = cx.db.with_priority(Priority::First);
    match db.write((), move |txn, ()| Box::pin(rotate_in(txn, id, generation, now))).await? {
        Rotation::Done(live) => Ok(live),
        Rotation::Replayed(user) => {
            Event::RefreshReplayed { user, session: id }.log();
            Err(Error::InvalidToken)
        }
        Rotation::Rejected => Err(Error::InvalidToken),
    }
}

/// Commits in every case, since a replay revokes the session.
async fn rotate_in(
    txn: &DatabaseTransaction,
    id: Uuid,
    generation: i64,
    now: DateTimeWithTimeZone,
) -> Result<Rotation> {
    Entity::update_many()
        .col_expr(Column::Generation, Expr::col(Column::Generation).add(1))
        .col_expr(Column::RotatedAt, now.into())
        .col_expr(Column::LastSeenAt, now.into())
        .col_expr(Column::IdleExpiresAt, idle_limit(now))
        .filter(Column::Id.eq(id))
        .filter(Column::Generation.eq(generation))
        .filter(alive(now))
        .exec(txn)
        .await?;
    let Some(session) = Entity::find_by_id(id).lock_exclusive().one(txn).await? else {
        return Ok(Rotation::Rejected);
    };
    if session.revoked_at.is_none() && expired::is_expired(&session, now) {
        expired::end(txn, now, Condition::all().add(Column::Id.eq(id))).await?;
        return Ok(Rotation::Rejected);
    }
    let live = session.revoked_at.is_none();
    let successor = session.generation == generation + 1;
    // A time in the future is that of a clock that was set back, or of another server.
    if live && successor && (now - session.rotated_at).abs() <= GRACE {
        return Ok(Rotation::Done(Live::new(&session, now)));
    }
    if live && session.generation > generation {
        revoke(txn, now, Condition::all().add(Column::Id.eq(id))).await?;
        return Ok(Rotation::Replayed(session.user_id));
    }
    Ok(Rotation::Rejected)
}
