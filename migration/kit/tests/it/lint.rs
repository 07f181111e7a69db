//! What the linter finds in migrations that are written here as SQL. It needs no database.

use sea_orm::{DbBackend, DbErr, Statement};
use sea_orm_migration::{
    MigrationTrait, MigratorTrait, SchemaManager, async_trait::async_trait, prelude::*, schema::*,
};
use sea_orm_migration_kit::{
    Exception, Rule, dialect, lint_exceptions,
    run::recorder::{self, Recorded},
    tooling::lint::{self, Finding, LEFT_OUT, Level, RULES},
};
use squawk_linter::Linter;

use crate::steps::Step;

const SHELVES: &str =
    "CREATE TABLE shelves (id bigint NOT NULL PRIMARY KEY, label varchar(20), size bigint, kind text)";

fn recorded(backend: DbBackend, name: &str, statements: &[&str], exceptions: &[Exception]) -> Recorded {
    Recorded {
        name: name.to_owned(),
        statements: statements.iter().map(|sql| Statement::from_string(backend, *sql)).collect(),
        reads: Vec::new(),
        exceptions: exceptions.to_vec(),
    }
}

/// What a migration of these statements breaks, after one that has created the shelves.
fn broken(backend: DbBackend, statements: &[&str]) -> Vec<Finding> {
    let migrations = vec![recorded(backend, "m1", &[SHELVES], &[]), recorded(backend, "m2", statements, &[])];
    lint::run(&[(backend, migrations)])
}

fn expect(backend: DbBackend, cases: &[(&[&str], &[&str])]) {
    for (statements, expected) in cases {
        let findings = broken(backend, statements);
        let rules: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
        assert_eq!(rules, *expected, "{statements:?}: {findings:#?}");
    }
}

const ALL: [DbBackend; 3] = [DbBackend::Sqlite, DbBackend::Postgres, DbBackend::MySql];

#[test]
fn what_loses_data_is_found_everywhere_under_one_name() {
    for backend in ALL {
        expect(
            backend,
            &[
                (&["DROP TABLE shelves"], &["ban-drop-table"]),
                (&["DROP TABLE IF EXISTS shelves"], &["ban-drop-table"]),
                (&["ALTER TABLE shelves DROP COLUMN label"], &["ban-drop-column"]),
                (&["DELETE FROM shelves"], &["delete-without-where"]),
                (&["DELETE FROM shelves WHERE id = 1"], &[]),
                (&["UPDATE shelves SET size = 1"], &["update-without-where"]),
                (&["UPDATE shelves SET size = 1 WHERE size IS NULL"], &[]),
                (&["ALTER TABLE shelves RENAME TO racks"], &["renaming-table"]),
                (&["ALTER TABLE shelves RENAME COLUMN label TO title"], &["renaming-column"]),
                (&["ALTER TABLE shelves ADD COLUMN depth bigint NOT NULL"], &["adding-required-field"]),
                (&["ALTER TABLE shelves ADD COLUMN depth bigint NOT NULL DEFAULT 0"], &[]),
                (&["ALTER TABLE shelves ADD COLUMN depth bigint"], &[]),
            ],
        );
        let lost = broken(backend, &["DROP TABLE shelves"]);
        assert_eq!(lost[0].level, Level::Loss);
    }
}

#[test]
fn what_is_done_to_a_table_of_the_same_migration_is_safe() {
    for backend in ALL {
        let racks = "CREATE TABLE racks (id bigint)";
        let several: &[&str] = if backend == DbBackend::MySql { &["several-changes"] } else { &[] };
        expect(
            backend,
            &[
                (&[racks, "DROP TABLE racks"], several),
                (&[racks, "UPDATE racks SET id = 2", "DELETE FROM racks"], &[]),
                (&[racks, "ALTER TABLE racks RENAME TO rows_of_shelves"], several),
                (&[racks, "CREATE INDEX later ON racks (id)"], several),
            ],
        );
    }
}

