//! Who acts, and what the permission table lets them do.

use uuid::Uuid;

use super::{Action, Reach, Role};
use crate::{Error, Result, security::Event};
use entity::users;

/// Who acts, as the database knew them when the request came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The account; none for whoever runs the program on its own machine.
    pub id: Option<Uuid>,
    /// The session in use, when there is one.
    pub session: Option<Uuid>,
    /// The account's name; empty without an account.
    pub username: String,
    /// What the account may.
    pub role: Role,
    /// Whether the account's address is verified.
    pub is_verified: bool,
}

impl Actor {
    /// Whoever runs the program on its own machine: may everything and owns nothing.
    #[must_use]
    pub const fn operator() -> Self {
        Self { id: None, session: None, username: String::new(), role: Role::Admin, is_verified: true }
    }

    /// The owner of an account, in a session or without.
    pub(crate) fn of(user: users::Model, session: Option<Uuid>) -> Self {
        Self {
            id: Some(user.id),
            session,
            role: Role::from_column(&user.role),
            is_verified: user.is_verified,
            username: user.username,
        }
    }

    /// Lets an actor through who has lost nothing since: their account, as it is now, is active and may what it
    /// did.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] where that is not so, or there is no account any more.
    pub(crate) fn is_still(&self, account: Option<users::Model>) -> Result<()> {
        let now = account.filter(|user| user.is_active).map(|user| Self::of(user, self.session));
        if now.as_ref() == Some(self) { Ok(()) } else { Err(Error::InvalidToken) }
    }

    /// How far `action` reaches for this actor. A refusal goes to the security log.
    ///
    /// # Errors
    /// [`Error::Forbidden`] where the role may not, [`Error::NotVerified`] where the account must
    /// verify its address first.
    pub fn may(&self, action: Action) -> Result<Reach> {
        self.reach(action).inspect_err(|error| self.denied(action, error))
    }

    /// Lets through what `action` covers of something that `owner` has.
    ///
    /// # Errors
    /// As [`Actor::may`], and [`Error::Forbidden`] for what is somebody else's.
    pub fn may_touch(&self, action: Action, owner: Option<Uuid>) -> Result<()> {
        self.covers(action, owner).inspect_err(|error| self.denied(action, error))
    }

    /// [`Actor::may_touch`] as a question, of which nobody need know.
    pub(crate) fn covers(&self, action: Action, owner: Option<Uuid>) -> Result<()> {
        match self.reach(action)? {
            Reach::Any => Ok(()),
            Reach::Own if owner.is_some() && owner == self.id => Ok(()),
            Reach::Own => Err(Error::Forbidden),
        }
    }

    fn reach(&self, action: Action) -> Result<Reach> {
        let rule = action.rule();
        let reach = rule.of(self.role).ok_or(Error::Forbidden)?;
        if rule.unverified || self.is_verified { Ok(reach) } else { Err(Error::NotVerified) }
    }

    /// Tells the security log of a refusal; of other errors it need not know.
    pub(crate) fn denied(&self, action: Action, error: &Error) {
        let reason = match error {
            Error::Forbidden => "forbidden",
            Error::NotVerified => "not_verified",
            _ => return,
        };
        let (actor, session) = (self.into(), self.session);
        Event::Denied { actor, session, action: action.name(), reason }.log();
    }

    /// The actor's own account.
    ///
    /// # Errors
    /// As [`Actor::may`], and [`Error::NotSignedIn`] without an account.
    pub fn own_account(&self, action: Action) -> Result<Uuid> {
        self.may(action)?;
        self.id.ok_or(Error::NotSignedIn)
    }
}
