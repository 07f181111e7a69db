//! E-mail addresses: whose they are is shown by reading the mail that goes there.

use std::sync::Arc;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect,
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::{
    Auth, end_all,
    proof::{self, Proof, Purpose},
    recovery::{check_password, wrong_password},
};
use crate::{
    Actor, Db, Error, Keys, Result,
    access::Action,
    db, input,
    mail::{self, Kind},
    security::Event,
    users::{self, User},
};
use entity::users::{Column, Entity, Model};

/// Request body for verifying an e-mail address.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyEmail {
    /// Token of the mail that was sent to the address.
    #[validate(length(min = 1, max = 512))]
    #[schema(min_length = 1, max_length = 512)]
    pub token: String,
}

/// Request body with the e-mail address of an account.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountEmail {
    /// The address, in any letter case.
    #[validate(length(max = 254), custom(function = "users::valid_email"))]
    #[schema(format = "email", max_length = 254, examples("alice@example.com"))]
    pub email: String,
}

/// Request body for changing the e-mail address.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEmail {
    /// New address, stored in lower case.
    #[validate(length(max = 254), custom(function = "users::valid_email"))]
    #[schema(format = "email", max_length = 254, examples("alice@example.org"))]
    pub email: String,
    /// The password of the account.
    #[validate(length(min = 1, max = 256), custom(function = "input::line"))]
    #[schema(
        format = "password",
        min_length = 1,
        max_length = 256,
        examples("correct horse battery staple")
    )]
    pub current_password: String,
}

/// Verifies the address of an account, or gives it the one that it is to have.
///
/// # Errors
/// [`Error::InvalidToken`], and [`Error::Taken`] where somebody else verified the address meanwhile.
pub async fn verify_email(db: &Db, auth: &Auth, input: VerifyEmail) -> Result<User> {
    input.validate()?;
    let proof = proof::read(&input.token)?;
    let (keys, sends, purpose) = (Arc::clone(&auth.keys), auth.sends_mail(), proof.purpose);
    let (verified, released) = db
        .write(move |txn| {
            Box::pin(async move {
                match proof.purpose {
                    Purpose::VerifyEmail => Ok((verify(txn, &keys, &proof).await?, None)),
                    Purpose::ChangeEmail => change(txn, &keys, &proof, sends).await,
                    Purpose::ResetPassword => Err(Error::InvalidToken),
                }
            })
        })
        .await?;
    auth.wake_mail();
    let user = verified.id;
    if purpose == Purpose::ChangeEmail {
        Event::EmailChanged { user }.log();
    } else {
        Event::EmailVerified { user }.log();
    }
    if let Some(loser) = released {
        Event::AddressLost { user: loser, to: user }.log();
        Event::SessionsEnded { user: loser, actor: user.into(), reason: "address_lost" }.log();
    }
    Ok(verified.into())
}

/// Sends the mail that verifies an address once more, if there is such an account and it needs to. What the
/// caller learns, and when, is the same in any case: accounts are looked up when the mail is sent.
pub async fn resend_verification(db: &Db, auth: &Auth, input: AccountEmail) -> Result<()> {
    input.validate()?;
    auth.ask_for_mail(db, Kind::VerifyEmail, &input.email).await
}

/// Asks the new address of the account in use to confirm itself, and tells the old one. Until it does, the
/// old one stays.
///
/// # Errors
/// [`Error::Invalid`] for a wrong password, [`Error::CannotMail`] where no mail is sent.
pub async fn change_email(db: &Db, auth: &Auth, actor: &Actor, new: NewEmail) -> Result<()> {
    let id = actor.own_account(Action::ChangeEmail)?;
    new.validate()?;
    auth.must_send_mail()?;
    let email = users::normal_email(&new.email);
    let known = check_password(db, auth, id, new.current_password).await?;
    auth.admit_letter(Kind::ChangeEmail, &email)?;
    db.write(move |txn| {
        Box::pin(async move {
            let user = lock(txn, id).await?.ok_or(Error::InvalidToken)?;
            if user.password_hash != known.password_hash {
                return Err(wrong_password());
            }
            request_change(txn, user, email).await
        })
    })
    .await?;
    auth.wake_mail();
    Event::EmailChangeRequested { user: id }.log();
    Ok(())
}

