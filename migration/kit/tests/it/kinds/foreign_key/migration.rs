//! Changes:
//!
//! - column depots.parcel\_id: new, uuid
//! - foreign key fk-depots-parcel\_id: new, parcel\_id to parcels.id, on delete restrict, on update no action
//! - foreign key fk-parcels-depot\_id: gone

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
            dialect::rebuild(manager, depots_after(manager), &["id", "name", "city"]).await?;
        } else {
            manager
                .alter_table(Table::alter().table("depots").add_column(uuid_null("parcel_id")).take())
                .await?;
            manager
                .create_foreign_key(
                    ForeignKey::create()
                        .name("fk-depots-parcel_id")
                        .from_tbl("depots")
                        .from_col("parcel_id")
                        .to_tbl("parcels")
                        .to_col("id")
                        .on_delete(ForeignKeyAction::Restrict)
                        .take(),
                )
                .await?;
        }
        if manager.get_database_backend() == DbBackend::Sqlite {
            dialect::rebuild_without(
                manager,
                parcels_after(manager),
                &["id", "code", "weight", "note", "state", "arrived_at", "depot_id"],
                &["FOREIGN KEY (depot_id)"],
            )
            .await?;
        } else {
            dialect::drop_foreign_key(manager, "parcels", "fk-parcels-depot_id").await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            dialect::rebuild_without(
                manager,
                depots_before(manager),
                &["id", "name", "city"],
                &["FOREIGN KEY (parcel_id)", "parcel_id"],
            )
            .await?;
        } else {
            dialect::drop_foreign_key(manager, "depots", "fk-depots-parcel_id").await?;
            manager.alter_table(Table::alter().table("depots").drop_column("parcel_id").take()).await?;
        }
        if manager.get_database_backend() == DbBackend::Sqlite {
            dialect::rebuild(
                manager,
                parcels_before(manager),
                &["id", "code", "weight", "note", "state", "arrived_at", "depot_id"],
            )
            .await?;
        } else {
            manager
                .create_foreign_key(
                    ForeignKey::create()
                        .name("fk-parcels-depot_id")
                        .from_tbl("parcels")
                        .from_col("depot_id")
                        .to_tbl("depots")
                        .to_col("id")
                        .on_delete(ForeignKeyAction::SetNull)
                        .take(),
                )
                .await?;
        }
        Ok(())
    }
}

/// The table `depots` as it is after this migration.
fn depots_after(manager: &SchemaManager<'_>) -> TableCreateStatement {
    dialect::table(manager, "depots")
        .col(uuid("id").primary_key())
        .col(string_len("name", 50))
        .col(string_len_null("city", 50))
        .col(uuid_null("parcel_id"))
        .index(Index::create().unique().name("idx-depots-name").col("name"))
        .foreign_key(
            ForeignKey::create()
                .name("fk-depots-parcel_id")
                .from_tbl("depots")
                .from_col("parcel_id")
                .to_tbl("parcels")
                .to_col("id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
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
        .check(("ck-parcels-weight", dialect::sql(manager, r#""weight" > 0"#)))
        .take()
}

/// The table `depots` as it is before this migration.
fn depots_before(manager: &SchemaManager<'_>) -> TableCreateStatement {
    dialect::table(manager, "depots")
        .col(uuid("id").primary_key())
        .col(string_len("name", 50))
        .col(string_len_null("city", 50))
        .index(Index::create().unique().name("idx-depots-name").col("name"))
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
