//! What is read of a database, and what of it counts.

use sea_orm::{ConnectionTrait, DbBackend};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use sea_orm_migration_kit::tooling::{
    catalog::Catalog,
    shadow::{Shadow, ShadowTarget},
};

use crate::{
    database::Database,
    depot::{Depot, SHELVES, Sql},
};

async fn catalog(database: &Database) -> Catalog {
    let connection = database.connect().await;
    let catalog = Catalog::read(&connection, |table| table != "seaql_migrations").await.unwrap();
    connection.close().await.unwrap();
    catalog
}

async fn lines(database: &Database) -> Vec<String> {
    catalog(database).await.iter().map(|(object, definition)| format!("{object}: {definition}")).collect()
}

async fn database(sql: &[&str]) -> Database {
    let database = Database::empty().await;
    for sql in sql {
        database.execute(sql).await;
    }
    database
}

#[tokio::test]
async fn a_database_migrated_live_reads_like_its_shadow() {
    let database = Database::empty().await;
    let connection = database.connect().await;
    Depot::up(&connection, None).await.unwrap();
    connection.close().await.unwrap();
    let shadow = Shadow::open(&ShadowTarget::beside::<Depot>(&database.url)).await.unwrap();
    for migration in Depot::migrations() {
        shadow.up(migration.as_ref()).await.unwrap();
    }
    let expected = shadow.catalog(|_| true).await.unwrap();
    shadow.close().await.unwrap();
    assert_eq!(catalog(&database).await, expected);
    assert!(expected.iter().count() > 10);
}

#[tokio::test]
async fn it_does_not_matter_in_what_order_columns_came() {
    let shelves = SHELVES.up[0];
    let at_once = database(&[
        shelves,
        "CREATE TABLE parcels (id bigint NOT NULL PRIMARY KEY, code varchar(20) NOT NULL DEFAULT 'x', note varchar(9), \
         shelf_id bigint, CONSTRAINT ck_code CHECK (code <> ''), \
         CONSTRAINT fk_shelf FOREIGN KEY (shelf_id) REFERENCES shelves (id))",
        "CREATE INDEX idx_note ON parcels (note)",
    ])
    .await;
    let added = database(&[
        shelves,
        "CREATE TABLE parcels (id bigint NOT NULL PRIMARY KEY, note varchar(9), shelf_id bigint, \
         CONSTRAINT fk_shelf FOREIGN KEY (shelf_id) REFERENCES shelves (id))",
        "CREATE INDEX idx_note ON parcels (note)",
        if at_once.backend() == DbBackend::Sqlite {
            "ALTER TABLE parcels ADD COLUMN code varchar(20) NOT NULL DEFAULT 'x' CONSTRAINT ck_code CHECK (code <> '')"
        } else {
            "ALTER TABLE parcels ADD COLUMN code varchar(20) NOT NULL DEFAULT 'x', \
             ADD CONSTRAINT ck_code CHECK (code <> '')"
        },
    ])
    .await;
    assert_eq!(catalog(&at_once).await.differences(&catalog(&added).await), []);

    if at_once.backend() == DbBackend::Sqlite {
        let rebuilt = database(&[
            shelves,
            "CREATE TABLE parcels (id bigint NOT NULL PRIMARY KEY, note varchar(9), shelf_id bigint)",
            "CREATE TABLE \"new\" (\"code\" VARCHAR(20) not null default 'x', \"id\" BIGINT NOT NULL, note varchar(9), \
             shelf_id bigint REFERENCES shelves, PRIMARY KEY (id), CONSTRAINT ck_code CHECK ((\"code\" <> '')))",
            "INSERT INTO \"new\" (id, note, shelf_id) SELECT id, note, shelf_id FROM parcels",
            "DROP TABLE parcels",
            "ALTER TABLE \"new\" RENAME TO parcels",
            "create index idx_note on \"parcels\"(\"note\" asc)",
        ])
        .await;
        assert_eq!(catalog(&at_once).await.differences(&catalog(&rebuilt).await), []);
    }
}

