//! Table of books.

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
                dialect::table(manager, "books")
                    .col(uuid("id").primary_key())
                    .col(string_len("title", 500))
                    .col(string_len_null("subtitle", 500))
                    .col(string_len("author", 500))
                    .col(string_len_null("publisher", 500))
                    .col(string_len_null("published_date", 10))
                    .col(big_integer_null("page_count"))
                    .col(string_len_null("language", 35))
                    .col(string_len_null("isbn", 13))
                    .col(text_null("description"))
                    .col(big_integer_null("price_amount"))
                    .col(string_len_null("price_currency", 3))
                    .col(string_len_null("cover_url", 2048))
                    .col(uuid_null("owner_id"))
                    .col(big_integer("version").default(1))
                    .col(dialect::moment(manager, "created_at"))
                    .col(dialect::moment(manager, "updated_at"))
                    .check(("ck-books-page_count", Expr::col("page_count").gte(1)))
                    .check(("ck-books-price", price_is_complete()))
                    .index(Index::create().unique().name("idx-books-isbn").col("isbn"))
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk-books-owner_id")
                            .from("books", "owner_id")
                            .to("users", "id")
                            .on_delete(ForeignKeyAction::SetNull),
                    )
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("books").take()).await
    }
}

/// Condition that a price has both amount and currency, or neither.
fn price_is_complete() -> Expr {
    let (amount, currency) = (Expr::col("price_amount"), Expr::col("price_currency"));
    let absent = amount.clone().is_null().and(currency.clone().is_null());
    absent.or(amount.clone().is_not_null().and(amount.gte(0)).and(currency.is_not_null()))
}
