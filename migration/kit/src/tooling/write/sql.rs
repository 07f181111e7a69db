//! The statements of a migration for a project with one database, in the SQL of that database.
//!
//! SQL says what SeaORM's builder cannot: collations, operator classes, deferrable keys, comments. What a statement
//! cannot do alone is a call of `dialect`.

use std::collections::BTreeSet;

use sea_orm_migration::sea_orm::DbBackend;

use super::{Backfills, Draft, Rename, fill::neutral};
use crate::{
    snapshot::{Column, Kind, Snapshot, Table},
    tooling::diff::Change,
};

mod alter;
mod define;
mod enums;
mod sqlite;
mod value;

pub(super) use define::Define;

/// One step of a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A statement.
    Sql(String),
    /// A rebuild of a table of SQLite by `dialect::rebuild_as`.
    Rebuild {
        /// The table.
        table: String,
        /// Its definition, from the opening parenthesis on.
        definition: String,
        /// The columns whose values are copied.
        columns: Vec<String>,
        /// The parts of the table that go.
        dropped: Vec<String>,
    },
    /// A foreign key of MariaDB, dropped by `dialect::drop_foreign_key` with the index that came with it.
    DropForeignKey {
        /// The table.
        table: String,
        /// The name of the key.
        key: String,
    },
    /// The index of a foreign key of MariaDB, created by `dialect::create_indexes` unless it exists.
    KeyIndex {
        /// The table.
        table: String,
        /// The name of the key, which is that of the index.
        key: String,
        /// The columns of the key.
        columns: Vec<String>,
    },
}

/// The steps of `up` and of `down` on a project's only database.
#[must_use]
pub fn steps(backend: DbBackend, draft: &Draft<'_>) -> (Vec<Step>, Vec<Step>) {
    let mut up = Writer::new(backend, draft.from, draft.to, draft.backfills);
    up.renames(draft.renames);
    up.changes(draft.up);
    let none = Backfills::new();
    let mut down = Writer::new(backend, draft.to, draft.from, &none);
    down.changes(draft.down);
    let back: Vec<Rename> = draft.renames.iter().rev().map(Rename::inverted).collect();
    let mut renamed = Writer::new(backend, draft.from, draft.from, &none);
    renamed.renames(&back);
    down.steps.extend(renamed.steps);
    (up.steps, down.steps)
}

/// Collects the steps of one way through a migration.
struct Writer<'w> {
    define: Define,
    from: &'w Snapshot,
    to: &'w Snapshot,
    backfills: &'w Backfills,
    /// Checks and indexes that went with something else, by table and name.
    gone: BTreeSet<(String, String)>,
    steps: Vec<Step>,
}

impl<'w> Writer<'w> {
    fn new(backend: DbBackend, from: &'w Snapshot, to: &'w Snapshot, backfills: &'w Backfills) -> Self {
        let (gone, steps) = (BTreeSet::new(), Vec::new());
        Self { define: Define { backend }, from, to, backfills, gone, steps }
    }

    fn backend(&self) -> DbBackend {
        self.define.backend
    }

    fn sql(&mut self, sql: impl Into<String>) {
        self.steps.push(Step::Sql(sql.into()));
    }

    fn alter(&mut self, table: &Table, what: &str) {
        let table = self.define.table_name(table);
        self.sql(format!("ALTER TABLE {table} {what}"));
    }

    fn renames(&mut self, renames: &[Rename]) {
        // The tables by the names that they have when a rename is made.
        let mut schema = self.from.clone();
        for rename in renames.iter().rev() {
            rename.inverted().apply(&mut schema);
        }
        for rename in renames {
            match rename {
                Rename::Table { from, to } => {
                    let old = schema
                        .table(from)
                        .map_or_else(|| self.define.name(from), |table| self.define.table_name(table));
                    let new = self.define.name(to);
                    self.sql(match self.backend() {
                        DbBackend::MySql => format!("RENAME TABLE {old} TO {new}"),
                        _ => format!("ALTER TABLE {old} RENAME TO {new}"),
                    });
                }
                Rename::Column { table, from, to } => {
                    let (from, to) = (self.define.name(from), self.define.name(to));
                    let of = schema
                        .table(table)
                        .map_or_else(|| self.define.name(table), |table| self.define.table_name(table));
                    self.sql(format!("ALTER TABLE {of} RENAME COLUMN {from} TO {to}"));
                }
                Rename::Value { of, from, to } => self.rename_value(&schema, of, from, to),
            }
            rename.apply(&mut schema);
        }
    }

