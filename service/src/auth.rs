//! Sign-up, log-in and sessions.

mod hasher;
mod password;
mod session;
mod token;

use std::{net::IpAddr, sync::Arc};

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use self::password::{Passwords, Verdict};
pub(crate) use self::session::end_all;
use crate::{
    Actor, Db, Error, Keys, Result,
    access::Action,
    input,
    users::{self, NewUser, User},
};
use entity::users as rows;

/// Rules of the account system that an operator sets.
#[derive(Debug)]
pub struct Policy {
    /// Who issues access tokens.
    pub issuer: String,
    /// How long an access token lives, in seconds.
    pub access_token_ttl: u32,
    /// The bcrypt cost of new hashes: 2 to its power rounds.
    pub bcrypt_cost: u32,
    /// Whether a new account must verify its address before it may write.
    pub email_verification: bool,
}

/// What the account system works with: keys, the password hasher and the policy.
#[derive(Debug)]
pub struct Auth {
    keys: Arc<Keys>,
    passwords: Passwords,
    policy: Policy,
}

impl Auth {
    /// Starts the threads that hash passwords.
    #[must_use]
    pub fn new(keys: Arc<Keys>, policy: Policy) -> Self {
        let passwords = Passwords::new(Arc::clone(&keys), policy.bcrypt_cost);
        Self { keys, passwords, policy }
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.passwords
    }
}

/// What it takes to open an account.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    /// The account's name, kept in lower case; it cannot be changed later.
    #[validate(length(min = 3, max = 50), custom(function = "users::valid_username"))]
    #[schema(min_length = 3, max_length = 50, pattern = "^[A-Za-z0-9._-]+$", examples("alice"))]
    pub username: String,
    /// The address, kept in lower case.
    #[validate(length(max = 254), custom(function = "users::valid_email"))]
    #[schema(format = "email", max_length = 254, examples("alice@example.com"))]
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
    #[schema(min_length = 1, max_length = 100, examples("Alice"))]
    pub first_name: Option<String>,
    /// Family name.
    #[validate(length(min = 1, max = 100), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 100, examples("Liddell"))]
    pub last_name: Option<String>,
}

/// What it takes to begin a session.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// The username or the e-mail address, in any letter case.
    #[validate(length(min = 1, max = 254), custom(function = "input::line"))]
    #[schema(min_length = 1, max_length = 254, examples("alice"))]
    pub login: String,
    /// The password.
    #[validate(length(min = 1, max = 256), custom(function = "input::line"))]
    #[schema(
        format = "password",
        min_length = 1,
        max_length = 256,
        examples("correct horse battery staple")
    )]
    pub password: String,
}

/// What it takes to go on with a session.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The refresh token that came last.
    #[validate(length(min = 1, max = 512))]
    #[schema(min_length = 1, max_length = 512)]
    pub refresh_token: String,
}

/// How an access token is used (RFC 6750).
#[derive(Debug, Serialize, ToSchema)]
pub enum TokenType {
    /// Whoever bears it may use it.
    Bearer,
}

/// The tokens of a session (RFC 6749, section 5.1).
#[derive(Debug, Serialize, ToSchema)]
pub struct Tokens {
    /// Goes into `Authorization: Bearer …`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: TokenType,
    /// Seconds until the access token expires.
    #[schema(examples(900))]
    pub expires_in: u32,
    /// Buys the next pair of tokens, once.
    pub refresh_token: String,
    /// Seconds until the refresh token expires.
    #[schema(examples(604_800))]
    pub refresh_expires_in: i64,
    /// Whose session it is.
    pub user: User,
}

/// The device that begins a session, as it shows itself.
#[derive(Debug, Default)]
pub struct Client {
    /// Its `User-Agent`.
    pub user_agent: Option<String>,
    /// Its address.
    pub ip: Option<IpAddr>,
}

