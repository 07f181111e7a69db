//! The sessions of a user.

use sea_orm_migration::prelude::*;

use crate::column;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = Index::create().name("idx-sessions-user_id").table("sessions").col("user_id").take();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        column::keep_foreign_key_indexed(manager, "sessions", "user_id").await?;
        manager.drop_index(Index::drop().name("idx-sessions-user_id").table("sessions").to_owned()).await
    }
}
