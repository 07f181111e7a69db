//! Table of sessions: one row for each signed-in device.

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
                dialect::table(manager, "sessions")
                    .col(uuid("id").primary_key())
                    .col(uuid("user_id"))
                    .col(big_integer("generation").default(1))
                    .col(dialect::moment(manager, "created_at"))
                    .col(dialect::moment(manager, "rotated_at"))
                    .col(dialect::moment(manager, "last_seen_at"))
                    .col(dialect::moment(manager, "idle_expires_at"))
                    .col(dialect::moment(manager, "expires_at"))
                    .col(dialect::moment_null(manager, "revoked_at"))
                    .col(string_len_null("user_agent", 255))
                    .col(string_len_null("ip", 45))
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk-sessions-user_id")
                            .from("sessions", "user_id")
                            .to("users", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("sessions").take()).await
    }
}
