//! Bound of ended sessions: each account keeps those that it used last. The others are deleted at its next log-in, and
//! by the retention.

use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    prelude::DateTimeWithTimeZone,
};
use uuid::Uuid;

use super::{MAX_SESSIONS, alive};
use crate::{Db, Result, db::Class};
use entity::sessions::{Column, Entity};

/// Ended sessions that an account keeps.
const KEPT: usize = 100;

/// Sessions that are deleted at a time, and accounts that are found at a time.
const BATCH: u64 = 100;

/// Deletes ended sessions of a user beyond the number that is kept, up to a batch; returns their number.
pub(super) async fn delete_surplus(
    txn: &DatabaseTransaction,
    user_id: Uuid,
    now: DateTimeWithTimeZone,
) -> Result<u64> {
    let surplus: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::UserId.eq(user_id))
        .filter(alive(now).not())
        .order_by_desc(Column::LastSeenAt)
        .order_by_desc(Column::Id)
        .offset(KEPT as u64)
        .limit(BATCH)
        .into_tuple()
        .all(txn)
        .await?;
    if surplus.is_empty() {
        return Ok(0);
    }
    Ok(Entity::delete_many().filter(Column::Id.is_in(surplus)).exec(txn).await?.rows_affected)
}

/// Deletes ended sessions of every account beyond the number that is kept, and returns their number.
pub(crate) async fn cleanup(db: &Db, now: DateTimeWithTimeZone) -> Result<u64> {
    let (mut deleted, mut last) = (0, Uuid::nil());
    loop {
        let crowded = crowded(db, last).await?;
        let Some(next) = crowded.last() else { return Ok(deleted) };
        last = *next;
        for user_id in crowded {
            loop {
                match db.write((), move |txn, ()| Box::pin(delete_surplus(txn, user_id, now))).await? {
                    0 => break,
                    count => deleted += count,
                }
            }
        }
    }
}

/// Accounts after `last` that may have too many ended sessions, by id.
async fn crowded(db: &Db, last: Uuid) -> Result<Vec<Uuid>> {
    let most = i64::try_from(KEPT + MAX_SESSIONS).unwrap_or(i64::MAX);
    let accounts = Entity::find()
        .select_only()
        .column(Column::UserId)
        .filter(Column::UserId.gt(last))
        .group_by(Column::UserId)
        .having(Column::Id.count().gt(most))
        .order_by_asc(Column::UserId)
        .limit(BATCH);
    db.read(Class::Expensive, accounts.into_tuple()).all().await
}
