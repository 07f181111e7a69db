//! Passwords: which are strong enough, and how they are kept.
//!
//! A stored password is `v1.<key id>.<bcrypt>`, where bcrypt hashes the base64 of HMAC-SHA-384 over the
//! password in Unicode form NFC: bcrypt alone would cut it at 72 bytes. Plain `$2a$`, `$2b$` and `$2y$`
//! hashes of other systems verify too. NIST SP 800-63B gives the rules: length and guessability, no
//! composition.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use unicode_normalization::UnicodeNormalization;

use super::hasher::Hasher;
use crate::{Error, Keys, Result};

/// The lowest zxcvbn score that will do, of 0 to 4: "safely unguessable".
const MIN_SCORE: zxcvbn::Score = zxcvbn::Score::Three;

/// A hash that no password has, to be checked where there is none.
const NOBODYS_HASH: &str = "abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzABCDE";

/// Hashes and checks passwords off the threads that answer requests.
#[derive(Debug)]
pub(crate) struct Passwords {
    keys: Arc<Keys>,
    hasher: Hasher,
    cost: u32,
}

/// What checking a password found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wrong,
    /// Right; a new hash is due when the stored one is of an old scheme, key or cost.
    Right {
        outdated: bool,
    },
}

impl Passwords {
    pub(crate) fn new(keys: Arc<Keys>, cost: u32) -> Self {
        Self { keys, hasher: Hasher::start(), cost }
    }

    /// Hashes a new password, if it is hard to guess for one who knows `hints`, the other fields of the
    /// account. `pointer` names the password's field.
    pub(crate) async fn choose(
        &self,
        pointer: &'static str,
        password: String,
        hints: Vec<String>,
    ) -> Result<String> {
        let (keys, cost) = (Arc::clone(&self.keys), self.cost);
        let job = move || {
            let hints: Vec<&str> = hints.iter().map(String::as_str).collect();
            let estimate = zxcvbn::zxcvbn(&password, &hints);
            if estimate.score() < MIN_SCORE {
                return Err(Error::invalid(pointer, "weak_password", advice(&estimate)));
            }
            hash(&keys, &password, cost)
        };
        self.hasher.run(job).await?
    }

    /// Hashes a password that has been chosen before.
    pub(crate) async fn rehash(&self, password: String) -> Result<String> {
        let (keys, cost) = (Arc::clone(&self.keys), self.cost);
        self.hasher.run(move || hash(&keys, &password, cost)).await?
    }

    /// Checks `password` against a stored hash; without one it takes as long and is wrong.
    pub(crate) async fn verify(&self, password: String, stored: Option<String>) -> Result<Verdict> {
        let (keys, cost) = (Arc::clone(&self.keys), self.cost);
        self.hasher.run(move || verify(&keys, &password, stored.as_deref(), cost)).await
    }
}

fn hash(keys: &Keys, password: &str, cost: u32) -> Result<String> {
    let id = keys.password_id();
    let digest = digest(keys, id, password).expect("the newest key exists");
    let hash =
        bcrypt::non_truncating_hash(digest, cost).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(format!("v1.{id}.{hash}"))
}

fn verify(keys: &Keys, password: &str, stored: Option<&str>, cost: u32) -> Verdict {
    let nobodys = || format!("$2b${cost:02}${NOBODYS_HASH}");
    let tagged = stored.and_then(|stored| stored.strip_prefix("v1.")).and_then(|rest| rest.split_once('.'));
    let (right, outdated) = match (tagged, stored) {
        (Some((id, hash)), _) => match digest(keys, id, password) {
            Some(digest) => {
                (bcrypt::verify(digest, hash), id != keys.password_id() || cost_of(hash) != Some(cost))
            }
            None => (bcrypt::verify(password, &nobodys()).map(|_| false), false),
        },
        (None, Some(plain)) => (bcrypt::verify(password, plain), true),
        (None, None) => (bcrypt::verify(password, &nobodys()).map(|_| false), false),
    };
    if right.unwrap_or(false) { Verdict::Right { outdated } } else { Verdict::Wrong }
}

/// base64(HMAC-SHA-384(key, NFC(password))): 64 characters, whatever the password's length.
fn digest(keys: &Keys, id: &str, password: &str) -> Option<String> {
    let normal: String = password.nfc().collect();
    keys.pepper(id, &normal).map(|mac| BASE64_STANDARD.encode(mac))
}

/// The cost of a bcrypt hash, `$2b$<cost>$…`.
fn cost_of(hash: &str) -> Option<u32> {
    hash.split('$').nth(2)?.parse().ok()
}

fn advice(estimate: &zxcvbn::Entropy) -> String {
    let mut text = "is too easy to guess".to_owned();
    if let Some(feedback) = estimate.feedback() {
        if let Some(warning) = feedback.warning() {
            text = format!("{text}: {warning}");
        }
        for suggestion in feedback.suggestions() {
            text = format!("{text} {suggestion}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(secrets: &[&str]) -> Keys {
        Keys::new(secrets).expect("long enough")
    }

    const OLD: &str = "an old secret of more than thirty-two bytes";
    const NEW: &str = "a new secret of more than thirty-two bytes";

    #[test]
    fn a_password_verifies_in_every_unicode_form_and_nothing_else_does() {
        let keys = keys(&[NEW]);
        let stored = hash(&keys, "Cafe\u{301} au lait 7", 4).unwrap();
        assert_eq!(
            verify(&keys, "Caf\u{e9} au lait 7", Some(&stored), 4),
            Verdict::Right { outdated: false }
        );
        assert_eq!(verify(&keys, "Cafe au lait 7", Some(&stored), 4), Verdict::Wrong);
    }

    #[test]
    fn passwords_alike_in_72_bytes_differ() {
        let keys = keys(&[NEW]);
        let long = "x".repeat(72);
        let stored = hash(&keys, &format!("{long}a"), 4).unwrap();
        assert_eq!(verify(&keys, &format!("{long}b"), Some(&stored), 4), Verdict::Wrong);
    }

    #[test]
    fn an_old_key_cost_or_scheme_is_outdated() {
        let stored = hash(&keys(&[OLD]), "hunter2hunter2", 4).unwrap();
        let both = keys(&[NEW, OLD]);
        assert_eq!(verify(&both, "hunter2hunter2", Some(&stored), 4), Verdict::Right { outdated: true });
        assert_eq!(
            verify(&keys(&[OLD]), "hunter2hunter2", Some(&stored), 5),
            Verdict::Right { outdated: true }
        );
        assert_eq!(verify(&keys(&[NEW]), "hunter2hunter2", Some(&stored), 4), Verdict::Wrong);
        let plain = bcrypt::hash("hunter2hunter2", 4).unwrap();
        for tag in ["$2a$", "$2b$", "$2y$"] {
            let plain = plain.replacen("$2b$", tag, 1);
            assert_eq!(verify(&both, "hunter2hunter2", Some(&plain), 4), Verdict::Right { outdated: true });
        }
    }

    #[test]
    fn no_password_opens_an_account_that_is_not_there() {
        assert_eq!(verify(&keys(&[NEW]), "", None, 4), Verdict::Wrong);
        assert_eq!(verify(&keys(&[NEW]), "x", Some("not a hash"), 4), Verdict::Wrong);
    }
}
