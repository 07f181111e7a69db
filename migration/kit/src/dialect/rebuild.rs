//! Rebuild of a table on SQLite, for changes that ALTER TABLE cannot make.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DatabaseBackend, Statement},
};

use self::{definition::Definition, dependents::Dependents, keep::keep};
use super::{name, run};

mod definition;
mod dependents;
mod keep;

/// Replaces a table of SQLite by `table`, with its rows, indexes and triggers. The given columns keep their values, and
/// rows without an integer key keep their `rowid`.
///
/// The new definition decides on types, nullability, defaults and the primary key. Collations of columns, DEFERRABLE,
/// ON CONFLICT, AUTOINCREMENT, STRICT and WITHOUT ROWID stay, since SeaORM cannot express them.
///
/// Steps 4 to 9 of "Making Other Kinds Of Table Schema Changes" at <https://www.sqlite.org/lang_altertable.html>.
///
/// # Errors
/// [`DbErr::Migration`] for a column, check, unique constraint or foreign key of the old table that the new one lacks
/// (see [`rebuild_without`]); for a view or trigger that fails afterwards; and if foreign keys are enforced, since the
/// rows that refer to the table's would be lost. [`DbErr`] of the database.
pub async fn rebuild(
    manager: &SchemaManager<'_>,
    table: TableCreateStatement,
    columns: &[&str],
) -> Result<(), DbErr> {
    rebuild_without(manager, table, columns, &[]).await
}

/// As [`rebuild`], without parts of the old table that are `dropped`: columns and constraints by their names, unnamed ones as
/// `CHECK (weight > 0)`, `UNIQUE (code)` or `FOREIGN KEY (shelf_id)`, and also `COLLATE (label)`, `DEFERRABLE (shelf_id)`,
/// `GENERATED (total)`, `AUTOINCREMENT`, `STRICT` or `WITHOUT ROWID`.
///
/// # Errors
/// See [`rebuild`].
pub async fn rebuild_without(
    manager: &SchemaManager<'_>,
    mut table: TableCreateStatement,
    columns: &[&str],
    dropped: &[&str],
) -> Result<(), DbErr> {
    let Some(TableRef::Table(TableName(_, iden), _)) = table.get_table_name().cloned() else {
        return Err(DbErr::Migration("a table without a name cannot be rebuilt".to_owned()));
    };
    let of = iden.to_string();
    let create = manager.get_database_backend().build(table.table(rebuilt(&of))).sql;
    replace(manager, &of, create, columns, dropped).await
}

/// As [`rebuild_without`], with the new definition in SQL, from its opening parenthesis on.
///
/// # Errors
/// See [`rebuild`].
pub async fn rebuild_as(
    manager: &SchemaManager<'_>,
    table: &str,
    definition: &str,
    columns: &[&str],
    dropped: &[&str],
) -> Result<(), DbErr> {
    let create = format!("CREATE TABLE {} {definition}", name(manager, &rebuilt(table)));
    replace(manager, table, create, columns, dropped).await
}

/// The name of the new table until it replaces the old one.
fn rebuilt(table: &str) -> String {
    format!("{table}_rebuilt")
}

async fn replace(
    manager: &SchemaManager<'_>,
    of: &str,
    create: String,
    columns: &[&str],
    dropped: &[&str],
) -> Result<(), DbErr> {
    refuse_foreign_keys(manager).await?;
    let attached = objects(manager, ATTACHED, of).await?;
    let old = objects(manager, TABLE, of).await?.first().and_then(|sql| Definition::read(sql));
    let layout = match (Definition::read(&create), &old) {
        (Some(asked), Some(old)) => {
            Some(keep(old, &asked, columns, dropped).map_err(|lost| refused(of, &lost))?)
        }
        (asked, _) => asked,
    };
    let create = layout.as_ref().map_or(create, Definition::print);
    let dependents = Dependents::find(manager, of).await?;
    run(manager, &create).await?;
    copy(manager, of, columns, old.as_ref(), layout.as_ref()).await?;

    let (old, new) = (name(manager, of), name(manager, &rebuilt(of)));
    run(manager, &format!("DROP TABLE {old}")).await?;
    // Otherwise views and triggers that name the missing table make the statement fail.
    run(manager, "PRAGMA legacy_alter_table = ON").await?;
    let renamed = run(manager, &format!("ALTER TABLE {new} RENAME TO {old}")).await;
    run(manager, "PRAGMA legacy_alter_table = OFF").await?;
    renamed?;
    for sql in attached {
        run(manager, &sql).await?;
    }
    dependents.still_work(manager, of).await
}

/// Copies the rows, with their ids and the counter of the table.
async fn copy(
    manager: &SchemaManager<'_>,
    of: &str,
    columns: &[&str],
    old: Option<&Definition>,
    layout: Option<&Definition>,
) -> Result<(), DbErr> {
    let columns = layout.map_or_else(|| columns.to_vec(), |layout| layout.insertable(columns));
    let mut copied: Vec<String> = columns.iter().map(|column| name(manager, column)).collect();
    if let Some(row_id) = layout.and_then(|layout| layout.row_id_from(old)) {
        copied.insert(0, row_id.to_owned());
    }
    let copied = copied.join(", ");
    let new = rebuilt(of);
    let (from, into) = (name(manager, of), name(manager, &new));
    run(manager, &format!("INSERT INTO {into} ({copied}) SELECT {copied} FROM {from}")).await?;
    if layout.is_some_and(Definition::is_counted) {
        let text = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let (of, new) = (text(of), text(&new));
        run(manager, &format!("DELETE FROM sqlite_sequence WHERE name = {new}")).await?;
        let from = format!("SELECT {new}, seq FROM sqlite_sequence WHERE name = {of}");
        run(manager, &format!("INSERT INTO sqlite_sequence (name, seq) {from}")).await?;
    }
    Ok(())
}

fn refused(table: &str, lost: &[String]) -> DbErr {
    DbErr::Migration(format!(
        "the rebuild of {table} would lose {}: repeat it in the new table, or name it to `dialect::rebuild_without`",
        lost.join(", ")
    ))
}

async fn refuse_foreign_keys(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let query =
        Statement::from_string(DatabaseBackend::Sqlite, "SELECT foreign_keys FROM pragma_foreign_keys");
    let row = manager.get_connection().query_one_raw(query).await?;
    let enforced = row.map(|row| row.try_get::<i32>("", "foreign_keys")).transpose()?;
    if enforced == Some(1) {
        return Err(DbErr::Migration(
            "a rebuild needs PRAGMA foreign_keys = OFF: with foreign keys, dropping the old table deletes the rows that \
             refer to it"
                .to_owned(),
        ));
    }
    Ok(())
}

/// The statement that creates a table.
const TABLE: &str = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?";

/// The statements that create the indexes and triggers of a table.
const ATTACHED: &str = "SELECT sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL AND tbl_name = ? \
     ORDER BY rowid";

async fn objects(manager: &SchemaManager<'_>, query: &str, table: &str) -> Result<Vec<String>, DbErr> {
    let query = Statement::from_sql_and_values(DatabaseBackend::Sqlite, query, [table.into()]);
    let rows = manager.get_connection().query_all_raw(query).await?;
    rows.into_iter().map(|row| row.try_get("", "sql")).collect()
}
