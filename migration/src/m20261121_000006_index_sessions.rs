//! The sessions of a user.

use sea_orm_migration::prelude::*;

use crate::portable::{self, IndexOn};

const INDEXES: &[IndexOn] = &[("idx-sessions-user_id", &["user_id"])];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let reason = "the table was made in the same release, and is empty";
        portable::allow(manager, "require-concurrent-index-creation", reason).await?;
        portable::create_indexes(manager, "sessions", INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        portable::keep_foreign_key_indexed(manager, "sessions", "user_id").await?;
        portable::drop_indexes(manager, "sessions", INDEXES).await
    }
}
