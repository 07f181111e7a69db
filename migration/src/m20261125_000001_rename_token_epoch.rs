//! Name of the counter that invalidates the mail tokens of an account.

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
        manager
            .alter_table(Table::alter().table("users").rename_column("proof_stamp", "token_epoch").take())
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .alter_table(Table::alter().table("users").rename_column("token_epoch", "proof_stamp").take())
            .await
    }
}
