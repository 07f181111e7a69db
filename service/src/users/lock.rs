//! Accounts under change: one at a time, and never so that nobody is left to administer them.

use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{Error, Result, Role, error::OrNotFound, passwords};
use entity::users::{Column, Entity, Model};

/// An account that nobody else changes until the transaction ends.
pub(super) struct Locked {
    pub(super) user: Model,
    /// The administrators that can use their power.
    admins: Vec<Uuid>,
}

/// Reads an account and keeps others from changing it until the transaction ends, and the administrators
/// before it. `by` is as in [`lock_admins`].
pub(super) async fn lock(txn: &DatabaseTransaction, by: Option<Uuid>, id: Uuid) -> Result<Locked> {
    let admins = lock_admins(txn, by).await?;
    let user = Entity::find_by_id(id).lock_exclusive().one(txn).await?.or_not_found()?;
    Ok(Locked { user, admins })
}

/// Keeps others from changing administrators until the transaction ends, all of them and always in the same
/// order, so that two cannot remove each other; names those that can use their power. `by` is the one who
/// acts, where it takes an administrator: who was one when the request came in may have lost it.
pub(super) async fn lock_admins(txn: &DatabaseTransaction, by: Option<Uuid>) -> Result<Vec<Uuid>> {
    let admins = Entity::find().filter(Column::Role.eq(Role::Admin.as_str())).order_by_asc(Column::Id);
    let admins = admins.lock_exclusive().all(txn).await?;
    let admins: Vec<Uuid> = admins.into_iter().filter(has_power).map(|admin| admin.id).collect();
    if by.is_some_and(|by| !admins.contains(&by)) {
        return Err(Error::Forbidden);
    }
    Ok(admins)
}

/// Whether an administrator can use their power: nobody can who may not log in, or must be verified first.
fn has_power(admin: &Model) -> bool {
    admin.is_active && admin.is_verified && !passwords::is_none_yet(&admin.password_hash)
}

impl Locked {
    /// Refuses to take the power from the only administrator that can use it.
    pub(super) fn keeps_an_admin(&self) -> Result<()> {
        if self.admins.as_slice() == [self.user.id] { Err(Error::LastAdmin) } else { Ok(()) }
    }
}
