//! Databases that go silent, lock rows, accept no writes, or make transactions exclude each other.

use std::time::Duration;

use futures_util::future::join_all;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, Statement, TransactionTrait,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    app::{Client, TestApp, path_of},
    database::Database,
    mailbox::wait_for,
    proxy::Proxy,
};

/// Settings of production, in which requests have four seconds.
const BUDGET: [&str; 4] = ["--database-budget", "4", "--database-acquire-timeout", "1"];

/// Longest request on a busy machine. Without a budget, it would take half a minute.
const LONGEST: Duration = Duration::from_secs(12);

/// Server behind a proxy; none on SQLite, which has no network.
async fn behind_proxy() -> Option<(TestApp, Proxy)> {
    let database = Database::empty().await;
    let proxy = Proxy::before(&database).await?;
    let arguments: Vec<&str> = BUDGET.into_iter().chain(["--database-url", &proxy.url]).collect();
    let app = TestApp::on(database, &arguments).await;
    Some((app, proxy))
}

/// Reads and writes a book until `end`; returns the status and the end of each request.
async fn load(client: Client<'_>, path: String, end: Instant) -> Vec<(u16, Instant)> {
    let mut answers = Vec::new();
    while Instant::now() < end {
        let started = Instant::now();
        let answer = if answers.len() % 4 == 3 {
            client.patch(&path, json!({ "page_count": answers.len() + 1 })).await
        } else {
            client.get(&path).await
        };
        assert!(started.elapsed() < LONGEST, "{:?}", started.elapsed());
        answers.push((answer.status.as_u16(), Instant::now()));
    }
    answers
}

#[actix_web::test]
async fn silent_connections_are_replaced() {
    let Some((app, proxy)) = behind_proxy().await else { return };
    let alice = app.user("alice").await;
    let mut clients = Vec::new();
    for number in 0..8 {
        clients.push((alice.clone(), path_of(&alice.book(&format!("Book {number}")).await)));
    }
    let end = Instant::now() + Duration::from_secs(14);
    let freeze = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        proxy.freeze();
        Instant::now()
    };
    let loads = join_all(clients.into_iter().map(|(client, path)| load(client, path, end)));
    let (answers, frozen) = tokio::join!(loads, freeze);
    let after: Vec<_> = answers.iter().flatten().filter(|(_, at)| *at > frozen).collect();
    let first = after.iter().filter(|(status, at)| *status == 200 && *at > frozen + Duration::from_secs(1));
    let first = first.map(|(_, at)| *at - frozen).min();
    let failed = after.iter().filter(|(status, _)| *status != 200).map(|(_, at)| *at - frozen);
    let (count, last) = (failed.clone().count(), failed.max());
    assert!(count > 0 && last < Some(LONGEST), "{count} failed, the last after {last:?}");
    assert!(first.is_some_and(|first| first < LONGEST), "{first:?}");
    println!("first success after {first:?}, {count} failed, the last after {last:?}");
    app.anonymous().get("//livez").await.ok();
}

#[actix_web::test]
async fn requests_end_within_their_budget_while_the_database_is_frozen() {
    let Some((app, proxy)) = behind_proxy().await else { return };
    let alice = app.user("alice").await;
    let path = path_of(&alice.book("Dune").await);
    proxy.set_deaf(true);
    proxy.freeze();
    for _ in 0..2 {
        let requests = async |number: usize| {
            let started = Instant::now();
            let answer = match number % 4 {
                0 => alice.get("//readyz").await,
                1 => alice.patch(&path, json!({ "title": "Dune Messiah" })).await,
                _ => app.anonymous().get(&path).await,
            };
            assert_eq!(answer.header("retry-after"), "1");
            answer.problem("unavailable");
            assert!(started.elapsed() < LONGEST, "{:?}", started.elapsed());
        };
        join_all((0..16).map(requests)).await;
        app.anonymous().get("//livez").await.ok();
    }
    proxy.set_deaf(false);
    wait_for("a read", async || (app.anonymous().get(&path).await.status == 200).then_some(())).await;
    wait_for("a write", async || {
        (alice.patch(&path, json!({ "title": "Dune" })).await.status == 200).then_some(())
    })
    .await;
    wait_for("readiness", async || (alice.get("//readyz").await.status == 200).then_some(())).await;
}

