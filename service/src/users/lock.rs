//! Accounts under change: one at a time, and never so that nobody is left to administer them.

use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{Error, Result, access::Role, error::OrNotFound};
use entity::users::{Column, Entity, Model};

/// An account that nobody else changes until the transaction ends.
pub(super) struct Locked {
    pub(super) user: Model,
    /// The administrators that can use their power.
    admins: Vec<Uuid>,
}

/// Reads an account and keeps others from changing it until the transaction ends. The administrators are
/// locked first, all of them and always in the same order, so that two cannot remove each other. `by` is
/// the one who acts, where it takes an administrator: who was one when the request came in may have lost it.
pub(super) async fn lock(txn: &DatabaseTransaction, by: Option<Uuid>, id: Uuid) -> Result<Locked> {
    let admins = Entity::find().filter(Column::Role.eq(Role::Admin.as_str())).order_by_asc(Column::Id);
    let admins = admins.lock_exclusive().all(txn).await?;
    let admins: Vec<Uuid> =
        admins.into_iter().filter(|admin| admin.is_active).map(|admin| admin.id).collect();
    if by.is_some_and(|by| !admins.contains(&by)) {
        return Err(Error::Forbidden);
    }
    let user = Entity::find_by_id(id).lock_exclusive().one(txn).await?.or_not_found()?;
    Ok(Locked { user, admins })
}

impl Locked {
    /// Refuses to take the power from the only administrator that can use it.
    pub(super) fn keeps_an_admin(&self) -> Result<()> {
        if self.admins.as_slice() == [self.user.id] { Err(Error::LastAdmin) } else { Ok(()) }
    }
}
