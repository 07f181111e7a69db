//! What the three databases do not agree on: how a moment is stored, how text is compared, and
//! what becomes of indexes.

use sea_orm_migration::{prelude::*, schema, sea_orm::DatabaseBackend};

/// A moment in UTC to the microsecond. MariaDB's own `timestamp` cuts to seconds and ends in 2038.
pub(crate) fn moment(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = moment_null(manager, name);
    column.not_null();
    column
}

/// A moment that may be absent.
pub(crate) fn moment_null(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    match manager.get_database_backend() {
        DatabaseBackend::MySql => ColumnDef::new(name).custom("datetime(6)").take(),
        _ => schema::timestamp_with_time_zone_null(name),
    }
}

/// Starts a table whose text is compared byte for byte, as SQLite does, on MariaDB too: two e-mail
/// addresses that differ by an accent are two.
pub(crate) fn table(manager: &SchemaManager<'_>, name: &'static str) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name);
    if manager.get_database_backend() == DatabaseBackend::MySql {
        table.engine("InnoDB").character_set("utf8mb4").collate("utf8mb4_bin");
    }
    table
}

/// An index: its name, and its columns in their order.
pub(crate) type IndexOn = (&'static str, &'static [&'static str]);

/// Creates those of the indexes that are not there. MariaDB commits each by itself: a run that was cut off
/// goes on where it stopped.
pub(crate) async fn create_indexes(
    manager: &SchemaManager<'_>,
    table: &'static str,
    indexes: &[IndexOn],
) -> Result<(), DbErr> {
    for (name, columns) in indexes {
        if !manager.has_index(table, name).await? {
            let mut index = Index::create();
            index.name(*name).table(table);
            for column in *columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
    }
    Ok(())
}

/// Drops those of the indexes that are there.
pub(crate) async fn drop_indexes(
    manager: &SchemaManager<'_>,
    table: &'static str,
    indexes: &[IndexOn],
) -> Result<(), DbErr> {
    for (name, _) in indexes {
        if manager.has_index(table, name).await? {
            manager.drop_index(Index::drop().name(*name).table(table).to_owned()).await?;
        }
    }
    Ok(())
}

/// Gives the foreign key on `column` an index of its own, which MariaDB demands for as long as the
/// key stands, so that a migration's `down` may drop the index it has used so far.
pub(crate) async fn keep_foreign_key_indexed(
    manager: &SchemaManager<'_>,
    table: &'static str,
    column: &'static str,
) -> Result<(), DbErr> {
    let name = format!("fk-{table}-{column}");
    if manager.get_database_backend() == DatabaseBackend::MySql && !manager.has_index(table, &name).await? {
        manager.create_index(Index::create().name(name).table(table).col(column).take()).await?;
    }
    Ok(())
}
