//! Room of an account for further books.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::{Context, Error, Result, db::Class, quota::Room};
use entity::books::{Column, Entity};

/// Requires room for one more book.
///
/// # Errors
/// [`Error::TooManyBooks`] if the account has the maximum.
pub(super) async fn require(cx: &Context, account: Uuid) -> Result<()> {
    let quota = cx.book_quota();
    let room = match quota.take(account) {
        Room::Unknown => quota.count(account, count(cx, account).await?),
        known => known,
    };
    if room == Room::Free { Ok(()) } else { Err(Error::TooManyBooks(quota.maximum())) }
}

/// Number of books that the account may still have.
pub(super) async fn left(cx: &Context, account: Uuid) -> Result<u64> {
    Ok(cx.book_quota().maximum().saturating_sub(count(cx, account).await?))
}

/// Number of books of an account.
async fn count(cx: &Context, account: Uuid) -> Result<u64> {
    cx.db.count(Class::List, Entity::find().filter(Column::OwnerId.eq(account))).await
}
