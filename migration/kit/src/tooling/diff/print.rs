//! Changes and differences in words, one line for each.

use std::fmt;

use super::{Change, TableChange};
use crate::snapshot::PrimaryKey;

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateEnum(name, values) => write!(f, "enum {name}: new, with {}", values.join(", ")),
            Self::DropEnum(name, _) => write!(f, "enum {name}: gone"),
            Self::ChangeEnum { name, from, to } => {
                write!(f, "enum {name}: {} instead of {}", to.join(", "), from.join(", "))
            }
            Self::CreateTable(table) => write!(f, "table {}: new", table.name),
            Self::DropTable(table) => write!(f, "table {}: gone", table.name),
            Self::Alter { from, steps, .. } => {
                for (at, step) in steps.iter().enumerate() {
                    if at > 0 {
                        writeln!(f)?;
                    }
                    step.describe(&from.name, f)?;
                }
                Ok(())
            }
        }
    }
}

impl TableChange {
    fn describe(&self, table: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DropForeignKey(key) => write!(f, "foreign key {}: gone", key.name_on(table)),
            Self::AddForeignKey(key) => write!(f, "foreign key {}: new, {key}", key.name_on(table)),
            Self::DropCheck(check) => {
                write!(f, "check {} on {table}: gone", check.name.as_deref().unwrap_or("?"))
            }
            Self::AddCheck(check) => {
                write!(
                    f,
                    "check {} on {table}: new, {}",
                    check.name.as_deref().unwrap_or("?"),
                    check.condition
                )
            }
            Self::DropIndex(index) => write!(f, "index {} on {table}: gone", index.name_on(table)),
            Self::AddIndex(index) => write!(f, "index {} on {table}: new, {index}", index.name_on(table)),
            Self::AddColumn(column) => write!(f, "column {table}.{}: new, {column}", column.name),
            Self::DropColumn(column) => write!(f, "column {table}.{}: gone", column.name),
            Self::ChangeColumn { from, to } => {
                write!(f, "column {table}.{}: {to} instead of {from}", from.name)
            }
            Self::ChangePrimaryKey { from, to } => {
                let (to, from) = (key_columns(to.as_ref()), key_columns(from.as_ref()));
                write!(f, "primary key of {table}: {to} instead of {from}")
            }
        }
    }
}

impl Change {
    /// The differences between entities and migrations that this change removes.
    pub(in crate::tooling) fn differences(&self) -> Vec<String> {
        match self {
            Self::CreateEnum(name, _) => vec![format!("enum {name} is missing from the migrations")],
            Self::DropEnum(name, _) => vec![format!("enum {name} is missing from the entities")],
            Self::ChangeEnum { name, from, to } => {
                let (to, from) = (to.join(", "), from.join(", "));
                vec![format!("enum {name} has {to} in the entities, {from} in the migrations")]
            }
            Self::CreateTable(table) => vec![format!("table {} is missing from the migrations", table.name)],
            Self::DropTable(table) => vec![format!("table {} is missing from the entities", table.name)],
            Self::Alter { from, steps, .. } => steps.iter().map(|step| step.difference(&from.name)).collect(),
        }
    }
}

impl TableChange {
    fn difference(&self, table: &str) -> String {
        let missing = |object: String, place: &str| format!("{object} is missing from the {place}");
        let check = |name: &Option<String>| format!("check {} on {table}", name.as_deref().unwrap_or("?"));
        match self {
            Self::DropForeignKey(key) => missing(format!("foreign key {}", key.name_on(table)), "entities"),
            Self::AddForeignKey(key) => {
                missing(format!("foreign key {}", key.name_on(table)), "migrations") + &format!(": {key}")
            }
            Self::DropCheck(dropped) => missing(check(&dropped.name), "entities"),
            Self::AddCheck(added) => {
                missing(check(&added.name), "migrations") + &format!(": {}", added.condition)
            }
            Self::DropIndex(index) => {
                missing(format!("index {} on {table}", index.name_on(table)), "entities")
            }
            Self::AddIndex(index) => {
                missing(format!("index {} on {table}", index.name_on(table)), "migrations")
                    + &format!(": {index}")
            }
            Self::AddColumn(column) => {
                missing(format!("column {table}.{}", column.name), "migrations") + &format!(": {column}")
            }
            Self::DropColumn(column) => missing(format!("column {table}.{}", column.name), "entities"),
            Self::ChangeColumn { from, to } => {
                format!("column {table}.{} is {to} in the entities, {from} in the migrations", from.name)
            }
            Self::ChangePrimaryKey { from, to } => {
                let (to, from) = (key_columns(to.as_ref()), key_columns(from.as_ref()));
                format!("primary key of {table} is {to} in the entities, {from} in the migrations")
            }
        }
    }
}

fn key_columns(key: Option<&PrimaryKey>) -> String {
    key.map_or_else(|| "none".to_owned(), |key| key.columns.join(", "))
}
