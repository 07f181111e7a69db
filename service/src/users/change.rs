//! Changes and deletion of accounts, and their events in the security log.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter, sea_query::Expr,
};
use uuid::Uuid;

use super::{User, UserPatch, lock::lock};
use crate::{
    Context, Result, Role,
    db::{self, set},
    security::{ActorId, Event, SessionEnd},
    sessions,
};
use entity::{
    behavior::now,
    books,
    users::{Column, Entity},
};

/// Updates an account for an administrator or its owner (see [`lock`]). Returns its states before and after.
pub(super) async fn change(
    cx: &Context,
    by: Option<Uuid>,
    id: Uuid,
    versions: Option<Vec<i64>>,
    patch: UserPatch,
) -> Result<(User, User)> {
    let now = cx.clock().now();
    cx.db
        .write((versions, patch), move |txn, (versions, patch)| {
            Box::pin(async move {
                let UserPatch { first_name, last_name, role, is_verified, is_active } = patch;
                let locked = lock(txn, by, id).await?;
                let loses_power = role.is_some_and(|role| role != Role::Admin)
                    || is_active == Some(false)
                    || is_verified == Some(false);
                if loses_power {
                    locked.keeps_an_admin()?;
                }
                let mut user = locked.user.clone().into_active_model();
                set(&mut user.first_name, first_name);
                set(&mut user.last_name, last_name);
                set(&mut user.role, role.map(|role| role.to_string()));
                if locked.user.is_verified && is_verified == Some(false) {
                    user.token_epoch = Set(locked.user.token_epoch + 1);
                }
                set(&mut user.is_verified, is_verified);
                set(&mut user.is_active, is_active);
                let changed = db::update(txn, user, Column::Version, versions).await?;
                if !changed.is_active {
                    sessions::end_all(txn, now, id).await?;
                }
                Ok((locked.user.into(), changed.into()))
            })
        })
        .await
}

/// Logs the events of an update.
pub(super) fn log_change(actor: ActorId, before: &User, after: &User) {
    let user = after.id;
    if before.role != after.role {
        Event::RoleChanged { actor, user, from: before.role, to: after.role }.log();
    }
    if before.is_verified != after.is_verified {
        Event::VerificationChanged { actor, user, verified: after.is_verified }.log();
    }
    match (before.is_active, after.is_active) {
        (true, false) => {
            Event::UserDisabled { actor, user }.log();
            Event::SessionsEnded { user, actor, reason: SessionEnd::Disabled }.log();
        }
        (false, true) => Event::UserEnabled { actor, user }.log(),
        (true, true) | (false, false) => {}
    }
}

/// Deletes an account. Its books stay without an owner.
pub(super) async fn remove(
    cx: &Context,
    by: Option<Uuid>,
    id: Uuid,
    versions: Option<Vec<i64>>,
) -> Result<()> {
    cx.db
        .write(versions, move |txn, versions| {
            Box::pin(async move {
                lock(txn, by, id).await?.keeps_an_admin()?;
                // Books show their owner, so their ETags must change.
                books::Entity::update_many()
                    .col_expr(books::Column::OwnerId, Expr::value(None::<Uuid>))
                    .col_expr(books::Column::Version, Expr::col(books::Column::Version).add(1))
                    .col_expr(books::Column::UpdatedAt, now().into())
                    .filter(books::Column::OwnerId.eq(id))
                    .exec(txn)
                    .await?;
                let delete = Entity::delete_many().filter(Column::Id.eq(id));
                db::delete(txn, delete, Column::Version, versions).await
            })
        })
        .await
}
