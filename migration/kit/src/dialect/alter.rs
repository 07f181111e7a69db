//! Changes of a table that `SchemaManager` cannot make on all of PostgreSQL and MariaDB. SQLite cannot alter a table
//! in these ways at all: there it is rebuilt.

use sea_orm_migration::{
    prelude::*,
    sea_orm::DatabaseBackend,
    sea_query::{PostgresQueryBuilder, backend::TableBuilder},
};

use super::{modify, name, quoted, run};

/// Fills the column in rows without a value, so that it can become NOT NULL.
///
/// # Errors
/// [`DbErr`] of the database.
pub async fn backfill(
    manager: &SchemaManager<'_>,
    table: &'static str,
    column: &'static str,
    value: impl Into<Expr>,
) -> Result<(), DbErr> {
    let value = value.into();
    manager
        .execute(
            Query::update().table(table).value(column, value).and_where(Expr::col(column).is_null()).take(),
        )
        .await
}

/// Changes a column's type, nullability and default. Values are cast to the new type. Properties in which both definitions
/// agree stay as they are in the database, also those that neither mentions, such as a comment or a character set.
///
/// # Errors
/// [`DbErr`] of the database: for a value that cannot be cast, or a null in a column that becomes NOT NULL.
/// [`DbErr::Migration`] on MariaDB if the new type cannot keep ON UPDATE.
pub async fn change_column(
    manager: &SchemaManager<'_>,
    table: &'static str,
    from: impl IntoColumnDef,
    to: impl IntoColumnDef,
) -> Result<(), DbErr> {
    let (from, to) = (from.into_column_def(), to.into_column_def());
    if manager.get_database_backend() == DatabaseBackend::MySql {
        return modify::change(manager, table, from, to).await;
    }
    let (column, spec) = (to.get_column_name(), to.get_column_spec());
    let alter = async |def: &mut ColumnDef| {
        manager.alter_table(Table::alter().table(table).modify_column(def).take()).await
    };
    let kind = type_of(&to);
    let retyped = kind != type_of(&from);
    let default = |def: &ColumnDef| def.get_column_spec().default.clone();
    if default(&from).is_some() && (retyped || default(&to).is_none()) {
        let (table, column) = (name(manager, table), name(manager, &column));
        run(manager, &format!("ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT")).await?;
    }
    if let Some(new) = to.get_column_type().filter(|_| retyped) {
        let cast = Expr::cust(format!("{}::{kind}", name(manager, &column)));
        alter(ColumnDef::new_with_type(column.clone(), new.clone()).using(cast)).await?;
    }
    if let Some(default) = default(&to).filter(|new| retyped || default(&from).as_ref() != Some(new)) {
        alter(ColumnDef::new(column.clone()).default(default)).await?;
    }
    match (from.get_column_spec().nullable, spec.nullable) {
        (Some(false), Some(true) | None) => alter(ColumnDef::new(column).null()).await,
        (Some(true) | None, Some(false)) => alter(ColumnDef::new(column).not_null()).await,
        _ => Ok(()),
    }
}

fn type_of(column: &ColumnDef) -> String {
    let mut sql = String::new();
    if let Some(kind) = column.get_column_type() {
        PostgresQueryBuilder.prepare_column_type(kind, &mut sql);
    }
    sql
}

/// Adds a condition that every row must meet. Names in it are in double quotes.
///
/// # Errors
/// [`DbErr`] of the database; also if a row does not meet the condition.
pub async fn add_check(
    manager: &SchemaManager<'_>,
    table: &str,
    check: &str,
    condition: &str,
) -> Result<(), DbErr> {
    let (table, check, condition) = (name(manager, table), name(manager, check), quoted(manager, condition));
    run(manager, &format!("ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({condition})")).await
}

/// Drops a condition.
///
/// # Errors
/// [`DbErr`] of the database.
pub async fn drop_check(
    manager: &SchemaManager<'_>,
    table: &'static str,
    check: &'static str,
) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).drop_constraint(check).take()).await
}

/// Drops a foreign key, on MariaDB with the index that came with it.
///
/// # Errors
/// [`DbErr`] of the database.
pub async fn drop_foreign_key(
    manager: &SchemaManager<'_>,
    table: &'static str,
    key: &str,
) -> Result<(), DbErr> {
    manager.drop_foreign_key(ForeignKey::drop().table(table).name(key).to_owned()).await?;
    if manager.get_database_backend() == DatabaseBackend::MySql && manager.has_index(table, key).await? {
        manager.drop_index(Index::drop().table(table).name(key).to_owned()).await?;
    }
    Ok(())
}

/// Adds a unique constraint, which is an index on MariaDB.
///
/// # Errors
/// [`DbErr`] of the database; also if two rows are equal in the columns.
pub async fn add_unique(
    manager: &SchemaManager<'_>,
    table: &str,
    constraint: &str,
    columns: &[&str],
) -> Result<(), DbErr> {
    let columns = columns.iter().map(|column| name(manager, column)).collect::<Vec<_>>().join(", ");
    let (table, constraint) = (name(manager, table), name(manager, constraint));
    run(manager, &format!("ALTER TABLE {table} ADD CONSTRAINT {constraint} UNIQUE ({columns})")).await
}

/// Drops a unique constraint; one without a name has that which the database gave it.
///
/// # Errors
/// [`DbErr`] of the database.
pub async fn drop_unique(
    manager: &SchemaManager<'_>,
    table: &'static str,
    name: Option<&str>,
    columns: &[&str],
) -> Result<(), DbErr> {
    if manager.get_database_backend() == DatabaseBackend::MySql {
        let name = name.or(columns.first().copied()).unwrap_or_default();
        return manager.drop_index(Index::drop().table(table).name(name).to_owned()).await;
    }
    let name = name.map_or_else(|| format!("{table}_{}_key", columns.join("_")), str::to_owned);
    manager.alter_table(Table::alter().table(table).drop_constraint(name).take()).await
}

/// Makes other columns the primary key. `key` is the name of the constraint, if it has one of its own.
///
/// # Errors
/// [`DbErr`] of the database; also if two rows are equal in them, or a foreign key needs the old key.
pub async fn change_primary_key(
    manager: &SchemaManager<'_>,
    table: &str,
    key: Option<&str>,
    columns: &[&str],
) -> Result<(), DbErr> {
    let columns = columns.iter().map(|column| name(manager, column)).collect::<Vec<_>>().join(", ");
    let constraint = name(manager, &key.map_or_else(|| format!("{table}_pkey"), str::to_owned));
    let table = name(manager, table);
    let (drop, add) = match manager.get_database_backend() {
        DatabaseBackend::MySql => ("PRIMARY KEY".to_owned(), String::new()),
        _ => (format!("CONSTRAINT {constraint}"), format!("CONSTRAINT {constraint} ")),
    };
    run(manager, &format!("ALTER TABLE {table} DROP {drop}, ADD {add}PRIMARY KEY ({columns})")).await
}
