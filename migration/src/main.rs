//! The command line of the migrations, which `cargo migrate` and `sea-orm-cli migrate` call.

use std::{marker::PhantomData, process::ExitCode};

// Its entities register themselves where it is linked.
use entity as _;
use migration::{
    Migrator,
    sea_orm::DbBackend,
    tooling::{cli, compare::Project},
};

#[tokio::main]
async fn main() -> ExitCode {
    let project = Project {
        entities: &["entity::*"],
        folder: env!("CARGO_MANIFEST_DIR"),
        portable: "crate::portable",
        foreign: &[],
        hints: |_| Vec::new(),
        databases: &[DbBackend::Sqlite, DbBackend::Postgres, DbBackend::MySql],
        migrator: PhantomData::<Migrator>,
    };
    ExitCode::from(cli::run(&project, std::env::args_os().collect()).await)
}
