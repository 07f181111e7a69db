//! Changes:
//!
//! - enum van\_size: small, medium, large instead of small, large

use sea_orm_migration::{prelude::*, schema::*};

use sea_orm_migration_kit::dialect;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::change_enum(
            manager,
            "van_size",
            &["small", "medium", "large"],
            vec![
                (
                    "vans",
                    enumeration("size", "van_size", ["small", "medium", "large"]).default("small").take(),
                ),
                ("vans", enumeration_null("spare", "van_size", ["small", "medium", "large"])),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::change_enum(
            manager,
            "van_size",
            &["small", "large"],
            vec![
                ("vans", enumeration("size", "van_size", ["small", "large"]).default("small").take()),
                ("vans", enumeration_null("spare", "van_size", ["small", "large"])),
            ],
        )
        .await
    }
}
