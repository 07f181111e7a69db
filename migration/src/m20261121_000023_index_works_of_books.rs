//! Index for books by work, owner and time of creation.

use sea_orm_migration::prelude::*;
use sea_orm_migration_kit::{
    Rule,
    dialect::{self, IndexOn},
    lint_exceptions,
};

const INDEXES: &[IndexOn] = &[("idx-books-work_owner_id_created_at", &["work", "owner_id", "created_at"])];

#[derive(DeriveMigrationName)]
pub struct Migration;

lint_exceptions!(Migration, [(Rule::RequireConcurrentIndexCreation, "the table is new, and empty")]);

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::create_indexes(manager, "books", INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::drop_indexes(manager, "books", INDEXES).await
    }
}
