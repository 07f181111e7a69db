//! Changes:
//!
//! - column parcels.batch: new, uuid not null
//! - column parcels.opens\_at: new, time not null
//! - column parcels.since: new, date not null
//! - column parcels.extras: new, json not null
//! - column parcels.moved\_at: new, timestamp with time zone not null

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
        manager.alter_table(Table::alter().table("parcels").add_column(uuid_null("batch")).take()).await?;
        dialect::backfill(
            manager,
            "parcels",
            "batch",
            sea_orm_migration::sea_orm::prelude::Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_000f),
        )
        .await?;
        if manager.get_database_backend() == DbBackend::Sqlite {
            manager
                .alter_table(Table::alter().table("parcels").add_column(time_null("opens_at")).take())
                .await?;
            dialect::backfill(manager, "parcels", "opens_at", dialect::sql(manager, "'07:30:00'")).await?;
            manager
                .alter_table(Table::alter().table("parcels").add_column(date_null("since")).take())
                .await?;
            dialect::backfill(manager, "parcels", "since", dialect::sql(manager, "'2026-01-31'")).await?;
            manager
                .alter_table(Table::alter().table("parcels").add_column(json_null("extras")).take())
                .await?;
            dialect::backfill(
                manager,
                "parcels",
                "extras",
                dialect::sql(manager, r#"'{"says": "it''s \\ \"fragile\""}'"#),
            )
            .await?;
            manager
                .alter_table(
                    Table::alter()
                        .table("parcels")
                        .add_column(dialect::moment_null(manager, "moved_at"))
                        .take(),
                )
                .await?;
            dialect::backfill(manager, "parcels", "moved_at", dialect::at(manager, "2026-01-31T10:00:00"))
                .await?;
            dialect::rebuild(
                manager,
                parcels_after(manager),
                &[
                    "id",
                    "code",
                    "weight",
                    "note",
                    "state",
                    "arrived_at",
                    "depot_id",
                    "batch",
                    "opens_at",
                    "since",
                    "extras",
                    "moved_at",
                ],
            )
            .await?;
        } else {
            dialect::change_column(manager, "parcels", uuid_null("batch"), uuid("batch")).await?;
            manager
                .alter_table(Table::alter().table("parcels").add_column(time_null("opens_at")).take())
                .await?;
            dialect::backfill(manager, "parcels", "opens_at", dialect::sql(manager, "'07:30:00'")).await?;
            dialect::change_column(manager, "parcels", time_null("opens_at"), time("opens_at")).await?;
            manager
                .alter_table(Table::alter().table("parcels").add_column(date_null("since")).take())
                .await?;
            dialect::backfill(manager, "parcels", "since", dialect::sql(manager, "'2026-01-31'")).await?;
            dialect::change_column(manager, "parcels", date_null("since"), date("since")).await?;
            manager
                .alter_table(Table::alter().table("parcels").add_column(json_null("extras")).take())
                .await?;
            dialect::backfill(
                manager,
                "parcels",
                "extras",
                dialect::sql(manager, r#"'{"says": "it''s \\ \"fragile\""}'"#),
            )
            .await?;
            dialect::change_column(manager, "parcels", json_null("extras"), json("extras")).await?;
            manager
                .alter_table(
                    Table::alter()
                        .table("parcels")
                        .add_column(dialect::moment_null(manager, "moved_at"))
                        .take(),
                )
                .await?;
            dialect::backfill(manager, "parcels", "moved_at", dialect::at(manager, "2026-01-31T10:00:00"))
                .await?;
            dialect::change_column(
                manager,
                "parcels",
                dialect::moment_null(manager, "moved_at"),
                dialect::moment(manager, "moved_at"),
            )
            .await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("parcels").drop_column("batch").take()).await?;
        manager.alter_table(Table::alter().table("parcels").drop_column("opens_at").take()).await?;
        manager.alter_table(Table::alter().table("parcels").drop_column("since").take()).await?;
        manager.alter_table(Table::alter().table("parcels").drop_column("extras").take()).await?;
        manager.alter_table(Table::alter().table("parcels").drop_column("moved_at").take()).await
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
        .col(uuid("batch"))
        .col(time("opens_at"))
        .col(date("since"))
        .col(json("extras"))
        .col(dialect::moment(manager, "moved_at"))
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
