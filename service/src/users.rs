//! Accounts: what the world sees of them, and their administration.

use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, ExprTrait,
    IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::{Validate, ValidateEmail, ValidationError};

use crate::{
    Actor, Db, Error, Result,
    access::{Action, Role},
    auth::{self, Auth, Keys},
    error::{OrNotFound, OrTaken},
    input,
    page::{self, Order, Page, Window},
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
    pub created_at: DateTime<Utc>,
    /// When the account was last changed, UTC.
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

/// What it takes to open an account for somebody.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The account's name, kept in lower case; it cannot be changed later.
    #[validate(length(min = 3, max = 50), custom(function = "valid_username"))]
    #[schema(min_length = 3, max_length = 50, pattern = "^[A-Za-z0-9._-]+$", examples("bob"))]
    pub username: String,
    /// The address, kept in lower case.
    #[validate(length(max = 254), custom(function = "valid_email"))]
    #[schema(format = "email", max_length = 254, examples("bob@example.com"))]
    pub email: String,
    /// A password that is hard to guess.
    #[validate(length(min = 8, max = 256), custom(function = "input::line"))]
    #[schema(
        format = "password",
        min_length = 8,
        max_length = 256,
        examples("correct horse battery staple")
    )]
    pub password: String,
    /// Given name.
    #[validate(length(min = 1, max = 100), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 100)]
    pub first_name: Option<String>,
    /// Family name.
    #[validate(length(min = 1, max = 100), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 100)]
    pub last_name: Option<String>,
    /// What the account may do; `user` if left out.
    #[serde(default, deserialize_with = "input::required")]
    #[schema(nullable = false)]
    pub role: Option<Role>,
    /// Whether the address counts as verified; `false` if left out.
    #[serde(default)]
    pub is_verified: bool,
}

/// What an account's owner changes. A field that is absent stays; null clears it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfilePatch {
    /// Given name.
    #[serde(default, deserialize_with = "input::clearable")]
    #[validate(length(min = 1, max = 100), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 100, examples("Alice"))]
    pub first_name: Option<Option<String>>,
    /// Family name.
    #[serde(default, deserialize_with = "input::clearable")]
    #[validate(length(min = 1, max = 100), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 100, examples("Liddell"))]
    pub last_name: Option<Option<String>>,
}

/// What an administrator changes of an account. A field that is absent stays; null clears it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserPatch {
    /// Given name.
    #[serde(default, deserialize_with = "input::clearable")]
    #[validate(length(min = 1, max = 100), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 100)]
    pub first_name: Option<Option<String>>,
    /// Family name.
    #[serde(default, deserialize_with = "input::clearable")]
    #[validate(length(min = 1, max = 100), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 100)]
    pub last_name: Option<Option<String>>,
    /// What the account may do.
    #[serde(default, deserialize_with = "input::required")]
    #[schema(nullable = false)]
    pub role: Option<Role>,
    /// Whether the address counts as verified.
    #[serde(default, deserialize_with = "input::required")]
    #[schema(nullable = false)]
    pub is_verified: Option<bool>,
    /// Whether the account may be used; `false` ends its sessions.
    #[serde(default, deserialize_with = "input::required")]
    #[schema(nullable = false, examples(true))]
    pub is_active: Option<bool>,
}

/// The order of a list of accounts; `-` turns it round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[expect(missing_docs, reason = "each is the column of its name")]
pub enum UserSort {
    #[serde(rename = "created_at")]
    CreatedAt,
    #[serde(rename = "-created_at")]
    CreatedAtDescending,
    #[serde(rename = "updated_at")]
    UpdatedAt,
    #[serde(rename = "-updated_at")]
    UpdatedAtDescending,
    #[serde(rename = "username")]
    Username,
    #[serde(rename = "-username")]
    UsernameDescending,
    #[serde(rename = "email")]
    Email,
    #[serde(rename = "-email")]
    EmailDescending,
}

impl UserSort {
    fn order(self) -> Order<Entity> {
        let (key, descending) = match self {
            Self::CreatedAt => (Column::CreatedAt, false),
            Self::CreatedAtDescending => (Column::CreatedAt, true),
            Self::UpdatedAt => (Column::UpdatedAt, false),
            Self::UpdatedAtDescending => (Column::UpdatedAt, true),
            Self::Username => (Column::Username, false),
            Self::UsernameDescending => (Column::Username, true),
            Self::Email => (Column::Email, false),
            Self::EmailDescending => (Column::Email, true),
        };
        Order { key, id: Column::Id, nullable: false, descending }
    }
}

