//! Changes:
//!
//! - index idx-parcels-weight on parcels: gone
//! - index idx-parcels-state\_code on parcels: new, on state, code
//! - index idx-parcels-code on parcels: new, unique on code where "state" = 'new'

use sea_orm_migration::prelude::*;

use sea_orm_migration_kit::dialect;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("idx-parcels-weight").table("parcels").to_owned()).await?;
        manager
            .create_index(
                Index::create()
                    .name("idx-parcels-state_code")
                    .table("parcels")
                    .col("state")
                    .col("code")
                    .take(),
            )
            .await?;
        dialect::create_partial_index(
            manager,
            Index::create().name("idx-parcels-code").table("parcels").col("code").take(),
            true,
            r#""state" = 'new'"#,
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("idx-parcels-state_code").table("parcels").to_owned()).await?;
        manager.drop_index(Index::drop().name("idx-parcels-code").table("parcels").to_owned()).await?;
        manager
            .create_index(Index::create().name("idx-parcels-weight").table("parcels").col("weight").take())
            .await
    }
}
