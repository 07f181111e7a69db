//! Settings whose values are in files, and the mode of the files of SQLite.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use crate::{app::SECRET, cli::text};

/// Runs the program in a folder with only these settings.
fn run(folder: &Path, settings: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bookly"));
    command.args(arguments).env_clear().envs(settings.iter().copied()).env("RUST_LOG", "warn");
    command.current_dir(folder).output().unwrap()
}

#[test]
fn settings_are_read_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (name, content) in [
        ("secret", format!("{SECRET}\n")),
        ("url", "sqlite://here.db?mode=rwc\r\n".to_owned()),
        ("mail", "smtp://scott:tiger@127.0.0.1:1".to_owned()),
    ] {
        fs::write(folder.join(name), content).unwrap();
    }
    let files = [("APP_SECRETS_FILE", "secret"), ("DATABASE_URL_FILE", "url"), ("MAIL_URL_FILE", "mail")];
    let error = text(&run(folder, &files, &["user", "list"]).stderr);
    assert_eq!(error, "error: MAIL_FROM: required with MAIL_URL\n");
    let listed = run(folder, &files[..2], &["user", "list"]);
    assert!(listed.status.success(), "{}", text(&listed.stderr));
    assert!(folder.join("here.db").exists());
    let arguments = ["--app-secrets-file", "secret", "user", "list", "--database-url-file", "url"];
    assert!(run(folder, &[], &arguments).status.success());
    // Only one line end is no part of the value.
    fs::write(folder.join("url"), "sqlite://two.db?mode=rwc\n\n").unwrap();
    assert!(!run(folder, &files[..2], &["user", "list"]).status.success());
}

#[test]
fn a_file_that_is_missing_or_conflicts_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("value"), "tiger").unwrap();
    fs::write(folder.join("empty"), "\n").unwrap();
    fs::write(folder.join("binary"), b"\xff").unwrap();
    for (name, option) in
        [("DATABASE_URL", "database-url"), ("APP_SECRETS", "app-secrets"), ("MAIL_URL", "mail-url")]
    {
        let file = format!("{name}_FILE");
        for (path, reason) in [
            ("nowhere", "No such file or directory (os error 2)"),
            ("empty", "the file is empty"),
            ("binary", "stream did not contain valid UTF-8"),
        ] {
            let error = text(&run(folder, &[(&file, path)], &["user", "list"]).stderr);
            let expected = format!("error: invalid value '{path}' for '--{option}-file <FILE>': {reason}\n");
            assert_eq!(error, expected);
        }
        let both = [(name, "tiger"), (file.as_str(), "value")];
        let error = text(&run(folder, &both, &["user", "list"]).stderr);
        assert!(
            error.contains(&format!("'--{option}-file <FILE>'")) && error.contains("cannot be used with"),
            "{error}"
        );
        assert!(error.contains(&format!("'--{option} <{name}>'")) && !error.contains("tiger"), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[cfg(unix)]
mod modes {
    use std::{os::unix::fs::PermissionsExt, path::PathBuf};

    use super::*;
    use crate::{database::Database, process::Process};

    /// Names of the files of a folder with their modes.
    fn modes(folder: &Path) -> Vec<(String, u32)> {
        let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
        let mode = |path: PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
        let mut modes: Vec<_> =
            entries.map(|entry| (entry.file_name().into_string().unwrap(), mode(entry.path()))).collect();
        modes.sort();
        modes
    }

    #[actix_web::test]
    async fn the_files_of_sqlite_are_readable_by_their_owner_only() {
        for migrates in ["true", "false"] {
            let folder = tempfile::tempdir().unwrap();
            let url = format!("sqlite://{}/books.db?mode=rwc", folder.path().display());
            let program = Process::start_on(&url, &[("AUTO_MIGRATE", migrates)]);
            program.request(reqwest::Method::GET, "/api/v1/books").send().await.unwrap();
            let modes = modes(folder.path());
            let names: Vec<&str> = modes.iter().map(|(name, _)| name.as_str()).collect();
            assert!(names.contains(&"books.db") && names.contains(&"books.db-wal"), "{names:?}");
            assert!(modes.iter().all(|(_, mode)| *mode == 0o600), "{modes:?}");
            let log = program.kill();
            assert!(!log.contains("chmod 600"), "{log}");
        }
    }

    #[actix_web::test]
    async fn a_start_warns_of_files_that_others_may_read_and_of_disabled_limits() {
        let database = Database::on(crate::database::Server::Sqlite).await;
        let path = migration::startup::sqlite_file(&database.url).unwrap();
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let log = Process::start(&database, &[]).kill();
        let warning =
            format!("other accounts of this machine may read {} (mode 0640): chmod 600 it", path.display());
        assert!(log.contains(&warning), "{log}");
        assert!(log.contains("rate limits are disabled: RATE_LIMIT=off"), "{log}");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640, "its owner decides");
        let log = Process::start(&database, &[("RATE_LIMIT", "on")]).kill();
        assert!(!log.contains("rate limits are disabled"), "{log}");
    }
}
