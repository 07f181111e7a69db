//! Verbs that only look, scripts, and settings.

use std::fs;

use sea_orm::DbBackend;
use serde_json::Value;

use super::{LATER, LOSING, Shell};
use crate::{
    database::Database,
    reader::{Reader, Reads},
};

#[tokio::test]
async fn scripts_need_no_database_and_know_three() {
    let shell = Shell::at("mysql://nobody@127.0.0.1:1/nothing", "coloured");
    assert!(shell.well("sql").contains("Load with: mariadb"));
    assert_eq!(shell.well("up --sql"), shell.well("sql --from base --to head"));
    for backend in ["sqlite", "postgres", "mariadb", "mysql"] {
        let all = shell.well(&format!("sql --backend {backend}"));
        assert!(all.contains("ADD COLUMN colour") && all.contains("seaql_migrations"), "{all}");
        let rest = shell.well(&format!("up --sql --backend {backend} --from base"));
        assert_eq!(rest, all);
        let one = shell.well(&format!("up -n 1 --sql --backend {backend} --from base"));
        assert!(!one.contains("ADD COLUMN colour"), "{one}");
        let down = shell.well(&format!("down --sql --backend {backend}"));
        assert!(down.contains("DROP COLUMN colour") && !down.contains("DROP TABLE \"parcels\""), "{down}");
        let base = shell.well(&format!("down --to base --sql --backend {backend}"));
        assert!(base.contains("parcels"), "{base}");
    }
    let shell = Shell::at("", "coloured");
    assert!(shell.ill("sql").contains("--backend"));
    assert!(shell.ill("down --to head --from base --sql --backend sqlite").contains("lead up"));
}

#[tokio::test]
async fn a_user_who_may_only_read_sees_all_and_creates_nothing() {
    let database = Database::empty().await;
    let reader = Reader::of(&database, Reads::All).await;
    let shell = Shell::at(&reader.url, "coloured");
    let looks = |newest: &str| {
        assert!(shell.well("current").contains(newest));
        assert!(shell.well("history").contains(LATER.name));
        assert!(shell.well("plan").contains("colour") || newest == LATER.name);
        assert!(shell.well("show colour").contains("colour"));
        shell.well("status");
    };
    looks("no migration is applied");
    assert!(tables(&database).await.is_empty());
    Shell::at(&database.url, "coloured").well("up");
    looks(LATER.name);
    let refused = shell.ill("down");
    assert!(!refused.contains("reader@"), "{refused}");
    looks(LATER.name);
}

/// Every table of a database, but for those that SQLite keeps for itself.
async fn tables(database: &Database) -> Vec<String> {
    use sea_orm::{ConnectionTrait, Statement};
    let sql = match database.backend() {
        DbBackend::Sqlite => "SELECT name FROM sqlite_schema",
        DbBackend::Postgres => "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
        _ => "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()",
    };
    let db = database.connect().await;
    let rows = db.query_all_raw(Statement::from_string(database.backend(), sql)).await.unwrap();
    let names = rows.iter().map(|row| row.try_get("", "name").unwrap()).collect();
    db.close().await.unwrap();
    names
}

#[tokio::test]
async fn drift_lint_and_verify_fail_where_something_is_found() {
    let database = Database::empty().await;
    let shell = Shell::at(&database.url, "coloured");
    shell.well("up");
    assert_eq!(shell.well("drift"), "the database matches its applied migrations\n");
    assert!(shell.well("verify").contains("base: good\n"));
    database.execute("CREATE TABLE django_log (id integer)").await;
    assert!(shell.ill("drift").contains("django_log"));
    assert_eq!(shell.json("drift --json --exclude django_*"), Value::Array(Vec::new()));
    let losing = Shell::at(&database.url, "losing");
    assert!(losing.ill("lint").contains("ban-drop-column"));
    assert!(losing.ill("verify").contains(LOSING.name));
    for (on, said) in [("", "--on must begin with"), ("s", "--on must"), ("mariadb://a", "use mysql://")] {
        let refused = shell.ill(&format!("verify --on={on}"));
        assert!(refused.contains(said) && refused.len() < 200, "{refused}");
    }
    assert_eq!(
        shell.run("verify --on mysql://nobody:secret@127.0.0.1:1/nothing").err.matches("secret").count(),
        0
    );
}

#[tokio::test]
async fn settings_come_from_a_file_that_is_named() {
    let database = Database::empty().await;
    let shell = Shell::at(&database.url, "coloured");
    fs::write(shell.folder.path().join("staging.env"), "DATABASE_SCHEMA=public\nMIGRATION_YES=true\n")
        .unwrap();
    let staging = Shell { app_env: "production", ..shell };
    staging.well("up --env-file staging.env");
    staging.well("down --env-file=staging.env");
    assert!(staging.ill("down").contains("give --yes"));
    assert!(staging.ill("status --env-file none.env").contains("none.env"));
    assert!(Shell::at("", "coloured").ill("status").contains("DATABASE_URL is not set"));
    assert!(Shell::at("oracle://x:secret@y", "coloured").ill("status").contains("must begin with"));
    for verb in ["status", "up", "sql"] {
        let said = Shell::at("mariadb://x:secret@y", "coloured").ill(verb);
        assert!(said.contains("use mysql://") && !said.contains("secret"), "{said}");
    }
}

#[tokio::test]
async fn a_line_of_settings_that_cannot_be_read_is_named_by_its_number() {
    let shell = Shell::at("sqlite://nothing.db", "coloured");
    fs::write(
        shell.folder.path().join(".env"),
        "# settings\nMIGRATION_YES=true\nA SECRET\nAPP_ENV=development\n",
    )
    .unwrap();
    let said = shell.ill("heads");
    assert!(said.contains(".env, line 3: expected NAME=value") && !said.contains("SECRET"), "{said}");
}
