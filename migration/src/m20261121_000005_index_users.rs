//! An index for every sort order of accounts; names and addresses have theirs, being unique.

use sea_orm_migration::prelude::*;

use crate::portable::{self, IndexOn};

const INDEXES: &[IndexOn] =
    &[("idx-users-created_at_id", &["created_at", "id"]), ("idx-users-updated_at_id", &["updated_at", "id"])];

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
        portable::create_indexes(manager, "users", INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        portable::drop_indexes(manager, "users", INDEXES).await
    }
}
