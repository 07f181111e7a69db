//! Index for the sessions of a user.

use sea_orm_migration::prelude::*;
use sea_orm_migration_kit::{
    Rule,
    dialect::{self, IndexOn},
    lint_exceptions,
};

const INDEXES: &[IndexOn] = &[("idx-sessions-user_id", &["user_id"])];

#[derive(DeriveMigrationName)]
pub struct Migration;

lint_exceptions!(Migration, [(Rule::RequireConcurrentIndexCreation, "the table is new, and empty")]);

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::create_indexes(manager, "sessions", INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::keep_foreign_key_indexed(manager, "sessions", "user_id").await?;
        dialect::drop_indexes(manager, "sessions", INDEXES).await
    }
}
