//! Migrations of a made-up depot, in SQL that all three databases understand.

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};

/// A migration that is a list of statements. `mysql: ` in front of one means that only MariaDB is told, `{on}` is what
/// it wants to be told when it drops an index. A statement `panic` does.
pub struct Sql {
    pub name: &'static str,
    pub up: &'static [&'static str],
    pub down: Option<&'static [&'static str]>,
    pub transaction: Option<bool>,
}

impl MigrationName for Sql {
    fn name(&self) -> &str {
        self.name
    }
}

#[sea_orm_migration::async_trait::async_trait]
impl MigrationTrait for Sql {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, self.up).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        match self.down {
            Some(statements) => run(manager, statements).await,
            None => Err(DbErr::Migration("what is gone is gone".to_owned())),
        }
    }

    fn use_transaction(&self) -> Option<bool> {
        self.transaction
    }
}

async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    let mysql = manager.get_database_backend() == DbBackend::MySql;
    for sql in statements {
        let sql = match sql.strip_prefix("mysql: ") {
            Some(sql) if mysql => sql,
            Some(_) => continue,
            None => sql,
        };
        assert_ne!(sql, "panic", "as told");
        let sql = sql.replace("{on}", if mysql { "ON parcels" } else { "" });
        manager.get_connection().execute_unprepared(&sql).await?;
    }
    Ok(())
}

pub const SHELVES: Sql = Sql {
    name: "m1_create_shelves",
    up: &["CREATE TABLE shelves (id bigint NOT NULL PRIMARY KEY, label varchar(50) NOT NULL)"],
    down: Some(&["DROP TABLE shelves"]),
    transaction: None,
};

pub const PARCELS: Sql = Sql {
    name: "m2_create_parcels",
    up: &["CREATE TABLE parcels (id bigint NOT NULL PRIMARY KEY, code varchar(20) NOT NULL,
        weight bigint NOT NULL DEFAULT 1, shelf_id bigint, CONSTRAINT ck_parcels_weight CHECK (weight >= 1),
        CONSTRAINT fk_parcels_shelf_id FOREIGN KEY (shelf_id) REFERENCES shelves (id) ON DELETE CASCADE)"],
    down: Some(&["DROP TABLE parcels"]),
    transaction: Some(true),
};

pub const INDEXES: Sql = Sql {
    name: "m3_index_parcels",
    up: &[
        "CREATE UNIQUE INDEX idx_parcels_code ON parcels (code)",
        "CREATE INDEX idx_parcels_shelf_id_weight ON parcels (shelf_id, weight DESC)",
    ],
    // The foreign key must have an index at any time.
    down: Some(&[
        "mysql: CREATE INDEX IF NOT EXISTS fk_parcels_shelf_id ON parcels (shelf_id)",
        "DROP INDEX idx_parcels_shelf_id_weight {on}",
        "DROP INDEX idx_parcels_code {on}",
    ]),
    transaction: None,
};

pub const NOTES: Sql = Sql {
    name: "m4_add_notes",
    up: &["ALTER TABLE parcels ADD COLUMN note varchar(40) DEFAULT 'none'"],
    down: Some(&["ALTER TABLE parcels DROP COLUMN note"]),
    transaction: None,
};

pub struct Depot;

impl MigratorTrait for Depot {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(SHELVES), Box::new(PARCELS), Box::new(INDEXES), Box::new(NOTES)]
    }
}
