//! Defaults of new rows: an id, times in UTC, and a version that increases with each update.

use chrono::{SubsecRound, Utc};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use crate::{outbox, sessions};

/// Current time in UTC, to the microsecond, which is the precision of all three databases.
#[must_use]
pub fn now() -> DateTimeWithTimeZone {
    Utc::now().trunc_subsecs(6).fixed_offset()
}

/// Behavior of versioned rows: `new()` sets an id of version 7 (RFC 9562), version 1 and the current time; each update
/// increases `version` and sets `updated_at`.
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
    /// Row with an id of version 7 (RFC 9562), generation 1 and the current time; the caller sets its limits.
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
    /// Row with an id of version 7 (RFC 9562), due now; the caller sets its content and its expiry.
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
