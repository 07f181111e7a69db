//! Enums whose values need quotes, on every database.

use super::*;

const MOODS: &[&str] = &["it's", r"a\b", "größe"];
const MORE: &[&str] = &["it's", "\"in\", between", r"a\b", "größe"];
const RENAMED: &[&str] = &["it's", "'", r"a\b", "größe"];
const FEWER: &[&str] = &["'", r"a\b", "größe"];

/// A text as the database reads it.
fn literal(backend: DbBackend, text: &str) -> String {
    let text = text.replace('\'', "''");
    format!("'{}'", if backend == DbBackend::MySql { text.replace('\\', r"\\") } else { text })
}

async fn insert(db: &DatabaseConnection, id: usize, mood: &str) -> Result<(), DbErr> {
    let mood = literal(db.get_database_backend(), mood);
    db.execute_unprepared(&format!("INSERT INTO vans (id, mood) VALUES ({id}, {mood})")).await.map(|_| ())
}

async fn moods(db: &DatabaseConnection) -> Vec<String> {
    let kind = if db.get_database_backend() == DbBackend::MySql { "CHAR" } else { "TEXT" };
    texts(db, &format!("SELECT CAST(mood AS {kind}) AS mood FROM vans ORDER BY id")).await
}

#[tokio::test]
async fn values_with_quotes_are_created_added_renamed_and_dropped() {
    let database = Database::empty().await;
    let db = connected(&database).await;
    let manager = SchemaManager::new(&db);
    let is_sqlite = database.backend() == DbBackend::Sqlite;
    dialect::create_enum(&manager, "moods", MOODS).await.unwrap();
    let column = |values| dialect::enumeration(&manager, "mood", "moods", values);
    let table = dialect::table(&manager, "vans")
        .col(big_integer("id").primary_key())
        .col(column(MOODS).default("it's"))
        .take();
    manager.create_table(table).await.unwrap();
    for (id, mood) in MOODS.iter().enumerate() {
        insert(&db, id, mood).await.unwrap();
    }
    execute(&db, &["INSERT INTO vans (id) VALUES (3)"]).await;
    assert_eq!(moods(&db).await, ["it's", r"a\b", "größe", "it's"]);
    assert_eq!(insert(&db, 4, MORE[1]).await.is_ok(), is_sqlite);

    let defined = |values| vec![("vans", column(values).default("it's").take())];
    execute(&db, &["DELETE FROM vans WHERE id > 2"]).await;
    dialect::change_enum(&manager, "moods", MORE, defined(MORE)).await.unwrap();
    let db = connected(&database).await;
    let manager = SchemaManager::new(&db);
    insert(&db, 3, MORE[1]).await.unwrap();
    execute(&db, &["INSERT INTO vans (id) VALUES (4)"]).await;
    assert_eq!(moods(&db).await, ["it's", r"a\b", "größe", MORE[1], "it's"]);

    dialect::rename_enum_value(&manager, "moods", (MORE[1], RENAMED[1]), defined(RENAMED)).await.unwrap();
    let db = connected(&database).await;
    let manager = SchemaManager::new(&db);
    assert_eq!(moods(&db).await, ["it's", r"a\b", "größe", "'", "it's"]);
    insert(&db, 5, RENAMED[1]).await.unwrap();
    assert_eq!(insert(&db, 6, MORE[1]).await.is_ok(), is_sqlite);

    execute(&db, &["DELETE FROM vans WHERE id > 5", "DELETE FROM vans WHERE mood = 'it''s'"]).await;
    let fewer = vec![("vans", column(FEWER).default("'").take())];
    dialect::change_enum(&manager, "moods", FEWER, fewer).await.unwrap();
    let db = connected(&database).await;
    assert_eq!(moods(&db).await, [r"a\b", "größe", "'", "'"]);
    assert_eq!(insert(&db, 7, "it's").await.is_ok(), is_sqlite);
}

#[tokio::test]
async fn a_column_of_an_enum_keeps_its_comment_when_values_change() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::MySql {
        return;
    }
    let db = connected(&database).await;
    execute(
        &db,
        &["CREATE TABLE vans (id bigint, size enum('s', 'm') CHARACTER SET latin1 COLLATE latin1_bin NOT NULL COMMENT 'it''s')"],
    )
    .await;
    let manager = SchemaManager::new(&db);
    let size = enumeration("size", "sizes", ["s", "it's", "m"]);
    dialect::change_enum(&manager, "sizes", &["s", "it's", "m"], vec![("vans", size)]).await.unwrap();
    let column = "SELECT CONCAT_WS(' ', COLUMN_TYPE, COLLATION_NAME, IS_NULLABLE, COLUMN_COMMENT)
        FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND COLUMN_NAME = 'size'";
    assert_eq!(texts(&db, column).await, ["enum('s','it''s','m') latin1_bin NO it's"]);
}
