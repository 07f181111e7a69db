//! Keys derived from the configured secrets: one per purpose and secret, by HKDF-SHA-256 (RFC 5869).

use std::{collections::BTreeSet, fmt};

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384};

/// Minimum length of a secret, in bytes.
pub const MIN_SECRET_LENGTH: usize = 32;

type Key = [u8; 32];

/// Fewest different bytes of a secret. Of 32 random digits, all ten occur but for one secret in three.
const MIN_VARIETY: usize = 8;

/// Fewest guesses that zxcvbn estimates for a secret. It counts up to 2⁶⁴, which 20 random characters exceed.
const MIN_GUESSES: u64 = 1 << 62;

/// Rejects a secret that another person could guess: one of few characters, repetitions, sequences or common words.
///
/// # Errors
/// The reason, without the text of the secret.
pub fn check_strength(secret: &str) -> Result<(), &'static str> {
    let bytes = secret.as_bytes();
    let repeats = |period: usize| bytes.iter().zip(&bytes[period..]).all(|(byte, later)| byte == later);
    if bytes.iter().collect::<BTreeSet<_>>().len() < MIN_VARIETY || (1..=bytes.len() / 2).any(repeats) {
        return Err("a secret repeats a few characters; generate one: openssl rand -base64 48");
    }
    if zxcvbn::zxcvbn(secret, &["bookly"]).guesses() < MIN_GUESSES {
        return Err("a secret is too easy to guess; generate one: openssl rand -base64 48");
    }
    Ok(())
}

/// Keys derived from one secret.
struct Ring {
    /// Public name of the secret, which does not reveal it.
    id: String,
    access: Key,
    refresh: Key,
    device: Key,
    cursor: Key,
    mail: Key,
    password: Key,
}

impl Ring {
    fn new(secret: &str) -> Self {
        let hkdf = Hkdf::<Sha256>::new(None, secret.as_bytes());
        let derive = |purpose: &str| {
            let mut key = Key::default();
            hkdf.expand(purpose.as_bytes(), &mut key).expect("HKDF-SHA-256 gives up to 8,160 bytes");
            key
        };
        let [a, b, c, d, ..] = derive("key id");
        let id = format!("{:08x}", u32::from_be_bytes([a, b, c, d]));
        Self {
            id,
            access: derive("access token"),
            refresh: derive("refresh token"),
            device: derive("device token"),
            cursor: derive("cursor"),
            mail: derive("mail token"),
            password: derive("password"),
        }
    }
}

/// Keys of every configured secret: the first signs, all verify.
pub struct Keys(Vec<Ring>);

impl Keys {
    /// Derives the keys of `secrets`, the newest first.
    ///
    /// # Errors
    /// The invalid secret and the reason, without its text.
    pub fn new<S: AsRef<str>>(secrets: &[S]) -> Result<Self, String> {
        if secrets.is_empty() {
            return Err("at least one secret is needed".to_owned());
        }
        if secrets.iter().any(|secret| secret.as_ref().len() < MIN_SECRET_LENGTH) {
            return Err(format!("a secret must have at least {MIN_SECRET_LENGTH} bytes"));
        }
        if secrets.iter().map(AsRef::as_ref).collect::<BTreeSet<_>>().len() < secrets.len() {
            return Err("a secret is given twice".to_owned());
        }
        Ok(Self(secrets.iter().map(|secret| Ring::new(secret.as_ref())).collect()))
    }

    fn newest(&self) -> &Ring {
        &self.0[0]
    }

    /// Id and key that sign access tokens.
    pub(crate) fn access(&self) -> (&str, &[u8]) {
        (&self.newest().id, &self.newest().access)
    }

    /// Key with this id, to verify access tokens.
    pub(crate) fn access_named(&self, id: &str) -> Option<&[u8]> {
        self.0.iter().find(|ring| ring.id == id).map(|ring| &ring.access[..])
    }

    /// Signs a refresh token.
    pub(crate) fn sign_refresh(&self, parts: &[&[u8]]) -> Vec<u8> {
        mac(&self.newest().refresh, parts).finalize().into_bytes().to_vec()
    }

