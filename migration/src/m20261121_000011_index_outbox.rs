//! Indexes for mail that is due, for mail that was sent, and for the mail of an account.

use sea_orm_migration::prelude::*;
use sea_orm_migration_kit::{
    Rule,
    dialect::{self, IndexOn},
    lint_exceptions,
};

const INDEXES: &[IndexOn] = &[
    ("idx-outbox-sent_at_due_at", &["sent_at", "due_at"]),
    ("idx-outbox-user_id_kind", &["user_id", "kind"]),
];

#[derive(DeriveMigrationName)]
pub struct Migration;

lint_exceptions!(Migration, [(Rule::RequireConcurrentIndexCreation, "the table is new, and empty")]);

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::create_indexes(manager, "outbox", INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::keep_foreign_key_indexed(manager, "outbox", "user_id").await?;
        dialect::drop_indexes(manager, "outbox", INDEXES).await
    }
}
