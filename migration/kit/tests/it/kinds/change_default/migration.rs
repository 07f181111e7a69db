//! Changes:
//!
//! - column parcels.weight: bigint not null instead of bigint not null default 1
//! - column parcels.state: varchar(10) not null default 'waiting' instead of varchar(10) not null default 'new'

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
            dialect::rebuild(
                manager,
                parcels_after(manager),
                &["id", "code", "weight", "note", "state", "arrived_at", "depot_id"],
            )
            .await?;
        } else {
            dialect::change_column(
                manager,
                "parcels",
                big_integer("weight").default(1),
                big_integer("weight"),
            )
            .await?;
            dialect::change_column(
                manager,
                "parcels",
                string_len("state", 10).default("new"),
                string_len("state", 10).default("waiting"),
            )
            .await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            dialect::rebuild(
                manager,
                parcels_before(manager),
                &["id", "code", "weight", "note", "state", "arrived_at", "depot_id"],
            )
            .await?;
        } else {
            dialect::change_column(
                manager,
                "parcels",
                big_integer("weight"),
                big_integer("weight").default(1),
            )
            .await?;
            dialect::change_column(
                manager,
                "parcels",
                string_len("state", 10).default("waiting"),
                string_len("state", 10).default("new"),
            )
            .await?;
        }
        Ok(())
    }
}

/// The table `parcels` as it is after this migration.
fn parcels_after(manager: &SchemaManager<'_>) -> TableCreateStatement {
    dialect::table(manager, "parcels")
        .col(uuid("id").primary_key())
        .col(string_len("code", 20))
        .col(big_integer("weight"))
        .col(string_len_null("note", 200))
        .col(string_len("state", 10).default("waiting"))
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
