//! Processes at the nodes of a Galera cluster, whose URLs `TEST_GALERA_URLS` has, separated by spaces.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Database as Connector, DbBackend, Statement};
use sea_orm_migration_kit::run::{self, Error, Session, Target, Until};

use crate::{
    cut_off::Slow,
    database::{Database, Server},
    parcels::{MANY, Many, Of},
    process::Process,
};

const LONG: Duration = Duration::from_mins(10);

#[expect(clippy::disallowed_methods, reason = "the tests' own settings")]
fn nodes() -> Vec<String> {
    let nodes = std::env::var("TEST_GALERA_URLS").unwrap_or_default();
    nodes.split_whitespace().map(str::to_owned).collect()
}

/// A new database, and its URL at each node. None without a cluster.
async fn at_each_node() -> Option<(Database, Vec<String>)> {
    let nodes = nodes();
    let database = Database::on(Server::MariaDb(nodes.first()?.clone())).await;
    let name = url::Url::parse(&database.url).unwrap().path().to_owned();
    let urls = nodes.iter().map(|node| {
        let mut url = url::Url::parse(node).unwrap();
        url.set_path(&name);
        url.to_string()
    });
    let urls: Vec<String> = urls.collect();
    for url in &urls {
        // The other nodes create it a little later.
        while Connector::connect(url).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Some((database, urls))
}

#[tokio::test]
async fn of_processes_at_all_nodes_one_migrates_and_the_others_wait() {
    for _ in 0..3 {
        let Some((database, urls)) = at_each_node().await else { return };
        let processes: Vec<_> =
            urls.iter().cycle().take(6).map(|url| Process::start("many", url, LONG)).collect();
        let mut applied = 0;
        for process in processes {
            let ended = process.end();
            assert!(ended.succeeded, "{}{}", ended.printed, ended.logged);
            applied += ended.printed.lines().filter(|line| line.starts_with("applied ")).count();
        }
        assert_eq!(applied, MANY, "each was applied once");
        let names = run::applied_names::<Of<Many>>(&database.connect().await).await.unwrap();
        assert_eq!(names.len(), MANY);
    }
}

#[tokio::test]
async fn a_process_at_another_node_names_the_holder() {
    let Some((_database, urls)) = at_each_node().await else { return };
    let first = Session::<Of<Many>>::open(Target::new(&urls[0], "the first", LONG)).await.unwrap();
    let second = Session::<Of<Many>>::open(Target::new(&urls[1], "a second", Duration::ZERO)).await;
    let Err(Error::Locked { holder, .. }) = second else { panic!("the lock is held") };
    assert!(holder.starts_with("the first, process"), "{holder}");
    first.close().await.unwrap();
    let second = Session::<Of<Many>>::open(Target::new(&urls[1], "a second", Duration::ZERO)).await.unwrap();
    second.close().await.unwrap();
}

#[tokio::test]
async fn the_lease_of_a_killed_process_is_taken_over_and_its_migration_completed() {
    for node in [0, 1] {
        let Some((database, urls)) = at_each_node().await else { return };
        let process = Process::start("slow", &urls[0], LONG);
        let begun = "SELECT CAST(COUNT(*) AS SIGNED) AS n FROM information_schema.processlist WHERE info LIKE 'CREATE TABLE lids%' AND db = DATABASE()";
        let begun = Statement::from_string(DbBackend::MySql, begun);
        let db = database.connect().await;
        loop {
            let row = db.query_one_raw(begun.clone()).await.unwrap().unwrap();
            if row.try_get::<i64>("", "n").unwrap() > 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        process.kill();
        let began = Instant::now();
        let mut next = Session::<Of<Slow>>::open(Target::new(&urls[node], "the next", LONG)).await.unwrap();
        let waited = began.elapsed();
        assert_eq!(next.up(Until::End).await.unwrap().len(), 1);
        next.close().await.unwrap();
        // At the same node, it waits for the statement only; at another one, for the end of the lease.
        assert!(waited < Duration::from_secs(if node == 0 { 8 } else { 25 }), "{waited:?}");
    }
}