/// Opens an account, always with role `user`.
pub async fn sign_up(db: &Db, auth: &Auth, new: SignUp) -> Result<User> {
    let SignUp { username, email, password, first_name, last_name } = new;
    let is_verified = !auth.policy.email_verification;
    let new = NewUser { username, email, password, first_name, last_name, role: None, is_verified };
    users::open(db, auth, new).await
}

/// Begins a session. A wrong name, a wrong password and a disabled account get the same answer, after the
/// same work.
pub async fn log_in(db: &Db, auth: &Auth, client: Client, input: LogIn) -> Result<Tokens> {
    input.validate()?;
    let login = users::normal_email(&input.login);
    let column = if login.contains('@') { rows::Column::Email } else { rows::Column::Username };
    let found =
        db.read(async |conn| rows::Entity::find().filter(column.eq(login.as_str())).one(conn).await).await?;
    let stored = found.as_ref().map(|user| user.password_hash.clone());
    let verdict = auth.passwords.verify(input.password.clone(), stored).await?;
    let user = match (found, verdict) {
        (Some(user), Verdict::Right { outdated }) if user.is_active => {
            if outdated {
                renew_hash(db, auth, &user, input.password).await?;
            }
            user
        }
        _ => return Err(Error::InvalidCredentials),
    };
    let started = session::start(db, user.id, client).await?;
    auth.tokens(user, &started)
}

/// Goes on with a session: gives the next pair of tokens for the one that came last.
pub async fn refresh(db: &Db, auth: &Auth, input: Refresh) -> Result<Tokens> {
    input.validate()?;
    let (id, generation) = token::verify_refresh(&auth.keys, &input.refresh_token)?;
    let rotated = session::rotate(db, id, generation).await?;
    let user = db.read(async |conn| rows::Entity::find_by_id(rotated.user_id).one(conn).await).await?;
    match user {
        Some(user) if user.is_active => auth.tokens(user, &rotated),
        _ => Err(Error::InvalidToken),
    }
}

/// Ends the session in use.
pub async fn log_out(db: &Db, actor: &Actor) -> Result<()> {
    actor.may(Action::LogOut)?;
    session::end(db, actor.session.ok_or(Error::NotSignedIn)?).await
}

/// Says who an access token stands for, as the database knows them now.
///
/// # Errors
/// [`Error::InvalidToken`] when the token, its session or its account is not good any more.
pub async fn authenticate(db: &Db, auth: &Auth, access_token: &str) -> Result<Actor> {
    let claims = token::verify_access(&auth.keys, &auth.policy.issuer, access_token)?;
    let user = session::owner(db, claims.sid).await?.ok_or(Error::InvalidToken)?;
    if user.id != claims.sub || !user.is_active {
        return Err(Error::InvalidToken);
    }
    Ok(Actor::of(user, Some(claims.sid)))
}

impl Auth {
    fn tokens(&self, user: rows::Model, session: &session::Live) -> Result<Tokens> {
        let ttl = self.policy.access_token_ttl;
        Ok(Tokens {
            access_token: token::sign_access(&self.keys, &self.policy.issuer, user.id, session.id, ttl)?,
            token_type: TokenType::Bearer,
            expires_in: ttl,
            refresh_token: token::sign_refresh(&self.keys, session.id, session.generation),
            refresh_expires_in: session.expires_in.num_seconds(),
            user: user.into(),
        })
    }
}

/// Replaces a hash of an old scheme, key or cost, unless the password was changed meanwhile. A full queue
/// leaves it for the next log-in.
async fn renew_hash(db: &Db, auth: &Auth, user: &rows::Model, password: String) -> Result<()> {
    let new = match auth.passwords.rehash(password).await {
        Err(Error::Busy) => return Ok(()),
        other => other?,
    };
    let (id, old): (Uuid, String) = (user.id, user.password_hash.clone());
    db.write(move |txn| {
        Box::pin(async move {
            rows::Entity::update_many()
                .col_expr(rows::Column::PasswordHash, new.into())
                .filter(rows::Column::Id.eq(id))
                .filter(rows::Column::PasswordHash.eq(old))
                .exec(txn)
                .await?;
            Ok(())
        })
    })
    .await
}
