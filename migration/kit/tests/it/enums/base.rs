//! Vans of two sizes, a few of them.

use sea_orm_migration::{prelude::*, schema::*};
use sea_orm_migration_kit::dialect;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "create_vans"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::create_enum(manager, "van_size", &["small", "large"]).await?;
        let vans = dialect::table(manager, "vans")
            .col(string_len("plate", 20).primary_key())
            .col(enumeration("size", "van_size", ["small", "large"]).default("small"))
            .col(enumeration_null("spare", "van_size", ["small", "large"]))
            .take();
        manager.create_table(vans).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("vans").take()).await?;
        dialect::drop_enum(manager, "van_size").await
    }
}
