//! Changes:
//!
//! - table labels: gone

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
        manager.drop_table(Table::drop().table("labels").take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
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
                    .take(),
            )
            .await
    }
}
