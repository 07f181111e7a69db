//! All migrations, applied afresh and by several processes at once.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use migration::{Migrator, MigratorTrait, startup};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sea_orm_migration_kit::run::{self, Session, Target, Until};

use crate::database::{Database, Server};

#[tokio::test]
async fn bookly_itself_can_be_made_afresh() {
    let database = Database::empty().await;
    let target = Target::new(&database.url, "a test", Duration::from_mins(1));
    let mut session = Session::<Migrator>::open(target).await.unwrap();
    let all = session.up(Until::End).await.unwrap().len();
    if database.backend() == DbBackend::Postgres {
        database.execute("CREATE TYPE span AS RANGE (subtype = float8)").await;
        database.execute("CREATE SEQUENCE numbers").await;
    }
    for _ in 0..2 {
        assert_eq!(session.fresh().await.unwrap().len(), all);
    }
    session.close().await.unwrap();
    if database.backend() == DbBackend::Postgres {
        database.execute("CREATE SEQUENCE numbers").await;
    }
}

/// Foreign keys whose column begins no index.
const UNINDEXED: &str = r#"
SELECT t.name || '.' || k."from" AS name FROM sqlite_master AS t, pragma_foreign_key_list(t.name) AS k
WHERE NOT EXISTS (
    SELECT 1 FROM pragma_index_list(t.name) AS i, pragma_index_info(i.name) AS c
    WHERE i.partial = 0 AND c.seqno = 0 AND c.name = k."from"
)"#;

#[tokio::test]
async fn every_foreign_key_has_an_index() {
    let database = Database::on(Server::Sqlite).await;
    startup::up(&database.url).await.unwrap();
    let db = database.connect().await;
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, UNINDEXED)).await.unwrap();
    let names: Vec<String> = rows.iter().map(|row| row.try_get("", "name").unwrap()).collect();
    db.close().await.unwrap();
    assert!(names.is_empty(), "foreign keys without an index: {names:?}");
}

/// Number of times that the race is run.
#[expect(clippy::disallowed_methods, reason = "a setting of the tests")]
fn rounds() -> usize {
    std::env::var("TEST_ROUNDS").map_or(3, |rounds| rounds.parse().unwrap())
}

#[tokio::test]
async fn our_own_migrations_are_applied_once_by_eight_processes() {
    let count = Migrator::migrations().len();
    for _ in 0..rounds() {
        let database = Database::empty().await;
        let processes: Vec<_> = (0..8)
            .map(|_| {
                Command::new(std::env::current_exe().unwrap())
                    .args([
                        "migrations::migrates_in_a_process_of_its_own",
                        "--exact",
                        "--ignored",
                        "--nocapture",
                    ])
                    .env("IT_URL", &database.url)
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        let mut steps = 0;
        for process in processes {
            let ended = process.wait_with_output().unwrap();
            let (out, err) =
                (String::from_utf8(ended.stdout).unwrap(), String::from_utf8(ended.stderr).unwrap());
            assert!(ended.status.success(), "{out}{err}");
            steps += out.lines().filter(|line| line.starts_with("applied ")).count();
        }
        assert_eq!(steps, count, "each was applied once");
        let applied = run::applied_names::<Migrator>(&database.connect().await).await.unwrap();
        assert_eq!(applied.len(), count);
    }
}

#[tokio::test]
#[ignore = "other tests start it in a process of its own"]
#[expect(clippy::disallowed_methods, reason = "how the tests tell it what to do")]
async fn migrates_in_a_process_of_its_own() {
    let Ok(url) = std::env::var("IT_URL") else { return };
    let mut session = Session::<Migrator>::open(Target::new(url, "a test", startup::PATIENCE)).await.unwrap();
    for step in session.up(Until::End).await.unwrap() {
        println!("{step}");
    }
    session.close().await.unwrap();
}
