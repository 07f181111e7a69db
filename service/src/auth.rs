//! Sign-up, log-in and sessions; what mail proves stands in [`address`] and [`recovery`].

mod address;
mod content;
mod hasher;
pub(crate) mod password;
pub(crate) mod proof;
mod recovery;
pub(crate) mod session;
mod token;

use std::sync::Arc;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use tokio::sync::Notify;
use uuid::Uuid;
use validator::Validate;

use self::password::{Passwords, Verdict};
pub use self::session::device::{Session, SessionRecord, end as end_session, end_others, list as sessions};
pub use self::{
    address::{AccountEmail, NewEmail, VerifyEmail, change_email, resend_verification, verify_email},
    content::{Client, Confirmation, LogIn, Refresh, SignUp, TokenType, Tokens, Transport},
    recovery::{PasswordChange, PasswordReset, change_password, request_reset, reset_password, send_reset},
};
pub(crate) use self::{recovery::check_password, session::end_all};
use crate::{
    Actor, Db, Error, Keys, Result,
    access::Action,
    mail::{self, Kind},
    security::{AddressClass, Event},
    throttle::{Policy as Throttled, Subject, Throttle},
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
    throttle: Arc<Throttle>,
}

impl Auth {
    /// Starts the threads that hash passwords. Nothing is limited.
    #[must_use]
    pub fn new(keys: Arc<Keys>, policy: Policy) -> Self {
        let passwords = Passwords::new(Arc::clone(&keys), policy.bcrypt_cost);
        Self { keys, passwords, policy, mail_waits: Notify::new(), throttle: Arc::new(Throttle::off()) }
    }

    /// Limits how often passwords may be guessed.
    #[must_use]
    pub fn throttled(self, throttle: Arc<Throttle>) -> Self {
        Self { throttle, ..self }
    }

