//! Passwords: strength rules and stored hashes.
//!
//! A stored password is `v1.<key id>.<bcrypt>`, where bcrypt hashes the base64 of HMAC-SHA-384 over the password in
//! Unicode form NFC: bcrypt alone would cut it at 72 bytes. Plain `$2a$`, `$2b$` and `$2y$` hashes of other systems
//! also verify ([`foreign`]). The rules follow NIST SP 800-63B: length and guessability, no composition.

mod foreign;
mod hasher;
mod queue;

use std::{hint::black_box, iter, net::IpAddr, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use self::hasher::Hasher;
use crate::{Error, FieldCode, Keys, Password, Result, network::Scope};

/// Lowest accepted zxcvbn score, of 0 to 4: "safely unguessable".
const MIN_SCORE: zxcvbn::Score = zxcvbn::Score::Three;

/// Salt of hashes that are computed only to equalize response times.
const NO_SALT: [u8; 16] = [0; 16];

/// Highest cost of any computed hash, and highest cost that can be configured for new ones.
const MAX_COST: u32 = 16;

/// Prefix of the stored value of an account without a password.
const NO_PASSWORD: &str = "none.";

/// Whether the account has no password yet.
pub(crate) fn is_none_yet(stored: &str) -> bool {
    stored.starts_with(NO_PASSWORD)
}

/// Client for which a password is hashed. The hashing threads serve clients in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Client {
    /// Clients in the network of an address.
    Network(Option<IpAddr>),
    /// Account that is signed in or whose owner presented a mail token; known device.
    Account(Uuid),
}

impl Client {
    /// Client at an address. All addresses of its site count as one client.
    pub(crate) fn at(address: Option<IpAddr>) -> Self {
        Self::Network(address.map(|address| Scope::Site.of(address)))
    }
}

/// Hasher and verifier of passwords. The work runs outside of the threads that answer requests.
#[derive(Debug)]
pub(crate) struct Passwords {
    keys: Arc<Keys>,
    hasher: Hasher,
    cost: u32,
}

/// Result of a password check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Wrong,
    /// The password is right. `outdated` marks a stored hash with an old scheme, key or cost: replace it.
    Right {
        outdated: bool,
    },
}

impl Passwords {
    pub(crate) fn new(keys: Arc<Keys>, cost: u32) -> Self {
        Self { keys, hasher: Hasher::start(), cost }
    }

    /// Hashes a new password. Rejects one that is easy to guess for an attacker with `hints`, the other fields of the
    /// account. `pointer` names the password's field.
    pub(crate) async fn choose(
        &self,
        client: Client,
        pointer: &'static str,
        password: Password,
        hints: Vec<String>,
    ) -> Result<String> {
        let (keys, cost) = (Arc::clone(&self.keys), self.cost);
        let job = move || {
            let hints: Vec<&str> = hints.iter().map(String::as_str).collect();
            let estimate = zxcvbn::zxcvbn(password.reveal(), &hints);
            if estimate.score() < MIN_SCORE {
                return Err(Error::invalid(pointer, FieldCode::WeakPassword, advice(&estimate)));
            }
            hash(&keys, password.reveal(), cost)
        };
        self.hasher.run(client, job).await?
    }

    /// Hashes a verified password again.
    pub(crate) async fn rehash(&self, client: Client, password: Password) -> Result<String> {
        let (keys, cost) = (Arc::clone(&self.keys), self.cost);
        self.hasher.run(client, move || hash(&keys, password.reveal(), cost)).await?
    }

    /// Rejects a hash that is not a foreign one or is too expensive to verify; returns the reason.
    pub(crate) fn check_foreign(&self, hash: &str) -> std::result::Result<(), String> {
        foreign::check(hash, foreign::highest_cost(self.cost))
    }

    /// Verifies `password` against a stored hash. Without a hash the result is wrong, after the same time.
    pub(crate) async fn verify(
        &self,
        client: Client,
        password: Password,
        stored: Option<String>,
    ) -> Result<Verdict> {
        let (keys, cost) = (Arc::clone(&self.keys), self.cost);
        self.hasher.run(client, move || verify(&keys, password.reveal(), stored.as_deref(), cost)).await
    }
}

fn hash(keys: &Keys, password: &str, cost: u32) -> Result<String> {
    let id = keys.password_id();
    let digest = digest(keys, id, password).expect("the newest key exists");
    let hash = bcrypt::non_truncating_hash(digest, cost).map_err(Error::internal)?;
    Ok(format!("v1.{id}.{hash}"))
}

