//! Changes:
//!
//! - primary key of labels: parcel\_id, colour, side instead of parcel\_id, colour

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
            dialect::rebuild(manager, labels_after(manager), &["parcel_id", "colour", "side"]).await?;
        } else {
            dialect::change_primary_key(
                manager,
                "labels",
                Some("pk-labels"),
                &["parcel_id", "colour", "side"],
            )
            .await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            dialect::rebuild(manager, labels_before(manager), &["parcel_id", "colour", "side"]).await?;
        } else {
            dialect::change_primary_key(manager, "labels", Some("pk-labels"), &["parcel_id", "colour"])
                .await?;
        }
        Ok(())
    }
}

/// The table `labels` as it is after this migration.
fn labels_after(manager: &SchemaManager<'_>) -> TableCreateStatement {
    dialect::table(manager, "labels")
        .col(uuid("parcel_id"))
        .col(string_len("colour", 20))
        .col(big_integer("side").default(0))
        .primary_key(Index::create().name("pk-labels").col("parcel_id").col("colour").col("side"))
        .foreign_key(
            ForeignKey::create()
                .name("fk-labels-parcel_id")
                .from_tbl("labels")
                .from_col("parcel_id")
                .to_tbl("parcels")
                .to_col("id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

/// The table `labels` as it is before this migration.
fn labels_before(manager: &SchemaManager<'_>) -> TableCreateStatement {
    dialect::table(manager, "labels")
        .col(uuid("parcel_id"))
        .col(string_len("colour", 20))
        .col(big_integer("side").default(0))
        .primary_key(Index::create().name("pk-labels").col("parcel_id").col("colour"))
        .foreign_key(
            ForeignKey::create()
                .name("fk-labels-parcel_id")
                .from_tbl("labels")
                .from_col("parcel_id")
                .to_tbl("parcels")
                .to_col("id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}
