//! Search index of books, kept in step by triggers: text search of PostgreSQL, FTS5 of SQLite, FULLTEXT of MariaDB and
//! MySQL. Its tables begin with `_`: they have no models.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

mod mysql;
mod postgres;
mod sqlite;

/// Searched columns, by descending weight.
const COLUMNS: [&str; 6] = ["title", "author", "subtitle", "isbn", "publisher", "description"];

/// Letters that no database decomposes into a base letter and a mark, and the final sigma.
const LETTERS: [(&str, &str); 18] = [
    ("Æ", "ae"),
    ("æ", "ae"),
    ("Ð", "d"),
    ("ð", "d"),
    ("Đ", "d"),
    ("đ", "d"),
    ("ı", "i"),
    ("Ł", "l"),
    ("ł", "l"),
    ("Ø", "o"),
    ("ø", "o"),
    ("Œ", "oe"),
    ("œ", "oe"),
    ("ẞ", "ss"),
    ("ß", "ss"),
    ("Þ", "th"),
    ("þ", "th"),
    ("ς", "σ"),
];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(
            manager,
            match manager.get_database_backend() {
                DatabaseBackend::MySql => mysql::up(),
                DatabaseBackend::Postgres => postgres::up(),
                _ => sqlite::up(),
            },
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(
            manager,
            match manager.get_database_backend() {
                DatabaseBackend::MySql => mysql::down(),
                DatabaseBackend::Postgres => postgres::down(),
                _ => sqlite::down(),
            },
        )
        .await
    }
}

async fn run(manager: &SchemaManager<'_>, statements: Vec<String>) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(&statement).await?;
    }
    Ok(())
}

/// Text with those letters in plain spelling.
fn plain(text: &str) -> String {
    LETTERS.iter().fold(text.to_owned(), |text, (from, to)| format!("replace({text}, '{from}', '{to}')"))
}
