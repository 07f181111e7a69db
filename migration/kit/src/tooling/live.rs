//! Tables and columns of a live database as a [`Snapshot`], as far as the search for losses needs them.

use std::collections::BTreeMap;

use sea_orm_migration::{
    SchemaManager,
    sea_orm::{ConnectionTrait as _, DbBackend, DbErr, Statement, TransactionTrait as _},
};

use crate::snapshot::Snapshot;

const SQLITE: &str = "SELECT s.name AS table_name, x.name AS column_name, x.type AS kind,
        x.hidden IN (2, 3) AS is_generated
    FROM sqlite_schema AS s, pragma_table_xinfo(s.name) AS x
    WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite@_%' ESCAPE '@' ORDER BY s.name, x.cid";

const POSTGRES: &str = "SELECT c.relname::text AS table_name, a.attname::text AS column_name,
        format_type(a.atttypid, a.atttypmod) AS kind, a.attgenerated <> '' AS is_generated
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') ORDER BY c.relname, a.attnum";

const MARIADB: &str = "SELECT CAST(c.TABLE_NAME AS CHAR) AS table_name, CAST(c.COLUMN_NAME AS CHAR) AS column_name,
        CAST(c.COLUMN_TYPE AS CHAR) AS kind, COALESCE(c.GENERATION_EXPRESSION, '') <> '' AS is_generated
    FROM information_schema.COLUMNS AS c
    JOIN information_schema.TABLES AS t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
    WHERE c.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE' ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION";

/// A type that fits no other, for a column whose type cannot be read.
const UNREADABLE: &str = "unreadable";

/// The tables that the connection reaches without naming a schema, with their columns, types, and nothing else.
pub(super) async fn schema(manager: &SchemaManager<'_>) -> Result<Snapshot, DbErr> {
    let backend = manager.get_database_backend();
    let query = match backend {
        DbBackend::Sqlite => SQLITE,
        DbBackend::MySql => MARIADB,
        _ => POSTGRES,
    };
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in manager.get_connection().query_all_raw(Statement::from_string(backend, query)).await? {
        let column: String = row.try_get("", "column_name")?;
        let kind: String = row.try_get("", "kind")?;
        let column = column_definition(backend, &column, &kind, row.try_get("", "is_generated")?);
        tables.entry(row.try_get("", "table_name")?).or_default().push(column);
    }
    let mut schema = Snapshot::default();
    for (table, columns) in tables {
        schema.apply(backend, &format!("CREATE TABLE {} ({})", quoted(backend, &table), columns.join(", ")));
    }
    Ok(schema)
}

/// Whether a table has rows, apart from `records` and the tables of the kit beside it.
pub(super) async fn has_rows(
    manager: &SchemaManager<'_>,
    schema: &Snapshot,
    records: &str,
) -> Result<bool, DbErr> {
    let backend = manager.get_database_backend();
    let ours = format!("_{records}_");
    let tables = schema.tables.keys().filter(|table| *table != records && !table.starts_with(&ours));
    for table in tables {
        let query = format!("SELECT 1 AS found FROM {} LIMIT 1", quoted(backend, table));
        if is_found(manager, Statement::from_string(backend, query)).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a query finds a row. A table that may not be read counts as one with rows.
async fn is_found(manager: &SchemaManager<'_>, query: Statement) -> Result<bool, DbErr> {
    let db = manager.get_connection();
    if query.db_backend != DbBackend::Postgres {
        return Ok(db.query_one_raw(query).await.map_or(true, |row| row.is_some()));
    }
    // An error would end the transaction of the run; in one of its own it ends a savepoint.
    let txn = db.begin().await?;
    let found = txn.query_one_raw(query).await.map_or(true, |row| row.is_some());
    txn.rollback().await?;
    Ok(found)
}

fn column_definition(backend: DbBackend, name: &str, kind: &str, is_generated: bool) -> String {
    let name = quoted(backend, name);
    let mut alone = Snapshot::default();
    alone.apply(backend, &format!("CREATE TABLE one ({name} {kind})"));
    let kind = if alone.tables.is_empty() || kind.is_empty() { UNREADABLE } else { kind };
    let generated = if is_generated { " GENERATED ALWAYS AS (1) STORED" } else { "" };
    format!("{name} {kind}{generated}")
}

fn quoted(backend: DbBackend, name: &str) -> String {
    match backend {
        DbBackend::MySql => format!("`{}`", name.replace('`', "``")),
        _ => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}
