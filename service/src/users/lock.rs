//! Locks on accounts: one change at a time, and never one that leaves no administrator.

use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{Error, Result, Role, error::OrNotFound, passwords};
use entity::users::{Column, Entity, Model};

/// Account that is locked until the transaction ends.
pub(super) struct Locked {
    pub(super) user: Model,
    /// Administrators that can act.
    admins: Vec<Uuid>,
}

/// Locks an account until the transaction ends, and the administrators before it. `by` is as in [`lock_admins`].
pub(super) async fn lock(txn: &DatabaseTransaction, by: Option<Uuid>, id: Uuid) -> Result<Locked> {
    let admins = lock_admins(txn, by).await?;
    let user = Entity::find_by_id(id).lock_exclusive().one(txn).await?.or_not_found()?;
    Ok(Locked { user, admins })
}

/// Locks all administrators until the transaction ends, always in the same order, so that two of them cannot remove
/// each other. Returns those that can act. `by` is the acting administrator, if the action requires one: the role may
/// have been revoked since the request arrived.
pub(super) async fn lock_admins(txn: &DatabaseTransaction, by: Option<Uuid>) -> Result<Vec<Uuid>> {
    let admins = Entity::find().filter(Column::Role.eq(Role::Admin.as_str())).order_by_asc(Column::Id);
    let admins = admins.lock_exclusive().all(txn).await?;
    let admins: Vec<Uuid> = admins.into_iter().filter(has_power).map(|admin| admin.id).collect();
    if by.is_some_and(|by| !admins.contains(&by)) {
        return Err(Error::Forbidden);
    }
    Ok(admins)
}

/// Whether an administrator can act: it is active, verified and has a password.
fn has_power(admin: &Model) -> bool {
    admin.is_active && admin.is_verified && !passwords::is_none_yet(&admin.password_hash)
}

impl Locked {
    /// Rejects a change that would disable the last administrator that can act.
    pub(super) fn keeps_an_admin(&self) -> Result<()> {
        if self.admins.as_slice() == [self.user.id] { Err(Error::LastAdmin) } else { Ok(()) }
    }
}
