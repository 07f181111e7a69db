//! Changes:
//!
//! - enum van\_size: large instead of small, large
//! - column vans.size: van\_size not null instead of van\_size not null default 'small'

use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

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
            &["large"],
            vec![
                ("vans", enumeration("size", "van_size", ["large"])),
                ("vans", enumeration_null("spare", "van_size", ["large"])),
            ],
        )
        .await?;
        if manager.get_database_backend() == DbBackend::Sqlite {
            dialect::rebuild(manager, vans_after(manager), &["plate", "size", "spare"]).await?;
        } else {
            dialect::change_column(
                manager,
                "vans",
                enumeration("size", "van_size", ["small", "large"]).default("small"),
                enumeration("size", "van_size", ["large"]),
            )
            .await?;
        }
        Ok(())
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
        .await?;
        if manager.get_database_backend() == DbBackend::Sqlite {
            dialect::rebuild(manager, vans_before(manager), &["plate", "size", "spare"]).await?;
        } else {
            dialect::change_column(
                manager,
                "vans",
                enumeration("size", "van_size", ["large"]),
                enumeration("size", "van_size", ["small", "large"]).default("small"),
            )
            .await?;
        }
        Ok(())
    }
}

/// The table `vans` as it is after this migration.
fn vans_after(manager: &SchemaManager<'_>) -> TableCreateStatement {
    dialect::table(manager, "vans")
        .col(string_len("plate", 20).primary_key())
        .col(enumeration("size", "van_size", ["large"]))
        .col(enumeration_null("spare", "van_size", ["large"]))
        .take()
}

/// The table `vans` as it is before this migration.
fn vans_before(manager: &SchemaManager<'_>) -> TableCreateStatement {
    dialect::table(manager, "vans")
        .col(string_len("plate", 20).primary_key())
        .col(enumeration("size", "van_size", ["small", "large"]).default("small"))
        .col(enumeration_null("spare", "van_size", ["small", "large"]))
        .take()
}
