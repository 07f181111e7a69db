//! The mail that is due, the mail that is done with, and the mail of an account.

use sea_orm_migration::prelude::*;

use crate::portable::{self, IndexOn};

const INDEXES: &[IndexOn] = &[
    ("idx-outbox-sent_at_due_at", &["sent_at", "due_at"]),
    ("idx-outbox-user_id_kind", &["user_id", "kind"]),
];

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
        portable::create_indexes(manager, "outbox", INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        portable::keep_foreign_key_indexed(manager, "outbox", "user_id").await?;
        portable::drop_indexes(manager, "outbox", INDEXES).await
    }
}
