//! An index for every sort order of the catalogue, each with the id as its tie-break, and for the
//! books of a user.

use sea_orm_migration::prelude::*;

use crate::column;

/// Name, then the columns in their order.
const INDEXES: [(&str, &[&str]); 7] = [
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

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, columns) in INDEXES {
            // MariaDB commits each index by itself: a run that was cut off goes on where it stopped.
            if !manager.has_index("books", name).await? {
                let mut index = Index::create();
                index.name(name).table("books");
                for name in columns {
                    index.col(*name);
                }
                manager.create_index(index).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        column::keep_foreign_key_indexed(manager, "books", "owner_id").await?;
        for (name, _) in INDEXES {
            if manager.has_index("books", name).await? {
                manager.drop_index(Index::drop().name(name).table("books").to_owned()).await?;
            }
        }
        Ok(())
    }
}
