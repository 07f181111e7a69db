//! Settings: `.env`, and the values in the documentation.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use api::config::Cli;
use clap::CommandFactory;

use crate::{app::SECRET, cli::text};

/// Lists the accounts of a new SQLite file, with `.env` as the only source of settings.
fn list_accounts(folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bookly"));
    command.args(["user", "list"]).env_clear().current_dir(folder).output().unwrap()
}

/// Sufficient settings.
fn enough() -> String {
    format!(
        "APP_ENV=development\nAPP_SECRETS='{SECRET}'\nDATABASE_URL=sqlite://here.db?mode=rwc\nRUST_LOG=warn\n"
    )
}

#[test]
fn an_invalid_line_of_dotenv_is_reported_with_its_number() {
    let enough = enough();
    for (line, lines, reason) in [
        (5, "MAIL_FROM=Bookly <bookly@example.com>\n", "spaces without quotes"),
        (6, "# comment\nRATE_LIMIT off\nHOST=127.0.0.1\n", "no equals sign"),
        (6, "\n9LIVES=1\n", "a name that begins with a digit"),
        (5, "MAIL_URL='smtp://a:hidden@example.com\nHOST=127.0.0.1\nPORT=0", "a quote that is never closed"),
        (7, "X='two\nlines'\nMAIL_FROM=\"hidden\" word\n", "text after a quote"),
        (5, "MAIL_FROM=hidden\\x\n", "an unknown escape"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".env"), format!("{enough}{lines}")).unwrap();
        let output = list_accounts(folder.path());
        let error = text(&output.stderr);
        assert!(!output.status.success(), "{reason}");
        assert!(
            error.starts_with(&format!("error: .env, line {line}: expected NAME=value")),
            "{reason}: {error}"
        );
        assert!(error.ends_with('\n') && error.lines().count() == 1 && !error.contains("hidden"), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".env"), [enough.as_bytes(), b"HOST=\xff\n"].concat()).unwrap();
    let error = text(&list_accounts(folder.path()).stderr);
    assert!(error.starts_with("error: .env, line 5: ") && error.contains("UTF-8"), "{error}");
}

#[test]
fn dotenv_and_relative_sqlite_paths_belong_to_the_working_folder() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("below");
    fs::create_dir(&below).unwrap();
    fs::write(folder.path().join(".env"), enough()).unwrap();
    let output = list_accounts(folder.path());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(folder.path().join("here.db").exists());
    // Settings of a parent folder would refer to a file that is not here.
    let output = list_accounts(&below);
    assert!(text(&output.stderr).contains("APP_SECRETS"), "{}", text(&output.stderr));
    assert_eq!(fs::read_dir(&below).unwrap().count(), 0);
}

/// Markdown files that may contain settings.
fn documents() -> Vec<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folders = ["", ".github", "api", "entity", "migration", "migration/kit", "service"];
    let files = folders.iter().filter_map(|folder| fs::read_dir(workspace.join(folder)).ok()).flatten();
    files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "md"))
        .collect()
}

/// Code spans of a line.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Settings with values in a document: rows of tables, and `NAME=value` in the text.
fn printed(document: &str, names: &BTreeSet<String>) -> Vec<(String, String)> {
    let mut settings = Vec::new();
    for line in document.lines() {
        let row = line
            .strip_prefix("| `")
            .and_then(|row| row.split_once('`'))
            .filter(|(name, _)| names.contains(*name));
        if let Some((name, _)) = row {
            settings.extend(spans(line).skip(1).map(|value| (name.to_owned(), value.to_owned())));
        }
        let pairs = spans(line).filter_map(|span| span.split_once('='));
        let pairs = pairs.filter(|(name, _)| names.contains(*name));
        settings.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    settings
}

#[test]
fn values_in_the_documentation_can_be_pasted_into_dotenv() {
    let command = Cli::command();
    let names: BTreeSet<String> =
        command.get_arguments().filter_map(|it| it.get_env()?.to_str().map(str::to_owned)).collect();
    let mut seen = BTreeSet::new();
    for path in documents() {
        for (name, value) in printed(&fs::read_to_string(&path).unwrap(), &names) {
            let line = format!("{name}={value}");
            let read: Result<Vec<_>, _> = dotenvy::from_read_iter(line.as_bytes()).collect();
            let value = value.trim_matches(['\'', '"']).to_owned();
            assert_eq!(read.ok(), Some(vec![(name.clone(), value)]), "{}: {line}", path.display());
            seen.insert(name);
        }
    }
    let missing: Vec<_> = names.difference(&seen).filter(|name| *name != "PUBLIC_URL").collect();
    assert!(missing.is_empty(), "no value is printed for {missing:?}");
}