    fn changes(&mut self, changes: &[Change]) {
        self.create_schemas(changes);
        for change in changes {
            match change {
                Change::CreateEnum(name, values) => self.create_enum(name, values),
                Change::DropEnum(name, _) => {
                    let name = self.define.qualified(name);
                    self.sql(format!("DROP TYPE {name}"));
                }
                Change::ChangeEnum { name, to, .. } => self.change_enum(name, to),
                Change::CreateTable(table) => self.create_table(table),
                Change::DropTable(table) => {
                    let table = self.define.table_name(table);
                    self.sql(format!("DROP TABLE {table}"));
                }
                Change::Alter { from, to, steps } => match self.backend() {
                    DbBackend::Sqlite => self.alter_on_sqlite(from, to, steps),
                    _ => self.alter_table(from, to, steps),
                },
            }
        }
    }

    /// The schemas of new tables that have none beside them yet. They stay when the tables go.
    fn create_schemas(&mut self, changes: &[Change]) {
        let schemas: BTreeSet<&String> = changes
            .iter()
            .filter_map(|change| match change {
                Change::CreateTable(table) => table.schema.as_ref(),
                _ => None,
            })
            .filter(|schema| !self.from.tables.values().any(|table| table.schema.as_ref() == Some(schema)))
            .collect();
        for schema in schemas
            .into_iter()
            .filter(|_| self.define.backend == DbBackend::Postgres)
            .cloned()
            .collect::<Vec<_>>()
        {
            let schema = self.define.name(&schema);
            self.sql(format!("CREATE SCHEMA IF NOT EXISTS {schema}"));
        }
    }

    fn create_table(&mut self, table: &Table) {
        let create = self.define.create_table(table, self.to);
        self.sql(create);
        if self.backend() != DbBackend::MySql {
            for index in table.indexes.iter().filter(|index| !index.constraint) {
                let create = self.define.create_index(table, index);
                self.sql(create);
            }
        }
        if self.backend() == DbBackend::Postgres {
            if table.comment.is_some() {
                self.comment_on_table(table);
            }
            for column in table.columns.iter().filter(|column| column.comment.is_some()) {
                self.comment_on_column(table, column);
            }
        }
    }

    fn comment_on_table(&mut self, table: &Table) {
        self.sql(self.define.comment_on_table(table));
    }

    fn comment_on_column(&mut self, table: &Table, column: &Column) {
        self.sql(self.define.comment_on_column(table, column));
    }

    /// Fills the column in rows without a value.
    fn backfill(&mut self, table: &Table, column: &Column) {
        let asked = self.backfills.get(&(table.name.clone(), column.name.clone()));
        let sql = asked.or(column.default.as_ref()).cloned();
        let Some(sql) = sql.or_else(|| neutral(self.to, &column.kind)) else { return };
        let value = self.define.value(&column.kind, &sql);
        let (table, column) = (self.define.table_name(table), self.define.name(&column.name));
        self.sql(format!("UPDATE {table} SET {column} = {value} WHERE {column} IS NULL"));
    }

    /// The value of a text, in the quotes of the database.
    fn rename_value(&mut self, schema: &Snapshot, of: &str, from: &str, to: &str) {
        let (old, new) = (self.define.text(from), self.define.text(to));
        if self.backend() == DbBackend::Postgres {
            let of = self.define.qualified(of);
            self.sql(format!("ALTER TYPE {of} RENAME VALUE {old} TO {new}"));
            return;
        }
        let Some((table, column)) = Rename::column_of(schema, of) else { return };
        let name = self.define.name(&column.name);
        let values = column.kind.labels().unwrap_or_default();
        // Rows have the old value until they are written, so for a moment the column has both.
        let both = values.iter().cloned().chain([to.to_owned()]).collect();
        let renamed: Vec<String> =
            values.iter().map(|value| if value == from { to.to_owned() } else { value.clone() }).collect();
        let default =
            column.default.clone().filter(|default| *default != format!("'{}'", from.replace('\'', "''")));
        let between = Column { kind: Kind::Values(both), default, ..column.clone() };
        let mut after = Column { kind: Kind::Values(renamed), ..column.clone() };
        after.rename_default(from, to);
        let of = self.define.table_name(table);
        self.alter(table, &format!("MODIFY COLUMN {}", self.define.column(&between)));
        self.sql(format!("UPDATE {of} SET {name} = {new} WHERE {name} = {old}"));
        self.alter(table, &format!("MODIFY COLUMN {}", self.define.column(&after)));
    }
}
