//! What every row gets without asking: an id when it is made, times in UTC, and a version that grows.

use chrono::{SubsecRound, Utc};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use crate::{outbox, sessions};

/// The present moment in UTC to the microsecond, which is what all three databases keep.
#[must_use]
pub fn now() -> DateTimeWithTimeZone {
    Utc::now().trunc_subsecs(6).fixed_offset()
}

/// Rows that count their updates: `new()` gives an id of version 7 (RFC 9562), version 1 and the
/// present moment; each update moves `version` and `updated_at` on.
macro_rules! versioned {
    ($($table:ident),+) => {$(
        #[async_trait::async_trait]
        impl ActiveModelBehavior for crate::$table::ActiveModel {
            fn new() -> Self {
                let now = now();
                Self {
                    id: Set(uuid::Uuid::now_v7()),
                    version: Set(1),
                    created_at: Set(now),
                    updated_at: Set(now),
                    ..<Self as ActiveModelTrait>::default()
                }
            }

            async fn before_save<C: ConnectionTrait>(mut self, _db: &C, insert: bool) -> Result<Self, DbErr> {
                if !insert {
                    self.version = Set(self.version.take().unwrap_or_default() + 1);
                    self.updated_at = Set(now());
                }
                Ok(self)
            }
        }
    )+};
}

versioned!(books, users);

#[async_trait::async_trait]
impl ActiveModelBehavior for sessions::ActiveModel {
    /// A row with an id of version 7 (RFC 9562), generation 1 and the present moment; the caller says
    /// when it ends.
    fn new() -> Self {
        let now = now();
        Self {
            id: Set(uuid::Uuid::now_v7()),
            generation: Set(1),
            created_at: Set(now),
            rotated_at: Set(now),
            last_seen_at: Set(now),
            ..<Self as ActiveModelTrait>::default()
        }
    }
}

#[async_trait::async_trait]
impl ActiveModelBehavior for outbox::ActiveModel {
    /// A row with an id of version 7 (RFC 9562), due at the present moment; the caller says what it is
    /// about and when it expires.
    fn new() -> Self {
        let now = now();
        Self {
            id: Set(uuid::Uuid::now_v7()),
            attempts: Set(0),
            due_at: Set(now),
            created_at: Set(now),
            ..<Self as ActiveModelTrait>::default()
        }
    }
}
