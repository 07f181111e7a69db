//! The command line, in processes of its own, on a made-up project.

use std::{
    ffi::OsString,
    fs,
    marker::PhantomData,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use clap::{CommandFactory as _, Parser as _};
use migration::{
    MigratorTrait,
    tooling::{
        cli::{self, Cli},
        compare::Project,
    },
};
use sea_orm::DbBackend;
use sea_orm_migration::MigrationTrait;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    database::Database,
    entities::base,
    reader::{Reader, Reads},
    steps::Step,
};

const LATER: Step = Step {
    name: "m20300101_000001_colour_parcels",
    up: &["ALTER TABLE parcels ADD COLUMN colour varchar(20)"],
    down: &["ALTER TABLE parcels DROP COLUMN colour"],
};
const EDITED: Step = Step { up: &["ALTER TABLE parcels ADD COLUMN colour varchar(30)"], ..LATER };
const LOSING: Step =
    Step { name: "m20300102_000001_drop_note", up: &["ALTER TABLE parcels DROP COLUMN note"], down: &[] };

const TRIGGER: Step = Step {
    name: "m20300102_000001_note_colours",
    up: &[
        "CREATE TRIGGER note_colours AFTER UPDATE OF colour ON parcels FOR EACH ROW EXECUTE FUNCTION noted()",
    ],
    down: &[],
};

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
migrator!(Losing [base::Migration, LOSING]);

