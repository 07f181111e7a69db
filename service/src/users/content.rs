//! What people say of an account: when they open it, and when they change it.

use sea_orm::{ActiveModelBehavior, ActiveValue::Set};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::identity::{normal_email, valid_email, valid_username};
use crate::{access::Role, input};
use entity::users::ActiveModel;

/// Request body for creating an account. Its owner chooses the password.
#[derive(Debug, Clone, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// Username, stored in lower case; it cannot be changed later.
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
    /// Role of the account; `user` if omitted.
    #[serde(default, deserialize_with = "input::required")]
    #[schema(nullable = false)]
    pub role: Option<Role>,
    /// Marks the address as verified; `false` if omitted.
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

/// Request body for updating your account. Absent fields stay unchanged; null clears a field.
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

/// Request body for updating an account. Absent fields stay unchanged; null clears a field.
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
    /// Role of the account.
    #[serde(default, deserialize_with = "input::required")]
    #[schema(nullable = false)]
    pub role: Option<Role>,
    /// Marks the address as verified or not.
    #[serde(default, deserialize_with = "input::required")]
    #[schema(nullable = false)]
    pub is_verified: Option<bool>,
    /// Enables or disables the account; `false` ends its sessions.
    #[serde(default, deserialize_with = "input::required")]
    #[schema(nullable = false, examples(true))]
    pub is_active: Option<bool>,
}
