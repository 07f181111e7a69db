//! What it changes:
//!
//! - column parcels.sender: new, varchar(40)
//! - column parcels.fragile: new, boolean not null default true
//! - column parcels.shelf: new, varchar(30) not null
//! - column parcels.seen\_at: new, timestamp with time zone not null default current\_timestamp

use sea_orm_migration::{prelude::*, schema::*, sea_orm::DbBackend};

use migration::portable;

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
            portable::backfill(manager, "parcels", "shelf", "A").await?;
            manager
                .alter_table(
                    Table::alter()
                        .table("parcels")
                        .add_column(portable::moment_null(manager, "seen_at"))
                        .take(),
                )
                .await?;
            portable::backfill(manager, "parcels", "seen_at", portable::now(manager)).await?;
            portable::rebuild(
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
            portable::backfill(manager, "parcels", "shelf", "A").await?;
            portable::change_column(
                manager,
                "parcels",
                string_len_null("shelf", 30),
                string_len("shelf", 30),
            )
            .await?;
            manager
                .alter_table(
                    Table::alter()
                        .table("parcels")
                        .add_column(portable::moment_null(manager, "seen_at"))
                        .take(),
                )
                .await?;
            portable::backfill(manager, "parcels", "seen_at", portable::now(manager)).await?;
            portable::change_column(
                manager,
                "parcels",
                portable::moment_null(manager, "seen_at"),
                portable::moment(manager, "seen_at").default(portable::now(manager)),
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
    portable::table(manager, "parcels")
        .col(uuid("id").primary_key())
        .col(string_len("code", 20))
        .col(big_integer("weight").default(1))
        .col(string_len_null("note", 200))
        .col(string_len("state", 10).default("new"))
        .col(portable::moment_null(manager, "arrived_at"))
        .col(uuid_null("depot_id"))
        .col(string_len_null("sender", 40))
        .col(boolean("fragile").default(true))
        .col(string_len("shelf", 30))
        .col(portable::moment(manager, "seen_at").default(portable::now(manager)))
        .foreign_key(
            ForeignKey::create()
                .name("fk-parcels-depot_id")
                .from_tbl("parcels")
                .from_col("depot_id")
                .to_tbl("depots")
                .to_col("id")
                .on_delete(ForeignKeyAction::SetNull),
        )
        .check(("ck-parcels-weight", portable::sql(manager, r#""weight" > 0"#)))
        .take()
}
