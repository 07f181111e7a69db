//! A project of its own, whose crates are named `migration` and `entity` as `sea-orm-cli migrate init` names them, and
//! which depends on the kit by its path. Its commands run as its user would type them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::database::{Database, Server};

/// Files of the project. `{kit}` and `{profiles}` are replaced.
const FILES: [(&str, &str); 8] = [
    ("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"entity\", \"migration\"]\n\n{profiles}"),
    (".cargo/config.toml", "[alias]\nmigrate = \"run --quiet --offline --package migration --\"\n"),
    (
        "entity/Cargo.toml",
        r#"[package]
name = "entity"
version = "0.1.0"
edition = "2024"

[dependencies]
sea-orm = { version = "2.0", default-features = false, features = ["macros", "with-uuid"] }
"#,
    ),
    ("entity/src/lib.rs", "pub mod parcels;\n"),
    ("entity/src/parcels.rs", ENTITY),
    (
        "migration/Cargo.toml",
        r#"[package]
name = "migration"
version = "0.1.0"
edition = "2024"

[lib]
name = "migration"
path = "src/lib.rs"

[dependencies]
entity = { path = "../entity" }
sea-orm-migration = { version = "2.0", default-features = false, features = ["runtime-tokio-rustls", "sqlx-sqlite"] }
sea-orm-migration-kit = { path = "{kit}" }
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
"#,
    ),
    (
        "migration/src/lib.rs",
        r"pub use sea_orm_migration::prelude::*;

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![]
    }
}
",
    ),
    (
        "migration/src/main.rs",
        r#"use std::{marker::PhantomData, process::ExitCode};

use entity as _;
use sea_orm_migration::sea_orm::DbBackend;
use sea_orm_migration_kit::tooling::{Project, cli};

#[tokio::main]
async fn main() -> ExitCode {
    let project = Project {
        entities: &["entity::*"],
        folder: env!("CARGO_MANIFEST_DIR"),
        ignored_tables: &[],
        hints: |_| Vec::new(),
        databases: &[DbBackend::Sqlite, DbBackend::Postgres],
        migrator: PhantomData::<migration::Migrator>,
    };
    ExitCode::from(cli::run(&project, std::env::args_os().collect()).await)
}
"#,
    ),
];

const ENTITY: &str = r#"use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "parcels")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub label: String,
}

impl ActiveModelBehavior for ActiveModel {}
"#;

/// The migration that is generated empty and then written by hand.
const CREATE: &str = r#"use sea_orm_migration::{prelude::*, schema::*};
use sea_orm_migration_kit::dialect;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = dialect::table(manager, "parcels")
            .col(uuid("id").primary_key())
            .col(string_len("label", 50))
            .take();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("parcels").take()).await
    }
}
"#;

/// An index, which the linter allows only with a reason.
const INDEX: &str = r#"use sea_orm_migration::prelude::*;
use sea_orm_migration_kit::{Rule, dialect, lint_exceptions};

#[derive(DeriveMigrationName)]
pub struct Migration;

lint_exceptions!(Migration, [(Rule::RequireConcurrentIndexCreation, "the table is empty")]);

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::create_indexes(manager, "parcels", &[("idx-parcels-label", &["label"])]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::drop_indexes(manager, "parcels", &[("idx-parcels-label", &["label"])]).await
    }
}
"#;

struct Project {
    folder: TempDir,
    database: Database,
}

impl Project {
    /// Writes the project. It shares the lock file, the profiles and the target folder of this workspace, so that its
    /// dependencies are compiled once.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kit = Path::new(env!("CARGO_MANIFEST_DIR"));
        let workspace = kit.ancestors().nth(2).unwrap();
        let manifest = fs::read_to_string(workspace.join("Cargo.toml")).unwrap();
        let profiles = manifest.find("[profile").map_or("", |start| &manifest[start..]);
        for (path, text) in FILES {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let text = text.replace("{kit}", kit.to_str().unwrap()).replace("{profiles}", profiles);
            fs::write(path, text).unwrap();
        }
        fs::copy(workspace.join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
        Self { folder, database: Database::on(Server::Sqlite).await }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Runs `cargo migrate` with these arguments, and returns the exit code and all output.
    fn migrate(&self, command: &str) -> (i32, String) {
        let executable = std::env::current_exe().unwrap();
        // target/debug/deps/it-0123456789abcdef
        let target = executable.ancestors().nth(3).unwrap();
        let output = Command::new("cargo")
            .arg("migrate")
            .args(command.split_whitespace())
            .current_dir(self.folder.path())
            .env("CARGO_TARGET_DIR", target)
            .env("DATABASE_URL", &self.database.url)
            .env("APP_ENV", "development")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout) + &text(output.stderr))
    }

    fn well(&self, command: &str) -> String {
        let (code, output) = self.migrate(command);
        assert_eq!(code, 0, "{command}: {output}");
        output
    }

    /// The source file that ends with `_name.rs`.
    fn migration(&self, name: &str) -> PathBuf {
        let files = fs::read_dir(self.path("migration/src")).unwrap().map(|entry| entry.unwrap().path());
        let end = format!("_{name}.rs");
        files.into_iter().find(|path| path.to_str().unwrap().ends_with(&end)).unwrap()
    }
}

#[tokio::test]
async fn a_project_of_its_own_goes_through_the_workflow() {
    let project = Project::new().await;
    assert!(project.well("generate create_parcels").contains("wrote migration/src/lib.rs"));
    fs::write(project.migration("create_parcels"), CREATE).unwrap();
    assert!(project.well("up").starts_with("applied m"));
    assert_eq!(project.well("check"), "entities and migrations agree\n");

    let entity =
        ENTITY.replace("    pub label: String,\n", "    pub label: String,\n    pub weight: Option<i64>,\n");
    fs::write(project.path("entity/src/parcels.rs"), entity).unwrap();
    let (code, output) = project.migrate("check");
    assert_eq!(code, 1);
    assert!(output.contains("column parcels.weight is missing from the migrations: bigint"), "{output}");
    assert!(project.well("autogenerate add_weight").contains("column parcels.weight: new, bigint"));
    project.well("generate index_parcels");
    fs::write(project.migration("index_parcels"), INDEX).unwrap();

    assert_eq!(project.well("up").matches("applied m").count(), 2);
    assert_eq!(project.well("check"), "entities and migrations agree\n");
    assert_eq!(project.well("drift"), "the database matches its applied migrations\n");
    assert!(project.well("lint").contains("0 findings, 1 exceptions"));
    assert!(project.well("down --to base").contains("rolled back m"));
    let history: Value = serde_json::from_str(&project.well("history --json")).unwrap();
    let states: Vec<_> = history["entries"].as_array().unwrap().iter().map(|entry| &entry["state"]).collect();
    assert_eq!(states, ["pending"; 3]);
    project.well("up");
}
