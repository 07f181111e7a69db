//! Settings from files: `.env`, and the file with the database URL.

use std::fs;

use super::Shell;

/// A shell without a database of its own.
fn shell() -> Shell {
    Shell::at("", "agreeing")
}

#[tokio::test]
async fn the_database_url_is_read_from_a_file() {
    let shell = shell();
    let folder = shell.folder.path();
    fs::write(folder.join("url"), "sqlite://here.db?mode=rwc\r\n").unwrap();
    shell.well("up --database-url-file url");
    assert!(folder.join("here.db").exists());
    fs::write(folder.join(".env"), "DATABASE_URL_FILE=url\n").unwrap();
    assert_eq!(shell.well("plan"), "no migration is pending\n");

    fs::write(folder.join("empty"), "\n").unwrap();
    for (file, reason) in [("nowhere", "No such file or directory"), ("empty", "the file is empty")] {
        let answer = shell.run(&format!("status --database-url-file {file}"));
        assert_eq!(answer.code, 2, "{answer:?}");
        let expected = format!("error: invalid value '{file}' for '--database-url-file <FILE>': {reason}");
        assert!(answer.err.starts_with(&expected), "{answer:?}");
    }
    let both =
        Shell { folder: shell.folder, ..Shell::at("postgres://scott:tiger@127.0.0.1:1/x", "agreeing") };
    let answer = both.run("status");
    assert_eq!(answer.code, 2, "{answer:?}");
    assert!(
        answer.err.contains("'--database-url <URL>' cannot be used with '--database-url-file <FILE>'"),
        "{answer:?}"
    );
    assert!(!answer.err.contains("tiger"), "{answer:?}");
}

#[tokio::test]
async fn only_the_dotenv_of_the_working_folder_is_read() {
    let above = tempfile::tempdir().unwrap();
    fs::write(above.path().join(".env"), "DATABASE_URL=sqlite://above.db?mode=rwc\n").unwrap();
    let shell = Shell { folder: tempfile::tempdir_in(above.path()).unwrap(), ..shell() };
    let said = shell.ill("status");
    assert!(said.contains("DATABASE_URL"), "{said}");
    fs::write(shell.folder.path().join(".env"), "DATABASE_URL=sqlite://here.db?mode=rwc\n").unwrap();
    shell.well("status");
    assert!(!above.path().join("above.db").exists());
    // Production reads no file unless it is named.
    let shell = Shell { app_env: "production", ..shell };
    assert!(shell.ill("status").contains("DATABASE_URL"));
    shell.well("status --env-file .env");
}

#[cfg(unix)]
#[tokio::test]
async fn files_of_sqlite_are_readable_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let shell = Shell::at("sqlite://here.db?mode=rwc", "agreeing");
    shell.well("up");
    let mut names = Vec::new();
    for entry in fs::read_dir(shell.folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
        names.push(entry.file_name().into_string().unwrap());
    }
    assert!(
        names.contains(&"here.db".to_owned()) && names.contains(&"here.db-migrate".to_owned()),
        "{names:?}"
    );
}
