//! Verification of an address, and completion of a change of address, with the token of a mail.
//!
//! The token proves access to the mailbox, not that its reader created the account: a stranger may have signed up with
//! the address, and knows the password. So a token alone changes nothing. It is accepted with a session or the password
//! of the account, or with a new password, which ends the old one and its sessions.

use std::sync::Arc;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    prelude::DateTimeWithTimeZone,
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::{address::lock, guess};
use crate::{
    Actor, Context, Error, FieldCode, FieldError, Keys, MailToken, Password, Result,
    db::{self, Class},
    error::{OrViolated, Unique},
    input,
    mail::{self, PresentedToken, Purpose, Template},
    passwords::{Client, Verdict},
    secret,
    security::{AddressClass, Event, LogInFailure, SessionEnd},
    sessions::{self, DeviceInfo, end_all},
    users::{self, User},
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
    /// Password of the account; not needed with an access token of the account.
    #[serde(default, deserialize_with = "input::required")]
    #[validate(length(min = 1, max = 256), custom(function = "secret::one_line"))]
    #[schema(
        value_type = Option<String>,
        format = "password",
        min_length = 1,
        max_length = 256,
        nullable = false,
        examples("correct horse battery staple")
    )]
    pub password: Option<Password>,
    /// New password, hard to guess, instead of the account's. It ends the old password and all sessions. A change of a
    /// verified address does not accept it.
    #[serde(default, deserialize_with = "input::required")]
    #[validate(length(min = 8, max = 256), custom(function = "secret::one_line"))]
    #[schema(
        value_type = Option<String>,
        format = "password",
        min_length = 8,
        max_length = 256,
        nullable = false,
        examples("violet anchor tundra 71")
    )]
    pub new_password: Option<Password>,
}

/// Proof that the account belongs to the reader of the mail.
#[derive(Clone)]
enum Proof {
    /// A session of the account.
    Session(Actor),
    /// The password with this stored hash.
    Password(String),
    /// A new password with this hash, for an account that is not verified.
    NewPassword(String),
}

/// Verifies the address of an account, or completes its change of address. `actor` is the account that is signed in
/// where the token is presented on `device`.
///
/// # Errors
/// [`Error::InvalidToken`]; [`Error::Invalid`] without a proof, which does not consume the token; [`Error::Throttled`]
/// after too many wrong passwords; [`Error::Taken`] if another account verified the address first.
pub async fn verify_email(
    cx: &Context,
    actor: Option<Actor>,
    device: &DeviceInfo,
    input: VerifyEmail,
) -> Result<User> {
    input.validate()?;
    let VerifyEmail { token, password, new_password } = input;
    let now = cx.clock().now();
    let token = PresentedToken::read(&token, now.timestamp())?;
    if token.purpose == Purpose::ResetPassword {
        return Err(Error::InvalidToken);
    }
    let id = token.user;
    let found = cx.db.read(Class::Key, Entity::find_by_id(id)).one().await?;
    let user = found.ok_or(Error::InvalidToken)?;
    token.verify(cx.keys(), &user)?;
    let proof = match (password, new_password) {
        (Some(_), Some(_)) => {
            return Err(Error::invalid("/new_password", FieldCode::Conflict, "excludes password"));
        }
        (None, Some(new)) => choose_password(cx, &user, new).await?,
        (Some(password), None) => check_password(cx, device, &user, password).await?,
        (None, None) => match actor {
            Some(actor) if actor.id() == Some(id) => Proof::Session(actor),
            _ => return Err(missing_proof(&user)),
        },
    };
    let renewed = matches!(proof, Proof::NewPassword(_));
    let (keys, sends, purpose) = (Arc::clone(cx.keys()), cx.policy().mail, token.purpose);
    let work = Completion { now, keys, token, proof, sends };
    let (verified, released) = cx.db.write(work, |txn, work| Box::pin(work.run(txn))).await?;
    cx.wake_outbox();
    log_events(purpose, id, renewed, released);
    Ok(verified.into())
}

fn log_events(purpose: Purpose, user: Uuid, renewed: bool, released: Option<Uuid>) {
    match purpose {
        Purpose::ChangeEmail => Event::EmailChanged { user }.log(),
        Purpose::VerifyEmail | Purpose::ResetPassword => Event::EmailVerified { user }.log(),
    }
    if renewed {
        Event::PasswordReset { user }.log();
        Event::SessionsEnded { user, actor: user.into(), reason: SessionEnd::PasswordReset }.log();
    }
    if let Some(loser) = released {
        Event::AddressLost { user: loser, to: user }.log();
        Event::SessionsEnded { user: loser, actor: user.into(), reason: SessionEnd::AddressLost }.log();
    }
}

/// Error of a token without a proof, with the fields that would be one.
fn missing_proof(user: &Model) -> Error {
    let password = "is missing; send it, or an access token of the account";
    let mut errors = vec![FieldError::new("/password", FieldCode::Missing, password)];
    if !user.is_verified {
        let new = "is missing; send it if you do not know the password, which it replaces";
        errors.insert(0, FieldError::new("/new_password", FieldCode::Missing, new));
    }
    Error::Invalid(errors)
}

