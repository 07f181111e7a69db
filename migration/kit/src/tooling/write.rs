//! Writes the Rust source of a migration out of the changes that it makes.
//!
//! The source runs on SQLite, PostgreSQL and MariaDB, with `dialect` for their differences. A change that SQLite cannot
//! make by ALTER TABLE becomes a rebuild there.

use std::{collections::BTreeMap, fmt};

use sea_orm_migration::sea_orm::DbBackend;

use super::{
    diff::Change,
    rust::{Class, tokens},
};
use crate::snapshot::{Column, Snapshot, Table};

mod code;
mod fill;
mod literal;
mod plain;
pub mod sql;
mod statements;

pub(super) use fill::{filled, misfit, neutral};
use statements::Writer;

/// Path of the module that generated migrations use where databases differ.
pub(super) const DIALECT: &str = "sea_orm_migration_kit::dialect";

/// An old name and its new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rename {
    /// Of a table.
    Table {
        /// The old name.
        from: String,
        /// The new one.
        to: String,
    },
    /// Of a column.
    Column {
        /// The table, by its new name.
        table: String,
        /// The old name.
        from: String,
        /// The new one.
        to: String,
    },
    /// Of a value of an enum.
    Value {
        /// The enum of PostgreSQL, or on MariaDB the column, as `table.column`.
        of: String,
        /// The old value.
        from: String,
        /// The new one.
        to: String,
    },
}

/// SQL values for existing rows, by table and column, for columns that become NOT NULL.
pub type Backfills = BTreeMap<(String, String), String>;

/// Contents of a migration.
#[derive(Debug)]
pub struct Draft<'d> {
    /// The databases of the project.
    pub databases: &'d [DbBackend],
    /// The options that most tables of the project have on MariaDB.
    pub table_options: &'d [String],
    /// The schema before it, with the renames already made.
    pub from: &'d Snapshot,
    /// The schema after it.
    pub to: &'d Snapshot,
    /// Renames, which come first.
    pub renames: &'d [Rename],
    /// Changes from `from` to `to`.
    pub up: &'d [Change],
    /// Changes back.
    pub down: &'d [Change],
    /// Values for rows that have none.
    pub backfills: &'d Backfills,
}

/// The source of a migration, not yet formatted.
#[must_use]
pub fn source(draft: &Draft<'_>) -> String {
    if let [backend] = draft.databases {
        return plain::source(*backend, draft);
    }
    let manner = code::Manner::of(draft);
    let mut up = Writer::new(manner, draft.from, draft.to, draft.backfills, "after");
    up.renames(draft.renames);
    up.changes(draft.up);
    let none = Backfills::new();
    let mut down = Writer::new(manner, draft.to, draft.from, &none, "before");
    down.changes(draft.down);
    let back: Vec<Rename> = draft.renames.iter().rev().map(Rename::inverted).collect();
    down.renames(&back);

    let branches = up.branches || down.branches;
    let backend = if branches { ", sea_orm::DbBackend" } else { "" };
    let body = format!("{}{}", up.finished(), down.finished());
    let functions = format!("{}{}", up.functions, down.functions);
    let schema = if calls_schema(&format!("{body}{functions}")) { ", schema::*" } else { "" };
    let dialect = if body.contains("dialect::") || functions.contains("dialect::") {
        format!(
            "use {DIALECT};

"
        )
    } else {
        String::new()
    };
    let prelude = if schema.is_empty() && backend.is_empty() {
        "use sea_orm_migration::prelude::*;".to_owned()
    } else {
        format!("use sea_orm_migration::{{prelude::*{schema}{backend}}};")
    };
    format!(
        "{}\n\n{prelude}\n\n{dialect}#[derive(DeriveMigrationName)]\npub struct Migration;\n\n\
         #[async_trait::async_trait]\nimpl MigrationTrait for Migration {{\n\
         fn use_transaction(&self) -> Option<bool> {{ Some(true) }}\n\n\
         async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {{\n{}}}\n\n\
         async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {{\n{}}}\n}}\n{functions}",
        summary(draft),
        up.finished(),
        down.finished(),
    )
}

