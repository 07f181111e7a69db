//! Accounts: what the world sees of them, and their administration.

mod change;
mod content;
mod export;
mod identity;
pub mod import;
mod lock;
mod query;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

pub(crate) use self::identity::{normal_email, password_hints, valid_email, valid_username};
use self::{
    change::{change, remove, tell},
    lock::{lock, lock_admins},
};
pub use self::{
    content::{NewUser, ProfilePatch, UserPatch},
    export::{Export, ExportDocument, export},
    query::{UserQuery, UserSort},
};
use crate::{
    Actor, Db, Error, Keys, Result,
    access::{Action, Role},
    auth::{self, Auth, Confirmation, password},
    error::{OrNotFound, OrTaken},
    mail::{self, Kind},
    page::{self, Page},
    security::Event,
};
use entity::users::{Column, Entity, Model};

/// Account, as its owner and administrators see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct User {
    /// A UUID of version 7.
    #[schema(examples("01a1fc31-a23e-72a5-9ed9-5d2493985689"))]
    pub id: Uuid,
    /// The account's name, in lower case.
    #[schema(examples("alice"))]
    pub username: String,
    /// The address, in lower case.
    #[schema(format = "email", examples("alice@example.com"))]
    pub email: String,
    /// Given name.
    #[schema(examples("Alice"))]
    pub first_name: Option<String>,
    /// Family name.
    #[schema(examples("Liddell"))]
    pub last_name: Option<String>,
    /// First and last name; null if both are missing.
    #[schema(examples("Alice Liddell"))]
    pub full_name: Option<String>,
    /// Role of the account.
    pub role: Role,
    /// True if the address is verified.
    pub is_verified: bool,
    /// True if the account is enabled.
    pub is_active: bool,
    /// Time of creation, UTC.
    #[schema(examples("2026-11-21T03:41:13.662396Z"))]
    pub created_at: DateTime<Utc>,
    /// Time of the last change, UTC.
    #[schema(examples("2026-11-21T03:41:13.662396Z"))]
    pub updated_at: DateTime<Utc>,
    /// How often the account was changed, from 1: the value of the entity tag.
    #[serde(skip)]
    pub version: i64,
}

impl From<Model> for User {
    fn from(row: Model) -> Self {
        let names: Vec<&str> =
            [&row.first_name, &row.last_name].into_iter().flatten().map(String::as_str).collect();
        Self {
            full_name: (!names.is_empty()).then(|| names.join(" ")),
            id: row.id,
            role: Role::from_column(&row.role),
            username: row.username,
            email: row.email,
            first_name: row.first_name,
            last_name: row.last_name,
            is_verified: row.is_verified,
            is_active: row.is_active,
            created_at: row.created_at.to_utc(),
            updated_at: row.updated_at.to_utc(),
            version: row.version,
        }
    }
}

/// The account in use.
pub async fn me(db: &Db, actor: &Actor) -> Result<User> {
    Ok(find(db, actor.own_account(Action::GetMe)?).await?.into())
}

/// Changes the account in use, unless its version is none of `versions`.
pub async fn update_me(
    db: &Db,
    actor: &Actor,
    versions: Option<Vec<i64>>,
    patch: ProfilePatch,
) -> Result<User> {
    let id = actor.own_account(Action::UpdateMe)?;
    patch.validate()?;
    let ProfilePatch { first_name, last_name } = patch;
    let patch = UserPatch { first_name, last_name, ..UserPatch::default() };
    let (_, after) = change(db, None, id, versions, patch).await?;
    Ok(after)
}

/// Deletes the account in use, for one who knows its password. Its sessions end; its books stay, without an
/// owner.
///
/// # Errors
/// [`Error::Invalid`] for a wrong password, [`Error::LastAdmin`] where nobody would be left to administer
/// accounts.
pub async fn delete_me(
    db: &Db,
    auth: &Auth,
    actor: &Actor,
    versions: Option<Vec<i64>>,
    confirmation: Confirmation,
) -> Result<()> {
    let id = actor.own_account(Action::DeleteMe)?;
    confirmation.validate()?;
    auth::check_password(db, auth, id, confirmation.current_password).await?;
    remove(db, None, id, versions).await?;
    Event::UserDeleted { actor: actor.into(), user: id }.log();
    Ok(())
}

/// Lists accounts.
pub async fn list(db: &Db, keys: &Keys, actor: &Actor, query: UserQuery) -> Result<Page<User>> {
    actor.may(Action::ListUsers)?;
    query.validate()?;
    let context = page::context("users", &query)?;
    let page = page::fetch(
        db,
        keys,
        (query.select(), query.order(), query.window()),
        &context,
        async |conn, select| Ok(select.all(conn).await?.into_iter().map(|user| (user, ())).collect()),
    )
    .await?;
    Ok(page.map(|(user, ())| user.into()))
}

