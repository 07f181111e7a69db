//! Command line: runs the program as a process.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use api::config::Cli;
use clap::CommandFactory;
use serde_json::{Value, json};

use crate::{
    app::{PASSWORD, SECRET, TestApp},
    database::Database,
    import,
};

/// Runs the program in an empty folder with only these settings.
fn run(settings: &[(&str, &str)], arguments: &[&str], input: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bookly"));
    command.args(arguments).env_clear().envs(settings.iter().copied()).current_dir(folder.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn settings(database: &Database) -> Vec<(&'static str, String)> {
    vec![
        ("DATABASE_URL", database.url.clone()),
        ("APP_SECRETS", SECRET.to_owned()),
        ("APP_ENV", "development".to_owned()),
        ("BCRYPT_COST", "4".to_owned()),
        ("AUTO_MIGRATE", "true".to_owned()),
        ("DATABASE_ACQUIRE_TIMEOUT", "20".to_owned()),
        ("DATABASE_BUDGET", "25".to_owned()),
        ("RUST_LOG", "warn".to_owned()),
    ]
}

pub fn run_on(database: &Database, arguments: &[&str], input: &str) -> Output {
    run_with(database, &[], arguments, input)
}

/// Runs the program on `database`, with these settings in addition to those of a test.
pub fn run_with(database: &Database, further: &[(&str, &str)], arguments: &[&str], input: &str) -> Output {
    let settings = settings(database);
    let settings = settings.iter().map(|(name, value)| (*name, value.as_str()));
    run(&settings.chain(further.iter().copied()).collect::<Vec<_>>(), arguments, input)
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Output of a successful command.
#[track_caller]
pub fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// Error line of a failed command.
#[track_caller]
pub fn refused(output: &Output) -> String {
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""));
    let error = text(&output.stderr);
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

#[actix_web::test]
async fn an_operator_creates_the_first_administrator() {
    let app = TestApp::start().await;
    let create = |email: &str, password: &str| {
        let arguments = ["user", "create", "--username", "Root", "--email", email, "--role", "admin"];
        run_on(&app.database, &arguments, &format!("{password}\n"))
    };
    let weak = create("root@example.com", "password");
    assert!(!weak.status.success());
    assert!(
        text(&weak.stderr).starts_with("error: invalid_input: /password is too easy to guess"),
        "{}",
        text(&weak.stderr)
    );
    let created = create("root@example.com", PASSWORD);
    assert!(created.status.success(), "{}", text(&created.stderr));
    assert!(text(&created.stdout).ends_with(" root admin\n"));
    let root = app.log_in("root").await;
    assert_eq!(root.get("/users/me").await.ok()["is_verified"], true);
    root.get("/users").await.ok();
    assert_eq!(
        text(&create("other@example.com", PASSWORD).stderr),
        "error: username_taken: another account has this username\n"
    );
}

#[actix_web::test]
async fn an_operator_sends_a_password_reset() {
    let app = TestApp::start().await;
    app.user("alice").await;
    let send = |name: &str, settings: &[&str]| {
        let arguments: Vec<&str> = ["user", "reset-mail", name].iter().chain(settings).copied().collect();
        run_on(&app.database, &arguments, "")
    };
    let mail = [
        "--mail-url",
        "smtp://127.0.0.1:1",
        "--mail-from",
        "a@example.com",
        "--public-url",
        "https://x.example",
    ];
    let queued = send("Alice", &mail);
    assert!(queued.status.success(), "{}", text(&queued.stderr));
    assert!(text(&queued.stdout).ends_with(" alice: mail was queued\n"));
    app.mail("alice@example.com", "reset-password").await;
    assert_eq!(text(&send("nobody", &mail).stderr), "error: there is no account \"nobody\"\n");
    assert_eq!(text(&send("alice", &[]).stderr), "error: cannot_mail: this server sends no mail\n");
}

#[actix_web::test]
async fn an_operator_imports_a_file() {
    let app = TestApp::start().await;
    app.user("alice").await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.csv");
    let file = path.to_str().unwrap();
    std::fs::write(&path, "title,author,isbn\nDune,Frank Herbert,9780441013593\n,Nobody,\n").unwrap();
    let failed = run_on(&app.database, &["import", file], "");
    assert_eq!(failed.status.code(), Some(1));
    assert_eq!(text(&failed.stderr), "error: 1 of 2 rows are invalid; nothing was written\n");
    assert_eq!(serde_json::from_slice::<Value>(&failed.stdout).unwrap()["failed"], 1);
    let partial = run_on(&app.database, &["import", file, "--mode", "partial", "--owner", "alice"], "");
    assert_eq!(serde_json::from_slice::<Value>(&partial.stdout).unwrap()["created"], 1);
    let book = app.anonymous().get("/books/isbn/9780441013593").await.ok();
    assert_eq!(book["owner"]["username"], "alice");
    std::fs::write(&path, "title,author\nNobody's,A\n").unwrap();
    assert!(run_on(&app.database, &["import", file], "").status.success());
    let again: Value = serde_json::from_slice(&run_on(&app.database, &["import", file], "").stdout).unwrap();
    assert_eq!((&again["created"], &again["unchanged"]), (&json!(0), &json!(1)));
    for (arguments, error) in [
        (&["import", "/no/such/file"][..], "error: /no/such/file: No such file or directory"),
        (&["import", file, "--owner", "nobody"], "error: there is no account \"nobody\""),
    ] {
        assert!(text(&run_on(&app.database, arguments, "").stderr).starts_with(error));
    }
}

#[actix_web::test]
async fn an_operator_imports_more_rows_at_once_than_an_account() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.csv");
    let file = path.to_str().unwrap();
    let report = |arguments: &[&str]| {
        let output = run_on(&app.database, &[&["import", file], arguments].concat(), "");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        (
            output.status.success(),
            report["rows"].clone(),
            report["created"].clone(),
            report["skipped"].clone(),
        )
    };
    let rows = import::file_of(6_000, "T");
    std::fs::write(
        &path,
        format!("{rows},Nobody\n{}", import::file_of(10, "U").replace("title,author\n", "")),
    )
    .unwrap();
    for arguments in [&[][..], &["--dry-run"]] {
        assert_eq!(report(arguments), (false, json!(6_011), json!(0), json!(6_010)));
    }
    assert_eq!(app.count("books").await, 0);
    std::fs::write(&path, rows).unwrap();
    assert_eq!(report(&["--dry-run"]), (true, json!(6_000), json!(6_000), json!(0)));
    assert_eq!(app.count("books").await, 0);
    assert_eq!(report(&[]), (true, json!(6_000), json!(6_000), json!(0)));
    assert_eq!(app.count("books").await, 6_000);
}

#[actix_web::test]
async fn an_operator_exports_and_imports_books() {
    let app = TestApp::start().await;
    app.user("alice").await.book("=Formula").await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books");
    let file = path.to_str().unwrap();
    let csv = text(&run_on(&app.database, &["export"], "").stdout);
    assert!(csv.starts_with("title,author,") && csv.ends_with("\n'=Formula,Anonymous,,,,,,,,,,\n"), "{csv}");
    let written = run_on(&app.database, &["export", file], "");
    assert!(written.status.success() && written.stdout.is_empty(), "{}", text(&written.stderr));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), csv);
    run_on(&app.database, &["export", "--format", "ndjson", file], "");
    let lines = std::fs::read_to_string(&path).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&lines).unwrap()["title"], "=Formula");
    app.database.execute("DELETE FROM books").await;
    assert!(run_on(&app.database, &["import", file], "").status.success());
    assert_eq!(text(&run_on(&app.database, &["export"], "").stdout), csv);
    let error = text(&run_on(&app.database, &["export", "/no/such/file"], "").stderr);
    assert!(error.starts_with("error: /no/such/file: No such file or directory"), "{error}");
}

