//! Indexes for every sort order of books, each with the id as its tie-breaker, and for the books of a user.

use sea_orm_migration::prelude::*;
use sea_orm_migration_kit::{
    Rule,
    dialect::{self, IndexOn},
    lint_exceptions,
};

const INDEXES: &[IndexOn] = &[
    ("idx-books-title_id", &["title", "id"]),
    ("idx-books-author_id", &["author", "id"]),
    ("idx-books-published_date_id", &["published_date", "id"]),
    ("idx-books-page_count_id", &["page_count", "id"]),
    ("idx-books-created_at_id", &["created_at", "id"]),
    ("idx-books-updated_at_id", &["updated_at", "id"]),
    ("idx-books-owner_id_created_at_id", &["owner_id", "created_at", "id"]),
];

#[derive(DeriveMigrationName)]
pub struct Migration;

lint_exceptions!(Migration, [(Rule::RequireConcurrentIndexCreation, "the table is new, and empty")]);

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::create_indexes(manager, "books", INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::keep_foreign_key_indexed(manager, "books", "owner_id").await?;
        dialect::drop_indexes(manager, "books", INDEXES).await
    }
}
