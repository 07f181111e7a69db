//! Housekeeping: what nobody needs any more is cleared away in the background. Several processes may do so
//! at once; what one has deleted is gone for the other, too.

use std::time::Duration;

use chrono::TimeDelta;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, sea_query::IntoCondition};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{Db, Result};
use entity::{behavior::now, outbox, sessions};

/// How often it is done.
const INTERVAL: Duration = Duration::from_mins(10);

/// How long a session that is over can still be looked at.
const SESSIONS_KEPT: TimeDelta = TimeDelta::days(7);

/// How long it can be seen that a mail was sent.
const SENT_MAIL_KEPT: TimeDelta = TimeDelta::days(7);

/// How many rows go at a time, so that others get their turn to write.
const BATCH: u64 = 500;

/// Clears away until `stop` changes or is dropped.
pub async fn run(db: &Db, mut stop: watch::Receiver<()>) {
    loop {
        if let Err(error) = sweep(db).await {
            log::error!(target: "bookly::upkeep", error:% = error; "clearing away failed");
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            _ = stop.changed() => return,
        }
    }
}

/// Clears away what is old by now.
async fn sweep(db: &Db) -> Result<()> {
    let now = now();
    // A session that is revoked, or has reached its absolute end, moves its idle end no further.
    let old = sessions::Column::IdleExpiresAt.lt(now - SESSIONS_KEPT).into_condition();
    let gone = delete::<sessions::Entity>(db, sessions::Column::Id, &old).await?;
    let old = outbox::Column::SentAt.lt(now - SENT_MAIL_KEPT).into_condition();
    let sent = delete::<outbox::Entity>(db, outbox::Column::Id, &old).await?;
    let expired =
        Condition::all().add(outbox::Column::SentAt.is_null()).add(outbox::Column::ExpiresAt.lt(now));
    let unsent = delete::<outbox::Entity>(db, outbox::Column::Id, &expired).await?;
    if unsent > 0 {
        log::warn!(target: "bookly::upkeep", unsent; "mail expired before it could be sent");
    }
    log::debug!(target: "bookly::upkeep", sessions = gone, sent, unsent; "cleared away");
    Ok(())
}

/// Deletes the rows that `condition` admits, a batch at a time, and counts them.
async fn delete<E: EntityTrait>(db: &Db, id: E::Column, condition: &Condition) -> Result<u64> {
    let mut deleted = 0;
    loop {
        let ids: Vec<Uuid> = db
            .read(async |conn| {
                let rows = E::find().select_only().column(id).filter(condition.clone()).limit(BATCH);
                rows.into_tuple().all(conn).await
            })
            .await?;
        if ids.is_empty() {
            return Ok(deleted);
        }
        let condition = condition.clone();
        deleted += db
            .write(move |txn| {
                Box::pin(async move {
                    let rows = E::delete_many().filter(id.is_in(ids)).filter(condition);
                    Ok(rows.exec(txn).await?.rows_affected)
                })
            })
            .await?;
    }
}
