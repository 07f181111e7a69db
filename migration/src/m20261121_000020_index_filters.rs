//! Indexes for every frequent filter of books, in the default order of a list.

use sea_orm_migration::prelude::*;
use sea_orm_migration_kit::{
    Rule,
    dialect::{self, IndexOn},
    lint_exceptions,
};

const INDEXES: &[IndexOn] = &[
    ("idx-books-author_created_at_id", &["author", "created_at", "id"]),
    ("idx-books-language_created_at_id", &["language", "created_at", "id"]),
    ("idx-books-publisher_created_at_id", &["publisher", "created_at", "id"]),
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
        dialect::drop_indexes(manager, "books", INDEXES).await
    }
}
