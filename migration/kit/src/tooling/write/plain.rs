//! The source of a migration for a project with one database: plain statements.

use sea_orm_migration::sea_orm::DbBackend;

use super::{
    DIALECT, Draft, code,
    sql::{Step, steps},
    summary,
};

pub(super) fn source(backend: DbBackend, draft: &Draft<'_>) -> String {
    let (up, down) = steps(backend, draft);
    let mut all = up.iter().chain(&down);
    let dialect = if all.any(|step| !matches!(step, Step::Sql(_))) {
        format!("use {DIALECT};\n\n")
    } else {
        String::new()
    };
    // MariaDB commits each change of a schema by itself.
    let transaction = match backend {
        DbBackend::MySql => "",
        _ => "fn use_transaction(&self) -> Option<bool> { Some(true) }\n\n",
    };
    format!(
        "{}\n\nuse sea_orm_migration::prelude::*;\n\n{dialect}#[derive(DeriveMigrationName)]\npub struct Migration;\n\n\
         #[async_trait::async_trait]\nimpl MigrationTrait for Migration {{\n{transaction}\
         async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {{\n{}}}\n\n\
         async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {{\n{}}}\n}}\n",
        summary(draft),
        body(&up),
        body(&down),
    )
}

/// The body of one way.
fn body(steps: &[Step]) -> String {
    let mut lines: Vec<String> = steps.iter().map(line).collect();
    if steps.iter().any(|step| matches!(step, Step::Sql(_))) {
        lines.insert(0, "let db = manager.get_connection();".to_owned());
    }
    format!("{}\nOk(())\n", lines.join("\n"))
}

fn line(step: &Step) -> String {
    match step {
        Step::Sql(sql) => format!("db.execute_unprepared({}).await?;", code::text(sql)),
        Step::Rebuild { table, definition, columns, dropped } => format!(
            "dialect::rebuild_as(manager, {}, {}, {}, {}).await?;",
            code::text(table),
            code::text(definition),
            code::texts(columns),
            code::texts(dropped)
        ),
        Step::KeyIndex { table, key, columns } => format!(
            "dialect::create_indexes(manager, {}, &[({}, {})]).await?;",
            code::text(table),
            code::text(key),
            code::texts(columns)
        ),
        Step::DropForeignKey { table, key } => {
            format!("dialect::drop_foreign_key(manager, {}, {}).await?;", code::text(table), code::text(key))
        }
    }
}