/// Which accounts, in which order, and which part of them.
#[derive(Debug, Default, Serialize, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct UserQuery {
    /// The most items of the page.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20, nullable = false)]
    pub limit: Option<u64>,
    /// Where the page begins: `next_cursor` of the page before, with the same order and filters.
    #[param(min_length = 1, nullable = false)]
    pub cursor: Option<String>,
    /// How many items to leave out, instead of a cursor.
    #[validate(range(max = 10_000))]
    #[param(minimum = 0, maximum = 10_000, nullable = false)]
    pub offset: Option<u64>,
    /// Whether to count the whole list.
    pub total: bool,
    /// The order; `-created_at` if left out.
    #[param(nullable = false)]
    pub sort: Option<UserSort>,
    /// Only accounts of this role.
    #[param(nullable = false)]
    pub role: Option<Role>,
    /// Only accounts that may or may not be used.
    #[param(nullable = false)]
    pub is_active: Option<bool>,
    /// Only accounts whose address is or is not verified.
    #[param(nullable = false)]
    pub is_verified: Option<bool>,
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
    let select = Entity::find()
        .apply_if(query.role, |select, role| select.filter(Column::Role.eq(role.as_str())))
        .apply_if(query.is_active, |select, active| select.filter(Column::IsActive.eq(active)))
        .apply_if(query.is_verified, |select, verified| select.filter(Column::IsVerified.eq(verified)));
    let order = query.sort.unwrap_or(UserSort::CreatedAtDescending).order();
    let window = Window {
        limit: query.limit,
        cursor: query.cursor.as_deref(),
        offset: query.offset,
        total: query.total,
    };
    let page = page::fetch(db, keys, (select, order, window), &context, async |conn, select| {
        Ok(select.all(conn).await?.into_iter().map(|user| (user, ())).collect())
    })
    .await?;
    let items = page.items.into_iter().map(|(user, ())| user.into()).collect();
    Ok(Page { items, next_cursor: page.next_cursor, total: page.total })
}

/// Opens an account for somebody.
pub async fn create(db: &Db, auth: &Auth, actor: &Actor, new: NewUser) -> Result<User> {
    actor.may(Action::CreateUser)?;
    new.validate()?;
    let hints = password_hints(&new.username, &new.email, [new.first_name.as_ref(), new.last_name.as_ref()]);
    let password_hash = auth.passwords().choose("/password", new.password, hints).await?;
    let row = ActiveModel {
        username: Set(new.username.to_lowercase()),
        email: Set(normal_email(&new.email)),
        first_name: Set(new.first_name),
        last_name: Set(new.last_name),
        role: Set(new.role.unwrap_or(Role::User).to_string()),
        is_verified: Set(new.is_verified),
        is_active: Set(true),
        password_hash: Set(password_hash),
        ..sea_orm::ActiveModelBehavior::new()
    };
    insert(db, row).await
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
    let user = user.or_not_found()?;
    Ok(Actor {
        id: Some(user.id),
        session: None,
        role: Role::from_column(&user.role),
        is_verified: user.is_verified,
        username: user.username,
    })
}

/// Adds an account whose name and address nobody has.
pub(crate) async fn insert(db: &Db, row: ActiveModel) -> Result<User> {
    db.write(move |txn| {
        Box::pin(async move { Ok(row.insert(txn).await.or_taken(&["username", "email"])?.into()) })
    })
    .await
}

/// What a password must not be made of.
pub(crate) fn password_hints(username: &str, email: &str, names: [Option<&String>; 2]) -> Vec<String> {
    let mut hints = vec![username.to_owned(), email.to_owned(), "bookly".to_owned()];
    hints.extend(email.split('@').map(str::to_owned));
    hints.extend(names.into_iter().flatten().cloned());
    hints
}

/// An address in the one form it is stored and compared in: NFKC, lower case, its domain in ASCII
/// (IDNA, UTS #46). What is no address comes back in lower case.
pub(crate) fn normal_email(email: &str) -> String {
    let normal: String = email.nfkc().collect::<String>().to_lowercase();
    match normal.rsplit_once('@').map(|(local, domain)| (local, idna::domain_to_ascii(domain))) {
        Some((local, Ok(domain))) => format!("{local}@{domain}"),
        _ => normal,
    }
}

pub(crate) fn valid_email(email: &str) -> std::result::Result<(), ValidationError> {
    let normal = normal_email(email);
    let dotted = normal.rsplit_once('@').is_some_and(|(_, domain)| domain.contains('.'));
    if dotted && normal.len() <= 254 && normal.validate_email() {
        Ok(())
    } else {
        Err(input::error("email", "must be an e-mail address"))
    }
}

pub(crate) fn valid_username(username: &str) -> std::result::Result<(), ValidationError> {
    if username.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')) {
        Ok(())
    } else {
        Err(input::error("username", "must consist of letters A–Z, digits, dots, hyphens and underscores"))
    }
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
            let changed = crate::db::update(txn, user, Column::Version, versions, &[]).await?;
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
            crate::db::delete(txn, delete, Column::Version, versions).await
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

/// Sets what a patch names.
pub(crate) fn set<T: Into<sea_orm::Value>>(field: &mut sea_orm::ActiveValue<T>, new: Option<T>) {
    if let Some(value) = new {
        *field = Set(value);
    }
}
