//! Tokens of a session: a short-lived access token (a JWT after RFC 9068), and a refresh token with session and
//! generation. Neither is stored.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AccessToken, Context, Error, Keys, RefreshToken, Result};

/// Media type of an access token (RFC 9068, section 2.1).
const TYPE: &str = "at+jwt";

/// Audience of access tokens.
const AUDIENCE: &str = "bookly-api";

/// Longest accepted access token, in bytes. Issued tokens have a third of it.
const MAX_LENGTH: usize = 1024;

/// Accepted clock difference between servers that issue tokens, in seconds.
const CLOCK_SKEW: i64 = 60;

/// Claims of an access token. They exclude the role, which is read from the database.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Claims {
    iss: String,
    aud: String,
    /// The account.
    pub(crate) sub: Uuid,
    /// The session.
    pub(crate) sid: Uuid,
    iat: i64,
    exp: i64,
}

/// Issuer and verifier of session tokens.
pub(crate) struct TokenIssuer<'c> {
    keys: &'c Keys,
    issuer: &'c str,
    /// Seconds since 1970.
    now: i64,
}

impl<'c> TokenIssuer<'c> {
    /// Issuer of a context, at its current time.
    pub(crate) fn of(cx: &'c Context) -> Self {
        Self { keys: cx.keys(), issuer: &cx.policy().issuer, now: cx.clock().now().timestamp() }
    }

    /// Signs an access token that expires after `ttl` seconds.
    pub(crate) fn sign_access(&self, user: Uuid, session: Uuid, ttl: u32) -> Result<AccessToken> {
        let (id, key) = self.keys.access();
        let claims = Claims {
            iss: self.issuer.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user,
            sid: session,
            iat: self.now,
            exp: self.now + i64::from(ttl),
        };
        let token = jsonwebtoken::encode(&header(id), &claims, &EncodingKey::from_secret(key));
        Ok(token.map_err(Error::internal)?.into())
    }

    /// Verifies an access token.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] for a token with a foreign signature, of another use, or expired.
    pub(crate) fn verify_access(&self, token: &str) -> Result<Claims> {
        if token.len() > MAX_LENGTH {
            return Err(Error::InvalidToken);
        }
        let found = jsonwebtoken::decode_header(token).map_err(|_| Error::InvalidToken)?;
        let id = found.kid.as_deref().ok_or(Error::InvalidToken)?;
        let key = self.keys.access_named(id).ok_or(Error::InvalidToken)?;
        // Issued tokens have no other header parameters, such as `crit` or `jwk`.
        if found != header(id) {
            return Err(Error::InvalidToken);
        }
        let mut validation = Validation::new(Algorithm::HS256);
        // The clock of the context decides below; tests cannot move the library's.
        validation.validate_exp = false;
        validation.set_issuer(&[self.issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        let token = jsonwebtoken::decode::<Claims>(token, &DecodingKey::from_secret(key), &validation);
        let claims = token.map_err(|_| Error::InvalidToken)?.claims;
        // RFC 7519, section 4.1.4: not "on or after" the time of `exp`.
        if claims.exp <= self.now || claims.iat > self.now + CLOCK_SKEW {
            return Err(Error::InvalidToken);
        }
        Ok(claims)
    }
}

/// Header of issued access tokens, by the id of their key.
fn header(id: &str) -> Header {
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some(TYPE.to_owned());
    header.kid = Some(id.to_owned());
    header
}

/// Signs a refresh token: `v1.<session>.<generation>.<HMAC>`.
pub(crate) fn sign_refresh(keys: &Keys, session: Uuid, generation: i64) -> RefreshToken {
    let code = keys.sign_refresh(&[session.as_bytes(), &generation.to_be_bytes()]);
    format!("v1.{}.{generation}.{}", session.simple(), BASE64_URL_SAFE_NO_PAD.encode(code)).into()
}

/// Verifies a refresh token and returns its session and generation.
///
/// # Errors
/// [`Error::InvalidToken`] for a token with a foreign signature.
pub(crate) fn verify_refresh(keys: &Keys, token: &RefreshToken) -> Result<(Uuid, i64)> {
    let token = token.reveal();
    let read = || {
        let mut parts = token.strip_prefix("v1.")?.splitn(3, '.');
        let session = Uuid::try_parse(parts.next()?).ok()?;
        let generation: i64 = parts.next()?.parse().ok()?;
        let code = BASE64_URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
        // One token, one spelling: no other digits or letter case for the same numbers.
        let canonical = token.starts_with(&format!("v1.{}.{generation}.", session.simple()));
        (canonical && keys.verify_refresh(&[session.as_bytes(), &generation.to_be_bytes()], &code))
            .then_some((session, generation))
    };
    read().ok_or(Error::InvalidToken)
}
