//! Branches of git that each add a migration.

use std::fs;

use serde_json::Value;

use super::{ENTITY, Project};

/// `src/lib.rs` as `sea-orm-cli migrate init` writes it.
const STOCK: &str = r"pub use sea_orm_migration::prelude::*;

mod m20220101_000001_create_table;

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m20220101_000001_create_table::Migration)]
    }
}
";

/// A migration that names its table by an identifier.
const CREATE: &str = r#"use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create();
        table.table(Parcels::Table);
        table.col(uuid("id").primary_key()).col(string("label"));
        manager.create_table(table).await
    }
}

#[derive(DeriveIden)]
enum Parcels {
    Table,
}
"#;

impl Project {
    fn git(&self, command: &str) -> String {
        let arguments: Vec<&str> = command.split_whitespace().collect();
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
        self.done("git", &[&identity[..], &arguments].concat())
    }

    fn commit(&self) {
        self.git("add --all");
        self.git("commit --quiet --message change");
    }

    /// Names of the migrations of the compiled program.
    fn names(&self) -> Vec<String> {
        let history: Value = serde_json::from_str(&self.well("history --json")).unwrap();
        let entries = history["entries"].as_array().unwrap();
        entries.iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn branches_that_each_add_a_migration_merge_in_either_order() {
    let project = Project::init("", "sqlite://nothing.db").await;
    project.write("entity/src/lib.rs", "pub mod parcels;\n");
    project.write("entity/src/parcels.rs", ENTITY);
    project.write("migration/src/lib.rs", STOCK);
    project.write("migration/src/m20220101_000001_create_table.rs", CREATE);
    // As in a project that `init` did not make.
    fs::remove_file(project.path("migration/.gitattributes")).unwrap();
    project.git("init --quiet --initial-branch main");
    project.commit();

    project.git("switch --quiet --create weights");
    let written = project.well("generate add_weights");
    assert!(written.ends_with("wrote migration/.gitattributes\n"), "{written}");
    assert_eq!(project.read("migration/.gitattributes"), "src/lib.rs merge=union\n");
    project.write(&project.migration("add_weights"), CREATE);
    project.commit();

    project.git("switch --quiet --create colours main");
    let entity = ENTITY.replace("pub label: String", "pub label: String,\n    pub colour: Option<String>");
    project.write("entity/src/parcels.rs", &entity);
    let written = project.well("autogenerate add_colours");
    assert!(
        written.contains("on the branch weights, which is not merged here, names parcels, too"),
        "{written}"
    );
    project.commit();
    assert!(!project.well("generate add_more").contains(".gitattributes"));
    project.git("checkout --quiet -- .");
    project.git("clean --quiet --force");

    let expected = ["m20220101_000001_create_table", "_add_colours", "_add_weights"];
    for (into, from) in [("weights", "colours"), ("colours", "weights")] {
        project.git(&format!("switch --quiet --create {into}-first {into}"));
        project.git(&format!("merge --quiet --no-edit {from}"));
        let mut names = project.names();
        assert!(names[1].ends_with(&format!("_add_{into}")), "{names:?}");
        names[1..].sort_by_key(|name| name.ends_with("_add_weights"));
        assert_eq!(names.len(), 3, "{names:?}");
        assert!(names.iter().zip(expected).all(|(name, end)| name.ends_with(end)), "{names:?}");
        // Formatting sorts the modules, and keeps each entry on its line.
        project.done("cargo", &["fmt", "--package", "migration"]);
        assert_eq!(project.read("migration/src/lib.rs").matches("\n            Box::new(m").count(), 3);
        project.git("checkout --quiet -- .");
    }
    // What is merged is no warning any more.
    project.write(
        "entity/src/parcels.rs",
        &entity.replace("pub colour", "pub tint: Option<String>,\n    pub colour"),
    );
    let written = project.well("autogenerate add_tint");
    assert!(!written.contains("on the branch"), "{written}");
}
