//! Mail to the owners of accounts. An operation enqueues a mail in the outbox, in its own transaction; a background
//! task sends it at least once, and makes its token only then.

mod delivery;
mod outbox;
mod password_link;
mod template;
mod token;
mod transport;

pub use self::{delivery::run, password_link::PasswordLink, transport::Mailer};
pub(crate) use self::{
    outbox::{Template, enqueue, enqueue_for_address},
    token::{PresentedToken, Purpose},
};

/// Domain of the addresses that replace one that an account lost (RFC 2606, section 2).
pub(crate) const NOWHERE: &str = "nobody.invalid";

/// Whether mail to an address can be delivered.
pub(crate) fn is_deliverable(address: &str) -> bool {
    !address.ends_with(".invalid")
}