fn verify(keys: &Keys, password: &str, stored: Option<&str>, cost: u32) -> Verdict {
    let tagged = stored.and_then(|stored| stored.strip_prefix("v1.")).and_then(|rest| rest.split_once('.'));
    // Input of bcrypt, the stored hash, and whether scheme and key are the current ones.
    let candidate = match (tagged, stored) {
        (Some((id, hash)), _) => {
            let current = id == keys.password_id() && cost_of(hash) == Some(cost);
            digest(keys, id, password).map(|digest| (digest, hash, current))
        }
        // Other systems ignore bytes beyond bcrypt's limit. The full password may be wrong, so do not store it.
        (None, Some(plain)) if foreign::is_foreign(plain) => {
            Some((password.to_owned(), plain, password.len() >= foreign::READ))
        }
        (None, _) => None,
    };
    let candidate = candidate.filter(|(_, hash, _)| cost_of(hash).is_some_and(|cost| cost <= MAX_COST));
    let stored_cost = candidate.as_ref().and_then(|(_, hash, _)| cost_of(hash));
    if candidate.is_none() {
        black_box(digest(keys, keys.password_id(), password));
    }
    let matched =
        candidate.map(|(text, hash, current)| (bcrypt::verify(text, hash).unwrap_or(false), current));
    for cost in filling(stored_cost, cost) {
        drop(black_box(bcrypt::hash_with_salt(password, cost, NO_SALT)));
    }
    match matched {
        Some((true, current)) => Verdict::Right { outdated: !current },
        Some((false, _)) | None => Verdict::Wrong,
    }
}

/// Costs of the extra hashes that, together with one hash of cost `stored`, take as long as one of cost `full`.
/// Response times thus reveal neither whether an account exists nor the age of its hash.
fn filling(stored: Option<u32>, full: u32) -> impl Iterator<Item = u32> {
    // A cost is a power of two, and 2ᵏ + (2ᵏ + 2ᵏ⁺¹ + … + 2ⁿ⁻¹) = 2ⁿ.
    let missing = stored.map_or(0..0, |stored| stored..full);
    missing.chain(iter::once(full).filter(move |_| stored.is_none()))
}

/// Stored value of an account without a password. No password matches it. Each value is unique, so a token bound to
/// one is invalid for every other.
pub(crate) fn none_yet() -> String {
    format!("{NO_PASSWORD}{}", uuid::Uuid::now_v7().simple())
}

/// base64(HMAC-SHA-384(key, NFC(password))): 64 characters for a password of any length.
fn digest(keys: &Keys, id: &str, password: &str) -> Option<String> {
    let normal: String = password.nfc().collect();
    keys.pepper(id, &normal).map(|mac| BASE64_STANDARD.encode(mac))
}

/// Cost of a bcrypt hash, `$2b$<cost>$…`.
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
    fn a_password_verifies_in_every_unicode_form() {
        let keys = keys(&[NEW]);
        let stored = hash(&keys, "Cafe\u{301} au lait 7", 4).unwrap();
        assert_eq!(
            verify(&keys, "Caf\u{e9} au lait 7", Some(&stored), 4),
            Verdict::Right { outdated: false }
        );
        assert_eq!(verify(&keys, "Cafe au lait 7", Some(&stored), 4), Verdict::Wrong);
    }

    #[test]
    fn passwords_with_the_same_first_72_bytes_differ() {
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
    fn an_unknown_account_or_one_without_a_password_rejects_every_password() {
        assert_eq!(verify(&keys(&[NEW]), "", None, 4), Verdict::Wrong);
        assert_eq!(verify(&keys(&[NEW]), "x", Some("not a hash"), 4), Verdict::Wrong);
        let none = none_yet();
        for guess in ["", "none.", &none, &none[5..]] {
            assert_eq!(verify(&keys(&[NEW]), guess, Some(&none), 4), Verdict::Wrong);
        }
        assert_ne!(none, none_yet());
    }

    #[test]
    fn a_missing_hash_costs_the_same_work() {
        for password in ["", "x", &"x".repeat(256)] {
            assert!(bcrypt::hash_with_salt(password, 4, NO_SALT).is_ok());
        }
    }

    #[test]
    fn a_hash_of_excessive_cost_is_not_computed() {
        let keys = keys(&[NEW]);
        let id = keys.password_id();
        let costly = bcrypt::hash("x", 4).unwrap().replacen("$04$", "$31$", 1);
        for stored in [costly.clone(), format!("v1.{id}.{costly}")] {
            assert_eq!(verify(&keys, "x", Some(&stored), 4), Verdict::Wrong);
        }
    }

    #[test]
    fn every_check_costs_the_work_of_one_hash_of_the_current_cost() {
        for full in 4..=16 {
            for stored in (4..=full).map(Some).chain([None]) {
                let work = stored.into_iter().chain(filling(stored, full)).map(|cost| 1_u64 << cost);
                assert_eq!(work.sum::<u64>(), 1 << full, "{stored:?} of {full}");
            }
        }
    }
}
