//! `bookly user …`: accounts on the command line.

use std::process::Output;

use serde_json::{Value, json};

use crate::{
    app::{PASSWORD, TestApp},
    cli::{done, refused, run_on, text},
};

fn user(app: &TestApp, arguments: &[&str]) -> Output {
    let arguments: Vec<&str> = ["user"].iter().chain(arguments).copied().collect();
    run_on(&app.database, &arguments, "")
}

#[actix_web::test]
async fn accounts_are_listed_one_per_line() {
    let app = TestApp::start().await;
    let (root, alice) = (app.admin("root").await, app.user("alice").await);
    app.account("zoe", service::Role::Cashier, false).await;
    root.patch(&format!("/users/{}", alice.id.unwrap()), json!({ "is_active": false })).await.ok();
    let listed = done(&user(&app, &["list"]));
    let lines: Vec<&str> = listed.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    assert_eq!(
        lines,
        [
            "alice alice@example.com user disabled verified",
            "root root@example.com admin active verified",
            "zoe zoe@example.com cashier active unverified"
        ]
    );
    let admins = done(&user(&app, &["list", "--role", "admin"]));
    assert_eq!(admins, format!("{} root root@example.com admin active verified\n", root.id.unwrap()));
    // More than a page.
    let rows = (0..230).map(|number| format!("user{number},user{number}@example.com,{HASH}"));
    let file: Vec<String> = ["username,email,hash".to_owned()].into_iter().chain(rows).collect();
    import(&app, &file.join("\n"), &[]);
    assert_eq!(done(&user(&app, &["list"])).lines().count(), 233);
}

#[actix_web::test]
async fn roles_change_and_accounts_are_disabled_and_enabled() {
    let app = TestApp::start().await;
    let (root, alice) = (app.admin("root").await, app.user("alice").await);
    let id = alice.id.unwrap();
    let line = |rest: &str| format!("{id} alice alice@example.com {rest} verified\n");
    assert_eq!(done(&user(&app, &["role", "Alice", "cashier"])), line("cashier active"));
    assert_eq!(alice.get("/users/me").await.ok()["role"], "cashier");
    assert_eq!(done(&user(&app, &["disable", "alice"])), line("cashier disabled"));
    alice.get("/users/me").await.problem("invalid_token");
    assert_eq!(done(&user(&app, &["enable", "alice"])), line("cashier active"));
    alice.get("/users/me").await.problem("invalid_token");
    app.log_in("alice").await.get("/users/me").await.ok();
    let last = "error: last_admin: the account is the last active administrator\n";
    assert_eq!(refused(&user(&app, &["role", "root", "user"])), last);
    assert_eq!(refused(&user(&app, &["disable", "root"])), last);
    assert_eq!(refused(&user(&app, &["enable", "nobody"])), "error: there is no account \"nobody\"\n");
    assert!(refused(&user(&app, &["role", "alice", "king"])).starts_with("error: invalid value 'king'"));
    root.get("/users").await.ok();
}

/// Hash with the prefix of PHP, of an unknown password.
const HASH: &str = "$2y$04$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzABCDC";

/// Imports a file and returns its exit status and its report.
fn import(app: &TestApp, file: &str, options: &[&str]) -> (Option<i32>, Value) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.csv");
    std::fs::write(&path, file).unwrap();
    let arguments: Vec<&str> = ["import", path.to_str().unwrap()].iter().chain(options).copied().collect();
    let output = user(app, &arguments);
    let printed = format!("{}{}", text(&output.stdout), text(&output.stderr));
    for secret in ["$04$", "$05$", "$06$", "$20$", "abcdefghijklm", PASSWORD, "plain-text"] {
        assert!(!printed.contains(secret), "{printed}");
    }
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| json!(text(&output.stderr)));
    (output.status.code(), report)
}

#[actix_web::test]
async fn accounts_are_imported_with_their_password_hashes() {
    let app = TestApp::start().await;
    let hash = |prefix: &str, cost: u32| bcrypt::hash(PASSWORD, cost).unwrap().replacen("$2b$", prefix, 1);
    let (php, python, old) = (hash("$2y$", 5), hash("$2b$", 4), hash("$2a$", 6));
    let file = format!(
        "\u{feff}email,username,first_name,last_name,role,hash,is_verified\n\
         Alice@Example.com,Alice,Alice,\"Liddell, née Hargreaves\",admin,{php},true\n\
         bob@bücher.example,bob,,,,{python},\n\
         carol@example.com,carol,,,cashier,{old},false\n"
    );
    let report = json!({ "dry_run": true, "rows": 3, "created": 3, "failed": 0, "problems": [] });
    assert_eq!(import(&app, &file, &["--dry-run"]), (Some(0), report.clone()));
    let input = json!({ "login": "alice", "password": PASSWORD });
    app.anonymous().post("/auth/login", input).await.problem("invalid_credentials");
    let mut done = report;
    done["dry_run"] = json!(false);
    assert_eq!(import(&app, &file, &[]), (Some(0), done));
    for (name, role, is_verified) in
        [("alice", "admin", true), ("bob", "user", false), ("carol", "cashier", false)]
    {
        let wrong = json!({ "login": name, "password": "violet anchor tundra 71" });
        app.anonymous().post("/auth/login", wrong).await.problem("invalid_credentials");
        // The second log-in verifies the hash that the first one stored.
        for _ in 0..2 {
            let me = app.log_in(name).await.get("/users/me").await.ok();
            assert_eq!((&me["role"], &me["is_verified"]), (&json!(role), &json!(is_verified)));
        }
    }
    assert_eq!(foreign_hashes(&app).await, 0, "each was made anew");
    let alice = app.log_in("alice").await;
    assert_eq!(alice.get("/users/me").await.ok()["full_name"], "Alice Liddell, née Hargreaves");
    assert_eq!(
        alice.get("/users?sort=username").await.ok()["items"][1]["email"],
        "bob@xn--bcher-kva.example"
    );
}