/// Opens an account for somebody. Until its owner chooses a password, by the mail that goes there, none opens
/// it.
pub async fn create(db: &Db, auth: &Auth, actor: &Actor, new: NewUser) -> Result<User> {
    actor.may(Action::CreateUser)?;
    let opened = open(db, auth, actor.id, new, None).await;
    let user = opened.inspect_err(|error| actor.denied(Action::CreateUser, error))?;
    Event::UserCreated { actor: actor.into(), user: user.id, role: user.role }.log();
    Ok(user)
}

/// Opens an account with a password, for whoever runs the program: the first administrator can get none by
/// mail that nobody has set up yet.
pub async fn create_with_password(
    db: &Db,
    auth: &Auth,
    actor: &Actor,
    new: NewUser,
    password: String,
) -> Result<User> {
    actor.may(Action::CreateUser)?;
    if actor.id.is_some() {
        return Err(Error::Forbidden);
    }
    password::well_formed(&password)?;
    let user = open(db, auth, None, new, Some(password)).await?;
    Event::UserCreated { actor: actor.into(), user: user.id, role: user.role }.log();
    Ok(user)
}

/// Reads an account.
pub async fn get(db: &Db, actor: &Actor, id: Uuid) -> Result<User> {
    actor.may(Action::GetUser)?;
    Ok(find(db, id).await?.into())
}

/// Changes an account, unless its version is none of `versions`.
///
/// # Errors
/// [`Error::LastAdmin`] where nobody would be left to administer accounts.
pub async fn update(
    db: &Db,
    actor: &Actor,
    id: Uuid,
    versions: Option<Vec<i64>>,
    patch: UserPatch,
) -> Result<User> {
    actor.may(Action::UpdateUser)?;
    patch.validate()?;
    let changed = change(db, actor.id, id, versions, patch).await;
    let (before, after) = changed.inspect_err(|error| actor.denied(Action::UpdateUser, error))?;
    tell(actor.into(), &before, &after);
    Ok(after)
}

/// Deletes an account. Its sessions end; its books stay, without an owner.
///
/// # Errors
/// [`Error::LastAdmin`] where nobody would be left to administer accounts.
pub async fn delete(db: &Db, actor: &Actor, id: Uuid, versions: Option<Vec<i64>>) -> Result<()> {
    actor.may(Action::DeleteUser)?;
    let removed = remove(db, actor.id, id, versions).await;
    removed.inspect_err(|error| actor.denied(Action::DeleteUser, error))?;
    Event::UserDeleted { actor: actor.into(), user: id }.log();
    Ok(())
}

/// Ends every session of an account.
pub async fn end_sessions(db: &Db, actor: &Actor, id: Uuid) -> Result<()> {
    actor.may(Action::EndUserSessions)?;
    let by = actor.id;
    let ended = db.write(move |txn| {
        Box::pin(async move {
            lock(txn, by, id).await?;
            auth::end_all(txn, id).await
        })
    });
    ended.await.inspect_err(|error| actor.denied(Action::EndUserSessions, error))?;
    Event::SessionsEnded { user: id, actor: actor.into(), reason: "administrator" }.log();
    Ok(())
}

/// Finds the account with this name to act for it, for whoever runs the program.
pub async fn act_for(db: &Db, username: &str) -> Result<Actor> {
    let name = username.to_lowercase();
    let user = db
        .read(async |conn| Entity::find().filter(Column::Username.eq(name.as_str())).one(conn).await)
        .await?;
    Ok(Actor::of(user.or_not_found()?, None))
}

/// Opens an account whose name and address nobody has. One without a password gets the mail by which to choose
/// it, which verifies the address, too; one that is not verified gets the mail for that. `by` is the
/// administrator who opens it for somebody.
pub(crate) async fn open(
    db: &Db,
    auth: &Auth,
    by: Option<Uuid>,
    new: NewUser,
    password: Option<String>,
) -> Result<User> {
    new.validate()?;
    let (password_hash, letter) = match password {
        Some(password) => {
            let hash = auth.passwords().choose("/password", password, identity::hints(&new)).await?;
            (hash, (!new.is_verified).then_some(Kind::VerifyEmail))
        }
        None => (password::none_yet(), Some(Kind::PasswordReset)),
    };
    let letter = letter.filter(|_| auth.sends_mail());
    let row = new.into_row(password_hash);
    let opened = db
        .write(move |txn| {
            Box::pin(async move {
                if by.is_some() {
                    lock_admins(txn, by).await?;
                }
                let user = row.insert(txn).await.or_taken(&["username", "email"])?;
                if let Some(letter) = letter {
                    mail::put(txn, letter, &user, &user.email).await?;
                }
                Ok(user.into())
            })
        })
        .await?;
    auth.wake_mail();
    Ok(opened)
}

async fn find(db: &Db, id: Uuid) -> Result<Model> {
    db.read(async |conn| Entity::find_by_id(id).one(conn).await).await?.or_not_found()
}
