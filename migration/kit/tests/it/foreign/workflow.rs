//! The workflow of a project, from the first migration on.

use std::fs;

use serde_json::Value;

use super::{ENTITY, Project, target};
use crate::database::{Database, Server};

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

/// Columns of kinds and defaults that are not written as others are.
const READINGS: &str = r#"use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "Gauge-Readings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(default_expr = "Expr::cust(\"3.14\")")]
    pub factor: f64,
}

impl ActiveModelBehavior for ActiveModel {}
"#;

/// A table of moments only.
const TICKS: &str = r#"use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ticks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
"#;

#[tokio::test]
async fn a_project_of_its_own_goes_through_the_workflow() {
    let database = Database::on(Server::Sqlite).await;
    let project = Project::init("--databases sqlite,postgres", &database.url).await;
    project.write(".rustfmt.toml", "max_width = 110\nuse_small_heuristics = \"Max\"\n");
    project.write("entity/src/lib.rs", "pub mod parcels;\n");
    project.write("entity/src/parcels.rs", ENTITY);
    assert!(project.well("generate create_parcels").contains("wrote migration/src/lib.rs"));
    project.has_no_warnings();
    project.write(&project.migration("create_parcels"), CREATE);
    assert!(project.well("up").starts_with("applied m"));
    assert_eq!(project.well("check"), "entities and migrations agree\n");

    let entity =
        ENTITY.replace("    pub label: String,\n", "    pub label: String,\n    pub weight: Option<i64>,\n");
    project.write("entity/src/parcels.rs", &entity);
    let (code, output) = project.migrate("check");
    assert_eq!(code, 1);
    assert!(output.contains("column parcels.weight is missing from the migrations: bigint"), "{output}");
    assert!(project.well("autogenerate add_weight").contains("column parcels.weight: new, bigint"));
    project.well("generate index_parcels");
    project.write(&project.migration("index_parcels"), INDEX);

    assert_eq!(project.well("up").matches("applied m").count(), 2);
    assert_eq!(project.well("check"), "entities and migrations agree\n");
    assert_eq!(project.well("drift"), "the database matches its applied migrations\n");
    assert!(project.well("lint").contains("0 findings, 1 exceptions"));
    assert!(project.well("down --to base").contains("rolled back m"));
    let history: Value = serde_json::from_str(&project.well("history --json")).unwrap();
    let states: Vec<_> = history["entries"].as_array().unwrap().iter().map(|entry| &entry["state"]).collect();
    assert_eq!(states, ["pending"; 3]);
    project.well("up");
    written_code_has_no_warnings(&project);
    writes_to_the_checkout_around_it(&project);
}

fn written_code_has_no_warnings(project: &Project) {
    project.write("entity/src/ticks.rs", TICKS);
    project.write("entity/src/lib.rs", "pub mod parcels;\npub mod ticks;\n");
    project.well("autogenerate CreateTicks");
    project.write("entity/src/readings.rs", READINGS);
    project.write("entity/src/lib.rs", "pub mod parcels;\npub mod readings;\npub mod ticks;\n");
    project.well("autogenerate create_readings");
    project.write("entity/src/readings.rs", &READINGS.replace("pub factor: f64", "pub factor: Option<f64>"));
    project.well("autogenerate free_factor");
    project.has_no_warnings();
    project.well("up");
    assert_eq!(project.well("check"), "entities and migrations agree\n");
}

/// The program, copied as an installation does, writes to a checkout, and refuses to write elsewhere.
fn writes_to_the_checkout_around_it(project: &Project) {
    let program = project.path("installed");
    fs::copy(target().join("debug/migration"), &program).unwrap();
    let list = project.read("migration/src/lib.rs");
    let elsewhere = tempfile::tempdir().unwrap();
    let elsewhere = elsewhere.path().to_str().unwrap();
    let (code, output) = project.run(elsewhere, &program, &["generate", "nowhere"]);
    assert_eq!(code, 1, "{output}");
    assert!(output.contains("run this in a checkout of the project"), "{output}");

    for part in ["Cargo.toml", "migration", "entity"] {
        project.done("cp", &["-r", part, elsewhere]);
    }
    let (code, output) = project.run(&format!("{elsewhere}/entity/src"), &program, &["generate", "there"]);
    assert_eq!(code, 0, "{output}");
    let copied = fs::read_to_string(format!("{elsewhere}/migration/src/lib.rs")).unwrap();
    assert!(copied.contains("_there::Migration"), "{copied}");
    assert_eq!(project.read("migration/src/lib.rs"), list);
}