/// Begins a transaction beside the program. The server ends it if the test fails, and the database can be deleted.
async fn begin(connection: &DatabaseConnection) -> DatabaseTransaction {
    let transaction = connection.begin().await.unwrap();
    if connection.get_database_backend() == DbBackend::MySql {
        transaction.execute_unprepared("SET SESSION idle_transaction_timeout = 60").await.unwrap();
    }
    transaction
}

/// Statement that locks a book, or all of SQLite, until its transaction ends.
const LOCK: &str = "UPDATE books SET version = version";

#[actix_web::test]
async fn writes_that_wait_for_a_lock_leave_connections_to_others() {
    let app = TestApp::with(&BUDGET).await;
    let alice = app.user("alice").await;
    let path = path_of(&alice.book("Dune").await);
    let connection = app.database.connect().await;
    let holder = begin(&connection).await;
    holder.execute_unprepared(LOCK).await.unwrap();
    let writes = join_all((0..40).map(async |_| {
        let started = Instant::now();
        let answer = alice.patch(&path, json!({ "title": "Dune Messiah" })).await;
        assert!(!answer.header("retry-after").is_empty());
        answer.problem("unavailable");
        started.elapsed()
    }));
    let reads = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..20 {
            let started = Instant::now();
            alice.get(&path).await.ok();
            alice.get("//readyz").await.ok();
            slowest = slowest.max(started.elapsed());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        slowest
    };
    let (writes, slowest_read) = tokio::join!(writes, reads);
    let slowest_write = writes.into_iter().max().unwrap();
    println!("slowest write {slowest_write:?}, slowest read {slowest_read:?}");
    assert!(slowest_write < LONGEST, "{slowest_write:?}");
    assert!(slowest_read < Duration::from_secs(4), "{slowest_read:?}");
    holder.rollback().await.unwrap();
    wait_for("a write", async || {
        (alice.patch(&path, json!({ "title": "Dune Messiah" })).await.status == 200).then_some(())
    })
    .await;
}

/// Makes new sessions of a database read-only, and ends the others.
async fn set_read_only(connection: &DatabaseConnection, database: &Database, read_only: bool) {
    let value = if read_only { "on" } else { "off" };
    let name = database.url.rsplit('/').next().unwrap();
    let statements = match database.backend() {
        DbBackend::Postgres => vec![
            format!(
                "BEGIN READ WRITE; ALTER DATABASE {name} SET default_transaction_read_only = {value}; COMMIT"
            ),
            // After a failover, the old connections are lost; after its end, they would last.
            format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {read_only} AND datname = '{name}' \
                 AND pid <> pg_backend_pid()"
            ),
        ],
        _ => vec![format!("SET GLOBAL read_only = {value}")],
    };
    for statement in statements {
        connection.execute_unprepared(&statement).await.unwrap();
    }
}

/// URL for an account that the option `read_only` of MariaDB applies to. It ignores administrators.
async fn plain_account(connection: &DatabaseConnection, database: &Database) -> String {
    let mut url = url::Url::parse(&database.url).unwrap();
    if database.backend() == DbBackend::MySql {
        let name = url.path().trim_start_matches('/').to_owned();
        for sql in [
            format!("CREATE USER {name}@'%' IDENTIFIED BY 'plain'"),
            format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {name}.* TO {name}@'%'"),
        ] {
            connection.execute_unprepared(&sql).await.unwrap();
        }
        url.set_username(&name).unwrap();
        url.set_password(Some("plain")).unwrap();
    }
    url.to_string()
}

