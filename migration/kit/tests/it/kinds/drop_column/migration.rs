//! Changes:
//!
//! - check ck-parcels-weight on parcels: gone
//! - index idx-parcels-weight on parcels: gone
//! - column parcels.weight: gone
//! - column parcels.note: gone

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
            manager.drop_index(Index::drop().name("idx-parcels-weight").table("parcels").to_owned()).await?;
            dialect::rebuild_without(
                manager,
                parcels_after(manager),
                &["id", "code", "state", "arrived_at", "depot_id"],
                &["ck-parcels-weight", "weight", "note"],
            )
            .await?;
        } else {
            dialect::drop_check(manager, "parcels", "ck-parcels-weight").await?;
            manager.drop_index(Index::drop().name("idx-parcels-weight").table("parcels").to_owned()).await?;
            manager.alter_table(Table::alter().table("parcels").drop_column("weight").take()).await?;
            manager.alter_table(Table::alter().table("parcels").drop_column("note").take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            dialect::rebuild(
                manager,
                parcels_before(manager),
                &["id", "code", "state", "arrived_at", "depot_id"],
            )
            .await?;
            manager
                .create_index(
                    Index::create().name("idx-parcels-weight").table("parcels").col("weight").take(),
                )
                .await?;
        } else {
            manager
                .alter_table(
                    Table::alter().table("parcels").add_column(big_integer("weight").default(1)).take(),
                )
                .await?;
            manager
                .alter_table(Table::alter().table("parcels").add_column(string_len_null("note", 200)).take())
                .await?;
            manager
                .create_index(
                    Index::create().name("idx-parcels-weight").table("parcels").col("weight").take(),
                )
                .await?;
            dialect::add_check(manager, "parcels", "ck-parcels-weight", r#""weight" > 0"#).await?;
        }
        Ok(())
    }
}

/// The table `parcels` as it is after this migration.
fn parcels_after(manager: &SchemaManager<'_>) -> TableCreateStatement {
    dialect::table(manager, "parcels")
        .col(uuid("id").primary_key())
        .col(string_len("code", 20))
        .col(string_len("state", 10).default("new"))
        .col(dialect::moment_null(manager, "arrived_at"))
        .col(uuid_null("depot_id"))
        .foreign_key(
            ForeignKey::create()
                .name("fk-parcels-depot_id")
                .from_tbl("parcels")
                .from_col("depot_id")
                .to_tbl("depots")
                .to_col("id")
                .on_delete(ForeignKeyAction::SetNull),
        )
        .take()
}

/// The table `parcels` as it is before this migration.
fn parcels_before(manager: &SchemaManager<'_>) -> TableCreateStatement {
    dialect::table(manager, "parcels")
        .col(uuid("id").primary_key())
        .col(string_len("code", 20))
        .col(big_integer("weight").default(1))
        .col(string_len_null("note", 200))
        .col(string_len("state", 10).default("new"))
        .col(dialect::moment_null(manager, "arrived_at"))
        .col(uuid_null("depot_id"))
        .foreign_key(
            ForeignKey::create()
                .name("fk-parcels-depot_id")
                .from_tbl("parcels")
                .from_col("depot_id")
                .to_tbl("depots")
                .to_col("id")
                .on_delete(ForeignKeyAction::SetNull),
        )
        .check(("ck-parcels-weight", dialect::sql(manager, r#""weight" > 0"#)))
        .take()
}
