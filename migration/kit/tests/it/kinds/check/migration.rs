//! Changes:
//!
//! - check ck-labels-side on labels: new, "side" >= 0
//! - check ck-parcels-weight on parcels: gone
//! - check ck-parcels-code on parcels: new, "code" \<> 'it''s' AND "weight" \< 1000

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
            dialect::rebuild(manager, labels_after(manager), &["parcel_id", "colour", "side"]).await?;
        } else {
            dialect::add_check(manager, "labels", "ck-labels-side", r#""side" >= 0"#).await?;
        }
        if manager.get_database_backend() == DbBackend::Sqlite {
            dialect::rebuild_without(
                manager,
                parcels_after(manager),
                &["id", "code", "weight", "note", "state", "arrived_at", "depot_id"],
                &["ck-parcels-weight"],
            )
            .await?;
        } else {
            dialect::drop_check(manager, "parcels", "ck-parcels-weight").await?;
            dialect::add_check(
                manager,
                "parcels",
                "ck-parcels-code",
                r#""code" <> 'it''s' AND "weight" < 1000"#,
            )
            .await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            dialect::rebuild_without(
                manager,
                labels_before(manager),
                &["parcel_id", "colour", "side"],
                &["ck-labels-side"],
            )
            .await?;
        } else {
            dialect::drop_check(manager, "labels", "ck-labels-side").await?;
        }
        if manager.get_database_backend() == DbBackend::Sqlite {
            dialect::rebuild_without(
                manager,
                parcels_before(manager),
                &["id", "code", "weight", "note", "state", "arrived_at", "depot_id"],
                &["ck-parcels-code"],
            )
            .await?;
        } else {
            dialect::drop_check(manager, "parcels", "ck-parcels-code").await?;
            dialect::add_check(manager, "parcels", "ck-parcels-weight", r#""weight" > 0"#).await?;
        }
        Ok(())
    }
}

/// The table `labels` as it is after this migration.
fn labels_after(manager: &SchemaManager<'_>) -> TableCreateStatement {
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
        .check(("ck-labels-side", dialect::sql(manager, r#""side" >= 0"#)))
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
        .foreign_key(
            ForeignKey::create()
                .name("fk-parcels-depot_id")
                .from_tbl("parcels")
                .from_col("depot_id")
                .to_tbl("depots")
                .to_col("id")
                .on_delete(ForeignKeyAction::SetNull),
        )
        .check(("ck-parcels-code", dialect::sql(manager, r#""code" <> 'it''s' AND "weight" < 1000"#)))
        .take()
}

/// The table `labels` as it is before this migration.
fn labels_before(manager: &SchemaManager<'_>) -> TableCreateStatement {
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
