//! The rebuild of a table of SQLite, on the tables of the product: nobody's rows are lost. It needs no other database.

use std::time::Duration;

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use sea_orm_migration::{MigrationTrait, prelude::*, schema::*};
use sea_orm_migration_kit::{
    dialect,
    run::{Session, Target, Until},
};

use crate::database::{Database, Server};

/// Makes the names of users longer, for which SQLite has to make the table anew.
struct Longer;

impl MigrationName for Longer {
    fn name(&self) -> &'static str {
        "m99991231_000001_longer_names"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Longer {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::rebuild(manager, users(manager, 200), COLUMNS).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::rebuild(manager, users(manager, 100), COLUMNS).await
    }
}

const COLUMNS: &[&str] = &[
    "id",
    "username",
    "email",
    "first_name",
    "last_name",
    "role",
    "is_verified",
    "is_active",
    "password_hash",
    "version",
    "created_at",
    "updated_at",
    "pending_email",
    "token_epoch",
];

fn users(manager: &SchemaManager<'_>, length: u32) -> TableCreateStatement {
    dialect::table(manager, "users")
        .col(uuid("id").primary_key())
        .col(string_len_uniq("username", 50))
        .col(string_len_uniq("email", 254))
        .col(string_len_null("first_name", length))
        .col(string_len_null("last_name", length))
        .col(string_len("role", 16).default("user"))
        .col(boolean("is_verified").default(false))
        .col(boolean("is_active").default(true))
        .col(string_len("password_hash", 255))
        .col(big_integer("version").default(1))
        .col(dialect::moment(manager, "created_at"))
        .col(dialect::moment(manager, "updated_at"))
        .col(string_len_null("pending_email", 254))
        .col(big_integer("token_epoch").default(0))
        .check(("ck-users-role", Expr::col("role").is_in(["user", "cashier", "admin"])))
        .take()
}

struct WithLonger;

impl MigratorTrait for WithLonger {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut migrations = Migrator::migrations();
        migrations.push(Box::new(Longer));
        migrations
    }
}

const ROWS: [&str; 3] = [
    "INSERT INTO users (id, username, email, first_name, password_hash, created_at, updated_at)
        WITH RECURSIVE series (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < 500)
        SELECT randomblob(16), 'user' || n, n || '@example.com', 'Zoë ''' || n, 'x',
               '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00' FROM series",
    "INSERT INTO books (id, title, author, owner_id, created_at, updated_at)
        SELECT randomblob(16), 'Book of ' || username, 'Anon', id, created_at, updated_at FROM users",
    "INSERT INTO sessions (id, user_id, created_at, rotated_at, last_seen_at, idle_expires_at, expires_at)
        SELECT randomblob(16), id, created_at, created_at, created_at, created_at, created_at FROM users",
];

#[tokio::test]
async fn a_rebuild_of_users_loses_no_row_and_no_owner() {
    let database = Database::on(Server::Sqlite).await;
    let target = Target::new(&database.url, "a test", Duration::from_mins(10));
    let mut session = Session::<Migrator>::open(target.clone()).await.unwrap();
    session.up(Until::End).await.unwrap();
    session.close().await.unwrap();
    let db = database.connect().await;
    for sql in ROWS {
        db.execute_unprepared(sql).await.unwrap();
    }
    let before = rows(&db).await;
    assert_eq!(before.len(), 500);
    db.close().await.unwrap();

    for way in ["up", "down", "up"] {
        let mut session = Session::<WithLonger>::open(target.clone()).await.unwrap();
        let ran = if way == "up" {
            session.up(Until::End).await.unwrap()
        } else {
            session.down(Until::Steps(1)).await.unwrap()
        };
        assert_eq!(ran.len(), 1);
        session.close().await.unwrap();
        let db = database.connect().await;
        assert_eq!(rows(&db).await, before, "{way}");
        db.close().await.unwrap();
    }
    let db = database.connect().await;
    // The foreign keys still hold: the book of a user who goes has no owner, and his sessions go along.
    db.execute_unprepared("DELETE FROM users WHERE username = 'user7'").await.unwrap();
    assert_eq!(rows(&db).await.len(), 499);
    let query = "SELECT (SELECT COUNT(*) FROM books WHERE owner_id IS NULL) * 1000 + (SELECT COUNT(*) FROM sessions) AS n";
    let row = db.query_one_raw(Statement::from_string(DbBackend::Sqlite, query)).await.unwrap().unwrap();
    assert_eq!(row.try_get::<i64>("", "n").unwrap(), 1499);
    db.close().await.unwrap();
}

/// Each user with his book and session.
async fn rows(db: &DatabaseConnection) -> Vec<(Vec<u8>, String, String)> {
    let query = "SELECT users.id, first_name, title FROM users JOIN books ON owner_id = users.id
                 JOIN sessions ON user_id = users.id ORDER BY users.id";
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, query)).await.unwrap();
    let read = |row: &sea_orm::QueryResult| {
        let text = |column| row.try_get("", column).unwrap();
        (row.try_get("", "id").unwrap(), text("first_name"), text("title"))
    };
    rows.iter().map(read).collect()
}
