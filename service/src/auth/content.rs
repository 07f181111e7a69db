//! What people say to begin a session or to go on with it, and the tokens that they get.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    input,
    users::{self, User},
};

/// Request body for signing up.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    /// Username, stored in lower case; it cannot be changed later.
    #[validate(length(min = 3, max = 50), custom(function = "users::valid_username"))]
    #[schema(min_length = 3, max_length = 50, pattern = "^[A-Za-z0-9._-]+$", examples("alice"))]
    pub username: String,
    /// E-mail address, stored in lower case.
    #[validate(length(max = 254), custom(function = "users::valid_email"))]
    #[schema(format = "email", max_length = 254, examples("alice@example.com"))]
    pub email: String,
    /// A password that is hard to guess.
    #[validate(length(min = 8, max = 256), custom(function = "input::line"))]
    #[schema(
        format = "password",
        min_length = 8,
        max_length = 256,
        examples("correct horse battery staple")
    )]
    pub password: String,
    /// Given name.
    #[validate(length(min = 1, max = 100), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 100, examples("Alice"))]
    pub first_name: Option<String>,
    /// Family name.
    #[validate(length(min = 1, max = 100), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 100, examples("Liddell"))]
    pub last_name: Option<String>,
}

/// Request body for logging in.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// The username or the e-mail address, in any letter case.
    #[validate(length(min = 1, max = 254), custom(function = "input::line"))]
    #[schema(min_length = 1, max_length = 254, examples("alice"))]
    pub login: String,
    /// The password.
    #[validate(length(min = 1, max = 256), custom(function = "input::line"))]
    #[schema(
        format = "password",
        min_length = 1,
        max_length = 256,
        examples("correct horse battery staple")
    )]
    pub password: String,
    /// Transport of the refresh token; `body` if omitted.
    #[serde(default)]
    pub transport: Transport,
}

/// Transport of a refresh token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// With the access token. The client keeps it.
    #[default]
    Body,
    /// In a cookie that no script can read. The browser keeps it.
    Cookie,
}

/// Request body for refreshing a session.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// Latest refresh token, unless it is in the cookie.
    #[serde(default, deserialize_with = "input::required")]
    #[validate(length(min = 1, max = 512))]
    #[schema(min_length = 1, max_length = 512, nullable = false)]
    pub refresh_token: Option<String>,
}

/// Request body for irreversible operations on your own account.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// Current password.
    #[validate(length(min = 1, max = 256), custom(function = "input::line"))]
    #[schema(
        format = "password",
        min_length = 1,
        max_length = 256,
        examples("correct horse battery staple")
    )]
    pub current_password: String,
}

/// Type of an access token (RFC 6750).
#[derive(Debug, Serialize, ToSchema)]
pub enum TokenType {
    /// Whoever bears it may use it.
    Bearer,
}

/// The tokens of a session (RFC 6749, section 5.1).
#[derive(Debug, Serialize, ToSchema)]
pub struct Tokens {
    /// Access token, for `Authorization: Bearer …`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: TokenType,
    /// Seconds until the access token expires.
    #[schema(examples(900))]
    pub expires_in: u32,
    /// Refresh token, valid once. It is absent if it is in the cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub refresh_token: Option<String>,
    /// Seconds until the refresh token expires.
    #[schema(examples(604_800))]
    pub refresh_expires_in: i64,
    /// Account of the session.
    pub user: User,
}

/// The device that begins a session, as it shows itself.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// Its `User-Agent`.
    pub user_agent: Option<String>,
    /// Its address.
    pub ip: Option<IpAddr>,
}
