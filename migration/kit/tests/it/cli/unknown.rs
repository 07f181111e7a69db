//! Migrations whose SQL is not known without their database.

use sea_orm::{ConnectionTrait, DatabaseExecutor, DbBackend, DbErr, Statement};
use sea_orm_migration::{
    MigrationName, MigrationTrait, MigratorTrait, SchemaManager, async_trait::async_trait,
};

use super::{Answer, Shell, files::empty_list};
use crate::{database::Database, entities::base, steps::Step};

const SEED: Step = Step {
    name: "m20300101_000001_create_settings",
    up: &[
        "CREATE TABLE _settings (id bigint NOT NULL PRIMARY KEY, value varchar(20))",
        "INSERT INTO _settings VALUES (1, 'default')",
    ],
    down: &["DROP TABLE _settings"],
};
const LAST: Step = Step {
    name: "m20300105_000001_note_settings",
    up: &["ALTER TABLE _settings ADD COLUMN note varchar(20)"],
    down: &["ALTER TABLE _settings DROP COLUMN note"],
};

/// The way in which a migration depends on its database.
#[derive(Clone, Copy)]
enum Needs {
    Row,
    RowUnwrapped,
    Pool,
}

/// A migration that creates a table of its own.
struct Needy {
    name: &'static str,
    table: &'static str,
    needs: Needs,
}

const NEEDY: [Needy; 3] = [
    Needy { name: "m20300102_000001_by_setting", table: "_by_setting", needs: Needs::Row },
    Needy { name: "m20300103_000001_by_unwrapped", table: "_by_unwrapped", needs: Needs::RowUnwrapped },
    Needy { name: "m20300104_000001_by_pool", table: "_by_pool", needs: Needs::Pool },
];

impl MigrationName for Needy {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait]
impl MigrationTrait for Needy {
    /// A pool is reached outside of transactions only.
    fn use_transaction(&self) -> Option<bool> {
        matches!(self.needs, Needs::Pool).then_some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let backend = manager.get_database_backend();
        let query = Statement::from_string(backend, "SELECT value FROM _settings WHERE id = 1");
        match (self.needs, db) {
            (Needs::Row, db) => {
                let row = db.query_one_raw(query).await?;
                row.ok_or_else(|| DbErr::Custom("the setting is missing".to_owned()))?;
            }
            (Needs::RowUnwrapped, db) => {
                db.query_one_raw(query).await?.unwrap();
            }
            (Needs::Pool, DatabaseExecutor::Connection(db)) => match backend {
                DbBackend::Postgres => drop(db.get_postgres_connection_pool().clone()),
                DbBackend::MySql => drop(db.get_mysql_connection_pool().clone()),
                _ => drop(db.get_sqlite_connection_pool().clone()),
            },
            (Needs::Pool, _) => panic!("a transaction has no pool"),
        }
        db.execute_unprepared(&format!("CREATE TABLE {} (id bigint)", self.table)).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(&format!("DROP TABLE {}", self.table)).await?;
        Ok(())
    }
}

pub(super) struct Doubtful;

impl MigratorTrait for Doubtful {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut all: Vec<Box<dyn MigrationTrait>> = vec![Box::new(base::Migration), Box::new(SEED)];
        all.extend(NEEDY.map(|migration| Box::new(migration) as _));
        all.push(Box::new(LAST));
        all
    }
}

/// The unknown migrations that an answer warns of, each as often as it does. No panic is printed.
fn warned(answer: &Answer) -> Vec<&'static str> {
    assert!(!answer.err.contains("panicked at"), "{answer:?}");
    let warnings = |text: &str| {
        let lines = text.lines().filter(|line| line.starts_with("warning: the SQL of "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let warnings = [warnings(&answer.err), warnings(&answer.out)].concat();
    let named = |name: &str| warnings.iter().filter(|line| line.contains(name)).count();
    NEEDY.iter().flat_map(|each| vec![each.name; named(each.name)]).collect()
}

const NAMES: [&str; 3] = [NEEDY[0].name, NEEDY[1].name, NEEDY[2].name];

#[tokio::test]
async fn an_unknown_migration_runs_and_is_warned_of_once() {
    let database = Database::empty().await;
    // Where there are no rows, none can be lost.
    let shell = Shell { app_env: "production", ..Shell::at(&database.url, "doubtful") };
    let up = shell.run("up");
    assert_eq!((up.code, warned(&up)), (0, NAMES.to_vec()), "{up:?}");
    assert_eq!(up.err.matches("applied m").count(), 5, "{up:?}");
    let again = shell.run("up");
    assert_eq!((again.code, warned(&again)), (0, Vec::new()), "{again:?}");

    let development = Shell { app_env: "development", ..shell };
    let down = development.run("down --to base");
    assert_eq!((down.code, warned(&down)), (0, Vec::new()), "{down:?}");
    let stamp = development.run("stamp head");
    assert_eq!((stamp.code, warned(&stamp)), (0, NAMES.to_vec()), "{stamp:?}");
    assert_eq!(development.well("status").matches("applied  ").count(), 6);
}

#[tokio::test]
async fn a_verb_that_only_looks_names_each_unknown_migration_once() {
    let database = Database::empty().await;
    let shell = Shell::at(&database.url, "doubtful");
    for verb in ["plan", "plan --json", "check", "status", "sql", "lint", "lint --json"] {
        let answer = shell.run(verb);
        assert_eq!(warned(&answer), NAMES, "{verb}: {answer:?}");
        assert!(answer.code == 0 || verb.starts_with("lint"), "{verb}: {answer:?}");
    }
    // There is nothing to write.
    empty_list(&shell);
    assert_eq!(warned(&shell.run("autogenerate nothing")), NAMES);
    for name in NAMES {
        let answer = shell.run(&format!("show {name}"));
        assert_eq!((answer.code, warned(&answer)), (0, vec![name]), "{answer:?}");
        assert!(answer.out.contains("-- unknown: without"), "{answer:?}");
        assert!(answer.out.contains("upgrade      breaking: its SQL is unknown"), "{answer:?}");
    }
    assert!(shell.well("plan").contains("-- may do more than this: without rows it fails: "));
    assert!(shell.run("plan").err.contains("without a database it panics: "));
}

#[tokio::test]
async fn a_script_leaves_an_unknown_migration_to_a_run() {
    let database = Database::empty().await;
    let shell = Shell::at(&database.url, "doubtful");
    let script = shell.well("sql");
    for each in NEEDY {
        assert!(!script.contains(&format!("CREATE TABLE {}", each.table)), "{script}");
        assert!(!script.contains(&format!("'{}'", each.name)), "{script}");
    }
    assert_eq!(script.matches("-- Left out, and not recorded: run `up`").count(), 3, "{script}");
    assert!(script.contains(&format!("'{}'", LAST.name)), "{script}");
    assert!(shell.ill("sql --strict").contains("without rows it fails"));
}

#[tokio::test]
async fn an_unknown_migration_is_asked_about_if_there_are_rows() {
    let database = Database::empty().await;
    let shell = Shell { app_env: "production", ..Shell::at(&database.url, "doubtful") };
    shell.well("up -n 2");
    let refused = shell.ill("up");
    for name in NAMES {
        assert!(refused.contains(&format!("{name}: its SQL is unknown and may lose data: ")), "{refused}");
    }
    assert!(refused.contains("give --yes") && !refused.contains(LAST.name), "{refused}");
    assert_eq!(shell.well("status").matches("applied  ").count(), 2);
    shell.well("up -n 1 --allow-destructive");
    shell.well("up --yes");
    assert_eq!(shell.well("status").matches("applied  ").count(), 6);
}