#[test]
fn a_column_that_was_just_added_is_filled_row_by_row() {
    for backend in ALL {
        let statements = [
            "ALTER TABLE shelves ADD COLUMN depth bigint",
            "UPDATE shelves SET depth = 1 WHERE depth IS NULL",
        ];
        expect(backend, &[(&statements, &["update-without-where"])]);
    }
}

const BUILD: &str = "CREATE TABLE shelves_rebuilt (id bigint, label varchar(20), size bigint, kind text)";
const DROP: &str = "DROP TABLE shelves";
const RENAME: &str = "ALTER TABLE shelves_rebuilt RENAME TO shelves";

#[test]
fn a_rebuild_loses_the_columns_that_it_leaves_out() {
    let copy = |columns: &str, from: &str| {
        format!("INSERT INTO shelves_rebuilt ({columns}) SELECT {from} FROM shelves")
    };
    let all = "id, label, size, kind";
    let cases: [(String, &[&str]); 7] = [
        (copy(all, all), &["rebuilding-table"]),
        ("INSERT INTO shelves_rebuilt SELECT * FROM shelves".to_owned(), &["rebuilding-table"]),
        (copy("rowid, id, label, size, kind", "rowid, id, label, size, kind"), &["rebuilding-table"]),
        (copy(all, "id, trim(label), coalesce(size, 0), kind"), &["rebuilding-table"]),
        (copy("id, label, size", "id, label, size"), &["ban-drop-column", "rebuilding-table"]),
        (copy("id, title, size, kind", all), &["rebuilding-table", "renaming-column"]),
        (format!("{} WHERE size > 1", copy(all, all)), &["ban-drop-table"]),
    ];
    for (copy, expected) in cases {
        expect(DbBackend::Sqlite, &[(&[BUILD, &copy, DROP, RENAME], expected)]);
    }
    let aside = [
        "ALTER TABLE shelves RENAME TO shelves_old",
        SHELVES,
        "INSERT INTO shelves SELECT * FROM shelves_old",
        "DROP TABLE shelves_old",
    ];
    expect(DbBackend::Sqlite, &[(&aside, &["rebuilding-table"])]);
}

#[test]
fn mariadb_is_known_for_what_it_copies() {
    expect(
        DbBackend::MySql,
        &[
            (&["ALTER TABLE shelves MODIFY label varchar(300)"], &[]),
            (
                &["ALTER TABLE shelves MODIFY label varchar(10)"],
                &["changing-column-type", "narrowing-column-type"],
            ),
            (&["ALTER TABLE shelves MODIFY label varchar(20) NOT NULL"], &["adding-not-nullable-field"]),
            (&["ALTER TABLE shelves MODIFY label varchar(20) DEFAULT 'x'"], &[]),
            (&["ALTER TABLE shelves MODIFY size int"], &["changing-column-type", "narrowing-column-type"]),
            (&["ALTER TABLE shelves MODIFY size double"], &["changing-column-type", "narrowing-column-type"]),
            (&["ALTER TABLE shelves CHANGE label title varchar(20)"], &["renaming-column"]),
            (&["ALTER TABLE shelves MODIFY unheard text"], &["changing-column-type"]),
            (
                &["ALTER TABLE shelves ADD CONSTRAINT fk FOREIGN KEY (size) REFERENCES shelves (id)"],
                &["adding-foreign-key-constraint"],
            ),
            (
                &[
                    "SET foreign_key_checks = 0",
                    "ALTER TABLE shelves ADD CONSTRAINT fk FOREIGN KEY (size) REFERENCES shelves (id)",
                    "SET foreign_key_checks = 1",
                ],
                &[],
            ),
            (&["ALTER TABLE shelves ADD CONSTRAINT ck CHECK (size > 0)"], &["constraint-missing-not-valid"]),
            (&["CREATE INDEX later ON shelves (size)"], &[]),
            (&["CREATE UNIQUE INDEX later ON shelves (size)"], &[]),
            (&["CREATE FULLTEXT INDEX later ON shelves (kind)"], &["require-concurrent-index-creation"]),
            (
                &["ALTER TABLE shelves ADD FULLTEXT INDEX later (kind)"],
                &["require-concurrent-index-creation"],
            ),
            (&["ALTER TABLE shelves CONVERT TO CHARACTER SET utf8mb4"], &["converting-character-set"]),
            (
                &["ALTER TABLE shelves DROP PRIMARY KEY, ADD PRIMARY KEY (id, size)"],
                &["adding-serial-primary-key-field"],
            ),
            (
                &["ALTER TABLE shelves ADD COLUMN n bigint NOT NULL AUTO_INCREMENT UNIQUE"],
                &["adding-serial-primary-key-field"],
            ),
            (
                &["ALTER TABLE shelves ADD COLUMN twice bigint GENERATED ALWAYS AS (size * 2) STORED"],
                &["adding-field-with-default"],
            ),
            (&["RENAME TABLE shelves TO racks"], &["renaming-table"]),
            (&["TRUNCATE TABLE shelves"], &["ban-truncate"]),
            (&["DROP DATABASE library"], &["ban-drop-database"]),
            (
                &["CREATE INDEX a ON shelves (size)", "CREATE INDEX b ON shelves (label)"],
                &["several-changes"],
            ),
        ],
    );
}

