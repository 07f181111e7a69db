//! The command line of the migrations, which `sea-orm-cli migrate` calls.

use migration::{Migrator, startup};

#[tokio::main]
async fn main() {
    sea_orm_migration::cli::run_cli_with_connection(Migrator, startup::connect).await;
}
