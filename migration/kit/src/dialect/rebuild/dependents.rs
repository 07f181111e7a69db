//! Views and triggers that name a table, which a rebuild must not break.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DatabaseBackend, Statement},
};

use super::name;

/// Views, and tables whose triggers name the rebuilt one. A view has no column here: one that is broken has none.
const NAMING: &str = "SELECT DISTINCT v.name AS name, CASE v.type WHEN 'view' THEN ''
        ELSE (SELECT c.name FROM pragma_table_info(v.name) c LIMIT 1) END AS first
    FROM sqlite_master v WHERE v.type IN ('view', 'table')
    AND EXISTS (SELECT 1 FROM sqlite_master o WHERE (o.type = 'view' AND o.name = v.name AND v.type = 'view'
        OR o.type = 'trigger' AND o.tbl_name = v.name AND v.type = 'table') AND instr(lower(o.sql), lower(?)) > 0)
    ORDER BY v.name";

/// Statements that worked before the rebuild, each with the object that it tries.
pub(super) struct Dependents(Vec<(String, String)>);

impl Dependents {
    pub(super) async fn find(manager: &SchemaManager<'_>, table: &str) -> Result<Self, DbErr> {
        let query = Statement::from_sql_and_values(DatabaseBackend::Sqlite, NAMING, [table.into()]);
        let mut work = Vec::new();
        for row in manager.get_connection().query_all_raw(query).await? {
            let (of, first): (String, String) = (row.try_get("", "name")?, row.try_get("", "first")?);
            let (quoted, column) = (name(manager, &of), name(manager, &first));
            // EXPLAIN compiles a statement with its triggers, and does not run it.
            let (object, probes) = if first.is_empty() {
                (format!("view {of}"), vec![format!("EXPLAIN SELECT * FROM {quoted}")])
            } else {
                let writes = vec![
                    format!("EXPLAIN INSERT INTO {quoted} DEFAULT VALUES"),
                    format!("EXPLAIN UPDATE {quoted} SET {column} = {column}"),
                    format!("EXPLAIN DELETE FROM {quoted}"),
                ];
                (format!("a trigger of {of}"), writes)
            };
            for probe in probes {
                if probed(manager, &probe).await.is_ok() {
                    work.push((object.clone(), probe));
                }
            }
        }
        Ok(Self(work))
    }

    /// # Errors
    /// [`DbErr::Migration`] for the first one that no longer works.
    pub(super) async fn still_work(&self, manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
        for (of, probe) in &self.0 {
            if let Err(error) = probed(manager, probe).await {
                return Err(DbErr::Migration(format!(
                    "after the rebuild of {table}, {of} does not work: {error}; drop it before, and create it again after"
                )));
            }
        }
        Ok(())
    }
}

async fn probed(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let query = Statement::from_string(DatabaseBackend::Sqlite, sql);
    manager.get_connection().query_all_raw(query).await.map(|_| ())
}
