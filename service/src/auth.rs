//! Sign-up, log-in, refresh and log-out. [`address`], [`verification`] and [`recovery`] use tokens sent by mail.

mod address;
mod guess;
mod recovery;
mod requests;
mod verification;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;
use validator::Validate;

pub use self::{
    address::{AccountEmail, NewEmail, change_email, resend_verification},
    recovery::{
        PasswordChange, PasswordReset, assign_password, change_password, request_reset, reset_password,
        send_reset,
    },
    requests::{LogIn, Refresh, SignUp, TokenType, Tokens, Transport},
    verification::{VerifyEmail, verify_email},
};
use crate::{
    Account, Actor, Context, Error, Password, Result,
    access::Action,
    db::Class,
    limit::RateLimit,
    mail::{self, Template},
    passwords::{Client, Verdict},
    security::{AddressClass, Event, LogInFailure, SessionEnd},
    sessions::{
        self, DeviceInfo, KnownDevice, Live,
        token::{self, TokenIssuer},
    },
    throttle::Subject,
    users::{self, NewUser, User},
};
use entity::users as rows;

/// Counts a mail against the limit of its mailbox.
async fn admit_mail(cx: &Context, template: Template, email: &str) -> Result<()> {
    cx.throttle().admit(RateLimit::Mailbox, Subject::Mail(template.as_str(), email)).await.map(drop)
}

/// Enqueues a mail to an address, whether an account has it or not. Mail over the limit of a mailbox is dropped
/// without an error: the client learns nothing of the requests of others.
async fn request_mail(cx: &Context, template: Template, email: &str) -> Result<()> {
    if !cx.policy().mail {
        return Ok(());
    }
    let email = users::normal_email(email);
    match admit_mail(cx, template, &email).await {
        Ok(()) => mail::enqueue_for_address(cx, template, email).await?,
        Err(Error::Throttled(_)) => return Ok(()),
        Err(error) => return Err(error),
    }
    cx.wake_outbox();
    Ok(())
}

/// Creates an account, always with role `user`.
pub async fn sign_up(cx: &Context, device: DeviceInfo, new: SignUp) -> Result<User> {
    new.validate()?;
    let SignUp { username, email, password, first_name, last_name } = new;
    let is_verified = !cx.policy().email_verification;
    let new = NewUser { username, email, first_name, last_name, role: None, is_verified };
    let user = users::create_account(cx, None, new, Some((Client::at(device.ip), password))).await?;
    Event::SignedUp { user: user.id }.log();
    Ok(user.into())
}

/// Attempts at a log-in while its account changes concurrently.
const LOOKS: usize = 3;

/// Starts a session. A wrong name, a wrong password and a disabled account return the same error after the same work.
///
/// # Errors
/// [`Error::Throttled`] after too many failed attempts, before any password is hashed.
pub async fn log_in(cx: &Context, mut device: DeviceInfo, input: LogIn) -> Result<Tokens> {
    input.validate()?;
    let login = users::normal_email(&input.login);
    device.token = input.device_token.or(device.token);
    let (attempt, client) = guess::admit(cx, &login, &device).await?;
    let outcome = begin(cx, client, device, &login, &input.password).await;
    if !matches!(outcome, Err(Error::InvalidCredentials)) {
        attempt.refund().await?;
    }
    outcome
}

async fn begin(
    cx: &Context,
    client: Client,
    device: DeviceInfo,
    login: &str,
    password: &Password,
) -> Result<Tokens> {
    let address = AddressClass::of(device.ip);
    for _ in 0..LOOKS {
        let (user, new_hash) = match check(cx, client, login, password).await? {
            Ok(checked) => checked,
            Err(Failure { reason, user }) => {
                Event::LogInFailed { reason, user, address }.log();
                return Err(Error::InvalidCredentials);
            }
        };
        let (user_id, password_hash) = (user.id, user.password_hash.clone());
        let checked = sessions::Checked { user_id, password_hash, new_hash, device: device.clone() };
        // No session starts if the account was disabled, or its password changed, during the check.
        if let Some((started, ended)) = sessions::start(cx, checked).await? {
            Event::LoggedIn { user: user_id, session: started.id, address }.log();
            for session in ended {
                Event::SessionEnded { user: Some(user_id), session, reason: SessionEnd::TooMany }.log();
            }
            let device = KnownDevice::new(user_id).sign(cx.keys(), cx.clock().now().timestamp());
            return Ok(Tokens { device_token: Some(device), ..tokens(cx, user, &started)? });
        }
    }
    Event::LogInFailed { reason: LogInFailure::AccountChanges, user: None, address }.log();
    Err(Error::InvalidCredentials)
}

