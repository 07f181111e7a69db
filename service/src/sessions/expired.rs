//! Expired sessions are marked as ended, by the refresh that finds one and by the retention: a session that has ended
//! stays so, even if the system's clock is set back and the program starts again.

use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect,
    prelude::DateTimeWithTimeZone, sea_query::Expr,
};
use uuid::Uuid;

use crate::{Db, Result, db::Class};
use entity::sessions::{Column, Entity, Model};

/// Sessions that are marked at a time, so that other writers get their turn.
const BATCH: u64 = 500;

/// Whether a session has reached one of its limits.
pub(super) fn is_expired(session: &Model, now: DateTimeWithTimeZone) -> bool {
    session.idle_expires_at <= now || session.expires_at <= now
}

/// Marks the matching sessions that have expired as ended at their limit, and returns their number.
pub(super) async fn end(
    txn: &DatabaseTransaction,
    now: DateTimeWithTimeZone,
    which: Condition,
) -> Result<u64> {
    let mut ended = 0;
    for limit in [Column::IdleExpiresAt, Column::ExpiresAt] {
        let marked = Entity::update_many()
            .col_expr(Column::RevokedAt, Expr::col(limit))
            .filter(which.clone())
            .filter(limit.lte(now))
            .filter(Column::RevokedAt.is_null());
        ended += marked.exec(txn).await?.rows_affected;
    }
    Ok(ended)
}

/// Marks all expired sessions as ended, a batch at a time, and returns their number.
pub(crate) async fn end_expired(db: &Db, now: DateTimeWithTimeZone) -> Result<u64> {
    let mut ended = 0;
    loop {
        // The idle limit never exceeds the absolute one, and has an index.
        let expired = Entity::find().select_only().column(Column::Id).limit(BATCH);
        let expired = expired.filter(Column::IdleExpiresAt.lte(now)).filter(Column::RevokedAt.is_null());
        let ids: Vec<Uuid> = db.read(Class::List, expired.into_tuple()).all().await?;
        if ids.is_empty() {
            return Ok(ended);
        }
        let which = Condition::all().add(Column::Id.is_in(ids));
        ended += db.write(which, move |txn, which| Box::pin(end(txn, now, which))).await?;
    }
}
