//! Functions of the dialect on a live database.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement};
use sea_orm_migration::{prelude::*, schema::*};
use sea_orm_migration_kit::{dialect, run};

use crate::database::{Database, Server};

mod enums;
mod modify;
mod rebuild;

/// A connection as migrations have it: on SQLite, without foreign keys.
async fn connected(database: &Database) -> DatabaseConnection {
    run::connect(database.url.clone().into()).await.unwrap()
}

async fn execute(db: &DatabaseConnection, statements: &[&str]) {
    for sql in statements {
        db.execute_unprepared(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

async fn rows(db: &DatabaseConnection, sql: &str) -> Vec<QueryResult> {
    db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap()
}

/// The first column of each row.
async fn texts(db: &DatabaseConnection, sql: &str) -> Vec<String> {
    rows(db, sql).await.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}