#[tokio::test]
async fn sqlite_is_read_in_full() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::Sqlite {
        return;
    }
    for sql in [
        "CREATE TABLE shelves (id integer PRIMARY KEY AUTOINCREMENT, label text COLLATE NOCASE UNIQUE) STRICT",
        "CREATE TABLE parcels (a bigint, b bigint, code text NOT NULL DEFAULT (lower('X')), twice bigint AS (a * 2) STORED, \
         shelf bigint REFERENCES shelves DEFERRABLE INITIALLY DEFERRED, PRIMARY KEY (b, a), CHECK (a > 0), \
         CONSTRAINT uq UNIQUE (code, b)) WITHOUT ROWID",
        "CREATE INDEX i ON parcels (lower(code) DESC, a) WHERE b > 1",
        "CREATE VIEW v AS SELECT a FROM parcels",
        "CREATE TRIGGER t AFTER INSERT ON parcels BEGIN SELECT 1; END",
        "CREATE VIRTUAL TABLE search USING fts5 (title)",
    ] {
        database.execute(sql).await;
    }
    let found = lines(&database).await;
    for expected in [
        "table shelves: table strict",
        "column shelves.label: text collate nocase",
        "primary key of shelves: (id autoincrement)",
        "index (label collate nocase) on shelves: unique constraint (label collate nocase)",
        "table parcels: table without rowid",
        "column parcels.a: bigint not null",
        "column parcels.code: text not null default lower('X')",
        "column parcels.twice: bigint generated as (a * 2) stored",
        "primary key of parcels: (b, a)",
        "foreign key (shelf) on parcels: (shelf) references shelves (id) deferrable",
        "check a > 0 on parcels: a > 0",
        "index uq on parcels: unique constraint (code, b)",
        "index i on parcels: (lower(code) desc, a) where b > 1",
        "view v: create view v as select a from parcels",
        "trigger t on parcels: create trigger t after insert on parcels begin select 1 ; end",
        "table search: create virtual table search using fts5(title)",
        "column search.title: ",
    ] {
        assert!(found.contains(&expected.to_owned()), "{expected} is not in {found:#?}");
    }
    assert!(!found.iter().any(|line| line.contains("search_") || line.contains("sqlite_")), "{found:#?}");
}

#[tokio::test]
async fn postgresql_is_read_in_full() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::Postgres {
        return;
    }
    for sql in [
        "CREATE TYPE tea AS ENUM ('green', 'black')",
        "CREATE DOMAIN weight AS bigint CHECK (VALUE > 0)",
        "CREATE TABLE shelves (id serial PRIMARY KEY, label text COLLATE \"C\" UNIQUE)",
        "CREATE TABLE parcels (id bigint GENERATED BY DEFAULT AS IDENTITY, a bigint, tea tea DEFAULT 'green', w weight, \
         twice bigint GENERATED ALWAYS AS (a * 2) STORED, shelf int, CONSTRAINT pk PRIMARY KEY (id), CHECK (a > 0), \
         CONSTRAINT fk FOREIGN KEY (shelf) REFERENCES shelves ON DELETE SET NULL DEFERRABLE)",
        "CREATE INDEX i ON parcels USING btree (abs(a) DESC, tea) WHERE a > 1",
        "CREATE INDEX h ON parcels USING hash (a)",
        "CREATE VIEW v AS SELECT a FROM parcels",
        "CREATE SEQUENCE s START 7",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'",
        "CREATE TRIGGER t BEFORE INSERT ON parcels FOR EACH ROW EXECUTE FUNCTION f()",
        "COMMENT ON COLUMN parcels.a IS 'it''s a'",
        "ALTER TABLE parcels ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY p ON parcels USING (a > 3)",
    ] {
        database.execute(sql).await;
    }
    let found = lines(&database).await;
    for expected in [
        "enum tea: 'green', 'black'",
        "type weight: domain over bigint weight_check CHECK (VALUE > 0)",
        "column shelves.id: integer not null default nextval('shelves_id_seq'::regclass)",
        "column shelves.label: text collate \"C\"",
        "primary key of shelves: (id)",
        "index shelves_label_key on shelves: unique constraint (label)",
        "table parcels: table with row level security",
        "column parcels.id: bigint not null generated by default as identity",
        "column parcels.a: bigint comment 'it''s a'",
        "column parcels.tea: tea default 'green'::tea",
        "column parcels.w: weight",
        "column parcels.twice: bigint generated always as ((a * 2)) stored",
        "primary key of parcels: (id) named pk",
        "foreign key fk on parcels: (shelf) REFERENCES shelves(id) ON DELETE SET NULL DEFERRABLE",
        "check parcels_a_check on parcels: (a > 0)",
        "index i on parcels: (abs(a) DESC, tea) WHERE a > 1",
        "index h on parcels: hash (a)",
        "trigger t on parcels: CREATE TRIGGER t BEFORE INSERT ON parcels FOR EACH ROW EXECUTE FUNCTION f()",
        "policy p on parcels: permissive for * to public using ((a > 3))",
        "sequence s: bigint start 7 increment 1 min 1 max 9223372036854775807 cache 1",
    ] {
        assert!(found.contains(&expected.to_owned()), "{expected} is not in {found:#?}");
    }
    assert!(
        found.iter().any(|line| line.starts_with("sequence shelves_id_seq on shelves: integer")),
        "{found:#?}"
    );
    assert!(found.iter().any(|line| line.starts_with("view v: ")), "{found:#?}");
    assert!(!found.iter().any(|line| line.contains("public.")), "{found:#?}");
}

