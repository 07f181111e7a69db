//! An index for every filter of the catalogue that lists often, with the order that a list has if none is asked for.

use sea_orm_migration::prelude::*;

use crate::portable::{self, IndexOn};

const INDEXES: &[IndexOn] = &[
    ("idx-books-author_created_at_id", &["author", "created_at", "id"]),
    ("idx-books-language_created_at_id", &["language", "created_at", "id"]),
    ("idx-books-publisher_created_at_id", &["publisher", "created_at", "id"]),
];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let reason = "the table was made in the same release, and is empty";
        portable::allow(manager, "require-concurrent-index-creation", reason).await?;
        portable::create_indexes(manager, "books", INDEXES).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        portable::drop_indexes(manager, "books", INDEXES).await
    }
}
