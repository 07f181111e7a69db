//! Property of the guard: whatever the history of a database and the target of a run, no row and no column is lost
//! unless the run was refused first.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    sync::Arc,
    time::Duration,
};

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};
use sea_orm_migration::{
    MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait::async_trait,
};
use sea_orm_migration_kit::{
    run::{Error, Session, Target, Until},
    tooling::guard::Guard,
};

use crate::database::{Database, Server};

const TABLES: [&str; 2] = ["racks", "bins"];
const COLUMNS: [&str; 3] = ["a", "b", "c"];

/// A change of the schema or of rows. Changes that do not apply to the database as it is do nothing, so that each
/// history can be run.
#[derive(Debug, Clone)]
enum Change {
    Create(usize),
    Add(usize, usize),
    DropColumn(usize, usize),
    DropTable(usize),
    DeleteAll(usize),
    /// A copy with these columns takes the place of the table.
    Rebuild(usize, Vec<usize>),
    Insert(usize),
    /// It drops the table if that has rows.
    DropIfRows(usize),
    /// It needs a row, and then drops the table.
    DropAfterRow(usize),
    /// It creates the table if it is missing, and drops it.
    CreateAndDrop(usize),
}

#[derive(Debug, Clone)]
struct Random {
    name: String,
    changes: Vec<Change>,
}

impl MigrationName for Random {
    fn name(&self) -> &str {
        &self.name
    }
}

#[async_trait]
impl MigrationTrait for Random {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for change in &self.changes {
            apply(manager, change).await?;
        }
        Ok(())
    }
}

async fn apply(manager: &SchemaManager<'_>, change: &Change) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let run = async |sql: String| db.execute_unprepared(&sql).await.map(drop);
    let has_rows = async |table: &str| {
        let query = Statement::from_string(DbBackend::Sqlite, format!("SELECT id FROM {table} LIMIT 1"));
        Ok::<_, DbErr>(db.query_one_raw(query).await?.is_some())
    };
    let table = TABLES[change.table()];
    let is_there = manager.has_table(table).await?;
    match change {
        Change::Create(_) if !is_there => run(format!("CREATE TABLE {table} (id integer)")).await,
        Change::Add(_, column) if is_there && !manager.has_column(table, COLUMNS[*column]).await? => {
            run(format!("ALTER TABLE {table} ADD COLUMN {} text", COLUMNS[*column])).await
        }
        Change::DropColumn(_, column) if is_there && manager.has_column(table, COLUMNS[*column]).await? => {
            run(format!("ALTER TABLE {table} DROP COLUMN {}", COLUMNS[*column])).await
        }
        Change::DropTable(_) if is_there => run(format!("DROP TABLE {table}")).await,
        Change::DeleteAll(_) if is_there => run(format!("DELETE FROM {table}")).await,
        Change::Insert(_) if is_there => run(format!("INSERT INTO {table} (id) VALUES (7)")).await,
        Change::Rebuild(_, columns) if is_there => {
            let mut kept = vec!["id"];
            for column in columns {
                if manager.has_column(table, COLUMNS[*column]).await? {
                    kept.push(COLUMNS[*column]);
                }
            }
            let kept = kept.join(", ");
            run(format!("CREATE TABLE {table}_new ({kept})")).await?;
            run(format!("INSERT INTO {table}_new ({kept}) SELECT {kept} FROM {table}")).await?;
            run(format!("DROP TABLE {table}")).await?;
            run(format!("ALTER TABLE {table}_new RENAME TO {table}")).await
        }
        Change::DropIfRows(_) if is_there && has_rows(table).await? => {
            run(format!("DROP TABLE {table}")).await
        }
        Change::DropAfterRow(_) if is_there => {
            if !has_rows(table).await? {
                return Err(DbErr::Custom("a row is missing".to_owned()));
            }
            run(format!("DROP TABLE {table}")).await
        }
        Change::CreateAndDrop(_) => {
            run(format!("CREATE TABLE IF NOT EXISTS {table} (id integer)")).await?;
            run(format!("DROP TABLE {table}")).await
        }
        _ => Ok(()),
    }
}

impl Change {
    fn table(&self) -> usize {
        match self {
            Self::Create(table)
            | Self::Add(table, _)
            | Self::DropColumn(table, _)
            | Self::DropTable(table)
            | Self::DeleteAll(table)
            | Self::Rebuild(table, _)
            | Self::Insert(table)
            | Self::DropIfRows(table)
            | Self::DropAfterRow(table)
            | Self::CreateAndDrop(table) => *table,
        }
    }
}

thread_local! {
    /// The list of the program that runs now.
    static LIST: RefCell<Vec<Random>> = const { RefCell::new(Vec::new()) };
}

struct Listed;

impl MigratorTrait for Listed {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        LIST.with_borrow(|list| list.iter().map(|each| Box::new(each.clone()) as _).collect())
    }
}

/// A list of migrations, those that an earlier program applied, in its order and form, and the target of the next run.
#[derive(Debug, Clone)]
struct History {
    list: Vec<Random>,
    before: Vec<Random>,
    by_hand: Option<Change>,
    until: Until,
}

