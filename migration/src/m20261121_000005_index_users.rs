//! Indexes for every sort order of accounts. Usernames and addresses already have unique indexes.

use sea_orm_migration::prelude::*;
use sea_orm_migration_kit::{
    Rule,
    dialect::{self, IndexOn},
    lint_exceptions,
};

const INDEXES: &[IndexOn] =
    &[("idx-users-created_at_id", &["created_at", "id"]), ("idx-users-updated_at_id", &["updated_at", "id"])];

#[derive(DeriveMigrationName)]
pub struct Migration;

lint_exceptions!(Migration, [(Rule::RequireConcurrentIndexCreation, "the table is new, and empty")]);

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::create_indexes(manager, "users", INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::drop_indexes(manager, "users", INDEXES).await
    }
}
