//! The command line, in processes of its own, on a made-up project.

use std::{
    ffi::OsString,
    marker::PhantomData,
    process::{Command, Stdio},
};

use sea_orm::DbBackend;
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use sea_orm_migration_kit::tooling::{Project, cli};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    cut_off::Slow,
    depot::Sql,
    entities::base,
    parcels::{Of, Vans},
    steps::Step,
};

mod database;
mod files;
mod guard;
mod help;
mod json;
mod looks;
mod records;
mod servers;
mod settings;
mod stopped;
mod unknown;

const LATER: Step = Step {
    name: "m20300101_000001_colour_parcels",
    up: &["ALTER TABLE parcels ADD COLUMN colour varchar(20)"],
    down: &["ALTER TABLE parcels DROP COLUMN colour"],
};
const EDITED: Step = Step { up: &["ALTER TABLE parcels ADD COLUMN colour varchar(30)"], ..LATER };
const MOVED: Step = Step { name: "m20300101_000002_tint_parcels", ..LATER };
const LOSING: Step =
    Step { name: "m20300102_000001_drop_note", up: &["ALTER TABLE parcels DROP COLUMN note"], down: &[] };

const TRIGGER: Step = Step {
    name: "m20300102_000001_note_colours",
    up: &[
        "CREATE TRIGGER note_colours AFTER UPDATE OF colour ON parcels FOR EACH ROW EXECUTE FUNCTION noted()",
    ],
    down: &[],
};

const ACCOUNTS: Sql = Sql {
    name: "m1_accounts",
    up: &["CREATE TABLE accounts (id bigint PRIMARY KEY, email varchar(50) NOT NULL)"],
    down: Some(&["DROP TABLE accounts"]),
    transaction: None,
};
const UNIQUE: Sql = Sql {
    name: "m2_unique_emails",
    up: &["CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ux_accounts_email ON accounts (email)"],
    down: Some(&["DROP INDEX CONCURRENTLY ux_accounts_email"]),
    transaction: Some(false),
};
/// Rows that the next migration finds to be alike.
const CRATES: Step = Step {
    name: "m1_crates",
    up: &[
        "CREATE TABLE crates (id bigint PRIMARY KEY, name varchar(50) NOT NULL)",
        "INSERT INTO crates VALUES (1, 'same'), (2, 'same')",
    ],
    down: &["DROP TABLE crates"],
};
const UNIQUE_NAMES: Step =
    Step { name: "m2_unique", up: &["CREATE UNIQUE INDEX ux_crates_name ON crates (name)"], down: &[] };

/// As [`LOSING`], older than [`LATER`].
const OVERTAKEN: Step = Step { name: "m20291231_000001_drop_note", ..LOSING };

macro_rules! migrator {
    ($name:ident [$($migration:expr),*]) => {
        struct $name;
        impl MigratorTrait for $name {
            fn migrations() -> Vec<Box<dyn MigrationTrait>> {
                vec![$(Box::new($migration)),*]
            }
        }
    };
}
migrator!(Agreeing[base::Migration]);
migrator!(Coloured [base::Migration, LATER]);
migrator!(Recoloured [base::Migration, EDITED]);
migrator!(Triggered [base::Migration, LATER, TRIGGER]);
migrator!(Moved [base::Migration, MOVED]);
migrator!(Indexed [ACCOUNTS, UNIQUE]);
migrator!(Losing [base::Migration, LOSING]);
migrator!(Clashing [CRATES, UNIQUE_NAMES]);
migrator!(Overtaken [base::Migration, OVERTAKEN, LATER]);

fn project<M: MigratorTrait>(folder: String) -> Project<M> {
    Project {
        entities: &["it::entities::*"],
        folder: folder.leak(),
        ignored_tables: &[],
        hints: |_| Vec::new(),
        databases: &[DbBackend::Sqlite, DbBackend::Postgres, DbBackend::MySql],
        migrator: PhantomData,
    }
}

#[tokio::test]
#[ignore = "other tests start it in a process of its own"]
#[expect(clippy::disallowed_methods, reason = "how the tests tell it what to do")]
async fn is_the_command_line_that_other_tests_start() {
    let (Ok(migrator), Ok(arguments), Ok(folder)) =
        (std::env::var("IT_MIGRATOR"), std::env::var("IT_ARGUMENTS"), std::env::var("IT_FOLDER"))
    else {
        return;
    };
    let arguments: Vec<String> = serde_json::from_str(&arguments).unwrap();
    let arguments: Vec<OsString> = arguments.into_iter().map(OsString::from).collect();
    let code = match migrator.as_str() {
        "agreeing" => cli::run(&project::<Agreeing>(folder), arguments).await,
        "coloured" => cli::run(&project::<Coloured>(folder), arguments).await,
        "recoloured" => cli::run(&project::<Recoloured>(folder), arguments).await,
        "triggered" => cli::run(&project::<Triggered>(folder), arguments).await,
        "moved" => cli::run(&project::<Moved>(folder), arguments).await,
        "indexed" => cli::run(&project::<Indexed>(folder), arguments).await,
        "slow" => cli::run(&project::<Of<Slow>>(folder), arguments).await,
        "vans" => cli::run(&project::<Of<Vans>>(folder), arguments).await,
        "overtaken" => cli::run(&project::<Overtaken>(folder), arguments).await,
        "clashing" => cli::run(&project::<Clashing>(folder), arguments).await,
        "doubtful" => cli::run(&project::<unknown::Doubtful>(folder), arguments).await,
        "losing" => cli::run(&project::<Losing>(folder), arguments).await,
        other => panic!("no migrator {other}"),
    };
    std::process::exit(code.into());
}

/// A project whose command line is used on a database.
struct Shell {
    migrator: &'static str,
    url: String,
    app_env: &'static str,
    folder: TempDir,
}

/// Output of a command.
#[derive(Debug)]
struct Answer {
    code: i32,
    out: String,
    err: String,
}

impl Shell {
    fn at(url: &str, migrator: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { migrator, url: url.to_owned(), app_env: "development", folder }
    }

    fn run(&self, command: &str) -> Answer {
        let arguments: Vec<&str> = std::iter::once("migrate").chain(command.split_whitespace()).collect();
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["cli::is_the_command_line_that_other_tests_start", "--exact", "--ignored", "--nocapture"])
            .current_dir(self.folder.path())
            .env("IT_MIGRATOR", self.migrator)
            .env("IT_ARGUMENTS", serde_json::to_string(&arguments).unwrap())
            .env("IT_FOLDER", self.folder.path())
            .env_remove("DATABASE_URL")
            .envs((!self.url.is_empty()).then_some(("DATABASE_URL", &self.url)))
            .env("APP_ENV", self.app_env)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let out = text(output.stdout);
        // Output of the test harness before it starts.
        let out = out.split_once("running 1 test\n").map_or(out.as_str(), |(_, out)| out).to_owned();
        Answer { code: output.status.code().unwrap(), out, err: text(output.stderr) }
    }

    /// Runs a command that must succeed, and answers with what it printed.
    fn well(&self, command: &str) -> String {
        let answer = self.run(command);
        assert_eq!(answer.code, 0, "{command}: {answer:?}");
        answer.out
    }

    /// Runs a command that must fail, and answers with all that it said.
    fn ill(&self, command: &str) -> String {
        let answer = self.run(command);
        assert_eq!(answer.code, 1, "{command}: {answer:?}");
        answer.out + &answer.err
    }

    fn json(&self, command: &str) -> Value {
        serde_json::from_str(&self.well(command)).unwrap()
    }
}
