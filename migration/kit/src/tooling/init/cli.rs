//! The command line of `init`, in a program of its own: the project has none yet.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use sea_orm_migration::sea_orm::DbBackend;

use super::{Existing, InitError, Plan, init};
use crate::tooling::cli::{Backend, backend_named};

/// Set up migrations in a SeaORM project
#[derive(Debug, Parser)]
#[command(name = "sea-orm-migrate", version, max_term_width = 110)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make the migration crate of the project in the working folder
    #[command(
        after_help = "It writes the crate, an example of settings and, if there is none, a crate for entities, and adds them to the workspace \
                      with the alias `cargo migrate`. No file is written over.\n\nExamples:\n  sea-orm-migrate init --databases sqlite,postgres\n  \
                      sea-orm-migrate init --adopt --database-url postgres://shop@127.0.0.1/shop"
    )]
    Init(Init),
}

/// Options of `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Folder of the new crate
    #[arg(long, value_name = "FOLDER", default_value = "migration")]
    pub folder: PathBuf,
    /// Folder of the crate with the entities, which is made if there is none
    #[arg(long, value_name = "FOLDER", default_value = "entity")]
    pub entities: PathBuf,
    /// Folder of this kit; that from which this program was installed if omitted
    #[arg(long, value_name = "FOLDER", default_value = env!("CARGO_MANIFEST_DIR"), hide_default_value = true)]
    pub kit: PathBuf,
    /// Databases that the migrations support; that of the URL with --adopt
    #[arg(
        long,
        value_name = "NAME",
        value_enum,
        value_delimiter = ',',
        default_value = "sqlite",
        conflicts_with = "adopt"
    )]
    pub databases: Vec<Backend>,
    /// Adoption of an existing database.
    #[command(flatten)]
    pub adoption: Adoption,
}

/// Options for an existing database.
#[derive(Debug, Args)]
#[command(next_help_heading = "Existing database")]
pub struct Adoption {
    /// Write a first migration that creates the schema of the database, which is only read
    #[arg(long, requires = "database_url")]
    pub adopt: bool,
    /// Database: sqlite://, postgres:// or mysql:// (also for MariaDB)
    #[arg(short = 'u', long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Schema, on PostgreSQL; that of the user's search path if omitted
    #[arg(short = 's', long, env = "DATABASE_SCHEMA", hide_env_values = true, value_name = "NAME")]
    pub database_schema: Option<String>,
    /// Database of the same kind, beside which scratch space is created
    #[arg(long, value_name = "URL")]
    pub shadow: Option<String>,
    /// Tables to leave out; `*` matches any characters
    #[arg(long, value_name = "TABLE", value_delimiter = ',')]
    pub exclude: Vec<String>,
}

/// Runs the command in `arguments`, the first of which is the name of the program. Returns the exit code.
///
/// Wrong arguments, or a request for help, end the process.
pub async fn run(arguments: Vec<OsString>) -> u8 {
    let Command::Init(asked) = Cli::parse_from(arguments).command;
    let url = asked.adoption.database_url.clone().unwrap_or_default();
    match make(&asked).await {
        Ok(()) => 0,
        Err(error) => {
            // Errors of drivers may contain the password of the URL.
            let said = if url.is_empty() { error } else { error.replace(&url, "the database") };
            eprintln!("error: {said}");
            1
        }
    }
}

async fn make(asked: &Init) -> Result<(), String> {
    let words = |error: InitError| error.to_string();
    let here = std::env::current_dir().map_err(|error| error.to_string())?;
    let adoption = &asked.adoption;
    let existing = adoption.database_url.as_deref().filter(|_| adoption.adopt).map(|url| Existing {
        url,
        schema: adoption.database_schema.as_deref(),
        shadow: adoption.shadow.as_deref(),
        exclude: &adoption.exclude,
    });
    let databases: Vec<DbBackend> = match &existing {
        Some(existing) => {
            vec![backend_named("--database-url", existing.url).map_err(|error| error.to_string())?]
        }
        None => asked.databases.iter().map(|database| DbBackend::from(*database)).collect(),
    };
    let plan = Plan {
        root: &here,
        folder: &asked.folder,
        entities: &asked.entities,
        kit: &asked.kit,
        databases: &databases,
    };
    for file in init(&plan, existing.as_ref()).await.map_err(words)? {
        println!("wrote {}", file.strip_prefix(&here).unwrap_or(&file).display());
    }
    if existing.is_some() {
        println!(
            "Record the migration as applied by `cargo migrate stamp head`, and compare by `cargo migrate drift`."
        );
    }
    Ok(())
}
