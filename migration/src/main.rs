//! The command line of the migrations, for `cargo migrate` and `sea-orm-cli migrate`.

use std::{marker::PhantomData, process::ExitCode};

// The entities register themselves in a program that links them.
use entity as _;
use migration::Migrator;
use sea_orm_migration::sea_orm::DbBackend;
use sea_orm_migration_kit::tooling::{cli, compare::Project};

#[tokio::main]
async fn main() -> ExitCode {
    // Two providers are linked, so a TLS connection that asks for the default one would panic. The first one stays.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let project = Project {
        entities: &["entity::*"],
        folder: env!("CARGO_MANIFEST_DIR"),
        ignored_tables: &[],
        hints: |_| Vec::new(),
        databases: &[DbBackend::Sqlite, DbBackend::Postgres, DbBackend::MySql],
        migrator: PhantomData::<Migrator>,
    };
    ExitCode::from(cli::run(&project, std::env::args_os().collect()).await)
}
