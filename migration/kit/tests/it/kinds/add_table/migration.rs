//! Changes:
//!
//! - table vans: new

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
        manager
            .create_table(
                dialect::table(manager, "vans")
                    .col(big_integer("id").auto_increment().primary_key())
                    .col(string("plate"))
                    .col(big_integer("seats").default(2))
                    .col(dialect::moment(manager, "bought_at").default(dialect::now(manager)))
                    .col(uuid("depot_id"))
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk-vans-depot_id")
                            .from_tbl("vans")
                            .from_col("depot_id")
                            .to_tbl("depots")
                            .to_col("id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .take(),
            )
            .await?;
        manager
            .create_index(Index::create().name("idx-vans-plate").table("vans").col("plate").unique().take())
            .await?;
        manager
            .create_index(Index::create().name("idx-vans-depot_id").table("vans").col("depot_id").take())
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("vans").take()).await
    }
}
