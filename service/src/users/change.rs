//! Changes and deletion of accounts, and their events in the security log.

use sea_orm::{
    ActiveValue::{self, Set},
    ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait, IntoActiveModel, QueryFilter,
    prelude::DateTimeWithTimeZone,
    sea_query::Expr,
};
use uuid::Uuid;

use super::{User, UserPatch, identity::normal_email, lock::lock};
use crate::{
    Context, Result, Role, Versions,
    db::{self, set},
    error::{OrViolated, Unique},
    mail::{self, Template},
    passwords,
    security::{ActorId, Event, SessionEnd},
    sessions,
};
use entity::{
    behavior::now,
    books,
    users::{ActiveModel, Column, Entity, Model},
};

/// Updates an account for an administrator or its owner (see [`lock`]). Returns its states before and after.
pub(super) async fn change(
    cx: &Context,
    by: Option<Uuid>,
    id: Uuid,
    versions: Option<Versions>,
    patch: UserPatch,
) -> Result<(User, User)> {
    let (now, sends, verifies) = (cx.clock().now(), cx.policy().mail, cx.policy().email_verification);
    let changed = cx
        .db
        .write((versions, patch), move |txn, (versions, patch)| {
            Box::pin(async move {
                let locked = lock(txn, by, id).await?;
                let row = apply(patch, &locked.user, verifies);
                let unset = |flag: &ActiveValue<bool>| matches!(flag, Set(false));
                let demoted = matches!(&row.role, Set(role) if *role != Role::Admin.as_str());
                if demoted || unset(&row.is_active) || unset(&row.is_verified) {
                    locked.keeps_an_admin()?;
                }
                let changed = db::update(txn, row, Column::Version, versions).await;
                let changed = changed.or_taken(&[Unique::Email])?;
                let corrected = changed.email != locked.user.email;
                if corrected && sends {
                    notify(txn, now, &locked.user, &changed).await?;
                }
                if corrected || !changed.is_active {
                    sessions::end_all(txn, now, id).await?;
                }
                Ok((locked.user.into(), changed.into()))
            })
        })
        .await?;
    cx.wake_outbox();
    Ok(changed)
}

/// Applies a patch to an account. A corrected address is not verified if addresses must be, unless the patch states it.
/// Mail tokens become invalid with the address, and with a withdrawn verification.
fn apply(patch: UserPatch, user: &Model, verifies: bool) -> ActiveModel {
    let UserPatch { email, first_name, last_name, role, is_verified, is_active } = patch;
    let email = email.map(|email| normal_email(&email)).filter(|email| *email != user.email);
    let is_verified = is_verified.or((email.is_some() && verifies).then_some(false));
    let mut row = user.clone().into_active_model();
    set(&mut row.first_name, first_name);
    set(&mut row.last_name, last_name);
    set(&mut row.role, role.map(|role| role.to_string()));
    if email.is_some() || (user.is_verified && is_verified == Some(false)) {
        row.token_epoch = Set(user.token_epoch + 1);
    }
    if let Some(email) = email {
        (row.email, row.pending_email) = (Set(email), Set(None));
    }
    set(&mut row.is_verified, is_verified);
    set(&mut row.is_active, is_active);
    row
}

/// Notifies the verified old address of a correction, and mails a token to the new one: to choose the first password,
/// or to verify the address.
async fn notify(
    txn: &DatabaseTransaction,
    now: DateTimeWithTimeZone,
    before: &Model,
    after: &Model,
) -> Result<()> {
    if before.is_verified {
        mail::enqueue(txn, now, Template::EmailChanged, after, &before.email).await?;
    }
    let template = if passwords::is_none_yet(&after.password_hash) {
        Template::PasswordReset
    } else if after.is_verified {
        return Ok(());
    } else {
        Template::VerifyEmail
    };
    mail::enqueue(txn, now, template, after, &after.email).await
}

/// Logs the events of an update.
pub(super) fn log_change(actor: ActorId, before: &User, after: &User) {
    let user = after.id;
    if before.role != after.role {
        Event::RoleChanged { actor, user, from: before.role, to: after.role }.log();
    }
    let corrected = before.email != after.email;
    if corrected {
        Event::EmailCorrected { actor, user }.log();
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
    if corrected && after.is_active {
        Event::SessionsEnded { user, actor, reason: SessionEnd::EmailCorrected }.log();
    }
}

/// Deletes an account. Its books stay without an owner.
pub(super) async fn remove(
    cx: &Context,
    by: Option<Uuid>,
    id: Uuid,
    versions: Option<Versions>,
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
