//! Native enums: a type of their own on PostgreSQL, part of the column on MariaDB, text on SQLite.

use sea_orm_migration::{prelude::*, schema, sea_orm::DatabaseBackend, sea_query::extension::postgres::Type};

use super::{modify, name, run};

/// A column of the enum `kind`. Values may contain quotes and backslashes, which SeaORM's own `enumeration` does not escape
/// for MariaDB.
#[must_use]
pub fn enumeration(
    manager: &SchemaManager<'_>,
    name: &'static str,
    kind: &'static str,
    values: &[&'static str],
) -> ColumnDef {
    let mut column = enumeration_null(manager, name, kind, values);
    column.not_null();
    column
}

/// A column of an enum that may be absent.
#[must_use]
pub fn enumeration_null(
    manager: &SchemaManager<'_>,
    name: &'static str,
    kind: &'static str,
    values: &[&'static str],
) -> ColumnDef {
    let mut column = schema::enumeration_null(name, kind, values.iter().copied());
    if manager.get_database_backend() == DatabaseBackend::MySql {
        spell(&mut column);
    }
    column
}

/// Replaces the values of an enum by the words of MariaDB, with their quotes escaped.
pub(super) fn spell(column: &mut ColumnDef) {
    if let Some(ColumnType::Enum { variants, .. }) = column.get_column_type() {
        let values: Vec<String> = variants.iter().map(|value| escaped(&value.to_string())).collect();
        column.custom(format!("ENUM({})", values.join(", ")));
    }
}

/// A text as MariaDB reads it.
fn escaped(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

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
                modify::replace(manager, table, column).await?;
            }
            Ok(())
        }
        DatabaseBackend::Postgres => replace_type(manager, kind, values, &columns).await,
        _ => Ok(()),
    }
}

/// Gives a value of an enum another name, in the type and in all rows. `columns` are all columns of the
/// enum, each with its table and its new definition.
///
/// # Errors
/// [`DbErr`] of the database.
pub async fn rename_enum_value(
    manager: &SchemaManager<'_>,
    kind: &str,
    (from, to): (&str, &str),
    columns: Vec<(&'static str, ColumnDef)>,
) -> Result<(), DbErr> {
    if manager.get_database_backend() == DatabaseBackend::Postgres {
        let quoted = |text: &str| text.replace('\'', "''");
        let (of, from, to) = (name(manager, kind), quoted(from), quoted(to));
        return run(manager, &format!("ALTER TYPE {of} RENAME VALUE '{from}' TO '{to}'")).await;
    }
    for (table, column) in columns {
        let name = column.get_column_name();
        let mysql = manager.get_database_backend() == DatabaseBackend::MySql;
        if mysql {
            // As text, since a collation may take both names for the same.
            let mut text = column.clone();
            modify::replace(manager, table, text.custom("varchar(255)").take()).await?;
        }
        let update =
            Query::update().table(table).value(name.clone(), to).and_where(Expr::col(name).eq(from)).take();
        manager.execute(update).await?;
        if mysql {
            modify::replace(manager, table, column).await?;
        }
    }
    Ok(())
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