    /// The limits.
    #[must_use]
    pub fn throttle(&self) -> &Throttle {
        &self.throttle
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

    /// Counts a letter of a kind that somebody else than its reader causes.
    fn admit_letter(&self, kind: Kind, email: &str) -> Result<()> {
        self.throttle.admit(Throttled::Mailbox, Subject::Letter(kind.as_str(), email)).map(drop)
    }

    /// Notes that somebody wants mail to `email`, whoever has this address, if anybody. What is too much for a
    /// mailbox is left out: whoever asks learns nothing of what others ask for.
    async fn ask_for_mail(&self, db: &Db, kind: Kind, email: &str) -> Result<()> {
        if !self.policy.mail {
            return Ok(());
        }
        let email = users::normal_email(email);
        match self.admit_letter(kind, &email) {
            Ok(()) => mail::ask(db, kind, email).await?,
            Err(Error::Throttled(_)) => return Ok(()),
            Err(error) => return Err(error),
        }
        self.wake_mail();
        Ok(())
    }

    /// Whether the addresses of new accounts count as verified.
    pub(crate) fn trusts_addresses(&self) -> bool {
        !self.policy.email_verification
    }
}

/// Opens an account, always with role `user`.
pub async fn sign_up(db: &Db, auth: &Auth, new: SignUp) -> Result<User> {
    new.validate()?;
    let SignUp { username, email, password, first_name, last_name } = new;
    let is_verified = auth.trusts_addresses();
    let new = NewUser { username, email, first_name, last_name, role: None, is_verified };
    let user = users::open(db, auth, None, new, Some(password)).await?;
    Event::SignedUp { user: user.id }.log();
    Ok(user)
}

/// How often a log-in looks again at an account that changes meanwhile.
const LOOKS: usize = 3;

/// Begins a session. A wrong name, a wrong password and a disabled account get the same answer, after the
/// same work.
///
/// # Errors
/// [`Error::Throttled`] when too many attempts failed, before any work is done.
pub async fn log_in(db: &Db, auth: &Auth, client: Client, input: LogIn) -> Result<Tokens> {
    input.validate()?;
    let login = users::normal_email(&input.login);
    let attempt = auth.throttle.attempt(&login, client.ip)?;
    let outcome = begin(db, auth, client, &login, &input.password).await;
    if !matches!(outcome, Err(Error::InvalidCredentials)) {
        attempt.forgive();
    }
    outcome
}

async fn begin(db: &Db, auth: &Auth, client: Client, login: &str, password: &str) -> Result<Tokens> {
    let address = AddressClass::of(client.ip);
    for _ in 0..LOOKS {
        let (user, new_hash) = match check(db, auth, login, password).await? {
            Ok(checked) => checked,
            Err(Failure { reason, user }) => {
                Event::LogInFailed { reason, user, address }.log();
                return Err(Error::InvalidCredentials);
            }
        };
        let (user_id, password_hash) = (user.id, user.password_hash.clone());
        let checked = session::Checked { user_id, password_hash, new_hash, client: client.clone() };
        // Nothing comes of it if the account was disabled, or changed its password, during the check.
        if let Some((started, ended)) = session::start(db, checked).await? {
            Event::LoggedIn { user: user_id, session: started.id, address }.log();
            for session in ended {
                Event::SessionEnded { user: Some(user_id), session, reason: "too_many" }.log();
            }
            return auth.tokens(user, &started);
        }
    }
    Event::LogInFailed { reason: "account_changes", user: None, address }.log();
    Err(Error::InvalidCredentials)
}

/// Why somebody could not log in, for the security log alone.
struct Failure {
    reason: &'static str,
    user: Option<Uuid>,
}

/// The active account with this name and password, and a new hash if the stored one is of an old scheme, key
/// or cost. A full queue leaves that for the next log-in.
async fn check(
    db: &Db,
    auth: &Auth,
    login: &str,
    password: &str,
) -> Result<std::result::Result<(rows::Model, Option<String>), Failure>> {
    let found = with_login(db, login).await?;
    let stored = found.as_ref().map(|user| user.password_hash.clone());
    let verdict = auth.passwords.verify(password.to_owned(), stored).await?;
    let (user, outdated) = match (found, verdict) {
        (None, _) => return Ok(Err(Failure { reason: "unknown_name", user: None })),
        (Some(user), Verdict::Wrong) => {
            return Ok(Err(Failure { reason: "wrong_password", user: Some(user.id) }));
        }
        (Some(user), _) if !user.is_active => {
            return Ok(Err(Failure { reason: "disabled", user: Some(user.id) }));
        }
        (Some(user), Verdict::Right { outdated }) => (user, outdated),
    };
    if !outdated {
        return Ok(Ok((user, None)));
    }
    match auth.passwords.rehash(password.to_owned()).await {
        Ok(new_hash) => Ok(Ok((user, Some(new_hash)))),
        Err(Error::Busy) => Ok(Ok((user, None))),
        Err(error) => Err(error),
    }
}

/// The account with exactly this username or address, in its normal form. MariaDB ignores spaces at the end
/// when it compares; taken for the same name, they would give whoever guesses a new quota each.
async fn with_login(db: &Db, login: &str) -> Result<Option<rows::Model>> {
    let email = login.contains('@');
    let column = if email { rows::Column::Email } else { rows::Column::Username };
    let found = db.read(async |conn| rows::Entity::find().filter(column.eq(login)).one(conn).await).await?;
    Ok(found.filter(|user| login == if email { &user.email } else { &user.username }))
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
    let session = actor.session.ok_or(Error::NotSignedIn)?;
    session::end(db, session).await?;
    Event::SessionEnded { user: actor.id, session, reason: "log_out" }.log();
    Ok(())
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

/// Lets an actor through who took a while to say what they want, and has meanwhile lost nothing.
///
/// # Errors
/// [`Error::InvalidToken`] when the session has ended, or the account's role or verification is another.
pub async fn confirm(db: &Db, actor: &Actor) -> Result<()> {
    let Some(session) = actor.session else { return Ok(()) };
    actor.is_still(session::owner(db, session).await?)
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
