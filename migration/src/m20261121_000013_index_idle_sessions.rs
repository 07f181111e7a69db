//! Index for sessions by their last use, for the cleanup of ended ones.

use sea_orm_migration::prelude::*;
use sea_orm_migration_kit::{
    Rule,
    dialect::{self, IndexOn},
    lint_exceptions,
};

const INDEXES: &[IndexOn] = &[("idx-sessions-idle_expires_at", &["idle_expires_at"])];

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
        dialect::drop_indexes(manager, "sessions", INDEXES).await
    }
}
