//! Changes:
//!
//! - column parcels.sender: new, varchar(40)
//! - column parcels.fragile: new, boolean not null default true
//! - column parcels.shelf: new, varchar(30) not null
//! - column parcels.seen\_at: new, timestamp with time zone not null default current\_timestamp

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
            manager
                .alter_table(Table::alter().table("parcels").add_column(string_len_null("shelf", 30)).take())
                .await?;
            dialect::backfill(manager, "parcels", "shelf", "A").await?;
            manager
                .alter_table(
                    Table::alter()
                        .table("parcels")
                        .add_column(dialect::moment_null(manager, "seen_at"))
                        .take(),
                )
                .await?;
            dialect::backfill(manager, "parcels", "seen_at", dialect::now(manager)).await?;
            dialect::rebuild(
                manager,
                parcels_after(manager),
                &["id", "code", "weight", "note", "state", "arrived_at", "depot_id", "shelf", "seen_at"],
            )
            .await?;
        } else {
            manager
                .alter_table(Table::alter().table("parcels").add_column(string_len_null("sender", 40)).take())
                .await?;
            manager
                .alter_table(
                    Table::alter().table("parcels").add_column(boolean("fragile").default(true)).take(),
                )
                .await?;
            manager
                .alter_table(Table::alter().table("parcels").add_column(string_len_null("shelf", 30)).take())
                .await?;
            dialect::backfill(manager, "parcels", "shelf", "A").await?;
            dialect::change_column(manager, "parcels", string_len_null("shelf", 30), string_len("shelf", 30))
                .await?;
            manager
                .alter_table(
                    Table::alter()
                        .table("parcels")
                        .add_column(dialect::moment_null(manager, "seen_at"))
                        .take(),
                )
                .await?;
            dialect::backfill(manager, "parcels", "seen_at", dialect::now(manager)).await?;
            dialect::change_column(
                manager,
                "parcels",
                dialect::moment_null(manager, "seen_at"),
                dialect::moment(manager, "seen_at").default(dialect::now(manager)),
            )
            .await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("parcels").drop_column("sender").take()).await?;
        manager.alter_table(Table::alter().table("parcels").drop_column("fragile").take()).await?;
        manager.alter_table(Table::alter().table("parcels").drop_column("shelf").take()).await?;
        manager.alter_table(Table::alter().table("parcels").drop_column("seen_at").take()).await
    }
}

/// The table `parcels` as it is after this migration.
fn parcels_after(manager: &SchemaManager<'_>) -> TableCreateStatement {
    dialect::table(manager, "parcels")
        .col(uuid("id").primary_key())
        .col(string_len("code", 20))
        .col(big_integer("weight").default(1))
        .col(string_len_null("note", 200))
        .col(string_len("state", 10).default("new"))
        .col(dialect::moment_null(manager, "arrived_at"))
        .col(uuid_null("depot_id"))
        .col(string_len_null("sender", 40))
        .col(boolean("fragile").default(true))
        .col(string_len("shelf", 30))
        .col(dialect::moment(manager, "seen_at").default(dialect::now(manager)))
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