/// Hashes a new password. A verified account has an owner: a reader of a mistyped new address must not replace its
/// password.
async fn choose_password(cx: &Context, user: &Model, new: Password) -> Result<Proof> {
    if user.is_verified {
        return Err(owned());
    }
    let mut hints = users::password_hints(user);
    hints.extend(user.pending_email.clone());
    let hash = cx.passwords().choose(Client::Account(user.id), "/new_password", new, hints).await?;
    Ok(Proof::NewPassword(hash))
}

/// Error of a new password for an account that has an owner.
fn owned() -> Error {
    let detail = "is not accepted for a change of a verified address; send the password of the account";
    Error::invalid("/new_password", FieldCode::Invalid, detail)
}

/// Checks the password of the account. A wrong one counts as a failed log-in.
async fn check_password(
    cx: &Context,
    device: &DeviceInfo,
    user: &Model,
    password: Password,
) -> Result<Proof> {
    let (attempt, client) = guess::admit(cx, &user.username, device).await?;
    let stored = user.password_hash.clone();
    let checked = cx.passwords().verify(client, password, Some(stored.clone())).await;
    if let Ok(Verdict::Wrong) = checked {
        let (reason, address) = (LogInFailure::WrongPassword, AddressClass::of(device.ip));
        Event::LogInFailed { reason, user: Some(user.id), address }.log();
        return Err(wrong_password());
    }
    attempt.refund().await?;
    checked.map(|_| Proof::Password(stored))
}

fn wrong_password() -> Error {
    Error::invalid("/password", FieldCode::WrongPassword, "is not the password of the account")
}

/// Transaction that verifies or changes an address.
#[derive(Clone)]
struct Completion {
    now: DateTimeWithTimeZone,
    keys: Arc<Keys>,
    token: PresentedToken,
    proof: Proof,
    sends: bool,
}

impl Completion {
    /// Returns the changed account, and the id of an unverified account that lost the address to it.
    async fn run(self, txn: &DatabaseTransaction) -> Result<(Model, Option<Uuid>)> {
        let (user, holder) = self.lock(txn).await?;
        match &self.proof {
            Proof::Session(actor) => sessions::confirm(txn, actor, self.now).await?,
            Proof::Password(hash) if user.password_hash != *hash => return Err(wrong_password()),
            // The owner may have verified the present address meanwhile.
            Proof::NewPassword(_) if user.is_verified => return Err(owned()),
            Proof::Password(_) | Proof::NewPassword(_) => {}
        }
        let released = holder.as_ref().map(|holder| holder.id);
        if let Some(holder) = holder {
            release(txn, self.now, holder).await?;
        }
        let changed = self.update(txn, &user).await?;
        if matches!(self.proof, Proof::NewPassword(_)) {
            end_all(txn, self.now, changed.id).await?;
        }
        if self.sends {
            self.notify(txn, &user, &changed).await?;
        }
        Ok((changed, released))
    }

    /// Locks the account of the token, and another one that has the new address, always in the same order, to prevent
    /// deadlocks.
    async fn lock(&self, txn: &DatabaseTransaction) -> Result<(Model, Option<Model>)> {
        let id = self.token.user;
        let mut ids = vec![id];
        let seen = Entity::find_by_id(id).one(txn).await?.ok_or(Error::InvalidToken)?;
        let new = seen.pending_email.filter(|_| self.token.purpose == Purpose::ChangeEmail);
        if let Some(email) = &new {
            let holder = Entity::find().filter(Column::Email.eq(email)).one(txn).await?;
            ids.extend(holder.map(|holder| holder.id));
        }
        ids.sort_unstable();
        let (mut user, mut holder) = (None, None);
        for locked in ids {
            let row = lock(txn, locked).await?;
            if locked == id { user = row } else { holder = row }
        }
        let user = user.ok_or(Error::InvalidToken)?;
        self.token.verify(&self.keys, &user)?;
        let holder = holder.filter(|holder| Some(&holder.email) == new.as_ref());
        Ok((user, holder))
    }

    async fn update(&self, txn: &DatabaseTransaction, user: &Model) -> Result<Model> {
        let mut row = user.clone().into_active_model();
        row.is_verified = Set(true);
        let mut epoch = user.token_epoch;
        if self.token.purpose == Purpose::ChangeEmail {
            let email = user.pending_email.clone().ok_or(Error::InvalidToken)?;
            (row.email, row.pending_email) = (Set(email), Set(None));
            epoch += 1;
        }
        if let Proof::NewPassword(hash) = &self.proof {
            (row.password_hash, row.pending_email) = (Set(hash.clone()), Set(None));
            epoch += 1;
        }
        row.token_epoch = Set(epoch);
        db::update(txn, row, Column::Version, None).await.or_taken(&[Unique::Email])
    }

    /// Notifies the verified old address of a change, and the address of a new password.
    async fn notify(&self, txn: &DatabaseTransaction, before: &Model, after: &Model) -> Result<()> {
        if self.token.purpose == Purpose::ChangeEmail && before.is_verified {
            mail::enqueue(txn, self.now, Template::EmailChanged, after, &before.email).await?;
        }
        if matches!(self.proof, Proof::NewPassword(_)) {
            mail::enqueue(txn, self.now, Template::PasswordChanged, after, &after.email).await?;
        }
        Ok(())
    }
}

/// Unique address that receives no mail (RFC 6761, section 6.4).
fn nobodys_address() -> String {
    format!("{}@{}", Uuid::now_v7().simple(), mail::NOWHERE)
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
