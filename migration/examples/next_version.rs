//! Migrations of a made-up next version: those of this one, and more from the command line. Tests of upgrades run it
//! while processes of this version serve.
//!
//! usage: `next_version URL NAME SQL [NAME SQL …]`

use std::{process::ExitCode, sync::OnceLock};

use migration::{Migrator, startup::PATIENCE};
use sea_orm_migration::prelude::*;
use sea_orm_migration_kit::run::{Error, Session, Step, Target, Until};

/// A migration of one statement.
#[derive(Debug, Clone)]
struct Added {
    name: String,
    sql: String,
}

impl MigrationName for Added {
    fn name(&self) -> &str {
        &self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Added {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(&self.sql).await?;
        Ok(())
    }
}

static ADDED: OnceLock<Vec<Added>> = OnceLock::new();

struct Next;

impl MigratorTrait for Next {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let mut migrations = Migrator::migrations();
        migrations.extend(ADDED.get().into_iter().flatten().map(|added| Box::new(added.clone()) as _));
        migrations
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut arguments = std::env::args().skip(1);
    let Some(url) = arguments.next() else {
        eprintln!("usage: next_version URL NAME SQL [NAME SQL …]");
        return ExitCode::from(2);
    };
    let mut added = Vec::new();
    while let (Some(name), Some(sql)) = (arguments.next(), arguments.next()) {
        added.push(Added { name, sql });
    }
    ADDED.get_or_init(|| added);
    match up(&url).await {
        Ok(steps) => {
            for step in &steps {
                println!("{step}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn up(url: &str) -> Result<Vec<Step>, Error> {
    let mut session = Session::<Next>::open(Target::new(url, "next_version", PATIENCE)).await?;
    let steps = session.up(Until::End).await?;
    session.close().await?;
    Ok(steps)
}
