//! Health of the service: whether the database accepts writes.

use sea_orm::{ActiveModelBehavior, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::{
    Context, Error, Result,
    mail::{NOWHERE, Template},
};
use entity::outbox::{ActiveModel, Column, Entity};

/// Rows that a trial writes: together larger than any book, so that it does not fit where a book did not.
const TRIAL_ROWS: usize = 1000;

/// Whether the database accepts writes. The server is asked; if a write failed before, or the server says no, a trial
/// decides.
///
/// # Errors
/// [`Error::Unavailable`] if the database does not answer.
pub async fn is_writable(cx: &Context) -> Result<bool> {
    let health = cx.db.health();
    if health.is_writable() && !cx.db.is_read_only().await? {
        return Ok(true);
    }
    match try_write(cx).await {
        Ok(()) => health.set_writable(true),
        Err(Error::ReadOnly(_) | Error::Unavailable(_)) => health.set_writable(false),
        Err(error) => return Err(error),
    }
    Ok(health.is_writable())
}

/// Adds mails that count as sent, and deletes them. Retention would delete them, too.
async fn try_write(cx: &Context) -> Result<()> {
    let now = cx.clock().now();
    let row = || ActiveModel {
        kind: Set(Template::VerifyEmail.as_str().to_owned()),
        address: Set(format!("{:a>200}@{NOWHERE}", "trial")),
        due_at: Set(now),
        created_at: Set(now),
        expires_at: Set(now),
        sent_at: Set(Some(now)),
        ..ActiveModel::new()
    };
    let rows: Vec<ActiveModel> = std::iter::repeat_with(row).take(TRIAL_ROWS).collect();
    let ids: Vec<Uuid> = rows.iter().filter_map(|row| row.id.try_as_ref().copied()).collect();
    cx.db
        .write(rows, |txn, rows| {
            Box::pin(
                async move { Ok(Entity::insert_many(rows).exec_without_returning(txn).await.map(drop)?) },
            )
        })
        .await?;
    cx.db
        .write(ids, |txn, ids| {
            Box::pin(async move {
                Entity::delete_many().filter(Column::Id.is_in(ids)).exec(txn).await?;
                Ok(())
            })
        })
        .await
}
