//! Actor of an operation, and its permission checks.

use uuid::Uuid;

use crate::{
    Error, Result, Role,
    access::{Action, Reach},
    security::{ActorId, Denial, Event},
};
use entity::users;

/// Actor of an operation, as the database knew it when the request arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The operator on the command line. Has every permission of an administrator and owns nothing.
    Operator,
    /// A signed-in account.
    Account(Account),
}

/// Account that acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Id of the account.
    pub id: Uuid,
    /// Session in use; `None` for the operator and for an account that the operator acts for.
    pub session: Option<Uuid>,
    /// Username of the account.
    pub username: String,
    /// Role of the account.
    pub role: Role,
    /// True if the address of the account is verified.
    pub is_verified: bool,
}

impl Account {
    /// Account of a row, in a session or without.
    pub(crate) fn of(user: users::Model, session: Option<Uuid>) -> Self {
        Self {
            id: user.id,
            session,
            role: Role::from_column(&user.role),
            is_verified: user.is_verified,
            username: user.username,
        }
    }
}

impl Actor {
    /// The account that acts; none for the operator.
    #[must_use]
    pub const fn account(&self) -> Option<&Account> {
        match self {
            Self::Operator => None,
            Self::Account(account) => Some(account),
        }
    }

    /// Id of the account that acts; none for the operator.
    #[must_use]
    pub fn id(&self) -> Option<Uuid> {
        self.account().map(|account| account.id)
    }

    /// Session in use.
    #[must_use]
    pub fn session(&self) -> Option<Uuid> {
        self.account().and_then(|account| account.session)
    }

    /// Requires a permission, and returns its reach. A refusal is written to the security log.
    ///
    /// # Errors
    /// [`Error::Forbidden`] if the role lacks the permission, [`Error::NotVerified`] if the account must verify its
    /// address first.
    pub fn require(&self, action: Action) -> Result<Reach> {
        self.reach(action).inspect_err(|error| self.log_denial(action, error))
    }

    /// Requires a permission for a resource of `owner`. A refusal is written to the security log.
    ///
    /// # Errors
    /// Those of [`Actor::require`], and [`Error::Forbidden`] for a resource of another account that the permission
    /// does not reach.
    pub fn require_on(&self, action: Action, owner: Option<Uuid>) -> Result<()> {
        self.check(action, owner).inspect_err(|error| self.log_denial(action, error))
    }

    /// Whether the permission reaches a resource of `owner`.
    pub(crate) fn can(&self, action: Action, owner: Option<Uuid>) -> bool {
        self.check(action, owner).is_ok()
    }

    /// Requires a permission, and an account that has it.
    ///
    /// # Errors
    /// Those of [`Actor::require`], and [`Error::NotSignedIn`] for the operator.
    pub fn require_account(&self, action: Action) -> Result<&Account> {
        self.require(action)?;
        self.account().ok_or(Error::NotSignedIn)
    }

    /// Requires a permission, and the operator: no account may set a password that is not its own.
    ///
    /// # Errors
    /// Those of [`Actor::require`], and [`Error::Forbidden`] for an account.
    pub(crate) fn require_operator(&self, action: Action) -> Result<()> {
        self.require(action)?;
        match self {
            Self::Operator => Ok(()),
            Self::Account(_) => Err(Error::Forbidden),
        }
    }

    /// Requires that the actor's account is active and has the same permissions as at the start of the request.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] otherwise.
    pub(crate) fn require_unchanged(&self, now: Option<users::Model>) -> Result<()> {
        let Self::Account(then) = self else { return Ok(()) };
        let now = now.filter(|user| user.is_active).map(|user| Account::of(user, then.session));
        if now.as_ref() == Some(then) { Ok(()) } else { Err(Error::InvalidToken) }
    }

    /// Writes a denied permission to the security log; other errors are not logged there.
    pub(crate) fn log_denial(&self, action: Action, error: &Error) {
        let reason = match error {
            Error::Forbidden => Denial::Forbidden,
            Error::NotVerified => Denial::NotVerified,
            _ => return,
        };
        let (actor, session) = (self.into(), self.session());
        Event::Denied { actor, session, action: action.name(), reason }.log();
    }

    fn reach(&self, action: Action) -> Result<Reach> {
        let rule = action.rule();
        let (role, is_verified) = match self {
            Self::Operator => (Role::Admin, true),
            Self::Account(account) => (account.role, account.is_verified),
        };
        let reach = rule.of(role).ok_or(Error::Forbidden)?;
        if rule.unverified || is_verified { Ok(reach) } else { Err(Error::NotVerified) }
    }

    fn check(&self, action: Action, owner: Option<Uuid>) -> Result<()> {
        match self.reach(action)? {
            Reach::Any => Ok(()),
            Reach::Own if owner.is_some() && owner == self.id() => Ok(()),
            Reach::Own => Err(Error::Forbidden),
        }
    }
}

impl From<&Actor> for ActorId {
    fn from(actor: &Actor) -> Self {
        Self::new(actor.id())
    }
}
