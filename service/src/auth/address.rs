//! Requests for mail to an address: another verification mail, and a change of address. The token of the mail is
//! accepted in [`super::verification`].

use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect, prelude::DateTimeWithTimeZone,
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