/// An address that nobody has any more, and that no mail goes to (RFC 6761, section 6.4).
fn nobodys_address() -> String {
    format!("{}@{}", Uuid::now_v7().simple(), mail::NOWHERE)
}

/// Reads an account and keeps others from changing it until the transaction ends.
pub(super) async fn lock(txn: &DatabaseTransaction, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).lock_exclusive().one(txn).await?)
}

async fn holder(txn: &DatabaseTransaction, email: &str) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::Email.eq(email)).one(txn).await?)
}

/// Notes the address that an account is to have. One that somebody else has verified is noted for nobody,
/// and its owner hears nothing of it.
async fn request_change(txn: &DatabaseTransaction, user: Model, email: String) -> Result<()> {
    if email == user.email && user.pending_email.is_none() {
        return Ok(());
    }
    let taken = holder(txn, &email).await?.is_some_and(|holder| holder.is_verified);
    let pending = (email != user.email && !taken).then_some(email);
    let mut row = user.clone().into_active_model();
    row.pending_email = Set(pending.clone());
    let changed = db::update(txn, row, Column::Version, None, &[]).await?;
    if let Some(pending) = pending {
        mail::put(txn, Kind::ChangeEmail, &changed, &pending).await?;
    }
    mail::put(txn, Kind::EmailChangeRequested, &changed, &user.email).await
}

async fn verify(txn: &DatabaseTransaction, keys: &Keys, proof: &Proof) -> Result<Model> {
    let user = lock(txn, proof.user).await?.ok_or(Error::InvalidToken)?;
    proof.hold_against(keys, &user)?;
    let mut row = user.into_active_model();
    row.is_verified = Set(true);
    db::update(txn, row, Column::Version, None, &[]).await
}

/// Gives an account its new address. One who has it, but never verified it, loses it, and is named.
async fn change(
    txn: &DatabaseTransaction,
    keys: &Keys,
    proof: &Proof,
    sends: bool,
) -> Result<(Model, Option<Uuid>)> {
    let user = Entity::find_by_id(proof.user).one(txn).await?.ok_or(Error::InvalidToken)?;
    proof.hold_against(keys, &user)?;
    let email = user.pending_email.ok_or(Error::InvalidToken)?;
    // Always in the same order, so that two who change at once do not wait for each other.
    let mut ids = vec![user.id];
    ids.extend(holder(txn, &email).await?.map(|holder| holder.id));
    ids.sort_unstable();
    let (mut user, mut holder) = (None, None);
    for id in ids {
        let row = lock(txn, id).await?;
        if id == proof.user { user = row } else { holder = row }
    }
    let user = user.ok_or(Error::InvalidToken)?;
    proof.hold_against(keys, &user)?;
    let holder = holder.filter(|holder| holder.email == email);
    let released = holder.as_ref().map(|holder| holder.id);
    if let Some(holder) = holder {
        release(txn, holder).await?;
    }
    let mut row = user.clone().into_active_model();
    (row.email, row.pending_email, row.is_verified) = (Set(email), Set(None), Set(true));
    row.proof_stamp = Set(user.proof_stamp + 1);
    let changed = db::update(txn, row, Column::Version, None, &["email"]).await?;
    if sends {
        mail::put(txn, Kind::EmailChanged, &changed, &user.email).await?;
    }
    Ok((changed, released))
}

/// Takes the address away from an account that never verified it.
async fn release(txn: &DatabaseTransaction, holder: Model) -> Result<()> {
    if holder.is_verified {
        return Err(Error::Taken("email"));
    }
    let id = holder.id;
    let mut row = holder.into_active_model();
    row.email = Set(nobodys_address());
    db::update(txn, row, Column::Version, None, &[]).await?;
    end_all(txn, id).await
}
