//! Request and response bodies of sign-up, log-in and refresh.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::{
    AccessToken, DeviceToken, Password, RefreshToken, input, secret,
    users::{self, User},
};

/// Request body of `POST /auth/signup`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    /// Username, stored in lower case. It cannot be changed later.
    #[validate(length(min = 3, max = 50), custom(function = "users::valid_username"))]
    #[schema(min_length = 3, max_length = 50, pattern = "^[A-Za-z0-9._-]+$", examples("alice"))]
    pub username: String,
    /// E-mail address, stored in lower case.
    #[validate(length(max = 254), custom(function = "users::valid_email"))]
    #[schema(format = "email", max_length = 254, examples("alice@example.com"))]
    pub email: String,
    /// Password that is hard to guess.
    #[validate(length(min = 8, max = 256), custom(function = "secret::one_line"))]
    #[schema(
        value_type = String,
        format = "password",
        min_length = 8,
        max_length = 256,
        examples("correct horse battery staple")
    )]
    pub password: Password,
    /// Given name.
    #[validate(length(min = 1, max = 100), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 100, examples("Alice"))]
    pub first_name: Option<String>,
    /// Family name.
    #[validate(length(min = 1, max = 100), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 100, examples("Liddell"))]
    pub last_name: Option<String>,
}

/// Request body of `POST /auth/login`.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// Username or e-mail address, in any letter case.
    #[validate(length(min = 1, max = 254), custom(function = "input::line"))]
    #[schema(min_length = 1, max_length = 254, examples("alice"))]
    pub login: String,
    /// Password of the account.
    #[validate(length(min = 1, max = 256), custom(function = "secret::one_line"))]
    #[schema(
        value_type = String,
        format = "password",
        min_length = 1,
        max_length = 256,
        examples("correct horse battery staple")
    )]
    pub password: Password,
    /// Transport of the refresh token; `body` by default.
    #[serde(default)]
    pub transport: Transport,
    /// Device token of an earlier log-in on this device; not needed if it is in the cookie. While an attack on the
    /// account exhausts its limit, known devices may still log in.
    #[serde(default, deserialize_with = "input::required")]
    #[validate(length(min = 1, max = 512))]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 512, nullable = false)]
    pub device_token: Option<DeviceToken>,
}

/// Transport of a refresh token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// In the response body, beside the access token. The client stores it.
    #[default]
    Body,
    /// In a cookie that scripts cannot read. The browser stores it.
    Cookie,
}

/// Request body of `POST /auth/refresh`.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// Refresh token of the latest response; not needed if it is in the cookie.
    #[serde(default, deserialize_with = "input::required")]
    #[validate(length(min = 1, max = 512))]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 512, nullable = false)]
    pub refresh_token: Option<RefreshToken>,
}

/// Type of an access token (RFC 6750).
#[derive(Debug, Serialize, ToSchema)]
pub enum TokenType {
    /// Any bearer may use it.
    Bearer,
}

/// Tokens of a session (RFC 6749, section 5.1).
#[derive(Debug, Serialize, ToSchema)]
pub struct Tokens {
    /// Access token, for `Authorization: Bearer …`.
    #[schema(value_type = String)]
    pub access_token: AccessToken,
    /// Always `Bearer`.
    pub token_type: TokenType,
    /// Seconds until the access token expires.
    #[schema(examples(900))]
    pub expires_in: u32,
    /// Refresh token, valid once. Absent if it is in the cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub refresh_token: Option<RefreshToken>,
    /// Seconds until the refresh token expires.
    #[schema(examples(604_800))]
    pub refresh_expires_in: i64,
    /// Token of this device for later log-ins, valid for 180 days. Only after a log-in, and absent if it is in the
    /// cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub device_token: Option<DeviceToken>,
    /// Account of the session.
    pub user: User,
}
