//! Indexes.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

/// An index: its name, and its columns in their order.
pub type IndexOn = (&'static str, &'static [&'static str]);

/// Creates the indexes that do not exist. MariaDB commits each by itself, so a run that was cut off continues with the rest.
///
/// # Errors
/// [`DbErr`] of the database.
pub async fn create_indexes(
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

/// Drops the indexes that exist.
///
/// # Errors
/// [`DbErr`] of the database.
pub async fn drop_indexes(
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

/// Creates an index of its own for the foreign key on `column` on MariaDB, which needs one, so that a migration's `down`
/// can drop the index that the key used.
///
/// # Errors
/// [`DbErr`] of the database.
pub async fn keep_foreign_key_indexed(
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

/// Creates an index on the rows that meet a condition, optionally unique among them. MariaDB has no such index: there it
/// covers all rows, and is not unique.
///
/// # Errors
/// [`DbErr`] of the database; also if two rows are equal in a unique index.
pub async fn create_partial_index(
    manager: &SchemaManager<'_>,
    mut index: IndexCreateStatement,
    unique: bool,
    condition: &str,
) -> Result<(), DbErr> {
    if manager.get_database_backend() != DatabaseBackend::MySql {
        index.and_where(super::sql(manager, condition));
        if unique {
            index.unique();
        }
    }
    manager.create_index(index).await
}
