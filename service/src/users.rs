//! Accounts and their administration.

mod change;
mod confirmation;
mod created;
mod details;
mod identity;
pub mod import;
mod lock;
mod own;
mod query;
mod requests;

use chrono::{DateTime, Utc};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use self::{
    change::{change, log_change, remove},
    lock::{lock, lock_admins},
};
pub(crate) use self::{
    confirmation::{confirm_password, wrong_password},
    identity::{normal_email, password_hints, valid_email, valid_username},
    own::find_own,
};
pub use self::{
    created::CreatedUser,
    details::{UserDetails, details},
    own::{delete_me, me, update_me},
    query::{UserQuery, UserSort},
    requests::{Confirmation, NewUser, ProfilePatch, UserPatch},
};
use crate::{
    Account, Actor, Context, Password, Result, Role, Versions,
    access::Action,
    db::Class,
    error::{OrNotFound, OrViolated, Unique},
    mail::{self, PasswordLink, Template},
    page::{self, Page},
    passwords::{self, Client},
    security::{Event, SessionEnd},
    sessions,
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
    /// Version of the account, from 1: the value of its `ETag`.
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

/// Lists accounts.
pub async fn list(cx: &Context, actor: &Actor, query: UserQuery) -> Result<Page<User>> {
    actor.require(Action::ListUsers)?;
    query.validate()?;
    let name = page::name("users", &(), &query)?;
    let list = (Class::List, query.select(), query.order(), query.window());
    let page = page::fetch(cx, list, &name, |select| select, |user| user).await?;
    Ok(page.map(User::from))
}

/// Creates an account for another person. Nobody can log in to it until its owner chooses a password with the token of
/// the mail, or of the returned link if this server sends no mail.
pub async fn create(cx: &Context, actor: &Actor, new: NewUser) -> Result<CreatedUser> {
    actor.require(Action::CreateUser)?;
    let created = create_account(cx, actor.id(), new, None).await;
    let row = created.inspect_err(|error| actor.log_denial(Action::CreateUser, error))?;
    let shown = !cx.policy().mail;
    let password_link = shown.then(|| PasswordLink::for_account(cx, &row)).transpose()?;
    let user = User::from(row);
    Event::UserCreated { actor: actor.into(), user: user.id, role: user.role }.log();
    if password_link.is_some() {
        Event::LinkShown { actor: actor.into(), user: user.id }.log();
    }
    Ok(CreatedUser { user, password_link })
}

/// Creates an account with a password, for the operator only: the first administrator may exist before mail is
/// configured.
pub async fn create_with_password(
    cx: &Context,
    actor: &Actor,
    new: NewUser,
    password: Password,
) -> Result<User> {
    actor.require_operator(Action::CreateUser)?;
    password.check_form()?;
    let created = create_account(cx, None, new, Some((Client::at(None), password))).await?;
    let user = User::from(created);
    Event::UserCreated { actor: actor.into(), user: user.id, role: user.role }.log();
    Ok(user)
}

/// Reads an account.
pub async fn get(cx: &Context, actor: &Actor, id: Uuid) -> Result<User> {
    actor.require(Action::GetUser)?;
    Ok(find(cx, id).await?.into())
}

/// Updates an account, if `versions` accepts its version. A corrected address ends the sessions of the account; the
/// verified old address is notified, and the new one gets mail with a token.
///
/// # Errors
/// [`Error::LastAdmin`](crate::Error::LastAdmin) for the last administrator, [`Error::Taken`](crate::Error::Taken) if
/// another account has the address.
pub async fn update(
    cx: &Context,
    actor: &Actor,
    id: Uuid,
    versions: Option<Versions>,
    patch: UserPatch,
) -> Result<User> {
    actor.require(Action::UpdateUser)?;
    patch.validate()?;
    let changed = change(cx, actor.id(), id, versions, patch).await;
    let (before, after) = changed.inspect_err(|error| actor.log_denial(Action::UpdateUser, error))?;
    log_change(actor.into(), &before, &after);
    Ok(after)
}

/// Deletes an account. Its sessions end; its books stay without an owner.
///
/// # Errors
/// [`Error::LastAdmin`](crate::Error::LastAdmin) for the last administrator.
pub async fn delete(cx: &Context, actor: &Actor, id: Uuid, versions: Option<Versions>) -> Result<()> {
    actor.require(Action::DeleteUser)?;
    let removed = remove(cx, actor.id(), id, versions).await;
    removed.inspect_err(|error| actor.log_denial(Action::DeleteUser, error))?;
    Event::UserDeleted { actor: actor.into(), user: id }.log();
    Ok(())
}

/// Ends every session of an account.
pub async fn end_sessions(cx: &Context, actor: &Actor, id: Uuid) -> Result<()> {
    actor.require(Action::EndUserSessions)?;
    let (by, now) = (actor.id(), cx.clock().now());
    let ended = cx.db.write((), move |txn, ()| {
        Box::pin(async move {
            lock(txn, by, id).await?;
            sessions::end_all(txn, now, id).await
        })
    });
    ended.await.inspect_err(|error| actor.log_denial(Action::EndUserSessions, error))?;
    Event::SessionsEnded { user: id, actor: actor.into(), reason: SessionEnd::Administrator }.log();
    Ok(())
}

/// Actor for the account with this username, for the operator only.
pub async fn act_for(cx: &Context, username: &str) -> Result<Actor> {
    let name = username.to_lowercase();
    let user = cx.db.read(Class::Key, Entity::find().filter(Column::Username.eq(name))).one().await?;
    Ok(Actor::Account(Account::of(user.or_not_found()?, None)))
}

/// Creates an account. Without a password, its owner is mailed a token to choose one, which also verifies the address;
/// with a password, which is hashed for its client, and an unverified address, a token to verify it. `by` is the administrator that creates it for
/// another person.
///
/// # Errors
/// [`Error::Taken`](crate::Error::Taken) if another account has the username or the address.
pub(crate) async fn create_account(
    cx: &Context,
    by: Option<Uuid>,
    new: NewUser,
    password: Option<(Client, Password)>,
) -> Result<Model> {
    new.validate()?;
    let (password_hash, template) = match password {
        Some((client, password)) => {
            let hash = cx.passwords().choose(client, "/password", password, identity::hints(&new)).await?;
            (hash, (!new.is_verified).then_some(Template::VerifyEmail))
        }
        None => (passwords::none_yet(), Some(Template::PasswordReset)),
    };
    let template = template.filter(|_| cx.policy().mail);
    let (row, now) = (new.into_row(password_hash), cx.clock().now());
    let user = cx
        .db
        .write(row, move |txn, row| {
            Box::pin(async move {
                if by.is_some() {
                    lock_admins(txn, by).await?;
                }
                let user = row.insert(txn).await.or_taken(&[Unique::Username, Unique::Email])?;
                if let Some(template) = template {
                    mail::enqueue(txn, now, template, &user, &user.email).await?;
                }
                Ok(user)
            })
        })
        .await?;
    cx.wake_outbox();
    Ok(user)
}

/// Reads the row of an account.
pub(crate) async fn find(cx: &Context, id: Uuid) -> Result<Model> {
    cx.db.read(Class::Key, Entity::find_by_id(id)).one().await?.or_not_found()
}
