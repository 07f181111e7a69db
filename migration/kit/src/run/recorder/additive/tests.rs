use sea_orm_migration::sea_orm::Statement;

use super::*;

const ALL: [DbBackend; 3] = [DbBackend::Sqlite, DbBackend::Postgres, DbBackend::MySql];

/// The compatibility of statements on a database with shelves.
fn after(backend: DbBackend, statements: &[&str]) -> Compatibility {
    let mut before = Snapshot::default();
    before.apply(backend, "CREATE TABLE shelves (id bigint NOT NULL PRIMARY KEY, label varchar(20))");
    let statements = statements.iter().map(|sql| Statement::from_string(backend, *sql)).collect();
    compatibility(backend, &before, &Recorded { statements, ..Recorded::default() })
}

#[test]
fn what_only_adds_is_compatible() {
    let cases: &[&[&str]] = &[
        &[],
        &["CREATE TABLE racks (id bigint NOT NULL PRIMARY KEY, shelf bigint REFERENCES shelves (id))"],
        &["CREATE TABLE racks (id bigint)", "CREATE UNIQUE INDEX one ON racks (id)", "DELETE FROM racks"],
        &["CREATE TABLE racks (id bigint)", "ALTER TABLE racks DROP COLUMN id", "DROP TABLE racks"],
        &["CREATE TABLE racks (id bigint)", "ALTER TABLE racks RENAME TO rows_of_shelves"],
        &["ALTER TABLE shelves ADD COLUMN depth bigint"],
        &["ALTER TABLE shelves ADD COLUMN depth bigint NULL CHECK (depth > 0)"],
        &["ALTER TABLE shelves ADD COLUMN depth bigint NOT NULL DEFAULT 0"],
        &["ALTER TABLE shelves ADD COLUMN depth bigint", "UPDATE shelves SET depth = 1"],
        &["ALTER TABLE shelves ADD COLUMN code varchar(20) UNIQUE"],
        &["CREATE INDEX later ON shelves (label)"],
        &["INSERT INTO shelves (id, label) VALUES (1, 'a')"],
        &["CREATE VIEW labels AS SELECT label FROM shelves"],
    ];
    for backend in ALL {
        for statements in cases {
            assert_eq!(after(backend, statements), Compatibility::Compatible, "{statements:?}");
        }
    }
    let postgres =
        ["CREATE TYPE mood AS ENUM ('good')", "ALTER TABLE shelves ADD COLUMN n bigserial NOT NULL"];
    assert_eq!(after(DbBackend::Postgres, &postgres), Compatibility::Compatible);
}

#[test]
fn what_changes_or_forbids_something_is_breaking() {
    let cases: &[&str] = &[
        "DROP TABLE shelves",
        "ALTER TABLE shelves DROP COLUMN label",
        "ALTER TABLE shelves RENAME TO racks",
        "ALTER TABLE shelves RENAME COLUMN label TO title",
        "ALTER TABLE shelves ADD COLUMN depth bigint NOT NULL",
        "ALTER TABLE shelves ADD COLUMN depth bigint DEFAULT 0 UNIQUE",
        "ALTER TABLE shelves ADD COLUMN depth bigint CHECK (depth > id)",
        "ALTER TABLE shelves ADD CONSTRAINT ck CHECK (id > 0)",
        "CREATE UNIQUE INDEX one ON shelves (label)",
        "DROP INDEX one",
        "UPDATE shelves SET label = 'a'",
        "DELETE FROM shelves WHERE id = 1",
        "CREATE TABLE IF NOT EXISTS shelves (id bigint); DROP TABLE shelves",
        "SELECT setval('numbers', 1)",
        "THIS IS NO SQL",
    ];
    for backend in ALL {
        for sql in cases {
            assert!(matches!(after(backend, &[sql]), Compatibility::Breaking(_)), "{sql}");
        }
    }
    let changes = [
        (DbBackend::Postgres, "ALTER TABLE shelves ALTER COLUMN label TYPE text"),
        (DbBackend::Postgres, "ALTER TABLE shelves ALTER COLUMN label SET NOT NULL"),
        (DbBackend::MySql, "ALTER TABLE shelves MODIFY label varchar(30)"),
        (DbBackend::Sqlite, "INSERT OR REPLACE INTO shelves (id) VALUES (1)"),
    ];
    for (backend, sql) in changes {
        assert!(matches!(after(backend, &[sql]), Compatibility::Breaking(_)), "{sql}");
    }
}

#[test]
fn a_migration_that_depends_on_rows_is_breaking() {
    let reads = vec![Statement::from_string(DbBackend::Sqlite, "SELECT id FROM shelves")];
    let recorded = Recorded { reads, ..Recorded::default() };
    let found = compatibility(DbBackend::Sqlite, &Snapshot::default(), &recorded);
    assert!(found.to_string().contains("SELECT id FROM shelves"), "{found}");
}
