//! Rebuild of a table on SQLite, for changes that ALTER TABLE cannot make.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DatabaseBackend, Statement},
};

use super::{name, run};

/// Replaces a table of SQLite by `table`, with its rows, indexes and triggers. The given columns keep their values, and
/// rows without an integer key keep their `rowid`.
///
/// Steps 4 to 9 of "Making Other Kinds Of Table Schema Changes" at <https://www.sqlite.org/lang_altertable.html>.
///
/// # Errors
/// [`DbErr::Migration`] if foreign keys are enforced, since the rows that refer to the table's would be lost; [`DbErr`] of
/// the database.
pub async fn rebuild(
    manager: &SchemaManager<'_>,
    mut table: TableCreateStatement,
    columns: &[&str],
) -> Result<(), DbErr> {
    refuse_foreign_keys(manager).await?;
    let Some(TableRef::Table(TableName(_, iden), _)) = table.get_table_name().cloned() else {
        return Err(DbErr::Migration("a table without a name cannot be rebuilt".to_owned()));
    };
    let of = iden.to_string();
    let attached = attached(manager, &of).await?;
    let counted = table.get_columns().iter().any(|column| column.get_column_spec().auto_increment);
    let (old, new) = (name(manager, &of), name(manager, &format!("{of}_rebuilt")));
    manager.create_table(table.table(format!("{of}_rebuilt")).take()).await?;

    let mut copied: Vec<String> = columns.iter().map(|column| name(manager, column)).collect();
    if !counted {
        copied.insert(0, "rowid".to_owned());
    }
    let copied = copied.join(", ");
    run(manager, &format!("INSERT INTO {new} ({copied}) SELECT {copied} FROM {old}")).await?;
    if counted {
        run(manager, &format!("DELETE FROM sqlite_sequence WHERE name = '{of}_rebuilt'")).await?;
        let from = format!("SELECT '{of}_rebuilt', seq FROM sqlite_sequence WHERE name = '{of}'");
        run(manager, &format!("INSERT INTO sqlite_sequence (name, seq) {from}")).await?;
    }
    run(manager, &format!("DROP TABLE {old}")).await?;
    // Otherwise views and triggers that name the missing table make the statement fail.
    run(manager, "PRAGMA legacy_alter_table = ON").await?;
    run(manager, &format!("ALTER TABLE {new} RENAME TO {old}")).await?;
    run(manager, "PRAGMA legacy_alter_table = OFF").await?;
    for sql in attached {
        run(manager, &sql).await?;
    }
    Ok(())
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

/// The statements that create the indexes and triggers of a table.
async fn attached(manager: &SchemaManager<'_>, table: &str) -> Result<Vec<String>, DbErr> {
    let query = Statement::from_sql_and_values(
        DatabaseBackend::Sqlite,
        "SELECT sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL AND tbl_name = ? \
         ORDER BY rowid",
        [table.into()],
    );
    let rows = manager.get_connection().query_all_raw(query).await?;
    rows.into_iter().map(|row| row.try_get("", "sql")).collect()
}