#[test]
fn postgres_is_read_by_squawk() {
    expect(
        DbBackend::Postgres,
        &[
            (&["CREATE INDEX later ON shelves (size)"], &["require-concurrent-index-creation"]),
            (&["CREATE INDEX CONCURRENTLY later ON shelves (size)"], &[]),
            (
                &["ALTER TABLE shelves ADD CONSTRAINT fk FOREIGN KEY (size) REFERENCES shelves (id)"],
                &["adding-foreign-key-constraint"],
            ),
            (&["ALTER TABLE shelves ADD CONSTRAINT ck CHECK (size > 0)"], &["constraint-missing-not-valid"]),
            (&["ALTER TABLE shelves ADD CONSTRAINT ck CHECK (size > 0) NOT VALID"], &[]),
            (&["ALTER TABLE shelves ADD CONSTRAINT u UNIQUE (size)"], &["disallowed-unique-constraint"]),
            (&["ALTER TABLE shelves ALTER COLUMN size SET NOT NULL"], &["adding-not-nullable-field"]),
            (&["ALTER TABLE shelves ALTER COLUMN size DROP NOT NULL"], &[]),
            (&["ALTER TABLE shelves ALTER COLUMN label TYPE varchar(30)"], &[]),
            (&["ALTER TABLE shelves ALTER COLUMN label TYPE text USING label::text"], &[]),
            (
                &["ALTER TABLE shelves ALTER COLUMN label TYPE varchar(10) USING label::varchar(10)"],
                &["changing-column-type", "narrowing-column-type"],
            ),
            (
                &["ALTER TABLE shelves ALTER COLUMN size TYPE double precision"],
                &["changing-column-type", "narrowing-column-type"],
            ),
            (&["ALTER TABLE shelves ALTER COLUMN size DROP DEFAULT"], &["ban-drop-default"]),
            (
                &[
                    "ALTER TABLE shelves ALTER COLUMN size DROP DEFAULT",
                    "ALTER TABLE shelves ALTER COLUMN size SET DEFAULT 2",
                ],
                &[],
            ),
            (
                &[
                    "CREATE TYPE kind AS ENUM ('a')",
                    "ALTER TYPE kind RENAME TO kind_old",
                    "CREATE TYPE kind AS ENUM ('a', 'b')",
                    "DROP TYPE kind_old",
                ],
                &[],
            ),
            (&["DROP TYPE kind"], &["ban-drop-type"]),
            (&["TRUNCATE shelves"], &["ban-truncate"]),
            (&["DROP SCHEMA old CASCADE"], &["ban-drop-schema"]),
            (&["INSERT INTO shelves (id) VALUES ($1)"], &[]),
            (&["BEGIN"], &["ban-uncommitted-transaction", "transaction-nesting"]),
        ],
    );
}

