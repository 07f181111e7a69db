//! The views of what is applied change nothing, need no right to, and tell the truth.

use sea_orm::{ConnectionTrait, Database as Connector, DatabaseConnection, DbBackend, DbErr, Statement};
use sea_orm_migration::{
    MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait::async_trait,
};
use sea_orm_migration_kit::{
    Rule, lint_exceptions,
    run::checksums,
    tooling::history::{self, History, MigrationState},
};

use crate::{
    database::Database,
    reader::{Reader, Reads},
    steps::Step,
};

const CREATE: Step = Step {
    name: "m20300101_000001_create_shelves",
    up: &["CREATE TABLE shelves (id integer, label varchar(20))"],
    down: &["DROP TABLE shelves"],
};
const LABEL: Step = Step {
    name: "m20300102_000002_label_shelves",
    up: &["INSERT INTO shelves VALUES (1, 'it''s')"],
    down: &["DELETE FROM shelves"],
};
const INDEX: Step = Step {
    name: "m20300103_000003_index_shelves",
    up: &["CREATE INDEX later ON shelves (label)"],
    down: &[],
};
const RELABEL: Step =
    Step { name: LABEL.name, up: &["INSERT INTO shelves VALUES (1, 'its')"], down: LABEL.down };

/// The second migration, with an exception from a rule.
struct Label;

impl MigrationName for Label {
    fn name(&self) -> &str {
        LABEL.name
    }
}

#[async_trait]
impl MigrationTrait for Label {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        LABEL.up(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        LABEL.down(manager).await
    }
}

lint_exceptions!(Label, [(Rule::BanDropView, "it must")]);

struct Shelves;
struct Younger;
struct Relabelled;
struct Nothing;

#[async_trait]
impl MigratorTrait for Shelves {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CREATE), Box::new(Label), Box::new(INDEX)]
    }
}

#[async_trait]
impl MigratorTrait for Younger {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CREATE), Box::new(INDEX)]
    }
}

#[async_trait]
impl MigratorTrait for Relabelled {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CREATE), Box::new(RELABEL), Box::new(INDEX)]
    }
}

#[async_trait]
impl MigratorTrait for Nothing {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        Vec::new()
    }
}

async fn tables(db: &DatabaseConnection) -> Vec<String> {
    let backend = db.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => {
            "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        }
        DbBackend::MySql => {
            "SELECT CAST(table_name AS CHAR) FROM information_schema.tables WHERE table_schema = DATABASE()"
        }
        _ => "SELECT name FROM sqlite_master",
    };
    let rows = db.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    let mut tables: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    tables.sort();
    tables
}

fn states(history: &History) -> Vec<MigrationState> {
    history.entries.iter().map(|entry| entry.state).collect()
}

#[tokio::test]
async fn every_state_is_told_and_no_table_is_created() {
    let database = Database::empty().await;
    let db = database.connect().await;
    let look = async || {
        let before = tables(&db).await;
        let history = history::read::<Shelves>(&db).await.unwrap();
        assert_eq!(tables(&db).await, before);
        history
    };
    let empty = look().await;
    assert_eq!(states(&empty), [MigrationState::Pending; 3]);
    assert!(empty.current().is_empty() && empty.out_of_order.is_empty());
    assert_eq!(tables(&db).await, [""; 0]);

    Younger::up(&db, None).await.unwrap();
    let overtaken = look().await;
    assert_eq!(
        states(&overtaken),
        [MigrationState::Applied, MigrationState::Pending, MigrationState::Applied]
    );
    assert_eq!(overtaken.out_of_order, [LABEL.name]);
    assert_eq!(overtaken.current()[0].name, INDEX.name);
    assert!(overtaken.to_string().contains(&format!("warning: {} is pending", LABEL.name)));

    Shelves::up(&db, None).await.unwrap();
    let sums = checksums::all::<Relabelled>(database.backend()).await;
    checksums::record(&SchemaManager::new(&db), "seaql_migrations", &sums).await.unwrap();
    let edited = look().await;
    assert_eq!(states(&edited), [MigrationState::Applied, MigrationState::Edited, MigrationState::Applied]);

    let younger = history::read::<Younger>(&db).await.unwrap();
    assert_eq!(states(&younger), [MigrationState::Applied, MigrationState::Missing, MigrationState::Applied]);
    let current: Vec<_> = younger.current().into_iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(current, [LABEL.name, INDEX.name]);
    assert_eq!(states(&history::read::<Nothing>(&db).await.unwrap()), [MigrationState::Missing; 3]);
    db.close().await.unwrap();
}

