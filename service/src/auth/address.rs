//! E-mail addresses: an owner proves an address with a token that is mailed to it.

use std::sync::Arc;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect, prelude::DateTimeWithTimeZone,
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::{
    Actor, Context, Error, Keys, MailToken, Password, Result,
    access::Action,
    db,
    error::{OrViolated, Unique},
    mail::{self, PresentedToken, Purpose, Template},
    secret,
    security::{Event, SessionEnd},
    sessions::end_all,
    users::{self, User, confirm_password, wrong_password},
};
use entity::users::{Column, Entity, Model};

/// Request body of `POST /auth/verify-email`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyEmail {
    /// Token of the mail that was sent to the address.
    #[validate(length(min = 1, max = 512))]
    #[schema(value_type = String, min_length = 1, max_length = 512)]
    pub token: MailToken,
}

/// Request body with the address of an account.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountEmail {
    /// E-mail address, in any letter case.
    #[validate(length(max = 254), custom(function = "users::valid_email"))]
    #[schema(format = "email", max_length = 254, examples("alice@example.com"))]
    pub email: String,
}

/// Request body of `PUT /users/me/email`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEmail {
    /// New e-mail address, stored in lower case.
    #[validate(length(max = 254), custom(function = "users::valid_email"))]
    #[schema(format = "email", max_length = 254, examples("alice@example.org"))]
    pub email: String,
    /// Current password of the account.
    #[validate(length(min = 1, max = 256), custom(function = "secret::one_line"))]
    #[schema(
        value_type = String,
        format = "password",
        min_length = 1,
        max_length = 256,
        examples("correct horse battery staple")
    )]
    pub current_password: Password,
}

/// Verifies the address of an account, or completes its change of address.
///
/// # Errors
/// [`Error::InvalidToken`]; [`Error::Taken`] if another account verified the address first.
pub async fn verify_email(cx: &Context, input: VerifyEmail) -> Result<User> {
    input.validate()?;
    let now = cx.clock().now();
    let token = PresentedToken::read(&input.token, now.timestamp())?;
    let (keys, sends, purpose) = (Arc::clone(cx.keys()), cx.policy().mail, token.purpose);
    let (verified, released) = cx
        .db
        .write((token, keys), move |txn, (token, keys)| {
            Box::pin(async move {
                match token.purpose {
                    Purpose::VerifyEmail => Ok((verify(txn, &keys, &token).await?, None)),
                    Purpose::ChangeEmail => change(txn, now, &keys, &token, sends).await,
                    Purpose::ResetPassword => Err(Error::InvalidToken),
                }
            })
        })
        .await?;
    cx.wake_outbox();
    let user = verified.id;
    if purpose == Purpose::ChangeEmail {
        Event::EmailChanged { user }.log();
    } else {
        Event::EmailVerified { user }.log();
    }
    if let Some(loser) = released {
        Event::AddressLost { user: loser, to: user }.log();
        Event::SessionsEnded { user: loser, actor: user.into(), reason: SessionEnd::AddressLost }.log();
    }
    Ok(verified.into())
}

/// Enqueues another verification mail for an unverified account. The result and its timing are the same for every
/// address: accounts are looked up only when the mail is sent.
pub async fn resend_verification(cx: &Context, input: AccountEmail) -> Result<()> {
    input.validate()?;
    super::request_mail(cx, Template::VerifyEmail, &input.email).await
}

/// Requests a change of the actor's address: mails a token to the new address and a notice to the old one. The old
/// address stays until the new one is confirmed.
///
/// # Errors
/// [`Error::Invalid`] for a wrong password, [`Error::CannotMail`] if the server sends no mail.
pub async fn change_email(cx: &Context, actor: &Actor, new: NewEmail) -> Result<()> {
    let id = actor.require_account(Action::ChangeEmail)?.id;
    new.validate()?;
    cx.require_mail()?;
    let email = users::normal_email(&new.email);
    let confirmed = confirm_password(cx, id, new.current_password).await?;
    super::admit_mail(cx, Template::ChangeEmail, &email).await?;
    let now = cx.clock().now();
    cx.db
        .write((confirmed, email), move |txn, (confirmed, email)| {
            Box::pin(async move {
                let user = lock(txn, id).await?.ok_or(Error::InvalidToken)?;
                if user.password_hash != confirmed.password_hash {
                    return Err(wrong_password());
                }
                request_change(txn, now, user, email).await
            })
        })
        .await?;
    cx.wake_outbox();
    Event::EmailChangeRequested { user: id }.log();
    Ok(())
}

