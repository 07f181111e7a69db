//! Errors of databases, and servers that are away.

use std::{
    io::Read,
    net::TcpListener,
    time::{Duration, Instant},
};

use sea_orm::DbBackend;
use url::Url;

use super::Shell;
use crate::database::Database;

const VERBS: [&str; 11] = [
    "up",
    "down -y",
    "status",
    "current",
    "history",
    "plan",
    "stamp head",
    "drift",
    "verify",
    "fresh -y",
    "refresh -y",
];

/// Runs every verb on a server that is away: each fails within 5 seconds, with `reason` and without the password.
fn all_fail(url: &str, reason: &str) {
    for verb in VERBS {
        let began = Instant::now();
        let said = Shell::at(url, "coloured").ill(verb);
        assert!(began.elapsed() < Duration::from_secs(5), "{verb}: {:?}", began.elapsed());
        assert!(said.contains("cannot connect to ") && said.contains(reason), "{verb}: {said}");
        assert!(!said.contains("tiger") && said.lines().count() == 1, "{verb}: {said}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_an_error_at_once() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    all_fail(&format!("postgres://scott:tiger@127.0.0.1:{port}/shop"), "connection refused");
    all_fail(&format!("mysql://scott:tiger@127.0.0.1:{port}/shop"), "connection refused");
}

#[tokio::test]
async fn a_server_without_an_answer_is_an_error_in_time() {
    // It accepts connections in the queue of the system, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    for scheme in ["postgres", "mysql"] {
        let began = Instant::now();
        let said =
            Shell::at(&format!("{scheme}://scott:tiger@127.0.0.1:{port}/shop"), "coloured").ill("status");
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert!(said.contains(&format!("127.0.0.1:{port}: no answer within 4 s")), "{said}");
    }
}

#[tokio::test]
async fn another_kind_of_server_is_named_as_such() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = other.accept() {
            let _ = stream.read(&mut [0; 64]);
            let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let said = Shell::at(&format!("postgres://scott:tiger@127.0.0.1:{port}/shop"), "coloured").ill("up");
    assert!(said.contains("it is another kind of server"), "{said}");
}

#[tokio::test]
async fn a_missing_database_and_a_wrong_password_are_named() {
    let database = Database::empty().await;
    if database.backend() == DbBackend::Sqlite {
        return;
    }
    let mut url = Url::parse(&database.url).unwrap();
    url.set_path("nowhere");
    all_fail(url.as_str(), "there is no database \"nowhere\"");
    let mut url = Url::parse(&database.url).unwrap();
    url.set_username("scott").unwrap();
    url.set_password(Some("tiger")).unwrap();
    all_fail(url.as_str(), "it refuses the user \"scott\" or the password");
}

#[tokio::test]
async fn a_failed_statement_is_named_with_its_migration_and_all_that_the_database_says() {
    let database = Database::empty().await;
    let said = Shell::at(&database.url, "clashing").ill("up");
    let expected = match database.backend() {
        DbBackend::Postgres => {
            "m2_unique (up) failed: could not create unique index \"ux_crates_name\"\n  \
             DETAIL: Key (name)=(same) is duplicated.\n  OBJECT: table crates, constraint ux_crates_name\n  \
             STATEMENT: CREATE UNIQUE INDEX ux_crates_name ON crates (name)\nNothing of this run was kept."
        }
        DbBackend::MySql => {
            "m2_unique (up) failed: 1062 (23000): Duplicate entry 'same' for key 'ux_crates_name'"
        }
        _ => {
            "m2_unique (up) failed: (code: 2067) UNIQUE constraint failed: crates.name\n  \
             STATEMENT: CREATE UNIQUE INDEX ux_crates_name ON crates (name)\nNothing of this run was kept."
        }
    };
    assert!(said.contains(expected), "{said}");
    assert!(!said.contains("at line"), "{said}");
}

#[tokio::test]
async fn a_folder_that_is_missing_is_named() {
    let said = Shell::at("sqlite:///nowhere/at/all.db?mode=rwc", "coloured").ill("up");
    assert!(said.contains("/nowhere/at/all.db"), "{said}");
}
