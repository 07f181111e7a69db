//! Mail to the owners of accounts. What is to be said is noted in the outbox, in the transaction that gives
//! the occasion; a task in the background says it, at least once, and makes the tokens only then.

mod delivery;
mod letter;
mod outbox;
mod post;

pub(crate) use self::outbox::{Kind, ask, put};
pub use self::{delivery::run, post::Mailer};

/// The domain of addresses that are nobody's (RFC 2606, section 2).
pub(crate) const NOWHERE: &str = "nobody.invalid";

/// Whether mail to an address can arrive.
pub(crate) fn leads_somewhere(address: &str) -> bool {
    !address.ends_with(".invalid")
}