/// Unique address that receives no mail (RFC 6761, section 6.4).
fn nobodys_address() -> String {
    format!("{}@{}", Uuid::now_v7().simple(), mail::NOWHERE)
}

/// Locks an account until the transaction ends.
pub(super) async fn lock(txn: &DatabaseTransaction, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).lock_exclusive().one(txn).await?)
}

async fn holder(txn: &DatabaseTransaction, email: &str) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::Email.eq(email)).one(txn).await?)
}

/// Stores the pending address of an account. If another account has verified the address, nothing is stored and that
/// account is not notified.
async fn request_change(
    txn: &DatabaseTransaction,
    now: DateTimeWithTimeZone,
    user: Model,
    email: String,
) -> Result<()> {
    if email == user.email && user.pending_email.is_none() {
        return Ok(());
    }
    let taken = holder(txn, &email).await?.is_some_and(|holder| holder.is_verified);
    let pending = (email != user.email && !taken).then_some(email);
    let mut row = user.clone().into_active_model();
    row.pending_email = Set(pending.clone());
    let changed = db::update(txn, row, Column::Version, None).await?;
    if let Some(pending) = pending {
        mail::enqueue(txn, now, Template::ChangeEmail, &changed, &pending).await?;
    }
    mail::enqueue(txn, now, Template::EmailChangeRequested, &changed, &user.email).await
}

async fn verify(txn: &DatabaseTransaction, keys: &Keys, token: &PresentedToken) -> Result<Model> {
    let user = lock(txn, token.user).await?.ok_or(Error::InvalidToken)?;
    token.verify(keys, &user)?;
    let mut row = user.into_active_model();
    row.is_verified = Set(true);
    db::update(txn, row, Column::Version, None).await
}

/// Sets the new address of an account. Another account that has the address unverified loses it, and its id is
/// returned.
async fn change(
    txn: &DatabaseTransaction,
    now: DateTimeWithTimeZone,
    keys: &Keys,
    token: &PresentedToken,
    sends: bool,
) -> Result<(Model, Option<Uuid>)> {
    let user = Entity::find_by_id(token.user).one(txn).await?.ok_or(Error::InvalidToken)?;
    token.verify(keys, &user)?;
    let email = user.pending_email.ok_or(Error::InvalidToken)?;
    // Always in the same order, to prevent deadlocks.
    let mut ids = vec![user.id];
    ids.extend(holder(txn, &email).await?.map(|holder| holder.id));
    ids.sort_unstable();
    let (mut user, mut holder) = (None, None);
    for id in ids {
        let row = lock(txn, id).await?;
        if id == token.user { user = row } else { holder = row }
    }
    let user = user.ok_or(Error::InvalidToken)?;
    token.verify(keys, &user)?;
    let holder = holder.filter(|holder| holder.email == email);
    let released = holder.as_ref().map(|holder| holder.id);
    if let Some(holder) = holder {
        release(txn, now, holder).await?;
    }
    let mut row = user.clone().into_active_model();
    (row.email, row.pending_email, row.is_verified) = (Set(email), Set(None), Set(true));
    row.token_epoch = Set(user.token_epoch + 1);
    let changed = db::update(txn, row, Column::Version, None).await.or_taken(&[Unique::Email])?;
    if sends {
        mail::enqueue(txn, now, Template::EmailChanged, &changed, &user.email).await?;
    }
    Ok((changed, released))
}

/// Removes the address from an account that never verified it.
async fn release(txn: &DatabaseTransaction, now: DateTimeWithTimeZone, holder: Model) -> Result<()> {
    if holder.is_verified {
        return Err(Error::Taken(Unique::Email));
    }
    let id = holder.id;
    let mut row = holder.into_active_model();
    row.email = Set(nobodys_address());
    db::update(txn, row, Column::Version, None).await?;
    end_all(txn, now, id).await
}