fn project<M: MigratorTrait>(folder: String) -> Project<M> {
    Project {
        entities: &["it::entities::*"],
        folder: folder.leak(),
        portable: "migration::portable",
        foreign: &[],
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

/// What a command answered.
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
            .env("DATABASE_URL", &self.url)
            .env("APP_ENV", self.app_env)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let out = text(output.stdout);
        // What the test harness says before it starts.
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

#[test]
fn every_verb_says_what_it_does_with_an_example_that_can_be_typed() {
    Cli::command().debug_assert();
    for verb in Cli::command().get_subcommands() {
        let name = verb.get_name();
        assert!(verb.get_about().is_some(), "{name}");
        let help = verb.get_after_help().unwrap_or_else(|| panic!("{name} has no example")).to_string();
        let examples: Vec<&str> =
            help.lines().filter_map(|line| line.trim().strip_prefix("cargo ")).collect();
        assert!(!examples.is_empty(), "{name}: {help}");
        for example in examples {
            let typed = example.split(" > ").next().unwrap().replace('\'', "");
            let cli = Cli::try_parse_from(typed.split_whitespace()).unwrap_or_else(|error| panic!("{error}"));
            assert!(cli.verb.is_some(), "{example}");
            assert!(typed.starts_with(&format!("migrate {name}")), "{example}");
        }
    }
}

#[test]
fn the_verbs_of_sea_orm_cli_keep_their_flags() {
    let stock = sea_orm_cli::Cli::command();
    let stock = stock.find_subcommand("migrate").unwrap();
    let ours = Cli::command();
    for verb in stock.get_subcommands().filter(|verb| !["init", "help"].contains(&verb.get_name())) {
        let own = ours.find_subcommand(verb.get_name()).unwrap_or_else(|| panic!("{}", verb.get_name()));
        for argument in verb.get_arguments().filter(|argument| argument.get_id() != "help") {
            let same = own.get_arguments().find(|own| own.get_id() == argument.get_id());
            let same = same.unwrap_or_else(|| panic!("{}: {}", verb.get_name(), argument.get_id()));
            assert_eq!((same.get_short(), same.get_long()), (argument.get_short(), argument.get_long()));
            let is_flag = |argument: &clap::Arg| !argument.get_action().takes_values();
            if !is_flag(argument) {
                assert_eq!(same.get_default_values(), argument.get_default_values());
            }
            assert_eq!(is_flag(same), is_flag(argument));
        }
    }
    for global in ["database_url", "database_schema", "verbose"] {
        let own = ours.get_arguments().find(|own| own.get_id() == global).unwrap();
        let theirs = sea_orm_cli::Cli::command();
        let migrate = theirs.find_subcommand("migrate").unwrap();
        let same = migrate
            .get_arguments()
            .chain(theirs.get_arguments())
            .find(|other| other.get_id() == global)
            .unwrap();
        assert_eq!(own.get_long(), same.get_long());
        assert_eq!(own.get_short(), same.get_short());
    }
}

#[tokio::test]
async fn a_database_goes_up_and_down_and_tells_where_it_stands() {
    let database = Database::empty().await;
    let shell = Shell::at(&database.url, "coloured");
    assert_eq!(shell.well("current"), "no migration is applied\n");
    assert_eq!(shell.json("current --json"), Value::Array(Vec::new()));
    assert_eq!(shell.json("plan --json").as_array().unwrap().len(), 2);
    assert!(shell.well("plan").contains("CREATE TABLE"));

    let applied = shell.run("up -n 1");
    assert_eq!((applied.code, applied.out.as_str()), (0, ""));
    assert!(applied.err.starts_with("applied base in "), "{applied:?}");
    assert_eq!(shell.well("current"), "base\n");
    assert_eq!(shell.json("plan --json")[0]["name"], LATER.name);
    assert!(shell.well("status").ends_with(&format!("pending  {}\n", LATER.name)));
    assert!(shell.run("up --to colour").err.starts_with(&format!("applied {}", LATER.name)));
    assert_eq!(shell.well("heads").trim_end(), LATER.name);
    assert_eq!(shell.well("plan"), "no migration is pending\n");
    let history = shell.json("history --json");
    assert!(history["entries"].as_array().unwrap().iter().all(|entry| entry["state"] == "applied"));
    assert!(shell.well("history -v").contains("\n  applied at   20"));
    assert!(shell.well("show colour").contains("ADD COLUMN colour"));
    assert_eq!(shell.json("show colour --json")["name"], LATER.name);
    assert_eq!(shell.run("up").err, "no migration to run\n");

    assert!(shell.run("down").err.starts_with(&format!("rolled back {}", LATER.name)));
    shell.well("refresh");
    shell.well("fresh");
    shell.well("down --to base");
    assert_eq!(shell.well("current"), "no migration is applied\n");
    shell.well("up");
    shell.well("reset");
    assert!(!shell.well("status").contains("applied "));
}

#[tokio::test]
async fn a_name_that_is_none_is_answered_with_those_near_it() {
    let database = Database::empty().await;
    let shell = Shell::at(&database.url, "coloured");
    for command in ["up --to color", "down --to color", "show color", "stamp color", "sql --to color"] {
        let said = shell.ill(command);
        assert!(said.contains("there is no migration \"color\"; near it are m20300101"), "{command}: {said}");
    }
    assert_eq!(shell.well("current"), "no migration is applied\n");
}

#[tokio::test]
async fn outside_development_nothing_is_lost_unless_somebody_says_yes() {
    let database = Database::empty().await;
    let shell = Shell { app_env: "production", ..Shell::at(&database.url, "losing") };
    let said = shell.ill("up");
    assert!(said.contains("drop_note") && said.contains("give --yes"), "{said}");
    assert_eq!(shell.well("current"), "no migration is applied\n");
    shell.well("up -n 1");
    for command in ["up", "down", "down --to base", "fresh", "refresh", "reset"] {
        assert!(shell.ill(command).contains("give --yes"), "{command}");
    }
    assert_eq!(shell.well("current"), "base\n");
    let plan = shell.json("plan --json");
    assert_eq!(plan[0]["losses"].as_array().unwrap().len(), 1);
    shell.well("up --allow-destructive");
    shell.well("fresh --yes");
    shell.well("down -y");
    assert_eq!(shell.well("current"), "base\n");
}

#[tokio::test]
async fn a_migration_that_was_edited_after_it_was_applied_is_reported() {
    let database = Database::empty().await;
    let shell = Shell::at(&database.url, "coloured");
    shell.well("up");
    let mut after = Shell { migrator: "recoloured", ..shell };
    let name = LATER.name;
    assert!(after.ill("status").contains(&format!("edited   {name}")));
    assert!(after.ill("check").contains(&format!("{name} was edited after it had been applied")));
    assert!(after.run("up").err.contains(&format!("warning: {name} was edited")));
    // What is taken back is not what is edited, nor is what takes its place.
    for again in [&["refresh"][..], &["reset", "up"][..]] {
        let before = Shell { migrator: "coloured", ..after };
        before.well("fresh");
        after = Shell { migrator: "recoloured", ..before };
        for verb in again {
            after.well(verb);
        }
        assert!(after.well("status").contains(&format!("applied  {name}")), "{again:?}");
    }
    after = Shell { migrator: "coloured", ..after };
    after.well("fresh");
    after = Shell { migrator: "recoloured", ..after };
    // To stamp is to accept it.
    after.well("stamp head");
    assert!(after.well("status").contains(&format!("applied  {name}")));
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_left_alone() {
    let database = Database::empty().await;
    let shell = Shell::at(&database.url, "coloured");
    shell.well("up");
    let older = Shell { migrator: "agreeing", ..shell };
    let name = LATER.name;
    assert!(older.ill("status").contains(&format!("missing  {name}")));
    for command in ["up", "down", "stamp head", "drift"] {
        assert!(older.ill(command).contains(name), "{command}");
    }
    older.well("stamp base --purge");
    assert_eq!(older.well("current"), "no migration is applied\n");
    older.well("stamp head");
    assert_eq!(older.well("current"), "base\n");
}

#[tokio::test]
async fn entities_are_compared_with_migrations_and_no_database() {
    let nowhere = "postgres://nobody:secret@127.0.0.1:1/nothing";
    assert_eq!(Shell::at(nowhere, "agreeing").well("check"), "entities and migrations agree\n");
    let said = Shell::at(nowhere, "losing").ill("check");
    assert!(said.contains("column parcels.note: new"), "{said}");
    assert!(said.contains("cargo migrate autogenerate NAME"), "{said}");
    Shell::at(nowhere, "losing").well("check --exclude par*");
    let strict = Shell::at(nowhere, "agreeing").ill("check --strict");
    assert!(strict.contains("index idx-parcels-weight on parcels: gone"), "{strict}");
    let unreachable = Shell::at(nowhere, "agreeing").ill("status");
    assert!(!unreachable.contains("secret"), "{unreachable}");
}

#[tokio::test]
async fn what_autogenerate_writes_is_registered_and_what_it_cannot_write_changes_nothing() {
    let shell = Shell::at("sqlite://nothing.db", "losing");
    let list = "//! The list.\n\npub use sea_orm_migration::prelude::*;\n\npub mod base;\n\npub struct Migrator;\n\n\
                impl MigratorTrait for Migrator {\n    fn migrations() -> Vec<Box<dyn MigrationTrait>> {\n        \
                vec![\n            Box::new(base::Migration),\n            Box::new(m20300102_000001_drop_note::Migration),\n        \
                ]\n    }\n}\n\nmod m20300102_000001_drop_note;\n";
    let source = shell.folder.path().join("src");
    assert!(shell.ill("autogenerate note").contains("lib.rs"));
    fs::create_dir(&source).unwrap();
    fs::write(source.join("lib.rs"), list).unwrap();
    for wrong in ["autogenerate note/../../x", "generate x::y"] {
        assert!(shell.ill(wrong).contains("no name for a migration"), "{wrong}");
    }
    assert!(shell.ill("autogenerate note --rename parcels.none=note").contains("no column parcels.none"));
    for (taken, what) in [("parcels.code=state", "column parcels.state"), ("parcels=labels", "table labels")]
    {
        let said = shell.ill(&format!("autogenerate note --allow-destructive --rename {taken}"));
        assert!(said.contains(&format!("there is a {what} already")), "{said}");
    }
    assert!(
        Shell { migrator: "coloured", ..Shell::at("", "") }
            .ill("autogenerate colour")
            .contains("--allow-destructive")
    );
    assert_eq!(fs::read_to_string(source.join("lib.rs")).unwrap(), list);
    assert_eq!(files(&source), ["lib.rs"]);

    let said = shell.well("autogenerate bring-back-the-note");
    assert!(said.starts_with("column parcels.note: new, varchar"), "{said}");
    let written = files(&source).into_iter().find(|file| file != "lib.rs").unwrap();
    assert!(written.starts_with('m') && written.ends_with("_bring_back_the_note.rs"), "{written}");
    let module = written.trim_end_matches(".rs");
    let new = fs::read_to_string(source.join("lib.rs")).unwrap();
    let expected = list
        .replace(
            "drop_note::Migration),\n",
            &format!("drop_note::Migration),\n            Box::new({module}::Migration),\n"),
        )
        .replace(
            "mod m20300102_000001_drop_note;\n",
            &format!("mod m20300102_000001_drop_note;\nmod {module};\n"),
        );
    assert_eq!(new, expected);
    shell.well("generate two_words");
    let generated = files(&source).into_iter().find(|file| file.ends_with("_two_words.rs")).unwrap();
    assert!(fs::read_to_string(source.join(generated)).unwrap().starts_with("//! To two words."));
}

/// An empty list of migrations in the folder of a shell.
fn empty_list(shell: &Shell) -> (PathBuf, &'static str) {
    let source = shell.folder.path().join("src");
    let list = "pub struct Migrator;\n\nfn migrations() {\n    vec![]\n}\n";
    fs::create_dir(&source).unwrap();
    fs::write(source.join("lib.rs"), list).unwrap();
    (source, list)
}

#[tokio::test]
async fn a_trigger_on_a_column_that_goes_is_named() {
    let shell = Shell::at("sqlite://nothing.db", "triggered");
    empty_list(&shell);
    let said = shell.run("autogenerate bleach --allow-destructive");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.contains("warning: the trigger note_colours on parcels names colour"), "{said:?}");
}

#[tokio::test]
async fn a_migration_is_never_written_over_another() {
    let shell = Shell::at("sqlite://nothing.db", "agreeing");
    let (source, list) = empty_list(&shell);
    for second in 0..30 {
        let moment = chrono::Utc::now() + chrono::Duration::seconds(second);
        fs::write(source.join(format!("m{}_twice.rs", moment.format("%Y%m%d_%H%M%S"))), "mine").unwrap();
    }
    let said = shell.ill("generate twice");
    assert!(said.contains("_twice.rs: File exists"), "{said}");
    assert_eq!(fs::read_to_string(source.join("lib.rs")).unwrap(), list);
    let kept = |file: &String| fs::read_to_string(source.join(file)).unwrap() == "mine";
    assert_eq!(files(&source).iter().filter(|file| kept(file)).count(), 30);
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

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
    assert_eq!(shell.well("drift"), "the database is as its applied migrations say\n");
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
    fs::write(
        staging.folder.path().join("broken.env"),
        "MIGRATION_YES=true\n\nDATABASE_SCHEMA=hidden words\n",
    )
    .unwrap();
    let said = staging.ill("status --env-file broken.env");
    assert!(said.contains("broken.env, line 3: expected NAME=value") && !said.contains("hidden"), "{said}");
    let development = Shell { app_env: "development", ..staging };
    fs::write(development.folder.path().join(".env"), "DATABASE_SCHEMA='hidden\n").unwrap();
    assert!(development.ill("status").contains(".env, line 1: expected NAME=value"));
    assert!(Shell::at("", "coloured").ill("status").contains("DATABASE_URL is not set"));
    assert!(Shell::at("oracle://x:secret@y", "coloured").ill("status").contains("must begin with"));
    for verb in ["status", "up", "sql"] {
        let said = Shell::at("mariadb://x:secret@y", "coloured").ill(verb);
        assert!(said.contains("use mysql://") && !said.contains("secret"), "{said}");
    }
}
