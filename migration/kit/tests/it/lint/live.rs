//! The examples of the pages on the database: each runs, fails, copies or locks as its page claims.

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database as Connector, DatabaseConnection, Statement, TransactionTrait,
};
use sea_orm_migration_kit::tooling::lint::{Claim, EXAMPLE_SCHEMA, Example};

use super::*;
use crate::database::{Database, Server};

/// Rows that are alike, lack a value, are too long for another type, or refer to nothing.
const ROWS: [&str; 2] = [
    "INSERT INTO shelves VALUES (1, 'one', 1, 'a'), (2, 'two', NULL, NULL)",
    "INSERT INTO parcels VALUES (1, 'same', 1, 1), (2, 'same', NULL, NULL), (3, 'another', 500, 2)",
];

/// Locks of PostgreSQL that keep writers off a table, the last one also readers.
const BLOCKING: [&str; 4] = ["ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"];

/// A database with the tables of the examples, and one connection to it.
struct Stage {
    _database: Database,
    db: DatabaseConnection,
}

impl Stage {
    async fn set(rows: bool) -> Self {
        let database = Database::empty().await;
        let mut options = ConnectOptions::new(&database.url);
        options.max_connections(1);
        let db = Connector::connect(options).await.unwrap();
        for sql in EXAMPLE_SCHEMA.iter().chain(ROWS.iter().filter(|_| rows)) {
            db.execute_unprepared(sql).await.unwrap();
        }
        Self { _database: database, db }
    }
}

/// Result of an example.
#[derive(Debug, Default)]
struct Effect {
    error: Option<String>,
    copied: bool,
    locks: Vec<String>,
}

async fn perform(example: &Example, rows: bool, suffix: &str) -> Effect {
    let locks = matches!(example.claim, Claim::BlocksWriters | Claim::BlocksAll);
    if let (Server::Postgres(url), false, false) = (Server::chosen(), example.bare, locks) {
        return perform_undone(&url, example, rows, suffix).await;
    }
    let stage = Stage::set(rows).await;
    let effect = if example.bare {
        statements(&stage.db, example, suffix).await
    } else {
        let txn = stage.db.begin().await.unwrap();
        let effect = statements(&txn, example, suffix).await;
        let _ = txn.rollback().await;
        effect
    };
    stage.db.close().await.unwrap();
    effect
}

/// As [`perform`], in a transaction with the creation of the tables, which holds locks on them itself.
async fn perform_undone(url: &str, example: &Example, rows: bool, suffix: &str) -> Effect {
    let db = Connector::connect(url).await.unwrap();
    let txn = db.begin().await.unwrap();
    for sql in EXAMPLE_SCHEMA.iter().chain(ROWS.iter().filter(|_| rows)) {
        txn.execute_unprepared(sql).await.unwrap();
    }
    let effect = statements(&txn, example, suffix).await;
    let _ = txn.rollback().await;
    db.close().await.unwrap();
    effect
}

async fn statements(db: &impl ConnectionTrait, example: &Example, suffix: &str) -> Effect {
    let (last, first) = example.sql.split_last().unwrap();
    for sql in first {
        if let Err(error) = db.execute_unprepared(sql).await {
            return Effect { error: Some(format!("{sql}: {error}")), ..Effect::default() };
        }
    }
    let before = file(db).await;
    match db.execute_unprepared(&format!("{last}{suffix}")).await {
        Ok(_) => {
            let copied = matches!(example.claim, Claim::Copies) && before != file(db).await;
            Effect { error: None, copied, locks: locks(db).await }
        }
        Err(error) => Effect { error: Some(error.to_string()), ..Effect::default() },
    }
}

/// The file of the parcels on PostgreSQL.
async fn file(db: &impl ConnectionTrait) -> String {
    first(db, "SELECT pg_relation_filenode(to_regclass('parcels'))::text AS it")
        .await
        .pop()
        .unwrap_or_default()
}

/// The locks that this connection holds on the parcels on PostgreSQL.
async fn locks(db: &impl ConnectionTrait) -> Vec<String> {
    first(
        db,
        "SELECT mode AS it FROM pg_locks WHERE pid = pg_backend_pid() AND granted AND relation = to_regclass('parcels')",
    )
    .await
}

