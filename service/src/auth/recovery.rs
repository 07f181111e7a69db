//! Password change by the owner, and password reset by mail. Both end other sessions and cancel a pending change of
//! address.

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
    db::{self, Class},
    error::OrNotFound,
    mail::{self, PresentedToken, Purpose, Template},
    passwords::Client,
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

/// Changes the password of the actor's account. Its other sessions end.
///
/// # Errors
/// [`Error::Invalid`] for a wrong or a weak password.
pub async fn change_password(cx: &Context, actor: &Actor, input: PasswordChange) -> Result<()> {
    let id = actor.require_account(Action::ChangePassword)?.id;
    input.validate()?;
    let confirmed = confirm_password(cx, id, input.current_password).await?;
    let hints = users::password_hints(&confirmed);
    let hash = cx.passwords().choose(Client::Account(id), "/new_password", input.new_password, hints).await?;
    let (session, sends, now) = (actor.session(), cx.policy().mail, cx.clock().now());
    cx.db
        .write((confirmed, hash), move |txn, (confirmed, hash)| {
            Box::pin(async move {
                let user = lock(txn, id).await?.ok_or(Error::InvalidToken)?;
                if user.password_hash != confirmed.password_hash {
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

/// Enqueues a password reset mail for an account. The result and its timing are the same for every address: accounts
/// are looked up only when the mail is sent.
pub async fn request_reset(cx: &Context, input: AccountEmail) -> Result<()> {
    input.validate()?;
    super::request_mail(cx, Template::PasswordReset, &input.email).await
}

/// Sets a new password with a mail token. All sessions end, and the address is verified: the token proves access to
/// the mailbox. A person that signed up with a foreign address thus loses the account to the owner of the mailbox.
///
/// # Errors
/// [`Error::InvalidToken`]; [`Error::Invalid`] for a weak password, which does not consume the token.
pub async fn reset_password(cx: &Context, input: PasswordReset) -> Result<()> {
    input.validate()?;
    let now = cx.clock().now();
    let token = PresentedToken::read(&input.token, now.timestamp())?;
    if token.purpose != Purpose::ResetPassword {
        return Err(Error::InvalidToken);
    }
    let id = token.user;
    let found = cx.db.read(Class::Key, Entity::find_by_id(id)).one().await?;
    let found = found.ok_or(Error::InvalidToken)?;
    token.verify(cx.keys(), &found)?;
    let hints = users::password_hints(&found);
    let hash = cx.passwords().choose(Client::Account(id), "/new_password", input.new_password, hints).await?;
    let (keys, sends) = (Arc::clone(cx.keys()), cx.policy().mail);
    cx.db
        .write((token, keys, hash), move |txn, (token, keys, hash)| {
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
    // The owner has proven access to the mailbox: attacks on the account must not prevent the next log-in.
    for name in [&found.username, &found.email] {
        cx.throttle().forget_failures(name).await?;
    }
    Event::PasswordReset { user: id }.log();
    if !found.is_verified {
        Event::EmailVerified { user: id }.log();
    }
    Event::SessionsEnded { user: id, actor: id.into(), reason: SessionEnd::PasswordReset }.log();
    Ok(())
}

/// Mails a password reset token to the owner of an account.
///
/// # Errors
/// [`Error::CannotMail`] if the server sends no mail or the account is disabled.
pub async fn send_reset(cx: &Context, actor: &Actor, id: Uuid) -> Result<()> {
    actor.require(Action::SendPasswordReset)?;
    cx.require_mail()?;
    let now = cx.clock().now();
    cx.db
        .write((), move |txn, ()| {
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

/// Sets the password of an account, for the operator only: its owner has no other way if mail does not arrive. All
/// sessions end.
///
/// # Errors
/// [`Error::Invalid`] for a weak password, [`Error::NotFound`].
pub async fn assign_password(cx: &Context, actor: &Actor, id: Uuid, password: Password) -> Result<()> {
    actor.require_operator(Action::UpdateUser)?;
    password.check_form()?;
    let hints = users::password_hints(&users::find(cx, id).await?);
    let hash = cx.passwords().choose(Client::Account(id), "/password", password, hints).await?;
    let (sends, now) = (cx.policy().mail, cx.clock().now());
    cx.db
        .write(hash, move |txn, hash| {
            Box::pin(async move {
                let user = lock(txn, id).await?.or_not_found()?;
                set_password(txn, now, user, hash, sends).await?;
                end_all(txn, now, id).await
            })
        })
        .await?;
    cx.wake_outbox();
    Event::PasswordSet { actor: actor.into(), user: id }.log();
    Event::SessionsEnded { user: id, actor: actor.into(), reason: SessionEnd::PasswordSet }.log();
    Ok(())
}

/// Stores a new password and notifies the owner by mail.
async fn set_password(
    txn: &DatabaseTransaction,
    now: DateTimeWithTimeZone,
    user: Model,
    hash: String,
    sends: bool,
) -> Result<()> {
    let (is_verified, token_epoch) = (user.is_verified, user.token_epoch + 1);
    let mut row = user.into_active_model();
    (row.password_hash, row.pending_email, row.is_verified) = (Set(hash), Set(None), Set(is_verified));
    row.token_epoch = Set(token_epoch);
    let changed = db::update(txn, row, Column::Version, None).await?;
    if sends {
        mail::enqueue(txn, now, Template::PasswordChanged, &changed, &changed.email).await?;
    }
    Ok(())
}
