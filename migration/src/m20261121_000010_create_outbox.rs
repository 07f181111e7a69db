//! Mail to send: its template and its recipient. It contains no tokens: these are created when it is sent.

use sea_orm_migration::{prelude::*, schema::*};
use sea_orm_migration_kit::dialect;

const KINDS: [&str; 6] = [
    "verify_email",
    "change_email",
    "password_reset",
    "email_change_requested",
    "email_changed",
    "password_changed",
];

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
                dialect::table(manager, "outbox")
                    .col(uuid("id").primary_key())
                    .col(string_len("kind", 32))
                    .col(uuid_null("user_id"))
                    .col(string_len("address", 254))
                    .col(string_len_null("state", 64))
                    .col(big_integer("attempts").default(0))
                    .col(dialect::moment(manager, "due_at"))
                    .col(dialect::moment(manager, "expires_at"))
                    .col(dialect::moment_null(manager, "sent_at"))
                    .col(dialect::moment(manager, "created_at"))
                    .check(("ck-outbox-kind", Expr::col("kind").is_in(KINDS)))
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk-outbox-user_id")
                            .from("outbox", "user_id")
                            .to("users", "id")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("outbox").take()).await
    }
}