    /// Verifies the signature of a refresh token.
    pub(crate) fn verify_refresh(&self, parts: &[&[u8]], code: &[u8]) -> bool {
        self.0.iter().any(|ring| mac(&ring.refresh, parts).verify_slice(code).is_ok())
    }

    /// Signs the token of a known device.
    pub(crate) fn sign_device(&self, parts: &[&[u8]]) -> Vec<u8> {
        mac(&self.newest().device, parts).finalize().into_bytes().to_vec()
    }

    /// Verifies the signature of the token of a known device.
    pub(crate) fn verify_device(&self, parts: &[&[u8]], code: &[u8]) -> bool {
        self.0.iter().any(|ring| mac(&ring.device, parts).verify_slice(code).is_ok())
    }

    /// Signs a mail token.
    pub(crate) fn sign_mail(&self, parts: &[&[u8]]) -> Vec<u8> {
        mac(&self.newest().mail, parts).finalize().into_bytes().to_vec()
    }

    /// Verifies the signature of a mail token.
    pub(crate) fn verify_mail(&self, parts: &[&[u8]], code: &[u8]) -> bool {
        self.0.iter().any(|ring| mac(&ring.mail, parts).verify_slice(code).is_ok())
    }

    /// Signs a cursor.
    pub(crate) fn sign_cursor(&self, parts: &[&[u8]]) -> Vec<u8> {
        mac(&self.newest().cursor, parts).finalize().into_bytes().to_vec()
    }

    /// Verifies the truncated signature of a cursor, of 16 bytes or more.
    pub(crate) fn verify_cursor(&self, parts: &[&[u8]], code: &[u8]) -> bool {
        code.len() >= 16
            && self.0.iter().any(|ring| mac(&ring.cursor, parts).verify_truncated_left(code).is_ok())
    }

    /// Id of the key for new password hashes.
    pub(crate) fn password_id(&self) -> &str {
        &self.newest().id
    }

    /// HMAC-SHA-384 of a password with the key named `id`.
    pub(crate) fn pepper(&self, id: &str, password: &str) -> Option<[u8; 48]> {
        let ring = self.0.iter().find(|ring| ring.id == id)?;
        let mut mac = Hmac::<Sha384>::new_from_slice(&ring.password).expect("HMAC takes keys of any length");
        mac.update(password.as_bytes());
        Some(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|ring| &ring.id)).finish()
    }
}

/// HMAC-SHA-256 over the parts, each prefixed with its length, so that different parts never have the same input.
fn mac(key: &Key, parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_secret_is_accepted() {
        for secret in [
            "qW9vT0mL5pXbZr2sYc8dNf1gHj4kAe7uIoRtEwQ6zXv3",
            "9f86d081884c7d659a2feaa0c55ad015",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "kXsW-3rQz_Jm8vYt2LbN6cDfGhPa0uEi",
            "a secret for tests of more than thirty-two bytes",
            "trombone glacier pepper ladder mushroom violet",
        ] {
            assert_eq!(check_strength(secret), Ok(()), "{secret}");
        }
    }

    #[test]
    fn a_secret_that_can_be_guessed_is_rejected() {
        for secret in [
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "abababababababababababababababababab",
            "00000000000000000000000000000001",
            "12345678901234567890123456789012",
            "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
            "changemechangemechangemechangeme",
            "change-me-change-me-change-me-change-me",
            "secretsecretsecretsecretsecretsecret",
            "passwordpasswordpasswordpassword",
            "qwertyuiopasdfghjklzxcvbnmqwertyuiop",
            "booklybooklybooklybooklybooklybookly",
            "Password123Password123Password123",
            "thisisasecretthisisasecretthisisasecret",
            "change-the-tiger-change-the-tiger-change-the-tiger",
        ] {
            assert!(check_strength(secret).is_err(), "{secret}");
        }
    }

    #[test]
    fn a_secret_is_given_once() {
        let (one, other) = ("x".repeat(32), "y".repeat(32));
        assert!(Keys::new(&[&one, &other]).is_ok());
        assert_eq!(Keys::new(&[&one, &other, &one]).unwrap_err(), "a secret is given twice");
    }
}