#[actix_web::test]
async fn writes_work_again_when_a_read_only_database_accepts_them() {
    let database = Database::empty().await;
    if database.backend() == DbBackend::Sqlite {
        return;
    }
    let connection = database.connect().await;
    let url = plain_account(&connection, &database).await;
    let arguments: Vec<&str> = BUDGET.into_iter().chain(["--database-url", &url]).collect();
    let app = TestApp::on(database, &arguments).await;
    let alice = app.user("alice").await;
    let path = path_of(&alice.book("Dune").await);
    let write = async || alice.patch(&path, json!({ "title": "Dune Messiah" })).await;
    let ready = async |writable: bool| {
        wait_for("readiness", async || {
            (alice.get("//readyz").await.ok()["writable"] == writable).then_some(())
        })
        .await;
    };
    for _ in 0..2 {
        set_read_only(&connection, &app.database, true).await;
        ready(false).await;
        for _ in 0..20 {
            let answer = write().await;
            assert_eq!(answer.header("retry-after"), "5");
            answer.problem("read_only");
            alice.get(&path).await.ok();
        }
        ready(false).await;
        set_read_only(&connection, &app.database, false).await;
        let ended = Instant::now();
        wait_for("a write", async || (write().await.status == 200).then_some(())).await;
        println!("first write after {:?}", ended.elapsed());
        assert!(ended.elapsed() < LONGEST, "{:?}", ended.elapsed());
        for _ in 0..20 {
            write().await.ok();
        }
        ready(true).await;
    }
}

/// Waits until a transaction of the program waits for a lock.
async fn wait_for_lock(connection: &impl ConnectionTrait) {
    let backend = connection.get_database_backend();
    let waiting = match backend {
        DbBackend::Postgres => {
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        }
        _ => {
            "SELECT 1 FROM information_schema.INNODB_TRX t JOIN information_schema.PROCESSLIST p \
             ON p.ID = t.trx_mysql_thread_id WHERE p.DB = DATABASE() AND t.trx_state = 'LOCK WAIT'"
        }
    };
    wait_for("a lock", async || {
        // InnoDB updates this table only if nobody has read it for 100 ms.
        tokio::time::sleep(Duration::from_millis(150)).await;
        connection.query_one_raw(Statement::from_string(backend, waiting)).await.unwrap()
    })
    .await;
}

#[actix_web::test]
async fn a_transaction_that_another_excludes_is_repeated() {
    let database = Database::empty().await;
    let name = database.url.rsplit('/').next().unwrap().to_owned();
    let connection = database.connect().await;
    match database.backend() {
        // SQLite has one writer.
        DbBackend::Sqlite => return,
        DbBackend::Postgres => {
            let sql = format!("ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'");
            connection.execute_unprepared(&sql).await.unwrap();
        }
        _ => {}
    }
    // The write waits for the lock until the other transaction has ended.
    let app = TestApp::on(database, &["--database-budget", "25", "--database-acquire-timeout", "20"]).await;
    let alice = app.user("alice").await;
    let book = alice.book("Dune").await;
    let path = path_of(&book);
    let other = begin(&connection).await;
    // PostgreSQL: the row that the write waits for changes. MariaDB: each waits for a row of the other.
    if app.database.backend() == DbBackend::Postgres {
        other.execute_unprepared("UPDATE books SET version = version + 1").await.unwrap();
    } else {
        // The transaction with fewer changes is rolled back.
        let sql = "INSERT INTO outbox (id, kind, address, due_at, expires_at, created_at) \
                   SELECT UNHEX(MD5(seq)), 'verify_email', 'a@nobody.invalid', NOW(), NOW(), NOW() FROM seq_1_to_500";
        other.execute_unprepared(sql).await.unwrap();
        other.execute_unprepared("UPDATE _books_search SET title = CONCAT(title, '')").await.unwrap();
    }
    let end = async {
        wait_for_lock(&connection).await;
        if app.database.backend() == DbBackend::MySql {
            other.execute_unprepared("UPDATE books SET version = version + 1").await.unwrap();
        }
        other.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(alice.patch(&path, json!({ "title": "Dune Messiah" })), end);
    let version = |book: &Value| book["version"].as_i64().unwrap();
    let changed = answer.ok();
    assert_eq!((&changed["title"], version(&changed)), (&json!("Dune Messiah"), version(&book) + 2));
}
