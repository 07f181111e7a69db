//! Texts of the files that a new project gets.

use sea_orm_migration::sea_orm::DbBackend;

use crate::tooling::{branches::UNION, register::list::ONE_A_LINE};

/// `src/lib.rs` of the entities.
pub(super) const ENTITIES: &str = "//! The entities of the project.\n";

/// Values of the templates.
pub(super) struct Values<'v> {
    /// The package of the migrations.
    pub(super) package: &'v str,
    /// The package of the entities.
    pub(super) entities: &'v str,
    /// The folder of the entities, from that of the migrations.
    pub(super) path_to_entities: String,
    /// The folder of the kit, from that of the migrations.
    pub(super) path_to_kit: String,
    pub(super) databases: &'v [DbBackend],
}

pub(super) fn manifest(values: &Values<'_>) -> String {
    let drivers: Vec<String> =
        values.databases.iter().map(|database| format!("\"{}\"", driver(*database))).collect();
    format!(
        r#"[package]
name = "{}"
version = "0.1.0"
edition = "2024"
publish = false

[dependencies]
{} = {{ path = {:?} }}
sea-orm-migration = {{ version = "2.0", default-features = false, features = ["runtime-tokio-rustls", {}] }}
sea-orm-migration-kit = {{ path = {:?} }}
tokio = {{ version = "1", features = ["macros", "rt-multi-thread"] }}
"#,
        values.package,
        values.entities,
        values.path_to_entities,
        drivers.join(", "),
        values.path_to_kit,
    )
}

pub(super) fn list() -> String {
    format!(
        r"//! The migrations of the project.

pub use sea_orm_migration::prelude::*;

pub struct Migrator;

impl MigratorTrait for Migrator {{
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {{
        vec![
            {ONE_A_LINE}
        ]
    }}
}}
"
    )
}

pub(super) fn main(values: &Values<'_>) -> String {
    let databases: Vec<&str> = values.databases.iter().map(|database| variant(*database)).collect();
    format!(
        r#"//! The command line of the migrations: `cargo migrate`.

use std::{{marker::PhantomData, process::ExitCode}};

// The entities register themselves in a program that links them.
use {entities} as _;
use sea_orm_migration::sea_orm::DbBackend;
use sea_orm_migration_kit::tooling::{{Project, cli}};

#[tokio::main]
async fn main() -> ExitCode {{
    let project = Project {{
        entities: &["{entities}::*"],
        folder: env!("CARGO_MANIFEST_DIR"),
        ignored_tables: &[],
        hints: |_| Vec::new(),
        databases: &[{}],
        migrator: PhantomData::<{}::Migrator>,
    }};
    ExitCode::from(cli::run(&project, std::env::args_os().collect()).await)
}}
"#,
        databases.join(", "),
        module(values.package),
        entities = module(values.entities),
    )
}

pub(super) fn attributes() -> String {
    format!("# Branches that each add a migration merge without a conflict.\n{UNION}\n")
}

pub(super) fn entities(values: &Values<'_>) -> String {
    format!(
        r#"[package]
name = "{}"
version = "0.1.0"
edition = "2024"
publish = false

[dependencies]
sea-orm = {{ version = "2.0", default-features = false, features = ["macros", "with-chrono", "with-uuid"] }}
"#,
        values.entities
    )
}

/// Example of the settings, for the first database.
pub(super) fn settings(databases: &[DbBackend], project: &str) -> String {
    let url = match databases.first() {
        Some(DbBackend::Postgres) => format!("postgres://postgres@127.0.0.1/{project}"),
        Some(DbBackend::MySql) => format!("mysql://root@127.0.0.1/{project}"),
        _ => format!("sqlite://{project}.db?mode=rwc"),
    };
    format!(
        "# Settings of development. Copy this file to `.env`, which git should ignore.\nAPP_ENV=development\nDATABASE_URL={url}\n"
    )
}

/// The crate of a package, as Rust names it.
pub(super) fn module(package: &str) -> String {
    package.replace('-', "_")
}

fn driver(database: DbBackend) -> &'static str {
    match database {
        DbBackend::Postgres => "sqlx-postgres",
        DbBackend::MySql => "sqlx-mysql",
        _ => "sqlx-sqlite",
    }
}

fn variant(database: DbBackend) -> &'static str {
    match database {
        DbBackend::Postgres => "DbBackend::Postgres",
        DbBackend::MySql => "DbBackend::MySql",
        _ => "DbBackend::Sqlite",
    }
}