async fn first(db: &impl ConnectionTrait, sql: &str) -> Vec<String> {
    let backend = db.get_database_backend();
    if backend != DbBackend::Postgres {
        return Vec::new();
    }
    let rows = db.query_all_raw(Statement::from_string(backend, sql)).await.unwrap_or_default();
    rows.iter().filter_map(|row| row.try_get("", "it").ok()).collect()
}

/// Why an example does not do what its page claims.
async fn refuted(example: &Example, backend: DbBackend) -> Option<String> {
    let with_rows = perform(example, true, "").await;
    let fails = |effect: &Effect, must: bool| {
        (effect.error.is_some() != must).then(|| format!("must fail: {must}, and {effect:?}"))
    };
    match example.claim {
        Claim::Runs => fails(&with_rows, false),
        Claim::Refused => fails(&with_rows, true).or(fails(&perform(example, false, "").await, true)),
        Claim::FailsWithRows => fails(&with_rows, true).or(fails(&perform(example, false, "").await, false)),
        Claim::Copies if backend == DbBackend::MySql => {
            let inplace = perform(example, true, ", ALGORITHM=INPLACE").await;
            fails(&with_rows, false).or(fails(&inplace, true))
        }
        Claim::Copies => {
            fails(&with_rows, false).or((!with_rows.copied).then(|| "it does not copy".to_owned()))
        }
        Claim::BlocksWriters | Claim::BlocksAll if backend == DbBackend::MySql => {
            let comma = if example.sql[0].starts_with("ALTER") { "," } else { "" };
            let unlocked = perform(example, true, &format!("{comma} LOCK=NONE")).await;
            fails(&with_rows, false).or(fails(&unlocked, true))
        }
        Claim::BlocksWriters => holds(&with_rows, &BLOCKING),
        Claim::BlocksAll => holds(&with_rows, &BLOCKING[3..]),
    }
}

fn holds(effect: &Effect, any: &[&str]) -> Option<String> {
    let held = effect.locks.iter().any(|lock| any.contains(&lock.as_str()));
    (!held).then(|| format!("none of {any:?}: {effect:?}"))
}

#[tokio::test]
async fn every_example_does_what_its_page_claims() {
    let backend = Database::empty().await.backend();
    let mut refutations = Vec::new();
    for rule in Rule::ALL {
        let page = lint::page(*rule);
        let examples = page.breaks.iter().chain(page.keeps);
        for example in examples.filter(|example| example.on.contains(&backend)) {
            if let Some(reason) = refuted(example, backend).await {
                refutations.push(format!("{rule}: {:?}: {reason}", example.sql));
            }
        }
    }
    assert!(refutations.is_empty(), "{}", refutations.join("\n"));
}

#[tokio::test]
async fn mariadb_copies_a_table_for_a_longer_varchar_as_the_linter_says() {
    let database = Database::empty().await;
    if database.backend() != DbBackend::MySql {
        return;
    }
    let create = |length: u32| format!("CREATE TABLE texts (t varchar({length})) CHARACTER SET utf8mb4");
    for (from, to) in [(31, 300), (32, 63), (32, 64), (40, 100), (63, 64), (64, 100), (100, 20)] {
        let change = format!("ALTER TABLE texts MODIFY t varchar({to})");
        database.execute(&create(from)).await;
        let db = database.connect().await;
        let copied = db.execute_unprepared(&format!("{change}, ALGORITHM=INPLACE")).await.is_err();
        db.close().await.unwrap();
        database.execute("DROP TABLE texts").await;
        let migrations = vec![
            recorded(DbBackend::MySql, "m1", &[&create(from)], &[]),
            recorded(DbBackend::MySql, "m2", &[&change], &[]),
        ];
        let findings = lint::run(&[(DbBackend::MySql, migrations)]);
        let found = findings.iter().any(|finding| finding.rule == Rule::ChangingColumnType);
        assert_eq!(found, copied, "from {from} to {to}");
    }
}