#[actix_web::test]
async fn bytes_ignored_by_another_system_do_not_become_part_of_a_password() {
    let app = TestApp::start().await;
    let long = "correct horse battery staple ".repeat(3);
    let hash = bcrypt::hash(&long, 4).unwrap();
    import(&app, &format!("username,email,hash\nalice,alice@example.com,{hash}\n"), &[]);
    let log_in = async |password: &str| {
        let input = json!({ "login": "alice", "password": password });
        app.anonymous().post("/auth/login", input).await
    };
    log_in(&long[..72]).await.ok();
    log_in(&long).await.ok();
}

async fn foreign_hashes(app: &TestApp) -> i64 {
    use sea_orm::{ConnectionTrait, Statement};
    let connection = app.database.connect().await;
    let sql = "SELECT count(*) AS hashes FROM users WHERE password_hash LIKE '$2%'";
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    connection.query_one_raw(statement).await.unwrap().unwrap().try_get("", "hashes").unwrap()
}

#[actix_web::test]
async fn every_error_has_row_and_column_and_nothing_is_written() {
    let app = TestApp::start().await;
    let root = app.admin("root").await;
    let good = HASH;
    let costly = HASH.replacen("$04$", "$20$", 1);
    let file = format!(
        "username,email,hash,role,first_name\n\
         alice,alice@example.com,{good},user,Alice\n\
         al,nonsense,{good},king,\n\
         bob,bob@example.com,{costly},,\n\
         carol,carol@example.com,plain-text,,\n\
         dave,dave@example.com,,,\n\
         ROOT,Root@Example.com,{good},,\n\
         Alice,other@example.com,{good},,\u{7}\n\
         erin,ALICE@example.com,{good},,\n\
         {good},frank@example.com,frank,,\n\
         gina,gina@example.com\n\
         ,,,,\n"
    );
    let (code, report) = import(&app, &file, &[]);
    assert_eq!(code, Some(1));
    let problems: Vec<(u64, &str, &str)> = report["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["row"].as_u64().unwrap(), p["pointer"].as_str().unwrap(), p["code"].as_str().unwrap()))
        .collect();
    assert_eq!(
        problems,
        [
            (2, "/username", "length"),
            (2, "/email", "email"),
            (2, "/role", "value"),
            (3, "/hash", "hash"),
            (4, "/hash", "hash"),
            (5, "/hash", "hash"),
            (6, "/username", "taken"),
            (6, "/email", "taken"),
            (7, "/username", "duplicate"),
            (7, "/first_name", "control_character"),
            (8, "/email", "duplicate"),
            (9, "/username", "length"),
            (9, "/hash", "hash"),
            (10, "", "columns"),
            (11, "/username", "length"),
            (11, "/email", "email"),
            (11, "/hash", "hash"),
        ]
    );
    assert_eq!((&report["rows"], &report["created"], &report["failed"]), (&json!(11), &json!(0), &json!(10)));
    assert_eq!(report["problems"][0]["line"], 3);
    assert_eq!(report["problems"][3]["detail"], "must have a cost of 4 to 12");
    assert_eq!(root.get("/users?total=true").await.ok()["total"], 1);
}

#[actix_web::test]
async fn other_files_are_rejected_in_one_line() {
    let app = TestApp::start().await;
    for (file, error) in [
        (String::new(), "column username is missing"),
        ("username,email\n".to_owned(), "column hash is missing"),
        ("username,email,hash,hash\n".to_owned(), "column hash occurs twice"),
        ("username,email,hash,paswd\n".to_owned(), "column 4 has none of the names"),
        (format!("alice,alice@example.com,{HASH}\n"), "column 1 has none of the names"),
    ] {
        let (code, printed) = import(&app, &file, &[]);
        assert_eq!(code, Some(1));
        assert!(printed.as_str().unwrap().contains(error), "{printed}");
        assert_eq!(printed.as_str().unwrap().lines().count(), 1);
    }
    let missing = refused(&user(&app, &["import", "/no/such/file"]));
    assert_eq!(missing, "error: /no/such/file: No such file or directory (os error 2)\n");
}