#[test]
fn what_cannot_be_read_is_noted() {
    for backend in ALL {
        let findings = broken(backend, &["FROBNICATE shelves"]);
        assert_eq!(findings.len(), 1, "{findings:#?}");
        assert_eq!((findings[0].rule.as_str(), findings[0].fails()), ("unread-statement", false));
    }
    expect(
        DbBackend::Sqlite,
        &[(
            &[
                "CREATE TRIGGER noted AFTER INSERT ON shelves BEGIN DELETE FROM shelves; END",
                "PRAGMA foreign_keys = OFF",
            ],
            &[],
        )],
    );
}

#[test]
fn a_finding_is_one_line_with_the_safer_way() {
    let findings = broken(DbBackend::MySql, &["ALTER TABLE shelves\n DROP COLUMN label"]);
    assert_eq!(
        findings[0].to_string(),
        "m2 on mariadb: ban-drop-column: its values are lost, and the version that still runs asks for them; instead: \
         release a version that neither reads nor writes the column, then drop it [ALTER TABLE shelves DROP COLUMN label]"
    );
    for backend in ALL {
        for sql in
            ["CREATE INDEX later ON shelves (size)", "DROP TABLE shelves", "DROP VIEW seen", "VACUUM FULL"]
        {
            for finding in broken(backend, &[sql]) {
                assert!(!finding.to_string().contains('\n') && !finding.instead.is_empty(), "{finding}");
            }
        }
    }
}

struct Reasoned;

/// A migration with two exceptions, one of which it does not need.
struct Indexed;

lint_exceptions!(
    Indexed,
    [(Rule::RequireConcurrentIndexCreation, "no rows yet"), (Rule::BanDropTable, "nobody drops")]
);

impl MigrationName for Indexed {
    fn name(&self) -> &'static str {
        "m2_indexed"
    }
}

#[async_trait]
impl MigrationTrait for Indexed {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("CREATE INDEX later ON shelves (size)").await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP INDEX later").await.map(drop)
    }
}

#[async_trait]
impl MigratorTrait for Reasoned {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let create = Step { name: "m1", up: &[SHELVES], down: &["DROP TABLE shelves"] };
        vec![Box::new(create), Box::new(Indexed)]
    }
}

#[tokio::test]
async fn a_reason_allows_and_one_for_nothing_is_found() {
    let mut recordings = Vec::new();
    for backend in ALL {
        recordings.push((backend, recorder::ups::<Reasoned>(backend).await.unwrap()));
    }
    let findings = lint::run(&recordings);
    let lines: Vec<_> = findings
        .iter()
        .map(|finding| (finding.rule.as_str(), finding.database, finding.allowed.as_deref()))
        .collect();
    assert_eq!(
        lines,
        [
            ("require-concurrent-index-creation", Some("postgres"), Some("no rows yet")),
            ("unused-allow", None, None),
        ]
    );
    assert_eq!(findings.iter().filter(|finding| finding.fails()).count(), 1);
    let without_reason = Exception { rule: Rule::BanDropTable, reason: "" };
    let silent = recorded(DbBackend::Sqlite, "m2", &["DROP TABLE shelves"], &[without_reason]);
    let findings = lint::run(&[(DbBackend::Sqlite, vec![silent])]);
    assert!(
        findings.iter().all(Finding::fails) && findings.len() == 2,
        "a reason must be given: {findings:#?}"
    );
}