#[tokio::test]
async fn mariadb_is_read_in_full() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::MySql {
        return;
    }
    for sql in [
        "CREATE TABLE shelves (id bigint PRIMARY KEY AUTO_INCREMENT, label varchar(9) UNIQUE)
         CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT 'of wood'",
        "CREATE TABLE parcels (a bigint, b bigint, t text, twice bigint AS (a * 2) STORED, shelf bigint,
         tea enum('green', 'black') CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT 'green' COMMENT 'it''s hot',
         at datetime(6) NOT NULL DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6), PRIMARY KEY (b, a),
         CONSTRAINT ck CHECK (a > 0), INDEX i (t(5), a DESC), FULLTEXT INDEX words (t),
         FOREIGN KEY (shelf) REFERENCES shelves (id) ON DELETE SET NULL ON UPDATE CASCADE)",
        "CREATE VIEW v AS SELECT a FROM parcels",
        "CREATE SEQUENCE s",
        "CREATE TRIGGER tr BEFORE INSERT ON parcels FOR EACH ROW SET NEW.b = 1",
    ] {
        database.execute(sql).await;
    }
    let found = lines(&database).await;
    for expected in [
        "table shelves: table engine InnoDB collate utf8mb4_bin comment 'of wood'",
        "column shelves.id: bigint(20) not null auto_increment",
        "column shelves.label: varchar(9) collate utf8mb4_bin",
        "index label on shelves: unique (label)",
        "column parcels.twice: bigint(20) stored generated as (`a` * 2)",
        "column parcels.tea: enum('green','black') collate utf8mb4_bin not null default 'green' comment 'it\\'s hot'",
        "column parcels.at: datetime(6) not null default current_timestamp(6) on update current_timestamp(6)",
        "primary key of parcels: (b, a)",
        "foreign key parcels_ibfk_1 on parcels: (shelf) references shelves (id) on update cascade on delete set null",
        "check ck on parcels: `a` > 0",
        "index i on parcels: (t(5), a desc)",
        "index words on parcels: fulltext (t)",
        "view v: select `parcels`.`a` AS `a` from `parcels`",
        "sequence s: sequence",
        "trigger tr on parcels: BEFORE INSERT SET NEW.b = 1",
    ] {
        assert!(found.contains(&expected.to_owned()), "{expected} is not in {found:#?}");
    }
    // It is the foreign key's.
    assert!(!found.iter().any(|line| line.starts_with("index shelf on parcels")), "{found:#?}");
}

#[tokio::test]
async fn it_does_not_matter_whose_the_index_of_a_foreign_key_is() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::MySql {
        return;
    }
    for sql in [
        SHELVES.up[0],
        "CREATE TABLE parcels (id bigint PRIMARY KEY, shelf_id bigint,
         CONSTRAINT fk_shelf FOREIGN KEY (shelf_id) REFERENCES shelves (id))",
    ] {
        database.execute(sql).await;
    }
    let made = catalog(&database).await;
    database.execute("CREATE INDEX idx_shelf ON parcels (shelf_id)").await;
    let replaced = catalog(&database).await;
    database.execute("CREATE INDEX fk_shelf ON parcels (shelf_id); DROP INDEX idx_shelf ON parcels").await;
    assert_eq!(made, catalog(&database).await);
    let differences: Vec<String> = made.differences(&replaced).iter().map(ToString::to_string).collect();
    assert_eq!(differences, ["index idx_shelf on parcels: added ((shelf_id))"]);
}

#[tokio::test]
async fn tables_of_an_extension_are_its_own() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::Postgres {
        return;
    }
    // An extension without one of the server's: a table is made a member of one that always exists.
    database.execute("CREATE TABLE theirs (id bigint); CREATE TYPE their_tea AS ENUM ('a'); CREATE TABLE ours (id bigint)").await;
    database
        .execute("ALTER EXTENSION plpgsql ADD TABLE theirs; ALTER EXTENSION plpgsql ADD TYPE their_tea")
        .await;
    assert_eq!(lines(&database).await, ["table ours: table", "column ours.id: bigint"]);
}

#[tokio::test]
async fn scratch_space_goes_also_when_nobody_closes_it() {
    struct Unwrapped;
    impl MigratorTrait for Unwrapped {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            vec![Box::new(Sql { transaction: Some(false), ..SHELVES })]
        }
    }
    let database = Database::empty().await;
    let (name, listed) = match database.backend() {
        DbBackend::Sqlite => return,
        DbBackend::Postgres => ("SELECT current_database()::text", "SELECT datname::text FROM pg_database"),
        _ => ("SELECT DATABASE()", "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA"),
    };
    let query = |sql: &str| sea_orm::Statement::from_string(database.backend(), sql);
    let shadow = Shadow::open(&ShadowTarget::beside::<Unwrapped>(&database.url)).await.unwrap();
    shadow.up(Unwrapped::migrations()[0].as_ref()).await.unwrap();
    let row = shadow.executor().query_one_raw(query(name)).await.unwrap().unwrap();
    let name: String = row.try_get_by_index(0).unwrap();
    assert!(name.starts_with("shadow_"), "{name}");
    drop(shadow);
    let connection = database.connect().await;
    for row in connection.query_all_raw(query(listed)).await.unwrap() {
        assert_ne!(row.try_get_by_index::<String>(0).unwrap(), name);
    }
    connection.close().await.unwrap();
}
