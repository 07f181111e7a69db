//! Native enums: a type of their own on PostgreSQL, part of the column on MariaDB, text on SQLite.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend, sea_query::extension::postgres::Type};

use super::{name, run};

/// Creates the type, where there are such.
///
/// # Errors
/// [`DbErr`] of the database.
pub async fn create_enum(
    manager: &SchemaManager<'_>,
    name: &'static str,
    values: &[&'static str],
) -> Result<(), DbErr> {
    if manager.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(());
    }
    manager.create_type(Type::create().as_enum(name).values(values.iter().copied()).to_owned()).await
}

/// Drops the type, where there are such.
///
/// # Errors
/// [`DbErr`] of the database; also if a column still uses it.
pub async fn drop_enum(manager: &SchemaManager<'_>, name: &'static str) -> Result<(), DbErr> {
    if manager.get_database_backend() != DatabaseBackend::Postgres {
        return Ok(());
    }
    manager.drop_type(Type::drop().name(name).to_owned()).await
}

/// Replaces the values of an enum. `columns` are all columns of the enum, each with its table and its new definition.
///
/// # Errors
/// [`DbErr`] of the database; also if a row has a value that is removed.
pub async fn change_enum(
    manager: &SchemaManager<'_>,
    kind: &'static str,
    values: &[&'static str],
    columns: Vec<(&'static str, ColumnDef)>,
) -> Result<(), DbErr> {
    match manager.get_database_backend() {
        DatabaseBackend::MySql => {
            for (table, column) in columns {
                manager.alter_table(Table::alter().table(table).modify_column(column).take()).await?;
            }
            Ok(())
        }
        DatabaseBackend::Postgres => replace_type(manager, kind, values, &columns).await,
        _ => Ok(()),
    }
}

/// A value cannot be inserted between others and used in one transaction, nor be removed: the type is replaced.
async fn replace_type(
    manager: &SchemaManager<'_>,
    kind: &'static str,
    values: &[&'static str],
    columns: &[(&'static str, ColumnDef)],
) -> Result<(), DbErr> {
    let (new, old) = (name(manager, kind), name(manager, &format!("{kind}_old")));
    run(manager, &format!("ALTER TYPE {new} RENAME TO {old}")).await?;
    create_enum(manager, kind, values).await?;
    for (table, column) in columns {
        let (of, at) = (name(manager, table), name(manager, &column.get_column_name()));
        let default = column.get_column_spec().default.clone();
        run(manager, &format!("ALTER TABLE {of} ALTER COLUMN {at} DROP DEFAULT")).await?;
        run(manager, &format!("ALTER TABLE {of} ALTER COLUMN {at} TYPE {new} USING {at}::text::{new}"))
            .await?;
        if let Some(default) = default {
            let mut def = ColumnDef::new(column.get_column_name());
            manager
                .alter_table(Table::alter().table(*table).modify_column(def.default(default)).take())
                .await?;
        }
    }
    run(manager, &format!("DROP TYPE {old}")).await
}
