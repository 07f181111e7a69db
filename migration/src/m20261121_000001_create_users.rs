//! Table of accounts.

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
                dialect::table(manager, "users")
                    .col(uuid("id").primary_key())
                    .col(string_len("username", 50))
                    .col(string_len("email", 254))
                    .col(string_len_null("first_name", 100))
                    .col(string_len_null("last_name", 100))
                    .col(string_len("role", 16).default("user"))
                    .col(boolean("is_verified").default(false))
                    .col(boolean("is_active").default(true))
                    .col(string_len("password_hash", 255))
                    .col(big_integer("version").default(1))
                    .col(dialect::moment(manager, "created_at"))
                    .col(dialect::moment(manager, "updated_at"))
                    .check(("ck-users-role", Expr::col("role").is_in(["user", "cashier", "admin"])))
                    .index(Index::create().unique().name("idx-users-username").col("username"))
                    .index(Index::create().unique().name("idx-users-email").col("email"))
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("users").take()).await
    }
}
