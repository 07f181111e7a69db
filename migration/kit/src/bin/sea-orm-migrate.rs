//! Sets up migrations in a project: `sea-orm-migrate init`.

use std::process::ExitCode;

use sea_orm_migration_kit::tooling::init;

#[tokio::main]
async fn main() -> ExitCode {
    ExitCode::from(init::cli::run(std::env::args_os().collect()).await)
}
