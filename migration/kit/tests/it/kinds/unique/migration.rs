//! Changes:
//!
//! - index idx-depots-name on depots: gone
//! - index idx-parcels-code on parcels: new, unique on code

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
        if manager.get_database_backend() == DbBackend::Sqlite {
            dialect::rebuild_without(
                manager,
                depots_after(manager),
                &["id", "name", "city"],
                &["UNIQUE (name)"],
            )
            .await?;
        } else {
            dialect::drop_unique(manager, "depots", Some("idx-depots-name"), &["name"]).await?;
        }
        manager
            .create_index(
                Index::create().name("idx-parcels-code").table("parcels").col("code").unique().take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            dialect::rebuild(manager, depots_before(manager), &["id", "name", "city"]).await?;
        } else {
            dialect::add_unique(manager, "depots", "idx-depots-name", &["name"]).await?;
        }
        manager.drop_index(Index::drop().name("idx-parcels-code").table("parcels").to_owned()).await
    }
}

/// The table `depots` as it is after this migration.
fn depots_after(manager: &SchemaManager<'_>) -> TableCreateStatement {
    dialect::table(manager, "depots")
        .col(uuid("id").primary_key())
        .col(string_len("name", 50))
        .col(string_len_null("city", 50))
        .take()
}

/// The table `depots` as it is before this migration.
fn depots_before(manager: &SchemaManager<'_>) -> TableCreateStatement {
    dialect::table(manager, "depots")
        .col(uuid("id").primary_key())
        .col(string_len("name", 50))
        .col(string_len_null("city", 50))
        .index(Index::create().unique().name("idx-depots-name").col("name"))
        .take()
}