/// Failed log-in, for the security log only.
struct Failure {
    reason: LogInFailure,
    user: Option<Uuid>,
}

/// Active account with this name and password, and a new hash if the stored one has an old scheme, key or cost. If the
/// hashing queue is full, the next log-in replaces the hash.
async fn check(
    cx: &Context,
    client: Client,
    login: &str,
    password: &Password,
) -> Result<std::result::Result<(rows::Model, Option<String>), Failure>> {
    let found = with_login(cx, login).await?;
    let stored = found.as_ref().map(|user| user.password_hash.clone());
    let verdict = cx.passwords().verify(client, password.clone(), stored).await?;
    let (user, outdated) = match (found, verdict) {
        (None, _) => return Ok(Err(Failure { reason: LogInFailure::UnknownName, user: None })),
        (Some(user), Verdict::Wrong) => {
            return Ok(Err(Failure { reason: LogInFailure::WrongPassword, user: Some(user.id) }));
        }
        (Some(user), _) if !user.is_active => {
            return Ok(Err(Failure { reason: LogInFailure::Disabled, user: Some(user.id) }));
        }
        (Some(user), Verdict::Right { outdated }) => (user, outdated),
    };
    if !outdated {
        return Ok(Ok((user, None)));
    }
    match cx.passwords().rehash(client, password.clone()).await {
        Ok(new_hash) => Ok(Ok((user, Some(new_hash)))),
        Err(Error::Busy) => Ok(Ok((user, None))),
        Err(error) => Err(error),
    }
}

/// Account with exactly this username or address, in normal form. MariaDB ignores trailing spaces in comparisons;
/// without the second comparison, each such spelling would have a rate limit of its own.
async fn with_login(cx: &Context, login: &str) -> Result<Option<rows::Model>> {
    let email = login.contains('@');
    let column = if email { rows::Column::Email } else { rows::Column::Username };
    let found = cx.db.read(Class::Key, rows::Entity::find().filter(column.eq(login))).one().await?;
    Ok(found.filter(|user| login == if email { &user.email } else { &user.username }))
}

/// Rotates a session: returns the next pair of tokens for the latest refresh token.
///
/// # Errors
/// [`Error::InvalidToken`] for any other token, and without one.
pub async fn refresh(cx: &Context, input: Refresh) -> Result<Tokens> {
    input.validate()?;
    let token = input.refresh_token.ok_or(Error::InvalidToken)?;
    let (id, generation) = token::verify_refresh(cx.keys(), &token)?;
    let rotated = sessions::rotate(cx, id, generation).await?;
    let user = cx.db.read(Class::Key, rows::Entity::find_by_id(rotated.user_id)).one().await?;
    match user {
        Some(user) if user.is_active => tokens(cx, user, &rotated),
        _ => Err(Error::InvalidToken),
    }
}

/// Ends the actor's session.
pub async fn log_out(cx: &Context, actor: &Actor) -> Result<()> {
    actor.require(Action::LogOut)?;
    let session = actor.session().ok_or(Error::NotSignedIn)?;
    sessions::end(cx, session).await?;
    Event::SessionEnded { user: actor.id(), session, reason: SessionEnd::LogOut }.log();
    Ok(())
}

/// Authenticates an access token and reads its account from the database.
///
/// # Errors
/// [`Error::InvalidToken`] if the token is not valid, or its session or account has ended.
pub async fn authenticate(cx: &Context, access_token: &str) -> Result<Actor> {
    let claims = TokenIssuer::of(cx).verify_access(access_token)?;
    let user = sessions::owner(cx, claims.sid).await?.ok_or(Error::InvalidToken)?;
    if user.id != claims.sub || !user.is_active {
        return Err(Error::InvalidToken);
    }
    Ok(Actor::Account(Account::of(user, Some(claims.sid))))
}

/// Requires that the actor of a slow request still has its session, role and verification.
///
/// # Errors
/// [`Error::InvalidToken`] otherwise.
pub async fn confirm(cx: &Context, actor: &Actor) -> Result<()> {
    let Some(session) = actor.session() else { return Ok(()) };
    actor.require_unchanged(sessions::owner(cx, session).await?)
}

fn tokens(cx: &Context, user: rows::Model, session: &Live) -> Result<Tokens> {
    let ttl = cx.policy().access_token_ttl;
    Ok(Tokens {
        access_token: TokenIssuer::of(cx).sign_access(user.id, session.id, ttl)?,
        token_type: TokenType::Bearer,
        expires_in: ttl,
        refresh_token: Some(token::sign_refresh(cx.keys(), session.id, session.generation)),
        refresh_expires_in: session.expires_in.num_seconds(),
        device_token: None,
        user: user.into(),
    })
}
