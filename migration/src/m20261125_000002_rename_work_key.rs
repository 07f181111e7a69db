//! Name of the hash that the editions of a work share.

use sea_orm_migration::prelude::*;
use sea_orm_migration_kit::{Rule, lint_exceptions};

#[derive(DeriveMigrationName)]
pub struct Migration;

lint_exceptions!(
    Migration,
    [(Rule::RenamingColumn, "there is no earlier release whose programs would read it")]
);

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("books").rename_column("work", "work_key").take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("books").rename_column("work_key", "work").take()).await
    }
}
