//! Writes the Rust source of a migration out of the changes that it makes.
//!
//! What it writes runs on SQLite, PostgreSQL and MariaDB, with `dialect` for what they do not agree on. Where SQLite
//! cannot alter a table, the table is rebuilt there, and altered on the others.

use std::{collections::BTreeMap, fmt};

use super::diff::Change;
use crate::snapshot::Snapshot;

mod code;
mod fill;
mod statements;

pub(super) use fill::{filled, misfit};
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
}

/// The SQL that rows which are there get, by table and column, where a column must not be null any more.
pub type Backfills = BTreeMap<(String, String), String>;

/// What a migration is to do.
#[derive(Debug)]
pub struct Draft<'d> {
    /// The schema before it, with the renames already made.
    pub from: &'d Snapshot,
    /// The schema after it.
    pub to: &'d Snapshot,
    /// What becomes of names, before all else.
    pub renames: &'d [Rename],
    /// What leads from `from` to `to`.
    pub up: &'d [Change],
    /// What leads back.
    pub down: &'d [Change],
    /// What rows get that have no value.
    pub backfills: &'d Backfills,
}

/// The source of a migration, not yet formatted.
#[must_use]
pub fn source(draft: &Draft<'_>) -> String {
    let mut up = Writer::new(draft.from, draft.to, draft.backfills, "after");
    up.renames(draft.renames);
    up.changes(draft.up);
    let none = Backfills::new();
    let mut down = Writer::new(draft.to, draft.from, &none, "before");
    down.changes(draft.down);
    let back: Vec<Rename> = draft.renames.iter().rev().map(Rename::inverted).collect();
    down.renames(&back);

    let branches = up.branches || down.branches;
    let backend = if branches { ", sea_orm::DbBackend" } else { "" };
    let body = format!("{}{}", up.finished(), down.finished());
    let schema = if up.columns || down.columns || body.contains("enumeration") { ", schema::*" } else { "" };
    let functions = format!("{}{}", up.functions, down.functions);
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

/// A line for each thing that changes.
fn summary(draft: &Draft<'_>) -> String {
    let renames = draft.renames.iter().map(ToString::to_string);
    let changes = draft.up.iter().flat_map(|change| {
        let lines: Vec<String> = change.to_string().lines().map(str::to_owned).collect();
        lines
    });
    let lines: Vec<String> =
        renames.chain(changes).map(|line| format!("//! - {}", code::for_a_comment(&line))).collect();
    format!("//! What it changes:\n//!\n{}", lines.join("\n"))
}

impl fmt::Display for Rename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table { from, to } => write!(f, "table {to}: was {from}"),
            Self::Column { table, from, to } => write!(f, "column {table}.{to}: was {from}"),
        }
    }
}

impl Rename {
    fn inverted(&self) -> Self {
        match self.clone() {
            Self::Table { from, to } => Self::Table { from: to, to: from },
            Self::Column { table, from, to } => Self::Column { table, from: to, to: from },
        }
    }

    /// What had the old name.
    #[must_use]
    pub fn old(&self) -> String {
        match self {
            Self::Table { from, .. } => format!("table {from}"),
            Self::Column { table, from, .. } => format!("column {table}.{from}"),
        }
    }

    /// What is to have the new name.
    #[must_use]
    pub fn new_name(&self) -> String {
        self.inverted().old()
    }

    /// Gives what has the old name the new one.
    pub fn apply(&self, snapshot: &mut Snapshot) {
        match self {
            Self::Table { from, to } => snapshot.rename_table(from, to),
            Self::Column { table, from, to } => snapshot.rename_column(table, from, to),
        }
    }
}
