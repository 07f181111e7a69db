//! Rebuilds of tables on SQLite.

use sea_orm_migration_kit::{run::recorder, tooling::catalog::Catalog};

use super::*;

const BEFORE: &[&str] = &[
    "CREATE TABLE shelves (id integer PRIMARY KEY, label text)",
    "CREATE TABLE parcels (id INTEGER PRIMARY KEY AUTOINCREMENT, label text COLLATE NOCASE NOT NULL, weight real,
        twice real AS (weight * 2) STORED, note blob, shelf_id int,
        CONSTRAINT \"ck-weight\" CHECK (weight > 0), UNIQUE (label, shelf_id) ON CONFLICT IGNORE,
        FOREIGN KEY (shelf_id) REFERENCES shelves (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TABLE moves (id integer PRIMARY KEY, parcel_id int NOT NULL REFERENCES parcels (id) ON DELETE CASCADE)",
    "CREATE INDEX by_label ON parcels (lower(label) DESC, weight)",
    "CREATE UNIQUE INDEX heavy ON parcels (label COLLATE RTRIM DESC) WHERE weight > 10",
    "CREATE VIEW labels AS SELECT label, weight FROM parcels",
    "CREATE VIEW heavy_labels AS SELECT label FROM labels WHERE weight > 10",
    "CREATE TRIGGER weighed AFTER UPDATE OF weight ON parcels BEGIN UPDATE shelves SET label = new.label; END",
    "CREATE TRIGGER moved AFTER INSERT ON moves BEGIN UPDATE parcels SET weight = weight + 1 WHERE id = new.parcel_id; END",
    "INSERT INTO shelves VALUES (1, 'a')",
    "INSERT INTO parcels (id, label, weight, note, shelf_id) VALUES (3, 'Zoë', 1.5, x'00ff', 1), (7, 'b', 20, 'text', NULL),
        (9, 'c', 3, 4.0, 1)",
    "DELETE FROM parcels WHERE id = 9",
    "INSERT INTO moves VALUES (1, 3)",
];

const COLUMNS: &[&str] = &["id", "label", "weight", "twice", "note", "shelf_id"];

fn parcels(weight: ColumnDef) -> TableCreateStatement {
    let check = Expr::cust("\"weight\" > 0");
    Table::create()
        .table("parcels")
        .col(integer("id").primary_key())
        .col(string_len("label", 50))
        .col(weight)
        .col(double_null("twice").generated(Expr::cust("weight * 2"), true))
        .col(blob_null("note"))
        .col(big_integer_null("shelf_id"))
        .check(("ck-weight", check))
        .index(Index::create().unique().col("label").col("shelf_id"))
        .foreign_key(
            ForeignKey::create()
                .from("parcels", "shelf_id")
                .to("shelves", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .take()
}

async fn database() -> (Database, DatabaseConnection) {
    let database = Database::on(Server::Sqlite).await;
    let db = connected(&database).await;
    execute(&db, BEFORE).await;
    (database, db)
}

const ROWS: &str =
    "SELECT id || '|' || label || '|' || quote(weight) || '|' || twice || '|' || quote(note) || '|' ||
    typeof(note) || '|' || quote(shelf_id) FROM parcels ORDER BY id";

#[tokio::test]
async fn a_rebuild_keeps_what_its_definition_does_not_say() {
    let (_database, db) = database().await;
    let before = Catalog::read(&db, |_| true).await.unwrap();
    let rows_before = texts(&db, ROWS).await;
    let manager = SchemaManager::new(&db);
    dialect::rebuild(&manager, parcels(double("weight").default(1.0).take()), COLUMNS).await.unwrap();

    let after = Catalog::read(&db, |_| true).await.unwrap();
    let changed: Vec<String> = before.differences(&after).iter().map(ToString::to_string).collect();
    assert_eq!(
        changed,
        [
            "column parcels.id: is integer not null instead of integer",
            "column parcels.label: is varchar(50) collate nocase not null instead of text collate nocase not null",
            "column parcels.shelf_id: is integer instead of int",
            "column parcels.twice: is double generated as (weight * 2) stored instead of real generated as (weight * 2) stored",
            "column parcels.weight: is double not null default 1 instead of real",
        ]
    );
    assert_eq!(texts(&db, ROWS).await, rows_before);
    assert_eq!(texts(&db, "SELECT label FROM heavy_labels").await, ["b"]);
    execute(&db, &["PRAGMA foreign_keys = ON", "INSERT INTO parcels (label) VALUES ('d')"]).await;
    // The counter goes on after the row that was deleted before the rebuild.
    assert_eq!(texts(&db, "SELECT CAST(max(id) AS text) FROM parcels").await, ["10"]);
    execute(&db, &["INSERT INTO moves VALUES (2, 7)", "UPDATE parcels SET weight = 2 WHERE id = 3"]).await;
    assert_eq!(texts(&db, "SELECT CAST(weight AS text) FROM parcels WHERE id = 7").await, ["21.0"]);
    assert_eq!(texts(&db, "SELECT label FROM shelves").await, ["Zoë"]);
    // Keys hold, also those of other tables, and this one waits for the end of the transaction.
    execute(
        &db,
        &[
            "BEGIN",
            "UPDATE parcels SET shelf_id = 9 WHERE id = 3",
            "INSERT INTO shelves VALUES (9, 'z')",
            "COMMIT",
        ],
    )
    .await;
    execute(&db, &["DELETE FROM shelves WHERE id = 9"]).await;
    assert_eq!(texts(&db, "SELECT CAST(count(*) AS text) FROM moves").await, ["1"]);
}

#[tokio::test]
async fn a_rebuild_that_would_lose_something_names_it_and_changes_nothing() {
    let (_database, db) = database().await;
    let before = Catalog::read(&db, |_| true).await.unwrap();
    let manager = SchemaManager::new(&db);
    let less =
        || Table::create().table("parcels").col(integer("id").primary_key()).col(string("label")).take();
    let refused = dialect::rebuild(&manager, less(), &["id", "label"]).await.unwrap_err().to_string();
    assert!(
        refused.contains("the rebuild of parcels would lose weight, twice, note, shelf_id: repeat it"),
        "{refused}"
    );
    let without_check = || {
        let mut table = Table::create();
        table
            .table("parcels")
            .col(integer("id").primary_key())
            .col(string("label"))
            .col(double_null("weight"));
        table.col(blob_null("note")).col(big_integer_null("shelf_id")).take()
    };
    let copied = &["id", "label", "weight", "note", "shelf_id"];
    let dropped = &["twice"];
    let refused =
        dialect::rebuild_without(&manager, without_check(), copied, dropped).await.unwrap_err().to_string();
    assert!(
        refused.contains("would lose ck-weight, UNIQUE (label, shelf_id), FOREIGN KEY (shelf_id): repeat"),
        "{refused}"
    );
    assert_eq!(before.differences(&Catalog::read(&db, |_| true).await.unwrap()), []);

    let dropped =
        &["twice", "ck-weight", "UNIQUE (label, shelf_id)", "FOREIGN KEY (shelf_id)", "COLLATE (label)"];
    dialect::rebuild_without(&manager, without_check(), copied, dropped).await.unwrap();
    let create = texts(&db, "SELECT sql FROM sqlite_master WHERE name = 'parcels'").await.concat();
    assert!(
        create.contains("AUTOINCREMENT") && !create.contains("NOCASE") && !create.contains("CHECK"),
        "{create}"
    );
}

#[tokio::test]
async fn a_view_or_trigger_that_a_rebuild_would_break_is_named() {
    let (_database, db) = database().await;
    let manager = SchemaManager::new(&db);
    execute(
        &db,
        &["DROP INDEX by_label", "DROP INDEX heavy", "CREATE VIEW broken AS SELECT absent FROM parcels"],
    )
    .await;
    let without = |column: &str| {
        let mut table = Table::create();
        table.table("parcels").col(integer("id").primary_key()).col(string("label"));
        if column != "note" {
            table.col(blob_null("note"));
        }
        table.take()
    };
    let dropped = &["weight", "twice", "shelf_id", "ck-weight"];
    let transaction = sea_orm::TransactionTrait::begin(&db).await.unwrap();
    let inside = SchemaManager::new(&transaction);
    let refused =
        dialect::rebuild_without(&inside, without("weight"), &["id", "label", "note"], dropped).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("after the rebuild of parcels, view labels does not work"), "{refused}");
    transaction.rollback().await.unwrap();
    execute(&db, &["DROP VIEW heavy_labels", "DROP VIEW labels"]).await;
    let transaction = sea_orm::TransactionTrait::begin(&db).await.unwrap();
    let inside = SchemaManager::new(&transaction);
    let refused =
        dialect::rebuild_without(&inside, without("weight"), &["id", "label", "note"], dropped).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("a trigger of moves does not work"), "{refused}");
    transaction.rollback().await.unwrap();
    execute(&db, &["DROP TRIGGER moved", "DROP TRIGGER weighed"]).await;
    dialect::rebuild_without(&manager, without("weight"), &["id", "label", "note"], dropped).await.unwrap();
}

#[tokio::test]
async fn tables_without_row_ids_and_strict_ones_stay_so() {
    let database = Database::on(Server::Sqlite).await;
    let db = connected(&database).await;
    execute(
        &db,
        &[
            "CREATE TABLE codes (rowid text NOT NULL PRIMARY KEY, n int) WITHOUT ROWID, STRICT",
            "INSERT INTO codes VALUES ('b', 2), ('a', 1)",
            "CREATE TABLE logs (rowid text, n int)",
            "INSERT INTO logs (_rowid_, rowid, n) VALUES (5, 'x', 1), (9, 'y', 2)",
        ],
    )
    .await;
    let manager = SchemaManager::new(&db);
    let table = |name: &'static str, key: ColumnDef| {
        Table::create().table(name).col(key).col(integer("n").default(0)).take()
    };
    dialect::rebuild(&manager, table("codes", text("rowid").primary_key().take()), &["rowid", "n"])
        .await
        .unwrap();
    let logs = "(\"rowid\" text, \"n\" integer NOT NULL DEFAULT 0)";
    dialect::rebuild_as(&manager, "logs", logs, &["rowid", "n"], &[]).await.unwrap();
    let create = texts(&db, "SELECT sql FROM sqlite_master WHERE name = 'codes'").await.concat();
    assert!(create.ends_with("WITHOUT ROWID") && create.contains("STRICT"), "{create}");
    assert_eq!(texts(&db, "SELECT rowid || n FROM codes").await, ["a1", "b2"]);
    assert_eq!(texts(&db, "SELECT _rowid_ || rowid || n FROM logs").await, ["5x1", "9y2"]);
}

struct Recorded;

impl MigratorTrait for Recorded {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Create), Box::new(Rebuild)]
    }
}

#[derive(DeriveMigrationName)]
struct Create;

#[derive(DeriveMigrationName)]
struct Rebuild;

#[async_trait::async_trait]
impl MigrationTrait for Create {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for sql in BEFORE {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Rebuild {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::rebuild(manager, parcels(double("weight")), COLUMNS).await
    }
}

#[tokio::test]
async fn a_recording_of_a_rebuild_says_what_a_database_is_told() {
    let ups = recorder::ups::<Recorded>(DbBackend::Sqlite).await;
    assert!(ups[1].reads.is_empty());
    let database = Database::on(Server::Sqlite).await;
    let db = connected(&database).await;
    for statement in ups.iter().flat_map(|up| &up.statements) {
        execute(&db, &[&statement.sql]).await;
    }
    let recorded = Catalog::read(&db, |_| true).await.unwrap();
    let (_other, other) = self::database().await;
    dialect::rebuild(&SchemaManager::new(&other), parcels(double("weight")), COLUMNS).await.unwrap();
    assert_eq!(recorded.differences(&Catalog::read(&other, |_| true).await.unwrap()), []);
}
