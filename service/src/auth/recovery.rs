//! Passwords that change: by their owner, or by mail when they are forgotten. Either way other sessions
//! end with the old password, and so does a change of address that was asked for under it.

use std::sync::Arc;

use sea_orm::{
    ActiveValue::Set, DatabaseTransaction, EntityTrait, IntoActiveModel, prelude::DateTimeWithTimeZone,
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::address::{AccountEmail, lock};
use crate::{
    Actor, Context, Error, MailToken, Password, Result,
    access::Action,
    db,
    error::OrNotFound,
    mail::{self, PresentedToken, Purpose, Template},
    secret,
    security::{Event, SessionEnd},
    sessions::{end_all, end_others},
    users::{self, confirm_password, wrong_password},
};
use entity::users::{Column, Entity, Model};

/// Request body of `PUT /users/me/password`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
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
    /// New password, hard to guess.
    #[validate(length(min = 8, max = 256), custom(function = "secret::one_line"))]
    #[schema(value_type = String, format = "password", min_length = 8, max_length = 256, examples("violet anchor tundra 71"))]
    pub new_password: Password,
}

/// Request body of `POST /auth/password-reset/confirm`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    /// Token of the mail that was sent to the address of the account.
    #[validate(length(min = 1, max = 512))]
    #[schema(value_type = String, min_length = 1, max_length = 512)]
    pub token: MailToken,
    /// New password, hard to guess.
    #[validate(length(min = 8, max = 256), custom(function = "secret::one_line"))]
    #[schema(value_type = String, format = "password", min_length = 8, max_length = 256, examples("violet anchor tundra 71"))]
    pub new_password: Password,
}

/// Changes the password of the account in use. Its other sessions end.
///
/// # Errors
/// [`Error::Invalid`] for a wrong or a weak password.
pub async fn change_password(cx: &Context, actor: &Actor, input: PasswordChange) -> Result<()> {
    let id = actor.require_account(Action::ChangePassword)?.id;
    input.validate()?;
    let known = confirm_password(cx, id, input.current_password).await?;
    let hints = users::password_hints(&known);
    let hash = cx.passwords().choose("/new_password", input.new_password, hints).await?;
    let (session, sends, now) = (actor.session(), cx.policy().mail, cx.clock().now());
    cx.db
        .write(move |txn| {
            Box::pin(async move {
                let user = lock(txn, id).await?.ok_or(Error::InvalidToken)?;
                if user.password_hash != known.password_hash {
                    return Err(wrong_password());
                }
                set_password(txn, now, user, hash, sends).await?;
                match session {
                    Some(session) => end_others(txn, now, id, session).await,
                    None => end_all(txn, now, id).await,
                }
            })
        })
        .await?;
    cx.wake_outbox();
    Event::PasswordChanged { user: id }.log();
    Event::SessionsEnded { user: id, actor: actor.into(), reason: SessionEnd::PasswordChanged }.log();
    Ok(())
}

/// Sends the mail by which a new password can be chosen, if there is such an account. What the caller
/// learns, and when, is the same in any case: accounts are looked up when the mail is sent.
pub async fn request_reset(cx: &Context, input: AccountEmail) -> Result<()> {
    input.validate()?;
    super::request_mail(cx, Template::PasswordReset, &input.email).await
}

/// Chooses a new password by the token of a mail. All sessions end, and the address counts as verified:
/// whoever reads its mail has shown as much. So one who opened an account with somebody else's address
/// loses it.
///
/// # Errors
/// [`Error::InvalidToken`], and [`Error::Invalid`] for a weak password, which leaves the token good.
pub async fn reset_password(cx: &Context, input: PasswordReset) -> Result<()> {
    input.validate()?;
    let now = cx.clock().now();
    let token = PresentedToken::read(&input.token, now.timestamp())?;
    if token.purpose != Purpose::ResetPassword {
        return Err(Error::InvalidToken);
    }
    let id = token.user;
    let known = cx.db.read(async |conn| Entity::find_by_id(id).one(conn).await).await?;
    let known = known.ok_or(Error::InvalidToken)?;
    token.verify(cx.keys(), &known)?;
    let hints = users::password_hints(&known);
    let hash = cx.passwords().choose("/new_password", input.new_password, hints).await?;
    let (keys, sends) = (Arc::clone(cx.keys()), cx.policy().mail);
    cx.db
        .write(move |txn| {
            Box::pin(async move {
                let mut user = lock(txn, id).await?.ok_or(Error::InvalidToken)?;
                token.verify(&keys, &user)?;
                user.is_verified = true;
                set_password(txn, now, user, hash, sends).await?;
                end_all(txn, now, id).await
            })
        })
        .await?;
    cx.wake_outbox();
    Event::PasswordReset { user: id }.log();
    if !known.is_verified {
        Event::EmailVerified { user: id }.log();
    }
    Event::SessionsEnded { user: id, actor: id.into(), reason: SessionEnd::PasswordReset }.log();
    Ok(())
}

/// Sends the owner of an account the mail by which a new password can be chosen.
///
/// # Errors
/// [`Error::CannotMail`] where no mail is sent or the account is disabled.
pub async fn send_reset(cx: &Context, actor: &Actor, id: Uuid) -> Result<()> {
    actor.require(Action::SendPasswordReset)?;
    cx.require_mail()?;
    let now = cx.clock().now();
    cx.db
        .write(move |txn| {
            Box::pin(async move {
                let user = lock(txn, id).await?.or_not_found()?;
                if !user.is_active {
                    return Err(Error::CannotMail("the account is disabled"));
                }
                if !mail::is_deliverable(&user.email) {
                    return Err(Error::CannotMail("the account has no address"));
                }
                mail::enqueue(txn, now, Template::PasswordReset, &user, &user.email).await
            })
        })
        .await?;
    cx.wake_outbox();
    Event::ResetRequested { actor: Some(actor.into()), user: Some(id) }.log();
    Ok(())
}

/// Gives an account its new password, and its owner word of it.
async fn set_password(
    txn: &DatabaseTransaction,
    now: DateTimeWithTimeZone,
    user: Model,
    hash: String,
    sends: bool,
) -> Result<()> {
    let (is_verified, stamp) = (user.is_verified, user.token_epoch + 1);
    let mut row = user.into_active_model();
    (row.password_hash, row.pending_email, row.is_verified) = (Set(hash), Set(None), Set(is_verified));
    row.token_epoch = Set(stamp);
    let changed = db::update(txn, row, Column::Version, None).await?;
    if sends {
        mail::enqueue(txn, now, Template::PasswordChanged, &changed, &changed.email).await?;
    }
    Ok(())
}
