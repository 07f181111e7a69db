//! Accounts: what the world sees of them, and their administration.

mod content;
mod identity;
mod query;

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait,
    IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

pub(crate) use self::identity::{normal_email, valid_email, valid_username};
pub use self::{
    content::{NewUser, ProfilePatch, UserPatch},
    query::{UserQuery, UserSort},
};
use crate::{
    Actor, Db, Error, Keys, Result,
    access::{Action, Role},
    auth::{self, Auth},
    db::{self, set},
    error::{OrNotFound, OrTaken},
    page::{self, Page},
};
use entity::{
    behavior::now,
    books,
    users::{ActiveModel, Column, Entity, Model},
};

/// An account, as its owner and administrators see it.
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
    /// First and last name; null when there is neither.
    #[schema(examples("Alice Liddell"))]
    pub full_name: Option<String>,
    /// What the account may do.
    pub role: Role,
    /// Whether the address was shown to be the owner's.
    pub is_verified: bool,
    /// Whether the account may be used.
    pub is_active: bool,
    /// When the account was opened, UTC.
    #[schema(examples("2026-11-21T03:41:13.662396Z"))]
    pub created_at: DateTime<Utc>,
    /// When the account was last changed, UTC.
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
    find(db, actor.own_account(Action::GetMe)?).await
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
    let patch = UserPatch { first_name, last_name, role: None, is_verified: None, is_active: None };
    change(db, id, versions, patch).await
}

/// Deletes the account in use. Its books stay, without an owner.
pub async fn delete_me(db: &Db, actor: &Actor, versions: Option<Vec<i64>>) -> Result<()> {
    remove(db, actor.own_account(Action::DeleteMe)?, versions).await
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

/// Opens an account for somebody.
pub async fn create(db: &Db, auth: &Auth, actor: &Actor, new: NewUser) -> Result<User> {
    actor.may(Action::CreateUser)?;
    open(db, auth, new).await
}

/// Reads an account.
pub async fn get(db: &Db, actor: &Actor, id: Uuid) -> Result<User> {
    actor.may(Action::GetUser)?;
    find(db, id).await
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
    change(db, id, versions, patch).await
}

/// Deletes an account. Its books stay, without an owner.
///
/// # Errors
/// [`Error::LastAdmin`] where nobody would be left to administer accounts.
pub async fn delete(db: &Db, actor: &Actor, id: Uuid, versions: Option<Vec<i64>>) -> Result<()> {
    actor.may(Action::DeleteUser)?;
    remove(db, id, versions).await
}

/// Finds the account with this name to act for it, for whoever runs the program.
pub async fn act_for(db: &Db, username: &str) -> Result<Actor> {
    let name = username.to_lowercase();
    let user = db
        .read(async |conn| Entity::find().filter(Column::Username.eq(name.as_str())).one(conn).await)
        .await?;
    Ok(Actor::of(user.or_not_found()?, None))
}

/// Opens an account whose name and address nobody has.
pub(crate) async fn open(db: &Db, auth: &Auth, new: NewUser) -> Result<User> {
    new.validate()?;
    let hints = identity::password_hints(&new);
    let password_hash = auth.passwords().choose("/password", new.password, hints).await?;
    let row = ActiveModel {
        username: Set(new.username.to_lowercase()),
        email: Set(identity::normal_email(&new.email)),
        first_name: Set(new.first_name),
        last_name: Set(new.last_name),
        role: Set(new.role.unwrap_or(Role::User).to_string()),
        is_verified: Set(new.is_verified),
        is_active: Set(true),
        password_hash: Set(password_hash),
        ..sea_orm::ActiveModelBehavior::new()
    };
    db.write(move |txn| {
        Box::pin(async move { Ok(row.insert(txn).await.or_taken(&["username", "email"])?.into()) })
    })
    .await
}

async fn find(db: &Db, id: Uuid) -> Result<User> {
    Ok(db.read(async |conn| Entity::find_by_id(id).one(conn).await).await?.or_not_found()?.into())
}

async fn change(db: &Db, id: Uuid, versions: Option<Vec<i64>>, patch: UserPatch) -> Result<User> {
    db.write(move |txn| {
        Box::pin(async move {
            let row = lock(txn, id).await?;
            let loses_power =
                patch.role.is_some_and(|role| role != Role::Admin) || patch.is_active == Some(false);
            if loses_power {
                keep_an_admin(txn, &row).await?;
            }
            let mut user = row.into_active_model();
            set(&mut user.first_name, patch.first_name);
            set(&mut user.last_name, patch.last_name);
            set(&mut user.role, patch.role.map(|role| role.to_string()));
            set(&mut user.is_verified, patch.is_verified);
            set(&mut user.is_active, patch.is_active);
            let changed = db::update(txn, user, Column::Version, versions, &[]).await?;
            if !changed.is_active {
                auth::end_all(txn, id).await?;
            }
            Ok(changed.into())
        })
    })
    .await
}

async fn remove(db: &Db, id: Uuid, versions: Option<Vec<i64>>) -> Result<()> {
    db.write(move |txn| {
        Box::pin(async move {
            let row = lock(txn, id).await?;
            keep_an_admin(txn, &row).await?;
            // The owner is part of what a book shows, so its entity tag must change with it.
            books::Entity::update_many()
                .col_expr(books::Column::OwnerId, Expr::value(None::<Uuid>))
                .col_expr(books::Column::Version, Expr::col(books::Column::Version).add(1))
                .col_expr(books::Column::UpdatedAt, now().into())
                .filter(books::Column::OwnerId.eq(id))
                .exec(txn)
                .await?;
            let delete = Entity::delete_many().filter(Column::Id.eq(id));
            db::delete(txn, delete, Column::Version, versions).await
        })
    })
    .await
}

/// Reads an account and keeps others from changing it until the transaction ends. The administrators are
/// locked first, all of them and always in the same order, so that two cannot remove each other.
async fn lock(txn: &DatabaseTransaction, id: Uuid) -> Result<Model> {
    let admins = Entity::find().filter(Column::Role.eq(Role::Admin.as_str())).order_by_asc(Column::Id);
    admins.lock_exclusive().all(txn).await?;
    Entity::find_by_id(id).lock_exclusive().one(txn).await?.or_not_found()
}

/// Refuses to take the power from the only administrator that can use it.
async fn keep_an_admin(txn: &DatabaseTransaction, row: &Model) -> Result<()> {
    if row.role != Role::Admin.as_str() || !row.is_active {
        return Ok(());
    }
    let other = Entity::find()
        .filter(Column::Role.eq(Role::Admin.as_str()))
        .filter(Column::IsActive.eq(true))
        .filter(Column::Id.ne(row.id))
        .one(txn)
        .await?;
    other.map(drop).ok_or(Error::LastAdmin)
}
