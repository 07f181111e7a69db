//! Parcels, depots and labels.

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
        manager.create_table(depots(manager)).await?;
        manager.create_table(parcels(manager)).await?;
        manager.create_table(labels(manager)).await?;
        let index = Index::create().name("idx-parcels-depot_id").table("parcels").col("depot_id").take();
        manager.create_index(index).await?;
        let index = Index::create().name("idx-parcels-weight").table("parcels").col("weight").take();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["labels", "parcels", "depots"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

fn depots(manager: &SchemaManager<'_>) -> TableCreateStatement {
    dialect::table(manager, "depots")
        .col(uuid("id").primary_key())
        .col(string_len("name", 50))
        .col(string_len_null("city", 50))
        .index(Index::create().unique().name("idx-depots-name").col("name"))
        .take()
}

fn parcels(manager: &SchemaManager<'_>) -> TableCreateStatement {
    dialect::table(manager, "parcels")
        .col(uuid("id").primary_key())
        .col(string_len("code", 20))
        .col(big_integer("weight").default(1))
        .col(string_len_null("note", 200))
        .col(string_len("state", 10).default("new"))
        .col(dialect::moment_null(manager, "arrived_at"))
        .col(uuid_null("depot_id"))
        .check(("ck-parcels-weight", Expr::col("weight").gt(0)))
        .foreign_key(
            ForeignKey::create()
                .name("fk-parcels-depot_id")
                .from("parcels", "depot_id")
                .to("depots", "id")
                .on_delete(ForeignKeyAction::SetNull),
        )
        .take()
}

fn labels(manager: &SchemaManager<'_>) -> TableCreateStatement {
    dialect::table(manager, "labels")
        .col(uuid("parcel_id"))
        .col(string_len("colour", 20))
        .col(big_integer("side").default(0))
        .primary_key(Index::create().name("pk-labels").col("parcel_id").col("colour"))
        .foreign_key(
            ForeignKey::create()
                .name("fk-labels-parcel_id")
                .from("labels", "parcel_id")
                .to("parcels", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}
