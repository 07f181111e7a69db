//! Passwords that change: by their owner, or by mail when they are forgotten. Either way other sessions
//! end with the old password, and so does a change of address that was asked for under it.

use std::sync::Arc;

use sea_orm::{ActiveValue::Set, DatabaseTransaction, EntityTrait, IntoActiveModel};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::{
    Auth, Verdict,
    address::{AccountEmail, lock},
    proof::{self, Purpose},
    session::{end_all, end_others},
};
use crate::{
    Actor, Db, Error, Result,
    access::Action,
    db,
    error::OrNotFound,
    input,
    mail::{self, Kind},
    security::Event,
    throttle::{Policy, Subject},
    users,
};
use entity::users::{Column, Entity, Model};

/// Request body for changing the password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// Current password.
    #[validate(length(min = 1, max = 256), custom(function = "input::line"))]
    #[schema(
        format = "password",
        min_length = 1,
        max_length = 256,
        examples("correct horse battery staple")
    )]
    pub current_password: String,
    /// New password, hard to guess.
    #[validate(length(min = 8, max = 256), custom(function = "input::line"))]
    #[schema(format = "password", min_length = 8, max_length = 256, examples("violet anchor tundra 71"))]
    pub new_password: String,
}

/// Request body for resetting the password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    /// Token of the mail that was sent to the account's address.
    #[validate(length(min = 1, max = 512))]
    #[schema(min_length = 1, max_length = 512)]
    pub token: String,
    /// A password that is hard to guess.
    #[validate(length(min = 8, max = 256), custom(function = "input::line"))]
    #[schema(format = "password", min_length = 8, max_length = 256, examples("violet anchor tundra 71"))]
    pub new_password: String,
}

/// Changes the password of the account in use. Its other sessions end.
///
/// # Errors
/// [`Error::Invalid`] for a wrong or a weak password.
pub async fn change_password(db: &Db, auth: &Auth, actor: &Actor, input: PasswordChange) -> Result<()> {
    let id = actor.own_account(Action::ChangePassword)?;
    input.validate()?;
    let known = check_password(db, auth, id, input.current_password).await?;
    let hints = users::password_hints(&known);
    let hash = auth.passwords.choose("/new_password", input.new_password, hints).await?;
    let (session, sends) = (actor.session, auth.sends_mail());
    db.write(move |txn| {
        Box::pin(async move {
            let user = lock(txn, id).await?.ok_or(Error::InvalidToken)?;
            if user.password_hash != known.password_hash {
                return Err(wrong_password());
            }
            set_password(txn, user, hash, sends).await?;
            match session {
                Some(session) => end_others(txn, id, session).await,
                None => end_all(txn, id).await,
            }
        })
    })
    .await?;
    auth.wake_mail();
    Event::PasswordChanged { user: id }.log();
    Event::SessionsEnded { user: id, actor: actor.into(), reason: "password_changed" }.log();
    Ok(())
}

/// Sends the mail by which a new password can be chosen, if there is such an account. What the caller
/// learns, and when, is the same in any case: accounts are looked up when the mail is sent.
pub async fn request_reset(db: &Db, auth: &Auth, input: AccountEmail) -> Result<()> {
    input.validate()?;
    auth.ask_for_mail(db, Kind::PasswordReset, &input.email).await
}

/// Chooses a new password by the token of a mail. All sessions end, and the address counts as verified:
/// whoever reads its mail has shown as much. So one who opened an account with somebody else's address
/// loses it.
///
/// # Errors
/// [`Error::InvalidToken`], and [`Error::Invalid`] for a weak password, which leaves the token good.
pub async fn reset_password(db: &Db, auth: &Auth, input: PasswordReset) -> Result<()> {
    input.validate()?;
    let proof = proof::read(&input.token)?;
    if proof.purpose != Purpose::ResetPassword {
        return Err(Error::InvalidToken);
    }
    let id = proof.user;
    let known = db.read(async |conn| Entity::find_by_id(id).one(conn).await).await?;
    let known = known.ok_or(Error::InvalidToken)?;
    proof.hold_against(&auth.keys, &known)?;
    let hints = users::password_hints(&known);
    let hash = auth.passwords.choose("/new_password", input.new_password, hints).await?;
    let (keys, sends) = (Arc::clone(&auth.keys), auth.sends_mail());
    db.write(move |txn| {
        Box::pin(async move {
            let mut user = lock(txn, id).await?.ok_or(Error::InvalidToken)?;
            proof.hold_against(&keys, &user)?;
            user.is_verified = true;
            set_password(txn, user, hash, sends).await?;
            end_all(txn, id).await
        })
    })
    .await?;
    auth.wake_mail();
    Event::PasswordReset { user: id }.log();
    if !known.is_verified {
        Event::EmailVerified { user: id }.log();
    }
    Event::SessionsEnded { user: id, actor: id.into(), reason: "password_reset" }.log();
    Ok(())
}

/// Sends the owner of an account the mail by which a new password can be chosen.
///
/// # Errors
/// [`Error::CannotMail`] where no mail is sent or the account is disabled.
pub async fn send_reset(db: &Db, auth: &Auth, actor: &Actor, id: Uuid) -> Result<()> {
    actor.may(Action::SendPasswordReset)?;
    auth.must_send_mail()?;
    db.write(move |txn| {
        Box::pin(async move {
            let user = lock(txn, id).await?.or_not_found()?;
            if !user.is_active {
                return Err(Error::CannotMail("the account is disabled"));
            }
            if !mail::leads_somewhere(&user.email) {
                return Err(Error::CannotMail("the account has no address"));
            }
            mail::put(txn, Kind::PasswordReset, &user, &user.email).await
        })
    })
    .await?;
    auth.wake_mail();
    Event::ResetRequested { actor: Some(actor.into()), user: Some(id) }.log();
    Ok(())
}

/// The account, if `password` is its own.
///
/// # Errors
/// [`Error::Invalid`] for another one, [`Error::Throttled`] when too many were tried.
pub(crate) async fn check_password(db: &Db, auth: &Auth, id: Uuid, password: String) -> Result<Model> {
    auth.throttle.admit(Policy::Password, Subject::User(id))?;
    let user = db.read(async |conn| Entity::find_by_id(id).one(conn).await).await?;
    let user = user.ok_or(Error::InvalidToken)?;
    match auth.passwords.verify(password, Some(user.password_hash.clone())).await? {
        Verdict::Right { .. } => Ok(user),
        Verdict::Wrong => {
            Event::PasswordRefused { user: id }.log();
            Err(wrong_password())
        }
    }
}

pub(super) fn wrong_password() -> Error {
    Error::invalid("/current_password", "wrong_password", "is not the password of the account")
}

/// Gives an account its new password, and its owner word of it.
async fn set_password(txn: &DatabaseTransaction, user: Model, hash: String, sends: bool) -> Result<()> {
    let (is_verified, stamp) = (user.is_verified, user.proof_stamp + 1);
    let mut row = user.into_active_model();
    (row.password_hash, row.pending_email, row.is_verified) = (Set(hash), Set(None), Set(is_verified));
    row.proof_stamp = Set(stamp);
    let changed = db::update(txn, row, Column::Version, None, &[]).await?;
    if sends {
        mail::put(txn, Kind::PasswordChanged, &changed, &changed.email).await?;
    }
    Ok(())
}