fn change() -> impl Strategy<Value = Change> {
    let table = 0..TABLES.len();
    let column = 0..COLUMNS.len();
    prop_oneof![
        3 => table.clone().prop_map(Change::Create),
        3 => (table.clone(), column.clone()).prop_map(|(table, column)| Change::Add(table, column)),
        2 => (table.clone(), column.clone()).prop_map(|(table, column)| Change::DropColumn(table, column)),
        1 => table.clone().prop_map(Change::DropTable),
        1 => table.clone().prop_map(Change::DeleteAll),
        2 => (table.clone(), proptest::collection::vec(column, 0..3))
            .prop_map(|(table, columns)| Change::Rebuild(table, columns)),
        2 => table.clone().prop_map(Change::Insert),
        1 => table.clone().prop_map(Change::DropIfRows),
        1 => table.clone().prop_map(Change::DropAfterRow),
        1 => table.prop_map(Change::CreateAndDrop),
    ]
}

fn history() -> impl Strategy<Value = History> {
    let list = proptest::collection::vec(proptest::collection::vec(change(), 1..3), 1..6);
    list.prop_flat_map(|list| {
        let list: Vec<Random> = list
            .into_iter()
            .enumerate()
            .map(|(number, changes)| Random { name: format!("m{number}_{}", changes.len()), changes })
            .collect();
        let edits = proptest::collection::vec(proptest::option::weighted(0.2, change()), list.len());
        let applied = proptest::sample::subsequence(list.clone(), 0..=list.len()).prop_shuffle();
        let names: Vec<String> = list.iter().map(|each| each.name.clone()).collect();
        let until = prop_oneof![
            Just(Until::End),
            (1..4_u32).prop_map(Until::Steps),
            proptest::sample::select(names.clone()).prop_map(Until::Migration),
            // A part of a name.
            proptest::sample::select(names).prop_map(|name| Until::Migration(name[..2].to_owned())),
        ];
        (Just(list), applied, edits, proptest::option::of(change()), until).prop_map(
            |(list, mut before, edits, by_hand, until)| {
                for (each, edit) in before.iter_mut().zip(edits) {
                    each.changes.extend(edit);
                }
                History { list, before, by_hand, until }
            },
        )
    })
}

/// Every value of every table, by the table and the column.
async fn values(db: &DatabaseConnection) -> BTreeMap<(String, String), usize> {
    let mut found = BTreeMap::new();
    for table in TABLES {
        let manager = SchemaManager::new(db);
        if !manager.has_table(table).await.unwrap() {
            continue;
        }
        for column in ["id"].into_iter().chain(COLUMNS) {
            if manager.has_column(table, column).await.unwrap() {
                let count = format!("SELECT COUNT({column}) AS n FROM {table}");
                let row = db.query_one_raw(Statement::from_string(DbBackend::Sqlite, count)).await.unwrap();
                let count: i64 = row.unwrap().try_get("", "n").unwrap();
                found.insert((table.to_owned(), column.to_owned()), usize::try_from(count).unwrap());
            }
        }
    }
    found
}

/// Runs a history; returns whether the last run was refused, and how many values were lost by it.
async fn run(history: &History) -> (bool, usize) {
    let database = Database::on(Server::Sqlite).await;
    let target = Target::new(&database.url, "a test", Duration::from_mins(1));
    for each in &history.before {
        LIST.set(
            history
                .before
                .iter()
                .take_while(|other| other.name != each.name)
                .chain([each])
                .cloned()
                .collect(),
        );
        let mut session = Session::<Listed>::open(target.clone()).await.unwrap();
        let _ = session.up(Until::End).await;
        session.close().await.unwrap();
    }
    let db = database.connect().await;
    if let Some(change) = &history.by_hand {
        let _ = apply(&SchemaManager::new(&db), change).await;
    }
    for table in TABLES {
        let _ = db.execute_unprepared(&format!("INSERT INTO {table} (id) VALUES (1)")).await;
        for column in COLUMNS {
            let _ = db.execute_unprepared(&format!("UPDATE {table} SET {column} = 'kept'")).await;
        }
    }
    let before = values(&db).await;
    LIST.set(history.list.clone());
    let guard = Arc::new(Guard::<Listed>::default());
    let mut session = Session::<Listed>::open(target).await.unwrap().with_consent(guard);
    let ran = session.up(history.until.clone()).await;
    session.close().await.unwrap();
    let after = values(&db).await;
    db.close().await.unwrap();
    let lost =
        before.iter().filter(|(place, count)| after.get(place).is_none_or(|after| after < count)).count();
    (matches!(ran, Err(Error::NoConsent)), lost)
}

#[test]
fn nothing_is_lost_unasked() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 300, failure_persistence: None, ..Config::default() });
    let (refused, ran) = (Cell::new(0), Cell::new(0));
    runner
        .run(&history(), |history| {
            let (was_refused, lost) = runtime.block_on(run(&history));
            prop_assert_eq!(lost, 0, "values were lost");
            let count = if was_refused { &refused } else { &ran };
            count.set(count.get() + 1);
            Ok(())
        })
        .unwrap();
    let (refused, ran) = (refused.get(), ran.get());
    // The guard neither waves everything through nor refuses everything.
    assert!(refused > 20 && ran > 20, "{refused} refused, {ran} ran");
}
