//! Differences between the three databases: how a moment is stored, how text is compared, how a table is altered.
//! Everything else is in SeaORM's own `SchemaManager`.

use sea_orm_migration::{prelude::*, schema, sea_orm::DatabaseBackend};

mod alter;
mod enums;
mod index;
pub(crate) mod modify;
mod rebuild;

pub use alter::{
    add_check, add_unique, backfill, change_column, change_primary_key, drop_check, drop_foreign_key,
    drop_unique,
};
pub use enums::{change_enum, create_enum, drop_enum, enumeration, enumeration_null, rename_enum_value};
pub use index::{IndexOn, create_indexes, create_partial_index, drop_indexes, keep_foreign_key_indexed};
pub use rebuild::{rebuild, rebuild_as, rebuild_without};

/// A moment in UTC to the microsecond. MariaDB's own `timestamp` cuts to seconds and ends in 2038.
#[must_use]
pub fn moment(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = moment_null(manager, name);
    column.not_null();
    column
}

/// A moment that may be absent.
#[must_use]
pub fn moment_null(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    match manager.get_database_backend() {
        DatabaseBackend::MySql => ColumnDef::new(name).custom("datetime(6)").take(),
        _ => schema::timestamp_with_time_zone_null(name),
    }
}

/// Begins a table whose text is compared byte by byte on MariaDB too, as on SQLite: e-mail addresses that differ by an
/// accent are different.
#[must_use]
pub fn table(manager: &SchemaManager<'_>, name: &'static str) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name);
    if manager.get_database_backend() == DatabaseBackend::MySql {
        table.engine("InnoDB").character_set("utf8mb4").collate("utf8mb4_bin");
    }
    table
}

/// The current moment, as the default of a column that [`moment`] defines.
#[must_use]
pub fn now(manager: &SchemaManager<'_>) -> Expr {
    match manager.get_database_backend() {
        DatabaseBackend::MySql => Expr::cust("CURRENT_TIMESTAMP(6)"),
        // CURRENT_TIMESTAMP of SQLite has no zone, and sorts wrongly among texts with one.
        DatabaseBackend::Sqlite => Expr::cust("strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')"),
        _ => Expr::current_timestamp(),
    }
}

/// A moment in UTC, written as `2026-01-31T12:00:00`, as the value of a column that [`moment`] defines.
#[must_use]
pub fn at(manager: &SchemaManager<'_>, moment: &str) -> Expr {
    let zone = if manager.get_database_backend() == DatabaseBackend::MySql { "" } else { "+00:00" };
    Expr::cust(format!("'{moment}{zone}'"))
}

/// An expression in SQL that all three databases support, with names in double quotes. For MariaDB, which reads these as
/// text, they become backticks.
#[must_use]
pub fn sql(manager: &SchemaManager<'_>, sql: &str) -> Expr {
    Expr::cust(quoted(manager, sql))
}

fn quoted(manager: &SchemaManager<'_>, sql: &str) -> String {
    if manager.get_database_backend() != DatabaseBackend::MySql {
        return sql.to_owned();
    }
    let mut in_text = false;
    let mut quoted = String::with_capacity(sql.len());
    for c in sql.chars() {
        in_text ^= c == '\'';
        match c {
            '"' if !in_text => quoted.push('`'),
            // An escape in MariaDB's texts, and itself in those of the others.
            '\\' if in_text => quoted.push_str("\\\\"),
            c => quoted.push(c),
        }
    }
    quoted
}

/// A name in the quotes of the database.
fn name(manager: &SchemaManager<'_>, name: &str) -> String {
    match manager.get_database_backend() {
        DatabaseBackend::MySql => format!("`{}`", name.replace('`', "``")),
        _ => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    manager.get_connection().execute_unprepared(sql).await.map(|_| ())
}
