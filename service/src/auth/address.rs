//! Requests for mail to an address: another verification mail, and a change of address. The token of the mail is
//! accepted in [`super::verification`].

use sea_orm::{
    ActiveValue::Set, DatabaseTransaction, EntityTrait, IntoActiveModel, QuerySelect,
    prelude::DateTimeWithTimeZone,
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::{
    Actor, Context, Error, Password, Result,
    access::Action,
    db,
    mail::{self, Template},
    secret,
    security::Event,
    users::{self, confirm_password, wrong_password},
};
use entity::users::{Column, Entity, Model};

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

/// Enqueues another verification mail for an unverified account. The result and its timing are the same for every
/// address: accounts are looked up only when the mail is sent.
pub async fn resend_verification(cx: &Context, input: AccountEmail) -> Result<()> {
    input.validate()?;
    super::request_mail(cx, Template::VerifyEmail, &input.email).await
}

/// Requests a change of the actor's address: mails a token to the new address, and a notice to the old one if it is
/// verified. The old address stays until the new one is confirmed. Mail that an unverified account got before becomes
/// invalid; its own address once more requests another verification mail.
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

/// Locks an account until the transaction ends.
pub(super) async fn lock(txn: &DatabaseTransaction, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).lock_exclusive().one(txn).await?)
}

/// Stores the pending address of an account, and enqueues its mail. The address is not looked up here, so the work is
/// the same whether or not another account has it: mail to a verified address of another account is discarded later.
async fn request_change(
    txn: &DatabaseTransaction,
    now: DateTimeWithTimeZone,
    user: Model,
    email: String,
) -> Result<()> {
    let is_same = email == user.email;
    if is_same && user.is_verified && user.pending_email.is_none() {
        return Ok(());
    }
    let mut row = user.clone().into_active_model();
    row.pending_email = Set((!is_same).then(|| email.clone()));
    if !user.is_verified {
        // Invalidates the tokens that were mailed to the address so far: it may belong to another person.
        row.token_epoch = Set(user.token_epoch + 1);
    }
    let changed = db::update(txn, row, Column::Version, None).await?;
    match (is_same, user.is_verified) {
        (true, true) => {}
        (true, false) => mail::enqueue(txn, now, Template::VerifyEmail, &changed, &email).await?,
        (false, _) => mail::enqueue(txn, now, Template::ChangeEmail, &changed, &email).await?,
    }
    if user.is_verified {
        mail::enqueue(txn, now, Template::EmailChangeRequested, &changed, &user.email).await?;
    }
    Ok(())
}