/// Whether code calls a function by its bare name that it does not define: those of columns are in `schema`.
fn calls_schema(code: &str) -> bool {
    let tokens = tokens(code);
    let defined: Vec<&str> =
        tokens.windows(2).filter(|pair| pair[0].text == "fn").map(|pair| pair[1].text).collect();
    tokens.windows(3).any(|window| {
        let [before, name, open] = window else { return false };
        let is_function =
            name.class == Class::Word && name.text.starts_with(|c: char| c.is_ascii_lowercase());
        is_function
            && open.text == "("
            && !matches!(before.text, "." | ":" | "fn")
            && !defined.contains(&name.text)
    })
}

/// A line for each thing that changes.
fn summary(draft: &Draft<'_>) -> String {
    let renames = draft.renames.iter().map(ToString::to_string);
    let changes = draft.up.iter().flat_map(|change| {
        let lines: Vec<String> = change.to_string().lines().map(str::to_owned).collect();
        lines
    });
    let lines: Vec<String> =
        renames.chain(changes).map(|line| format!("//! - {}", code::for_a_comment(&line))).collect();
    format!("//! Changes:\n//!\n{}", lines.join("\n"))
}

impl fmt::Display for Rename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table { from, to } => write!(f, "table {to}: was {from}"),
            Self::Column { table, from, to } => write!(f, "column {table}.{to}: was {from}"),
            Self::Value { of, from, to } => write!(f, "value {to} of the enum {of}: was {from}"),
        }
    }
}

impl Rename {
    /// The rename back.
    pub(super) fn inverted(&self) -> Self {
        match self.clone() {
            Self::Table { from, to } => Self::Table { from: to, to: from },
            Self::Column { table, from, to } => Self::Column { table, from: to, to: from },
            Self::Value { of, from, to } => Self::Value { of, from: to, to: from },
        }
    }

    /// The rename as it is meant in a schema: `plan.free` is a value of the enum `plan` if there is no such table, and
    /// `users.plan.free` one of a column that lists its values.
    pub(super) fn resolved(&self, schema: &Snapshot) -> Self {
        let Self::Column { table, from, to } = self else { return self.clone() };
        let value =
            |of: &str, from: &str| Self::Value { of: of.to_owned(), from: from.to_owned(), to: to.clone() };
        if schema.table(table).is_none() && schema.enums.contains_key(table) {
            return value(table, from);
        }
        match from.split_once('.') {
            Some((column, from)) if Self::column_of(schema, &format!("{table}.{column}")).is_some() => {
                value(&format!("{table}.{column}"), from)
            }
            _ => self.clone(),
        }
    }

    /// The column that lists the values of `of`.
    fn column_of<'s>(schema: &'s Snapshot, of: &str) -> Option<(&'s Table, &'s Column)> {
        let (table, column) = of.rsplit_once('.')?;
        let table = schema.table(table)?;
        let column = table.column(column)?;
        column.kind.labels().map(|_| (table, column))
    }

    /// Whether the object exists by its old name.
    pub(super) fn has_source(&self, schema: &Snapshot) -> bool {
        match self {
            Self::Table { from, .. } => schema.table(from).is_some(),
            Self::Column { table, from, .. } => {
                schema.table(table).is_some_and(|table| table.column(from).is_some())
            }
            Self::Value { of, from, .. } => {
                let listed = Self::column_of(schema, of).and_then(|(_, column)| column.kind.labels());
                let values = schema.enums.get(of).map(Vec::as_slice).or(listed);
                values.is_some_and(|values| values.contains(from))
            }
        }
    }

    pub(super) fn difference(&self) -> String {
        format!("{} is {} in the migrations", self.new_name(), self.old())
    }

    /// The object, by its old name.
    #[must_use]
    pub fn old(&self) -> String {
        match self {
            Self::Table { from, .. } => format!("table {from}"),
            Self::Column { table, from, .. } => format!("column {table}.{from}"),
            Self::Value { of, from, .. } => format!("value {from} of the enum {of}"),
        }
    }

    /// The object, by its new name.
    #[must_use]
    pub fn new_name(&self) -> String {
        self.inverted().old()
    }

    /// Renames the object.
    pub fn apply(&self, snapshot: &mut Snapshot) {
        match self {
            Self::Table { from, to } => snapshot.rename_table(from, to),
            Self::Column { table, from, to } => snapshot.rename_column(table, from, to),
            Self::Value { of, from, to } => snapshot.rename_value(of, from, to),
        }
    }
}
