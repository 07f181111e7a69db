//! Sign-up, log-in and sessions; what mail proves stands in [`address`] and [`recovery`].

mod address;
mod hasher;
pub(crate) mod password;
pub(crate) mod proof;
mod recovery;
pub(crate) mod session;
mod token;

use std::{net::IpAddr, sync::Arc};

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use self::password::{Passwords, Verdict};
pub use self::session::device::{Session, SessionRecord, end as end_session, end_others, list as sessions};
pub(crate) use self::session::end_all;
pub use self::{
    address::{AccountEmail, NewEmail, VerifyEmail, change_email, resend_verification, verify_email},
    recovery::{PasswordChange, PasswordReset, change_password, request_reset, reset_password, send_reset},
};
use crate::{
    Actor, Db, Error, Keys, Result,
    access::Action,
    input,
    mail::{self, Kind},
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
    /// Whether mail is sent.
    pub mail: bool,
}

/// What the account system works with: keys, the password hasher and the policy.
#[derive(Debug)]
pub struct Auth {
    keys: Arc<Keys>,
    passwords: Passwords,
    policy: Policy,
    mail_waits: Notify,
}

impl Auth {
    /// Starts the threads that hash passwords.
    #[must_use]
    pub fn new(keys: Arc<Keys>, policy: Policy) -> Self {
        let passwords = Passwords::new(Arc::clone(&keys), policy.bcrypt_cost);
        Self { keys, passwords, policy, mail_waits: Notify::new() }
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    pub(crate) fn sends_mail(&self) -> bool {
        self.policy.mail
    }

    /// Refuses what would wait for mail for ever.
    fn must_send_mail(&self) -> Result<()> {
        self.policy.mail.then_some(()).ok_or(Error::CannotMail("this server sends no mail"))
    }

    /// Says that there is mail in the outbox.
    pub(crate) fn wake_mail(&self) {
        self.mail_waits.notify_one();
    }

    /// Waits until somebody says so.
    pub(crate) async fn mail_waits(&self) {
        self.mail_waits.notified().await;
    }

    /// Notes that somebody wants mail to `email`, whoever has this address, if anybody.
    async fn ask_for_mail(&self, db: &Db, kind: Kind, email: &str) -> Result<()> {
        if self.policy.mail {
            mail::ask(db, kind, users::normal_email(email)).await?;
            self.wake_mail();
        }
        Ok(())
    }

    /// Whether the addresses of new accounts count as verified.
    pub(crate) fn trusts_addresses(&self) -> bool {
        !self.policy.email_verification
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
    /// Where the refresh token travels; `body` if left out.
    #[serde(default)]
    pub transport: Transport,
}

/// Where a refresh token travels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// With the access token. The client keeps it.
    #[default]
    Body,
    /// In a cookie that no script can read. The browser keeps it.
    Cookie,
}

/// What it takes to go on with a session.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The refresh token that came last, unless it is in the cookie.
    #[serde(default, deserialize_with = "input::required")]
    #[validate(length(min = 1, max = 512))]
    #[schema(min_length = 1, max_length = 512, nullable = false)]
    pub refresh_token: Option<String>,
}

/// What it takes to do with the account in use what cannot be undone.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// The password that the account has.
    #[validate(length(min = 1, max = 256), custom(function = "input::line"))]
    #[schema(
        format = "password",
        min_length = 1,
        max_length = 256,
        examples("correct horse battery staple")
    )]
    pub current_password: String,
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
    /// Buys the next pair of tokens, once. It is absent where it travels in the cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub refresh_token: Option<String>,
    /// Seconds until the refresh token expires.
    #[schema(examples(604_800))]
    pub refresh_expires_in: i64,
    /// Whose session it is.
    pub user: User,
}

/// The device that begins a session, as it shows itself.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// Its `User-Agent`.
    pub user_agent: Option<String>,
    /// Its address.
    pub ip: Option<IpAddr>,
}

/// Opens an account, always with role `user`.
pub async fn sign_up(db: &Db, auth: &Auth, new: SignUp) -> Result<User> {
    new.validate()?;
    let SignUp { username, email, password, first_name, last_name } = new;
    let is_verified = auth.trusts_addresses();
    let new = NewUser { username, email, first_name, last_name, role: None, is_verified };
    users::open(db, auth, new, Some(password)).await
}

/// How often a log-in looks again at an account that changes meanwhile.
const LOOKS: usize = 3;

/// Begins a session. A wrong name, a wrong password and a disabled account get the same answer, after the
/// same work.
pub async fn log_in(db: &Db, auth: &Auth, client: Client, input: LogIn) -> Result<Tokens> {
    input.validate()?;
    for _ in 0..LOOKS {
        let (user, new_hash) = check(db, auth, &input).await?;
        let (user_id, password_hash) = (user.id, user.password_hash.clone());
        let checked = session::Checked { user_id, password_hash, new_hash, client: client.clone() };
        // Nothing comes of it if the account was disabled, or changed its password, during the check.
        if let Some(started) = session::start(db, checked).await? {
            return auth.tokens(user, &started);
        }
    }
    Err(Error::InvalidCredentials)
}

/// The active account with this name and password, and a new hash if the stored one is of an old scheme, key
/// or cost. A full queue leaves that for the next log-in.
async fn check(db: &Db, auth: &Auth, input: &LogIn) -> Result<(rows::Model, Option<String>)> {
    let login = users::normal_email(&input.login);
    let column = if login.contains('@') { rows::Column::Email } else { rows::Column::Username };
    let found =
        db.read(async |conn| rows::Entity::find().filter(column.eq(login.as_str())).one(conn).await).await?;
    let stored = found.as_ref().map(|user| user.password_hash.clone());
    let verdict = auth.passwords.verify(input.password.clone(), stored).await?;
    let (Some(user), Verdict::Right { outdated }) = (found, verdict) else {
        return Err(Error::InvalidCredentials);
    };
    if !user.is_active {
        return Err(Error::InvalidCredentials);
    }
    if !outdated {
        return Ok((user, None));
    }
    match auth.passwords.rehash(input.password.clone()).await {
        Ok(new_hash) => Ok((user, Some(new_hash))),
        Err(Error::Busy) => Ok((user, None)),
        Err(error) => Err(error),
    }
}

/// Goes on with a session: gives the next pair of tokens for the one that came last.
pub async fn refresh(db: &Db, auth: &Auth, input: Refresh) -> Result<Tokens> {
    input.validate()?;
    let token =
        input.refresh_token.ok_or_else(|| Error::invalid("/refresh_token", "missing", "is missing"))?;
    let (id, generation) = token::verify_refresh(&auth.keys, &token)?;
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
            refresh_token: Some(token::sign_refresh(&self.keys, session.id, session.generation)),
            refresh_expires_in: session.expires_in.num_seconds(),
            user: user.into(),
        })
    }
}

/// Lets through one who knows the password of an account.
///
/// # Errors
/// [`Error::Invalid`] for a wrong one.
pub(crate) async fn check_password(db: &Db, auth: &Auth, id: Uuid, password: String) -> Result<rows::Model> {
    let user = db.read(async |conn| rows::Entity::find_by_id(id).one(conn).await).await?;
    let user = user.ok_or(Error::InvalidToken)?;
    match auth.passwords.verify(password, Some(user.password_hash.clone())).await? {
        Verdict::Right { .. } => Ok(user),
        Verdict::Wrong => {
            Err(Error::invalid("/current_password", "wrong_password", "is not the password of the account"))
        }
    }
}
