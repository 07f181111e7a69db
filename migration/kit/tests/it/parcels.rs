//! Made-up migrations for the tests of the engine.

use std::marker::PhantomData;

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sea_orm_migration::prelude::*;

/// A migration that is a list of statements, every other one run through `execute_unprepared`.
pub struct Listed {
    pub name: String,
    pub bare: bool,
    pub up: Vec<String>,
    pub down: Vec<String>,
}

impl Listed {
    pub fn new(name: &str, up: &[&str], down: &[&str]) -> Self {
        let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        Self { name: name.to_owned(), bare: false, up: owned(up), down: owned(down) }
    }
}

impl MigrationName for Listed {
    fn name(&self) -> &str {
        &self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Listed {
    fn use_transaction(&self) -> Option<bool> {
        self.bare.then_some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &self.up).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, &self.down).await
    }
}

async fn run(manager: &SchemaManager<'_>, statements: &[String]) -> Result<(), DbErr> {
    let backend = manager.get_database_backend();
    for (index, sql) in statements.iter().enumerate() {
        let sql = in_dialect(sql, backend);
        if index % 2 == 0 {
            manager.get_connection().execute_raw(Statement::from_string(backend, sql)).await?;
        } else {
            manager.get_connection().execute_unprepared(&sql).await?;
        }
    }
    Ok(())
}

fn in_dialect(sql: &str, backend: DbBackend) -> String {
    let id = match backend {
        DbBackend::Postgres => "id SERIAL PRIMARY KEY",
        DbBackend::MySql => "id INT AUTO_INCREMENT PRIMARY KEY",
        _ => "id INTEGER PRIMARY KEY AUTOINCREMENT",
    };
    sql.replace("{id}", id)
}

/// A list of migrations.
pub trait List: Send {
    fn list() -> Vec<Listed>;
}

/// The migrator of a list.
#[derive(Debug)]
pub struct Of<L>(PhantomData<L>);

#[async_trait::async_trait]
impl<L: List> MigratorTrait for Of<L> {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        L::list().into_iter().map(|migration| Box::new(migration) as _).collect()
    }
}

/// Many small migrations, each with DDL and with changes of rows that must not happen twice.
pub struct Many;

/// How many.
pub const MANY: usize = 8;

impl List for Many {
    fn list() -> Vec<Listed> {
        (1..=MANY)
            .map(|number| {
                let table = format!("parcels_{number}");
                let up = [
                    format!("CREATE TABLE {table} ({{id}}, label VARCHAR(20) NOT NULL, weight INT NOT NULL)"),
                    format!("INSERT INTO {table} (label, weight) VALUES ('a', 1), ('b', 2)"),
                    format!("INSERT INTO {table} (label, weight) VALUES ('c', 3)"),
                    format!("UPDATE {table} SET weight = weight + 10"),
                    format!("ALTER TABLE {table} ADD COLUMN price INT"),
                    format!("CREATE INDEX idx_{table}_label ON {table} (label)"),
                    format!("UPDATE {table} SET weight = weight * 2, price = weight"),
                    format!("ALTER TABLE {table} RENAME COLUMN label TO title"),
                    format!("DELETE FROM {table} WHERE title = 'b'"),
                ];
                let down = [format!("DROP TABLE {table}")];
                Listed {
                    name: format!("m{number:02}_parcels"),
                    bare: false,
                    up: up.into(),
                    down: down.into(),
                }
            })
            .collect()
    }
}

/// A migration that fails half way for as long as there is no table `vans`.
pub struct Vans;

impl List for Vans {
    fn list() -> Vec<Listed> {
        vec![
            Listed::new("m1_create_loads", &["CREATE TABLE loads ({id}, van INT)"], &["DROP TABLE loads"]),
            Listed::new(
                "m2_fill_loads",
                &[
                    "ALTER TABLE loads ADD COLUMN weight INT",
                    "INSERT INTO loads (van, weight) VALUES (1, 10)",
                    "INSERT INTO loads (van, weight) SELECT id, 20 FROM vans",
                    "UPDATE loads SET weight = weight + 1",
                ],
                &["DELETE FROM loads", "ALTER TABLE loads DROP COLUMN weight"],
            ),
        ]
    }
}

/// Small migrations for names, extents and orders.
pub struct Shelves;

impl List for Shelves {
    fn list() -> Vec<Listed> {
        vec![
            Listed::new("m1_create_shelves", &["CREATE TABLE shelves ({id})"], &["DROP TABLE shelves"]),
            Listed::new("m2_add_series", &["CREATE TABLE series ({id})"], &["DROP TABLE series"]),
            Listed::new("m3_add_boxes", &["CREATE TABLE boxes ({id})"], &["DROP TABLE boxes"]),
        ]
    }
}

/// An older program than [`Shelves`].
pub struct FewerShelves;

impl List for FewerShelves {
    fn list() -> Vec<Listed> {
        Shelves::list().into_iter().take(2).collect()
    }
}

/// An index of PostgreSQL that is built outside any transaction, between two migrations inside.
pub struct Concurrent;

impl List for Concurrent {
    fn list() -> Vec<Listed> {
        let index = Listed::new(
            "m2_index",
            &["CREATE INDEX CONCURRENTLY idx_trays_size ON trays (size)"],
            &["DROP INDEX CONCURRENTLY idx_trays_size"],
        );
        vec![
            Listed::new("m1_create_trays", &["CREATE TABLE trays ({id}, size INT)"], &["DROP TABLE trays"]),
            Listed { bare: true, ..index },
            Listed::new("m3_fill_trays", &["INSERT INTO trays (size) VALUES (1)"], &["DELETE FROM trays"]),
        ]
    }
}

/// Rebuilds a parent table on SQLite, the only way to alter it there.
pub struct Rebuilt;

impl List for Rebuilt {
    fn list() -> Vec<Listed> {
        vec![
            Listed::new(
                "m1_create",
                &[
                    "CREATE TABLE rooms ({id}, name TEXT)",
                    "CREATE TABLE beds ({id}, room_id INTEGER NOT NULL REFERENCES rooms (id) ON DELETE CASCADE)",
                    "INSERT INTO rooms (id, name) VALUES (1, 'a'), (2, 'b')",
                    "INSERT INTO beds (room_id) VALUES (1), (1), (2)",
                ],
                &["DROP TABLE beds", "DROP TABLE rooms"],
            ),
            Listed::new(
                "m2_rebuild",
                &[
                    "CREATE TABLE rooms_new ({id}, name TEXT NOT NULL)",
                    "INSERT INTO rooms_new SELECT id, name FROM rooms",
                    "DROP TABLE rooms",
                    "ALTER TABLE rooms_new RENAME TO rooms",
                ],
                &[],
            ),
        ]
    }
}

/// Takes a parent away from its children.
pub struct Orphaning;

impl List for Orphaning {
    fn list() -> Vec<Listed> {
        let mut list = Rebuilt::list();
        list.push(Listed::new("m3_orphan", &["DELETE FROM rooms WHERE id = 2"], &[]));
        list
    }
}
