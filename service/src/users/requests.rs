//! Request bodies for creating, updating and deleting accounts.

use sea_orm::{ActiveModelBehavior, ActiveValue::Set};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::identity::{normal_email, valid_email, valid_username};
use crate::{Password, Role, input, secret};
use entity::users::ActiveModel;

/// Request body of `POST /users`. The owner of the account chooses its password by mail.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// Username, stored in lower case. It cannot be changed later.
    #[validate(length(min = 3, max = 50), custom(function = "valid_username"))]
    #[schema(min_length = 3, max_length = 50, pattern = "^[A-Za-z0-9._-]+$", examples("bob"))]
    pub username: String,
    /// E-mail address, stored in lower case.
    #[validate(length(max = 254), custom(function = "valid_email"))]
    #[schema(format = "email", max_length = 254, examples("bob@example.com"))]
    pub email: String,
    /// Given name.
    #[validate(length(min = 1, max = 100), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 100, examples("Bob"))]
    pub first_name: Option<String>,
    /// Family name.
    #[validate(length(min = 1, max = 100), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 100, examples("Builder"))]
    pub last_name: Option<String>,
    /// Role of the account; `user` by default.
    #[serde(default, deserialize_with = "input::required")]
    #[schema(nullable = false)]
    pub role: Option<Role>,
    /// True if the address counts as verified; false by default.
    #[serde(default)]
    pub is_verified: bool,
}

impl NewUser {
    /// Database row of the account, active and in normal form.
    pub(in crate::users) fn into_row(self, password_hash: String) -> ActiveModel {
        let Self { username, email, first_name, last_name, role, is_verified } = self;
        ActiveModel {
            username: Set(username.to_lowercase()),
            email: Set(normal_email(&email)),
            first_name: Set(first_name),
            last_name: Set(last_name),
            role: Set(role.unwrap_or(Role::User).to_string()),
            is_verified: Set(is_verified),
            is_active: Set(true),
            password_hash: Set(password_hash),
            ..ActiveModelBehavior::new()
        }
    }
}

/// Request body of `PATCH /users/me`. An absent field stays as it is; null clears it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfilePatch {
    /// Given name.
    #[serde(default, deserialize_with = "input::clearable")]
    #[validate(length(min = 1, max = 100), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 100, examples("Alice"))]
    pub first_name: Option<Option<String>>,
    /// Family name.
    #[serde(default, deserialize_with = "input::clearable")]
    #[validate(length(min = 1, max = 100), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 100, examples("Liddell"))]
    pub last_name: Option<Option<String>>,
}

/// Request body of `PATCH /users/{id}`. An absent field stays as it is; null clears it.
#[derive(Debug, Clone, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserPatch {
    /// Corrected e-mail address, stored in lower case. It ends the account's sessions, and counts as not verified
    /// unless `is_verified` is true.
    #[serde(default, deserialize_with = "input::required")]
    #[validate(length(max = 254), custom(function = "valid_email"))]
    #[schema(value_type = Option<String>, format = "email", max_length = 254, nullable = false, examples("bob@example.org"))]
    pub email: Option<String>,
    /// Given name.
    #[serde(default, deserialize_with = "input::clearable")]
    #[validate(length(min = 1, max = 100), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 100, examples("Bob"))]
    pub first_name: Option<Option<String>>,
    /// Family name.
    #[serde(default, deserialize_with = "input::clearable")]
    #[validate(length(min = 1, max = 100), custom(function = "input::words"))]
    #[schema(min_length = 1, max_length = 100, examples("Builder"))]
    pub last_name: Option<Option<String>>,
    /// Role of the account.
    #[serde(default, deserialize_with = "input::required")]
    #[schema(nullable = false)]
    pub role: Option<Role>,
    /// True if the address counts as verified.
    #[serde(default, deserialize_with = "input::required")]
    #[schema(nullable = false)]
    pub is_verified: Option<bool>,
    /// True if the account may be used; false ends its sessions.
    #[serde(default, deserialize_with = "input::required")]
    #[schema(nullable = false, examples(true))]
    pub is_active: Option<bool>,
}

/// Request body of operations on your own account that cannot be undone.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// Current password of the account.
    #[validate(length(min = 1, max = 256), custom(function = "secret::one_line"))]
    #[schema(
        value_type = String,
        format = "password",
        min_length = 1,
        max_length = 256,
        examples("correct horse battery staple")
    )]
    pub current_password: Password,
}