#[test]
fn the_document_is_printed_without_a_database() {
    let printed = run(&[], &["openapi"], "");
    assert_eq!(serde_json::from_slice::<Value>(&printed.stdout).unwrap(), *api::openapi::openapi());
}

#[test]
fn an_invalid_setting_is_reported_in_one_line_without_secrets() {
    let good = [("APP_SECRETS", SECRET), ("DATABASE_URL", "sqlite://x.db?mode=rwc")];
    for (name, value, expected) in [
        ("PORT", "99999999", "invalid value '99999999' for '--port <PORT>'"),
        ("HOST", "nowhere", "invalid value 'nowhere' for '--host <HOST>'"),
        ("APP_ENV", "staging", "invalid value 'staging' for '--app-env <APP_ENV>'"),
        ("LOG_FORMAT", "xml", "invalid value 'xml' for '--log-format <LOG_FORMAT>'"),
        ("DATABASE_MAX_CONNECTIONS", "0", "invalid value '0'"),
        ("DATABASE_ECHO", "perhaps", "invalid value 'perhaps'"),
        ("DATABASE_BUDGET", "60", "invalid value '60'"),
        ("DATABASE_ACQUIRE_TIMEOUT", "4", "DATABASE_ACQUIRE_TIMEOUT: must be less than DATABASE_BUDGET"),
        ("ACCESS_TOKEN_TTL", "-5", "invalid value '-5'"),
        ("BCRYPT_COST", "99", "invalid value '99'"),
        ("BCRYPT_COST", "9", "BCRYPT_COST: a cost below 10 is allowed with APP_ENV=development only"),
        ("HSTS", "-1", "invalid value '-1' for '--hsts <SECONDS>'"),
        ("HSTS", "a year", "invalid value 'a year' for '--hsts <SECONDS>'"),
        ("DOCS", "hidden", "invalid value 'hidden' for '--docs <DOCS>'"),
        ("LOG_CLIENT_ADDRESS", "yes", "invalid value 'yes' for '--log-client-address <LOG_CLIENT_ADDRESS>'"),
        ("CORS_ORIGINS", "https://app.example.com/path", "invalid value 'https://app.example.com/path'"),
        ("PUBLIC_URL", "nonsense", "invalid value 'nonsense'"),
        ("MAIL_URL", "smtp://mail.example", "MAIL_FROM: required with MAIL_URL"),
        ("RATE_LIMIT", "sometimes", "invalid value 'sometimes'"),
        ("TRUSTED_PROXIES", "10.0.0.0/33", "invalid value '10.0.0.0/33'"),
        ("TRUSTED_PROXIES", "0.0.0.0/0", "invalid value '0.0.0.0/0'"),
        ("DATABASE_URL", "oracle://scott:tiger@x", "DATABASE_URL: must begin with"),
        ("DATABASE_URL", "sqlite::memory:", "DATABASE_URL: several connections"),
        ("DATABASE_URL", "postgres://u:tiger@pw@127.0.0.1:x/x", "DATABASE_URL: invalid port number"),
        ("APP_SECRETS", "", "APP_SECRETS: at least one secret is needed"),
        ("APP_SECRETS", "tiger", "APP_SECRETS: a secret must have at least 32 bytes"),
        (
            "APP_SECRETS",
            "tiger-tiger-tiger-tiger-tiger-tiger-tiger",
            "APP_SECRETS: a secret repeats a few characters; generate one: openssl rand -base64 48",
        ),
        (
            "APP_SECRETS",
            "qwertyuiopasdfghjklzxcvbnm1234567890",
            "APP_SECRETS: a secret is too easy to guess; generate one: openssl rand -base64 48",
        ),
        (
            "APP_SECRETS",
            "a secret tiger of more than thirty-two bytes,a secret tiger of more than thirty-two bytes",
            "APP_SECRETS: a secret is given twice",
        ),
        (
            "APP_SECRETS",
            "development-only-secret-never-use-it-elsewhere",
            "APP_SECRETS: the development secret is allowed with APP_ENV=development only",
        ),
        (
            "APP_SECRETS",
            "development-only-secret-never-use-it-elsewhere-2",
            "APP_SECRETS: the development secret is allowed with APP_ENV=development only",
        ),
    ] {
        let settings: Vec<_> =
            good.into_iter().filter(|(good, _)| *good != name).chain([(name, value)]).collect();
        let ended = run(&settings, &["serve"], "");
        let error = text(&ended.stderr);
        assert_eq!((ended.status.success(), error.lines().count()), (false, 1), "{name}={value}: {error}");
        assert!(error.starts_with(&format!("error: {expected}")), "{name}={value}: {error}");
        assert!(!error.contains("tiger") && !error.contains("never-use"), "{error}");
    }
    for (settings, expected) in [
        (["smtp://scott:tiger@mail.example", "a@example.com", ""], "PUBLIC_URL: required with MAIL_URL"),
        (
            ["smtp://scott:tiger@mail.example?tls=no", "a@example.com", "https://x.example"],
            "MAIL_URL: accepts tls=",
        ),
        (
            ["pop3://scott:tiger@mail.example", "a@example.com", "https://x.example"],
            "MAIL_URL: must begin with",
        ),
        (
            ["smtps://scott:tiger@mail.example", "tigers", "https://x.example"],
            "MAIL_FROM: \"tigers\" is not an e-mail",
        ),
        (
            ["smtps://mail.example", "a@example.com", "ftp://x.example"],
            "PUBLIC_URL: links in mail need an http",
        ),
    ] {
        let names = ["MAIL_URL", "MAIL_FROM", "PUBLIC_URL"];
        let given = names.into_iter().zip(settings).filter(|(_, value)| !value.is_empty());
        let error = text(&run(&good.into_iter().chain(given).collect::<Vec<_>>(), &[], "").stderr);
        assert!(error.starts_with(&format!("error: {expected}")) && !error.contains("tiger@"), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    let public = [
        ("APP_ENV", "development"),
        ("APP_SECRETS", "development-only-secret-never-use-it-elsewhere"),
        ("HOST", "0.0.0.0"),
    ];
    assert_eq!(
        text(&run(&public, &[], "").stderr),
        "error: APP_SECRETS: the development secret is allowed with a loopback HOST only\n"
    );
}

#[test]
fn help_lists_every_setting() {
    let help = text(&run(&[], &["--help"], "").stdout);
    let command = Cli::command();
    let names: Vec<&str> = command.get_arguments().filter_map(|it| it.get_env()?.to_str()).collect();
    assert!(names.len() > 25, "{names:?}");
    for name in names {
        assert!(help.contains(&format!("[env: {name}]")), "{name}");
    }
}
