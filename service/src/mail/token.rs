//! Tokens in mail. A token proves access to the mailbox that it was sent to, for one purpose.
//!
//! A token is `v1.<purpose>.<user>.<expiry>.<HMAC>`. The HMAC also covers the account state that the token can
//! change, so every change of that state invalidates the token, including its own use: nothing is stored. Tokens are
//! signed when the mail is sent.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Error, Keys, MailToken, Result, lifetime};
use entity::users::Model;

/// Purpose of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Verify the address of an account.
    VerifyEmail,
    /// Confirm the new address of an account.
    ChangeEmail,
    /// Choose a new password without the old one.
    ResetPassword,
}

impl Purpose {
    const ALL: [Self; 3] = [Self::VerifyEmail, Self::ChangeEmail, Self::ResetPassword];

    const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify",
            Self::ChangeEmail => "change",
            Self::ResetPassword => "reset",
        }
    }

    /// Lifetime of a token of this purpose.
    pub(crate) const fn lifetime(self) -> TimeDelta {
        match self {
            Self::VerifyEmail | Self::ChangeEmail => lifetime::VERIFY_EMAIL,
            Self::ResetPassword => lifetime::RESET_PASSWORD,
        }
    }

    /// Digest of the state of `user` that a token of this purpose is bound to; `None` if there is nothing to change.
    /// States that may recur, such as an address or its missing verification, are distinguished by the token epoch: it
    /// increases when address or password change, and when verification is revoked.
    pub(crate) fn state(self, user: &Model) -> Option<String> {
        let pending = user.pending_email.as_deref();
        let epoch = user.token_epoch.to_string();
        let parts = match self {
            _ if !user.is_active => return None,
            Self::VerifyEmail if user.is_verified => return None,
            Self::VerifyEmail => [user.email.as_str(), &epoch, ""],
            Self::ChangeEmail => [user.email.as_str(), &epoch, pending?],
            Self::ResetPassword => [user.email.as_str(), &epoch, user.password_hash.as_str()],
        };
        let mut digest = Sha256::new();
        for part in parts {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Some(BASE64_URL_SAFE_NO_PAD.encode(digest.finalize()))
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Presented token with valid syntax. [`PresentedToken::verify`] verifies its signature.
#[derive(Clone)]
pub(crate) struct PresentedToken {
    pub(crate) purpose: Purpose,
    pub(crate) user: Uuid,
    expires_at: i64,
    code: Vec<u8>,
}

/// Signs a token that is valid until `expires_at`, in seconds since 1970, while `user` is in `state`.
pub(super) fn sign(keys: &Keys, purpose: Purpose, user: Uuid, state: &str, expires_at: i64) -> MailToken {
    let head = head(purpose, user, expires_at);
    let code = keys.sign_mail(&[head.as_bytes(), state.as_bytes()]);
    format!("{head}{}", BASE64_URL_SAFE_NO_PAD.encode(code)).into()
}

impl PresentedToken {
    /// Reads a token that has not expired at `now`, in seconds since 1970.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for any other text.
    pub(crate) fn read(token: &MailToken, now: i64) -> Result<Self> {
        let token = token.reveal();
        let parse = || {
            let mut parts = token.strip_prefix("v1.")?.splitn(4, '.');
            let name = parts.next()?;
            let purpose = Purpose::ALL.into_iter().find(|purpose| purpose.as_str() == name)?;
            let user = Uuid::try_parse(parts.next()?).ok()?;
            let expires_at: i64 = parts.next()?.parse().ok()?;
            let code = BASE64_URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
            // One token, one spelling: no other digits or letter case for the same numbers.
            let canonical = token.starts_with(&head(purpose, user, expires_at));
            (canonical && expires_at > now).then_some(Self { purpose, user, expires_at, code })
        };
        parse().ok_or(Error::InvalidToken)
    }

    /// Verifies the signature of the token for `user` in its current state.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] if it does not match.
    pub(crate) fn verify(&self, keys: &Keys, user: &Model) -> Result<()> {
        let state = self.purpose.state(user).ok_or(Error::InvalidToken)?;
        let head = head(self.purpose, user.id, self.expires_at);
        let genuine = keys.verify_mail(&[head.as_bytes(), state.as_bytes()], &self.code);
        genuine.then_some(()).ok_or(Error::InvalidToken)
    }
}

fn head(purpose: Purpose, user: Uuid, expires_at: i64) -> String {
    format!("v1.{purpose}.{}.{expires_at}.", user.simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_can_be_read_until_it_expires_and_in_one_spelling() {
        let keys = Keys::new(&["a secret of more than thirty-two bytes"]).unwrap();
        let (user, now) = (Uuid::now_v7(), 1_700_000_000);
        let token =
            |expires_at| sign(&keys, Purpose::ResetPassword, user, "state", expires_at).reveal().to_owned();
        let read = |text: &str| PresentedToken::read(&text.to_owned().into(), now);
        assert!(read(&token(now + 60)).is_ok_and(|token| token.user == user));
        for (other, why) in [
            (token(now), "expired"),
            (token(-1), "expired long ago"),
            (token(now + 60).replacen(".1", ".+1", 1), "a sign"),
            (token(now + 60).replacen("reset", "RESET", 1), "letter case"),
            (token(now + 60).replacen(&user.simple().to_string(), &user.to_string(), 1), "hyphens"),
            (format!("{}=", token(now + 60)), "padding"),
            (String::new(), "nothing"),
            ("v1.reset".to_owned(), "half of it"),
        ] {
            assert!(read(&other).is_err(), "{why}: {other}");
        }
    }
}
