//! Retention: in the background, expired sessions are marked as ended, and ended sessions and sent mail are deleted.
//! Several processes may do so at once.

use std::time::Duration;

use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, sea_query::IntoCondition};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{Context, Db, Result, db::Class, error::chain, lifetime};
use entity::{outbox, sessions};

/// Time between two passes over the expired sessions: until one, a clock that is set back would revive them.
const INTERVAL: Duration = Duration::from_mins(1);

/// Passes over the expired sessions for each deletion of rows.
const PASSES: u32 = 10;

/// Rows that are deleted at a time, so that other writers get their turn.
const BATCH: u64 = 500;

/// Deletes expired rows until `stop` changes or is dropped.
pub async fn run(cx: &Context, mut stop: watch::Receiver<()>) {
    for pass in (0..PASSES).cycle() {
        let done = match pass {
            0 => cleanup(cx).await,
            _ => crate::sessions::end_expired(&cx.db, cx.clock().now()).await.map(drop),
        };
        if let Err(error) = done {
            log::error!(target: "bookly::retention", error:% = chain(&error); "cleanup failed");
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            _ = stop.changed() => return,
        }
    }
}

/// Deletes rows whose retention has ended.
async fn cleanup(cx: &Context) -> Result<()> {
    let (db, now) = (&cx.db, cx.clock().now());
    let expired = crate::sessions::end_expired(db, now).await?;
    // A session that is revoked, or at its absolute limit, no longer extends its idle limit.
    let old = sessions::Column::IdleExpiresAt.lt(now - lifetime::ENDED_SESSION).into_condition();
    let ended = delete::<sessions::Entity>(db, sessions::Column::Id, &old).await?
        + crate::sessions::cleanup(db, now).await?;
    let old = outbox::Column::SentAt.lt(now - lifetime::SENT_MAIL).into_condition();
    let sent = delete::<outbox::Entity>(db, outbox::Column::Id, &old).await?;
    let late = Condition::all().add(outbox::Column::SentAt.is_null()).add(outbox::Column::ExpiresAt.lt(now));
    let unsent = delete::<outbox::Entity>(db, outbox::Column::Id, &late).await?;
    if unsent > 0 {
        log::warn!(target: "bookly::retention", unsent; "mail expired before it could be sent");
    }
    log::debug!(target: "bookly::retention", expired, sessions = ended, sent, unsent; "cleanup finished");
    Ok(())
}

/// Deletes the rows that match `condition`, a batch at a time, and returns their number.
async fn delete<E: EntityTrait>(db: &Db, id: E::Column, condition: &Condition) -> Result<u64> {
    let mut deleted = 0;
    loop {
        let rows = E::find().select_only().column(id).filter(condition.clone()).limit(BATCH);
        let ids: Vec<Uuid> = db.read(Class::List, rows.into_tuple()).all().await?;
        if ids.is_empty() {
            return Ok(deleted);
        }
        deleted += db
            .write((ids, condition.clone()), move |txn, (ids, condition)| {
                Box::pin(async move {
                    let rows = E::delete_many().filter(id.is_in(ids)).filter(condition);
                    Ok(rows.exec(txn).await?.rows_affected)
                })
            })
            .await?;
    }
}
