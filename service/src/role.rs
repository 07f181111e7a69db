//! Roles of accounts.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Role of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Owns books.
    User,
    /// Also updates the books of other accounts.
    Cashier,
    /// Also deletes the books of other accounts and administers accounts.
    Admin,
}

impl Role {
    /// Every role, the least powerful first.
    pub const ALL: [Self; 3] = [Self::User, Self::Cashier, Self::Admin];

    /// Name of the role, as it is stored and sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Cashier => "cashier",
            Self::Admin => "admin",
        }
    }

    /// Reads a stored role. A CHECK constraint of the table admits no other name.
    pub(crate) fn from_column(name: &str) -> Self {
        name.parse().unwrap_or(Self::User)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let role = Self::ALL.into_iter().find(|role| role.as_str() == name);
        role.ok_or_else(|| format!("unknown role {name:?}"))
    }
}
