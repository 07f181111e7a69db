//! Filters and order of a list of accounts.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait, Select};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Role,
    page::{Order, list_query},
};
use entity::users::{Column, Entity};

/// Order of a list of accounts; `-` reverses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[expect(missing_docs, reason = "each is the column of its name")]
pub enum UserSort {
    #[serde(rename = "created_at")]
    CreatedAt,
    #[serde(rename = "-created_at")]
    CreatedAtDescending,
    #[serde(rename = "updated_at")]
    UpdatedAt,
    #[serde(rename = "-updated_at")]
    UpdatedAtDescending,
    #[serde(rename = "username")]
    Username,
    #[serde(rename = "-username")]
    UsernameDescending,
    #[serde(rename = "email")]
    Email,
    #[serde(rename = "-email")]
    EmailDescending,
}

impl UserSort {
    fn order(self) -> Order<Entity> {
        let (key, descending) = match self {
            Self::CreatedAt => (Column::CreatedAt, false),
            Self::CreatedAtDescending => (Column::CreatedAt, true),
            Self::UpdatedAt => (Column::UpdatedAt, false),
            Self::UpdatedAtDescending => (Column::UpdatedAt, true),
            Self::Username => (Column::Username, false),
            Self::UsernameDescending => (Column::Username, true),
            Self::Email => (Column::Email, false),
            Self::EmailDescending => (Column::Email, true),
        };
        Order { key, id: Column::Id, nullable: false, descending }
    }
}

list_query! {
    /// Filters and order of a list of accounts, and the requested part of it.
    UserQuery {
        /// Order of the list; `-created_at` by default.
        #[param(nullable = false)]
        sort: Option<UserSort>,
        /// Only accounts with this role.
        #[param(nullable = false)]
        role: Option<Role>,
        /// Only accounts that are active, or only those that are disabled.
        #[param(nullable = false)]
        is_active: Option<bool>,
        /// Only accounts with a verified address, or only those without.
        #[param(nullable = false)]
        is_verified: Option<bool>,
    }
}

impl UserQuery {
    /// Order of the list; the newest first by default.
    pub(super) fn order(&self) -> Order<Entity> {
        self.sort.unwrap_or(UserSort::CreatedAtDescending).order()
    }

    /// Query of the accounts that match the filters.
    pub(super) fn select(&self) -> Select<Entity> {
        Entity::find()
            .apply_if(self.role, |select, role| select.filter(Column::Role.eq(role.as_str())))
            .apply_if(self.is_active, |select, active| select.filter(Column::IsActive.eq(active)))
            .apply_if(self.is_verified, |select, verified| select.filter(Column::IsVerified.eq(verified)))
    }
}
