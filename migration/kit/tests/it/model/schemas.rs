//! Schemas out of SQL, and the way from one to another on a database.

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use sea_orm_migration::SchemaManager;
use sea_orm_migration_kit::{
    dialect, run,
    snapshot::{Snapshot, fold::fold},
    tooling::{
        catalog::Catalog,
        diff::{Change, diff},
        write::{
            Backfills, Draft,
            sql::{Step, steps},
        },
    },
};

use crate::database::Database;

/// The schema after statements.
pub fn folded(backend: DbBackend, sql: &[String]) -> Snapshot {
    let statements: Vec<Statement> =
        sql.iter().map(|sql| Statement::from_string(backend, sql.as_str())).collect();
    let schema = fold(backend, &statements);
    assert_eq!(schema.unread, Vec::<String>::new());
    schema
}

/// The changes from one schema to another, and the steps of both ways.
pub fn written(backend: DbBackend, from: &Snapshot, to: &Snapshot) -> (Vec<Change>, Vec<Step>, Vec<Step>) {
    let (up, down) = (diff(from, to), diff(to, from));
    let draft = Draft {
        databases: &[backend],
        table_options: &[],
        from,
        to,
        renames: &[],
        up: &up,
        down: &down,
        backfills: &Backfills::new(),
    };
    let (forth, back) = steps(backend, &draft);
    (up, forth, back)
}

/// A connection as migrations have one.
pub async fn connected(database: &Database) -> DatabaseConnection {
    run::connect(ConnectOptions::new(&database.url)).await.unwrap()
}

/// Runs steps, and tells which one fails.
pub async fn take(db: &DatabaseConnection, steps: &[Step]) -> Result<(), String> {
    let manager = SchemaManager::new(db);
    for step in steps {
        let taken = match step {
            Step::Sql(sql) => db.execute_unprepared(sql).await.map(|_| ()),
            Step::Rebuild { table, definition, columns, dropped } => {
                let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
                let dropped: Vec<&str> = dropped.iter().map(String::as_str).collect();
                dialect::rebuild_as(&manager, table, definition, &columns, &dropped).await
            }
            Step::KeyIndex { table, key, columns } => {
                let columns: Vec<&'static str> =
                    columns.iter().map(|column| &*column.clone().leak()).collect();
                let index = (&*key.clone().leak(), &*columns.leak());
                dialect::create_indexes(&manager, table.clone().leak(), &[index]).await
            }
            Step::DropForeignKey { table, key } => {
                dialect::drop_foreign_key(&manager, table.clone().leak(), key).await
            }
        };
        taken.map_err(|error| format!("{step:?}: {error}"))?;
    }
    Ok(())
}

/// The schema after steps, as it is read from a recording of the migration.
pub fn followed(backend: DbBackend, from: &Snapshot, steps: &[Step]) -> Snapshot {
    let mut schema = from.clone();
    for step in steps {
        match step {
            Step::Sql(sql) => schema.apply(backend, sql),
            Step::Rebuild { table, definition, .. } => {
                let attached = schema.tables[table].indexes.iter().filter(|index| !index.constraint).cloned();
                let attached: Vec<_> = attached.collect();
                schema.apply(backend, &format!("CREATE TABLE \"{table}_rebuilt\" {definition}"));
                schema.apply(backend, &format!("DROP TABLE \"{table}\""));
                schema.apply(backend, &format!("ALTER TABLE \"{table}_rebuilt\" RENAME TO \"{table}\""));
                schema.tables.get_mut(table).unwrap().indexes.extend(attached);
            }
            // MariaDB makes the same by itself.
            Step::KeyIndex { .. } => {}
            Step::DropForeignKey { table, key } => {
                schema.apply(backend, &format!("ALTER TABLE `{table}` DROP FOREIGN KEY `{key}`"));
            }
        }
    }
    schema.settle();
    assert_eq!(schema.unread, Vec::<String>::new());
    schema
}

/// What the database has.
pub async fn catalog(database: &Database) -> Catalog {
    let db = connected(database).await;
    let catalog = Catalog::read(&db, |_| true).await.unwrap();
    db.close().await.unwrap();
    catalog
}
