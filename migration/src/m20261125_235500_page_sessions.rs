//! Index for the sessions of a user in the order of their creation, in place of the index without an order.

use sea_orm_migration::prelude::*;
use sea_orm_migration_kit::{
    Rule,
    dialect::{self, IndexOn},
    lint_exceptions,
};

const NEW: &[IndexOn] = &[("idx-sessions-user_id_created_at_id", &["user_id", "created_at", "id"])];
const OLD: &[IndexOn] = &[("idx-sessions-user_id", &["user_id"])];

#[derive(DeriveMigrationName)]
pub struct Migration;

lint_exceptions!(
    Migration,
    [
        (
            Rule::RequireConcurrentIndexCreation,
            "the table has the sessions of a few weeks, and is indexed in a moment"
        ),
        (Rule::RequireConcurrentIndexDeletion, "the lock lasts until the end of the same short transaction")
    ]
);

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::create_indexes(manager, "sessions", NEW).await?;
        dialect::drop_indexes(manager, "sessions", OLD).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::create_indexes(manager, "sessions", OLD).await?;
        dialect::drop_indexes(manager, "sessions", NEW).await
    }
}
