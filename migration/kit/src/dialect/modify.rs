//! MODIFY of MariaDB / MySQL, which drops every property of a column that it does not repeat. The present definition is
//! read from the database, and a change touches only the clauses in which the old and the new definition differ.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DatabaseBackend, Statement},
};

use self::definition::Definition;
use crate::sql::definition::{Clause, unquoted, words};

mod definition;
mod meaning;

/// End of a statement that keeps what the database knows of the column beyond it.
const KEEPS: &str = " /* other properties stay */";

/// Changes a column from one definition to another.
pub(super) async fn change(
    manager: &SchemaManager<'_>,
    table: &str,
    from: ColumnDef,
    to: ColumnDef,
) -> Result<(), DbErr> {
    let name = to.get_column_name();
    let (from, to) = (Definition::of(from), Definition::of(to));
    let present = present(manager, table, &name).await?;
    let changed = present.unwrap_or_else(|| from.clone()).changed(&from, &to);
    modify(manager, table, &name, changed).await
}

/// Gives a column the type, nullability and default of a definition, and what else that says.
pub(super) async fn replace(manager: &SchemaManager<'_>, table: &str, to: ColumnDef) -> Result<(), DbErr> {
    let name = to.get_column_name();
    let mut to = Definition::of(to);
    // The keys of the column exist.
    to.set(Clause::Key, None);
    let present = present(manager, table, &name).await?;
    modify(manager, table, &name, to.completed(&present.unwrap_or_default())).await
}

async fn modify(
    manager: &SchemaManager<'_>,
    table: &str,
    column: &str,
    definition: Definition,
) -> Result<(), DbErr> {
    let definition = definition.fitted(table, column)?.print();
    let (table, column) = (super::name(manager, table), super::name(manager, column));
    let sql = format!("ALTER TABLE {table} MODIFY COLUMN {column} {definition}{KEEPS}");
    // As a prepared statement, which the journal of a run sees before it runs.
    manager
        .get_connection()
        .execute_raw(Statement::from_string(DatabaseBackend::MySql, sql))
        .await
        .map(|_| ())
}

/// The definition that the database has, or a recording knows; `None` if there is no such column.
async fn present(
    manager: &SchemaManager<'_>,
    table: &str,
    column: &str,
) -> Result<Option<Definition>, DbErr> {
    let sql = format!("SHOW CREATE TABLE {}", super::name(manager, table));
    let query = Statement::from_string(DatabaseBackend::MySql, sql);
    let Some(row) = manager.get_connection().query_one_raw(query).await? else { return Ok(None) };
    Ok(Definition::in_table(&row.try_get::<String>("", "Create Table")?, column))
}

/// Whether a statement that ran is the recorded one, which may know less of the column.
pub(crate) fn is_recorded_as(ran: &str, recorded: &str) -> bool {
    let column = |sql: &str| {
        let statement = sql.strip_suffix(KEEPS)?;
        let words = words(DatabaseBackend::MySql, statement);
        words.get(6).map(|first| statement[..first.at].to_owned())
    };
    ran == recorded || column(ran).is_some_and(|ran| column(recorded) == Some(ran))
}

/// A recorded statement of a change, with what the database knows of the column beyond it; other statements as they are.
pub(crate) async fn completed(db: &impl ConnectionTrait, recorded: &Statement) -> Result<Statement, DbErr> {
    let words = words(DatabaseBackend::MySql, &recorded.sql);
    let Some(table) = words.get(2).filter(|_| recorded.sql.ends_with(KEEPS)) else {
        return Ok(recorded.clone());
    };
    let show = Statement::from_string(DatabaseBackend::MySql, format!("SHOW CREATE TABLE {}", table.text));
    let Some(row) = db.query_one_raw(show).await? else { return Ok(recorded.clone()) };
    let completed = complete(&recorded.sql, &row.try_get::<String>("", "Create Table")?);
    Ok(completed.map_or_else(|| recorded.clone(), |sql| Statement::from_string(DatabaseBackend::MySql, sql)))
}

fn complete(sql: &str, create: &str) -> Option<String> {
    let statement = sql.strip_suffix(KEEPS)?;
    let words = words(DatabaseBackend::MySql, statement);
    let (column, first) = (words.get(5)?, words.get(6)?);
    let present = Definition::in_table(create, &unquoted(column.text))?;
    let completed = Definition::read(&statement[first.at..]).completed(&present);
    Some(format!("{}{}{KEEPS}", &statement[..first.at], completed.print()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_change_is_completed_by_the_database() {
        let create =
            "CREATE TABLE `notes` (\n  `title` enum('a','b') DEFAULT 'a' COMMENT 'x, y'\n) ENGINE=InnoDB";
        let recorded = format!("ALTER TABLE `notes` MODIFY COLUMN `title` enum('a','c') NOT NULL{KEEPS}");
        assert_eq!(
            complete(&recorded, create).as_deref(),
            Some(
                format!(
                    "ALTER TABLE `notes` MODIFY COLUMN `title` enum('a','c') NOT NULL COMMENT 'x, y'{KEEPS}"
                )
                .as_str()
            )
        );
        assert_eq!(complete("ALTER TABLE `notes` MODIFY COLUMN `title` text", create), None);
        assert!(is_recorded_as(&complete(&recorded, create).unwrap(), &recorded));
        assert!(!is_recorded_as(&recorded.replace("`title`", "`note`"), &recorded));
    }
}
