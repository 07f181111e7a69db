//! Filters and order of a list of accounts.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait, Select};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::{
    Role,
    page::{Order, Window},
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

/// Filters and order of a list of accounts, and the requested part of it.
#[derive(Debug, Default, Serialize, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct UserQuery {
    /// Items of the page at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20, nullable = false, example = 20)]
    pub limit: Option<u64>,
    /// Start of the page: `next_cursor` of the previous page, with the same order and filters.
    #[param(min_length = 1, nullable = false, example = "ZHVuZSBtZXNzaWFoIGNoaWxk")]
    pub cursor: Option<String>,
    /// Items to skip, instead of a cursor.
    #[validate(range(max = 10_000))]
    #[param(minimum = 0, maximum = 10_000, nullable = false, example = 40)]
    pub offset: Option<u64>,
    /// True to count the whole list.
    pub total: bool,
    /// Order of the list; `-created_at` by default.
    #[param(nullable = false)]
    pub sort: Option<UserSort>,
    /// Only accounts with this role.
    #[param(nullable = false)]
    pub role: Option<Role>,
    /// Only accounts that are active, or only those that are disabled.
    #[param(nullable = false)]
    pub is_active: Option<bool>,
    /// Only accounts with a verified address, or only those without.
    #[param(nullable = false)]
    pub is_verified: Option<bool>,
}

impl UserQuery {
    /// Order of the list; the newest first by default.
    pub(super) fn order(&self) -> Order<Entity> {
        self.sort.unwrap_or(UserSort::CreatedAtDescending).order()
    }

    /// Requested part of the list.
    pub(super) fn window(&self) -> Window<'_> {
        Window { limit: self.limit, cursor: self.cursor.as_deref(), offset: self.offset, total: self.total }
    }

    /// Query of the accounts that match the filters.
    pub(super) fn select(&self) -> Select<Entity> {
        Entity::find()
            .apply_if(self.role, |select, role| select.filter(Column::Role.eq(role.as_str())))
            .apply_if(self.is_active, |select, active| select.filter(Column::IsActive.eq(active)))
            .apply_if(self.is_verified, |select, verified| select.filter(Column::IsVerified.eq(verified)))
    }
}