#[tokio::test]
async fn a_name_says_when_and_what() {
    let database = Database::empty().await;
    let db = database.connect().await;
    Shelves::up(&db, Some(1)).await.unwrap();
    let history = history::read::<Shelves>(&db).await.unwrap();
    let first = &history.entries[0];
    assert_eq!(first.description, "create shelves");
    assert_eq!(first.created.unwrap().to_string(), "2030-01-01");
    assert!(first.applied_at.is_some() && history.entries[1].applied_at.is_none());
    let json = serde_json::to_value(&history).unwrap();
    assert_eq!(json["entries"][1]["state"], "pending");
    let lines = history.to_string();
    assert!(lines.starts_with("applied  m20300101_000001_create_shelves  20"), "{lines}");
    assert!(lines.ends_with("\npending  m20300103_000003_index_shelves\n"), "{lines}");
    assert!(format!("{history:#}").contains("  description  label shelves\n"));
    assert_eq!(history::heads::<Shelves>(), [INDEX.name]);
    assert_eq!(history::heads::<Nothing>(), [""; 0]);
    db.close().await.unwrap();
}

/// What a user sees who may read so much; and whether he could create a table.
async fn as_reader(database: &Database, reads: Reads) -> (Result<History, DbErr>, bool) {
    let reader = Reader::of(database, reads).await;
    let db = Connector::connect(&reader.url).await.unwrap();
    let history = history::read::<Shelves>(&db).await;
    let creates = db.execute_unprepared("CREATE TABLE mine (id integer)").await.is_ok();
    db.close().await.unwrap();
    (history, creates)
}

#[tokio::test]
async fn a_user_who_may_only_read_the_bookkeeping_sees_it() {
    let database = Database::empty().await;
    let db = database.connect().await;
    Shelves::up(&db, Some(2)).await.unwrap();
    let expected = history::read::<Shelves>(&db).await.unwrap();
    let (seen, creates) = as_reader(&database, Reads::All).await;
    assert_eq!(seen.unwrap(), expected);
    assert!(!creates);
    db.close().await.unwrap();
}

#[tokio::test]
async fn a_user_who_may_not_read_the_bookkeeping_is_not_told_that_nothing_is_applied() {
    let database = Database::empty().await;
    let db = database.connect().await;
    Shelves::up(&db, Some(2)).await.unwrap();
    let (seen, _) = as_reader(&database, Reads::NoneOfOurs).await;
    if database.backend() == DbBackend::Sqlite {
        // Whoever may read a file of SQLite may read all of it.
        assert_eq!(seen.unwrap().entries[0].state, MigrationState::Applied);
    } else {
        let error = seen.unwrap_err().to_string();
        assert!(error.contains("denied"), "{error}");
    }
    db.close().await.unwrap();
}

#[tokio::test]
async fn a_migration_is_shown_with_its_sql() {
    for backend in [DbBackend::Sqlite, DbBackend::Postgres, DbBackend::MySql] {
        let shown = history::show::<Shelves>(backend, "label").await.unwrap();
        assert_eq!(shown.name, LABEL.name);
        assert_eq!(shown.up, ["INSERT INTO shelves VALUES (1, 'it''s')"]);
        assert_eq!(shown.down, ["DELETE FROM shelves"]);
        assert_eq!(
            shown.allowed.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["ban-drop-view: it must"]
        );
        assert_eq!(shown.checksum.as_ref().unwrap().len(), 64);
        assert!(shown.to_string().contains("\nup:\n  INSERT INTO shelves VALUES (1, 'it''s');\n"));
    }
    let shelves = history::show::<Shelves>(DbBackend::Sqlite, "shelves").await.unwrap_err();
    assert!(shelves.to_string().contains("could be"), "{shelves}");
    let nothing = history::show::<Shelves>(DbBackend::Sqlite, "parcels").await.unwrap_err();
    assert!(nothing.to_string().contains("no migration"), "{nothing}");
}