#[test]
fn a_guard_sees_only_what_loses_data() {
    let copy = "INSERT INTO shelves_rebuilt (id, label) SELECT id, label FROM shelves";
    let cases: [(&[&str], &[&str]); 5] = [
        (&["DROP TABLE shelves"], &["ban-drop-table"]),
        (&[BUILD, copy, DROP, RENAME], &["ban-drop-column"]),
        (&["ALTER TABLE shelves RENAME TO racks", "UPDATE racks SET size = 1"], &[]),
        (&["CREATE INDEX later ON shelves (size)", "DROP INDEX later"], &[]),
        (&["DELETE FROM shelves"], &["delete-without-where"]),
    ];
    for backend in ALL {
        let before = [recorded(backend, "m1", &[SHELVES], &[])];
        for (statements, expected) in cases {
            let run = [recorded(backend, "m2", statements, &[])];
            let findings = lint::destructive(backend, &before, &run);
            let rules: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
            assert_eq!(rules, expected, "{statements:?}");
        }
    }
}

#[tokio::test]
async fn taking_back_what_created_a_table_loses_it() {
    for backend in ALL {
        let ups = recorder::ups::<Reasoned>(backend).await.unwrap();
        let downs = recorder::downs::<Reasoned>(backend).await.unwrap();
        let findings = lint::destructive(backend, &ups, &downs);
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].migration.as_str(), findings[0].rule.as_str()), ("m1", "ban-drop-table"));
        assert!(lint::destructive(backend, &ups, &downs[..1]).is_empty());
    }
}

#[test]
fn every_rule_is_explained_once_for_each_database() {
    for (position, rule) in RULES.iter().enumerate() {
        assert!(!rule.why.is_empty() && !rule.instead.is_empty(), "{}", rule.rule);
        let twice = RULES[..position]
            .iter()
            .any(|other| other.rule == rule.rule && other.on.iter().any(|backend| rule.on.contains(backend)));
        assert!(!twice, "{}", rule.rule);
    }
    let names: Vec<String> = LEFT_OUT.iter().map(|(rule, _)| rule.to_string()).collect();
    assert!(!names.iter().any(|name| RULES.iter().any(|rule| rule.rule.as_str() == name)));
    // A rule that a new squawk brings is in until a reason is given for leaving it out.
    let kept = Linter::with_default_rules().rules;
    assert!(kept.len() > 30 && LEFT_OUT.iter().filter(|(rule, _)| kept.contains(rule)).count() < 17);
}
struct Resized;
struct Create;
struct Resize;

impl MigrationName for Create {
    fn name(&self) -> &'static str {
        "m1"
    }
}

impl MigrationName for Resize {
    fn name(&self) -> &'static str {
        "m2"
    }
}

fn crates(manager: &SchemaManager, label: u32) -> TableCreateStatement {
    let mut table = dialect::table(manager, "crates");
    table.col(big_integer("id").primary_key()).col(string_len("label", label).default("none"));
    table
}

#[async_trait]
impl MigrationTrait for Create {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(crates(manager, 50)).await
    }
}

#[async_trait]
impl MigrationTrait for Resize {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            return dialect::rebuild(manager, crates(manager, 20), &["id", "label"]).await;
        }
        let label = |length| string_len("label", length).default("none").take();
        dialect::change_column(manager, "crates", label(50), label(20)).await
    }
}

#[async_trait]
impl MigratorTrait for Resized {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Create), Box::new(Resize)]
    }
}

#[tokio::test]
async fn what_dialect_does_is_understood() {
    for backend in ALL {
        let ups = recorder::ups::<Resized>(backend).await.unwrap();
        let findings = lint::run(&[(backend, ups)]);
        let rules: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
        match backend {
            DbBackend::Sqlite => assert_eq!(rules, ["rebuilding-table"]),
            _ => assert_eq!(rules, ["changing-column-type", "narrowing-column-type"], "{findings:#?}"),
        }
    }
}
