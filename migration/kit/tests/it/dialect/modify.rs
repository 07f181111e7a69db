//! Changes of columns on MariaDB, where a change repeats the whole definition.

use super::*;
use crate::parcels::{List, Listed, Of};
use sea_orm_migration_kit::run::{Session, Target, Until, recorder};

const NOTES: &str = "CREATE TABLE notes (id bigint NOT NULL PRIMARY KEY AUTO_INCREMENT COMMENT 'counted',
    title varchar(50) CHARACTER SET latin1 COLLATE latin1_german1_ci DEFAULT 'it''s' COMMENT 'what it''s, about'
        CHECK (title <> ''),
    changed datetime DEFAULT NULL ON UPDATE current_timestamp(),
    code varchar(40) NOT NULL DEFAULT (concat('a', 'b')) INVISIBLE,
    amount int unsigned NOT NULL DEFAULT 7,
    twice bigint GENERATED ALWAYS AS (amount * 2) STORED COMMENT 'two',
    body text COMPRESSED COMMENT 'long',
    KEY by_title (title)) COLLATE utf8mb4_bin";

/// The definitions in CREATE TABLE, line by line.
async fn lines(db: &DatabaseConnection) -> Vec<String> {
    let row = db.query_one_raw(Statement::from_string(DbBackend::MySql, "SHOW CREATE TABLE notes")).await;
    let create: String = row.unwrap().unwrap().try_get("", "Create Table").unwrap();
    create.lines().skip(1).map(|line| line.trim().trim_end_matches(',').to_owned()).collect()
}

#[tokio::test]
async fn a_change_of_a_column_keeps_what_it_is_not_about() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::MySql {
        return;
    }
    let db = connected(&database).await;
    let row = "INSERT INTO notes (title, changed, amount, body) VALUES ('Zoë', '2026-01-31 12:00:00', 4000000000, 'b')";
    execute(&db, &[NOTES, row]).await;
    let stored = "SELECT CONCAT_WS('|', id, title, changed, code, amount, twice, body) FROM notes";
    let before = (lines(&db).await, texts(&db, stored).await);
    let manager = SchemaManager::new(&db);
    let change = async |from: ColumnDef, to: ColumnDef| {
        dialect::change_column(&manager, "notes", from, to).await.unwrap();
    };
    change(string_len_null("title", 50), string_len("title", 80)).await;
    let stamped = || date_time("changed").default(Expr::current_timestamp()).take();
    change(date_time_null("changed"), stamped()).await;
    change(string_len("code", 40), string_len_null("code", 40)).await;
    change(integer("amount").default(7).take(), integer("amount").default(8).take()).await;
    let longer = || ColumnDef::new("body").custom("mediumtext").null().take();
    change(text_null("body"), longer()).await;
    let counted = |column: ColumnDef| column.clone().auto_increment().primary_key().take();
    change(counted(big_integer("id")), counted(integer("id"))).await;

    let mut expected = before.0.clone();
    let mut now = |from: &str, to: &str| {
        let line = expected.iter_mut().find(|line| line.contains(from)).unwrap();
        *line = line.replace(from, to);
    };
    now("`title` varchar(50)", "`title` varchar(80)");
    now("latin1_german1_ci DEFAULT", "latin1_german1_ci NOT NULL DEFAULT");
    now("`changed` datetime DEFAULT NULL", "`changed` datetime NOT NULL DEFAULT current_timestamp()");
    now("varchar(40) NOT NULL INVISIBLE", "varchar(40) INVISIBLE");
    now("DEFAULT 7", "DEFAULT 8");
    now("`body` text", "`body` mediumtext");
    now("`id` bigint(20)", "`id` int(11)");
    assert_eq!(lines(&db).await, expected);
    assert_eq!(texts(&db, stored).await, before.1);

    // And back.
    change(string_len("title", 80), string_len_null("title", 50)).await;
    change(stamped(), date_time_null("changed")).await;
    change(string_len_null("code", 40), string_len("code", 40)).await;
    change(integer("amount").default(8).take(), integer("amount").default(7).take()).await;
    change(longer(), text_null("body")).await;
    change(counted(integer("id")), counted(big_integer("id"))).await;
    assert_eq!((lines(&db).await, texts(&db, stored).await), before);

    let refused = dialect::change_column(&manager, "notes", stamped(), string("changed")).await.unwrap_err();
    assert!(refused.to_string().contains("column notes.changed has ON UPDATE"), "{refused}");
}

struct Titles;

impl MigratorTrait for Titles {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Create), Box::new(Lengthen)]
    }
}

#[derive(DeriveMigrationName)]
struct Create;

#[derive(DeriveMigrationName)]
struct Lengthen;

#[async_trait::async_trait]
impl MigrationTrait for Create {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(NOTES).await.map(|_| ())
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Lengthen {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::change_column(manager, "notes", string_len_null("title", 50), string_len("title", 80)).await
    }
}

#[tokio::test]
async fn a_recording_knows_what_its_migrations_said_of_a_column() {
    let ups = recorder::ups::<Titles>(DbBackend::MySql).await;
    let statements: Vec<&str> = ups[1].statements.iter().map(|statement| statement.sql.as_str()).collect();
    let expected = "ALTER TABLE `notes` MODIFY COLUMN `title` varchar(80) CHARACTER SET latin1 COLLATE latin1_german1_ci \
         NOT NULL DEFAULT 'it''s' COMMENT 'what it''s, about' CHECK (title <> '') /* other properties stay */";
    assert_eq!(statements, [expected]);
    assert!(ups[1].reads.is_empty());
}

/// Fails at its second statement until there is a table `vans`.
struct Halting;

impl List for Halting {
    fn list() -> Vec<Listed> {
        vec![Listed::new(
            "m1",
            &[
                "CREATE TABLE memos (id bigint, title varchar(20) COMMENT 'a')",
                "INSERT INTO memos SELECT id, '1' FROM vans",
                "ALTER TABLE `memos` MODIFY COLUMN `title` varchar(30) NOT NULL /* other properties stay */",
            ],
            &[],
        )]
    }
}

#[tokio::test]
async fn a_run_that_goes_on_keeps_what_only_the_database_knows() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::MySql {
        return;
    }
    let target = Target::new(&database.url, "a test", std::time::Duration::from_mins(10));
    let mut session = Session::<Of<Halting>>::open(target).await.unwrap();
    session.up(Until::End).await.unwrap_err();
    database.execute("CREATE TABLE vans (id INT)").await;
    database
        .execute("ALTER TABLE memos MODIFY title varchar(20) CHARACTER SET latin1 COMMENT 'by hand'")
        .await;
    assert_eq!(session.up(Until::End).await.unwrap().len(), 1);
    session.close().await.unwrap();
    let db = database.connect().await;
    let title = "SELECT CONCAT_WS(' ', COLUMN_TYPE, CHARACTER_SET_NAME, IS_NULLABLE, COLUMN_COMMENT)
        FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND COLUMN_NAME = 'title'";
    assert_eq!(texts(&db, title).await, ["varchar(30) latin1 NO by hand"]);
}
