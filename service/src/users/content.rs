//! What people say of an account: when they open it, and when they change it.

use sea_orm::{ActiveModelBehavior, ActiveValue::Set};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::identity::{normal_email, valid_email, valid_username};
use crate::{access::Role, input};
use entity::users::ActiveModel;

/// What it takes to open an account for somebody, who chooses its password alone.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The account's name, kept in lower case; it cannot be changed later.
    #[validate(length(min = 3, max = 50), custom(function = "valid_username"))]
    #[schema(min_length = 3, max_length = 50, pattern = "^[A-Za-z0-9._-]+$", examples("bob"))]
    pub username: String,
    /// The address, kept in lower case.
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
    /// What the account may do; `user` if left out.
    #[serde(default, deserialize_with = "input::required")]
    #[schema(nullable = false)]
    pub role: Option<Role>,
    /// Whether the address counts as verified; `false` if left out.
    #[serde(default)]
    pub is_verified: bool,
}

impl NewUser {
    /// The account's row, active and in the forms that are stored.
    pub(in crate::users) fn into_row(self, password_hash: String) -> ActiveModel {
        ActiveModel {
            username: Set(self.username.to_lowercase()),
            email: Set(normal_email(&self.email)),
            first_name: Set(self.first_name),
            last_name: Set(self.last_name),
            role: Set(self.role.unwrap_or(Role::User).to_string()),
            is_verified: Set(self.is_verified),
            is_active: Set(true),
            password_hash: Set(password_hash),
            ..ActiveModelBehavior::new()
        }
    }
}

/// What an account's owner changes. A field that is absent stays; null clears it.
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

/// What an administrator changes of an account. A field that is absent stays; null clears it.
#[derive(Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserPatch {
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
    /// What the account may do.
    #[serde(default, deserialize_with = "input::required")]
    #[schema(nullable = false)]
    pub role: Option<Role>,
    /// Whether the address counts as verified.
    #[serde(default, deserialize_with = "input::required")]
    #[schema(nullable = false)]
    pub is_verified: Option<bool>,
    /// Whether the account may be used; `false` ends its sessions.
    #[serde(default, deserialize_with = "input::required")]
    #[schema(nullable = false, examples(true))]
    pub is_active: Option<bool>,
}
