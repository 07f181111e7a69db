//! Changes by functions of the dialect.

use sea_orm_migration_kit::dialect;

use super::*;

struct Resized;
struct Create;
struct Resize;

impl MigrationName for Create {
    fn name(&self) -> &'static str {
        "m1"
    }
}

impl MigrationName for Resize {
    fn name(&self) -> &'static str {
        "m2"
    }
}

fn crates(manager: &SchemaManager, label: u32) -> TableCreateStatement {
    let mut table = dialect::table(manager, "crates");
    table.col(big_integer("id").primary_key()).col(string_len("label", label).default("none"));
    table
}

#[async_trait]
impl MigrationTrait for Create {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(crates(manager, 50)).await
    }
}

#[async_trait]
impl MigrationTrait for Resize {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            return dialect::rebuild(manager, crates(manager, 20), &["id", "label"]).await;
        }
        let label = |length| string_len("label", length).default("none").take();
        dialect::change_column(manager, "crates", label(50), label(20)).await
    }
}

#[async_trait]
impl MigratorTrait for Resized {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(Create), Box::new(Resize)]
    }
}

#[tokio::test]
async fn what_dialect_does_is_understood() {
    for backend in ALL {
        let ups = recorder::ups::<Resized>(backend).await;
        let findings = lint::run(&[(backend, ups)]);
        let rules: Vec<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
        match backend {
            DbBackend::Sqlite => assert_eq!(rules, ["rebuilding-table"]),
            _ => assert_eq!(rules, ["changing-column-type", "narrowing-column-type"], "{findings:#?}"),
        }
    }
}
