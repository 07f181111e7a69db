//! Changes and differences in words, one line for each.

use std::fmt;

use super::{Change, TableChange};
use crate::snapshot::{ForeignKey, Index, PrimaryKey};

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
                let lines: Vec<String> = steps.iter().filter_map(|step| step.describe(&from.name)).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

impl TableChange {
    /// A line for the change; none for one that only prepares another.
    fn describe(&self, table: &str) -> Option<String> {
        let check = |name: &Option<String>| format!("check {} on {table}", name.as_deref().unwrap_or("?"));
        Some(match self {
            Self::DropForeignKey(key) => format!("foreign key {}: gone", key.name_on(table)),
            Self::AddForeignKey(key) => format!("foreign key {}: new, {key}", key.name_on(table)),
            Self::DropCheck(dropped) => format!("{}: gone", check(&dropped.name)),
            Self::AddCheck(added) => {
                format!("{}: new, {}{}", check(&added.name), added.condition, after_a_space(&added.clauses))
            }
            Self::DropIndex(index) => format!("index {} on {table}: gone", index.name_on(table)),
            Self::AddIndex(index) => format!("index {} on {table}: new, {index}", index.name_on(table)),
            Self::AddColumn(column) => format!("column {table}.{}: new, {column}", column.name),
            Self::DropColumn(column) => format!("column {table}.{}: gone", column.name),
            Self::ChangeColumn { from, to } => {
                format!("column {table}.{}: {to} instead of {from}", from.name)
            }
            Self::AddGenerated { from, to } if !from.agrees(to) => {
                format!("column {table}.{}: {to} instead of {from}", from.name)
            }
            Self::DropGenerated(_) | Self::AddGenerated { .. } => return None,
            Self::ChangePrimaryKey { from, to } => {
                let (to, from) = (key_columns(to.as_ref()), key_columns(from.as_ref()));
                format!("primary key of {table}: {to} instead of {from}")
            }
            Self::ChangeComment { from, to } => {
                format!("comment on {table}: {} instead of {}", words(to.as_ref()), words(from.as_ref()))
            }
        })
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
            Self::Alter { from, steps, .. } => {
                steps.iter().filter_map(|step| step.difference(&from.name)).collect()
            }
        }
    }
}

impl TableChange {
    fn difference(&self, table: &str) -> Option<String> {
        let missing = |object: String, place: &str| format!("{object} is missing from the {place}");
        let check = |name: &Option<String>| format!("check {} on {table}", name.as_deref().unwrap_or("?"));
        let index = |index: &Index| format!("index {} on {table}", index.name_on(table));
        let key = |key: &ForeignKey| format!("foreign key {}", key.name_on(table));
        Some(match self {
            Self::DropForeignKey(dropped) => missing(key(dropped), "entities"),
            Self::AddForeignKey(added) => missing(key(added), "migrations") + &format!(": {added}"),
            Self::DropCheck(dropped) => missing(check(&dropped.name), "entities"),
            Self::AddCheck(added) => {
                let condition = format!(": {}{}", added.condition, after_a_space(&added.clauses));
                missing(check(&added.name), "migrations") + &condition
            }
            Self::DropIndex(dropped) => missing(index(dropped), "entities"),
            Self::AddIndex(added) => missing(index(added), "migrations") + &format!(": {added}"),
            Self::AddColumn(column) => {
                missing(format!("column {table}.{}", column.name), "migrations") + &format!(": {column}")
            }
            Self::DropColumn(column) => missing(format!("column {table}.{}", column.name), "entities"),
            Self::ChangeColumn { from, to } => {
                format!("column {table}.{} is {to} in the entities, {from} in the migrations", from.name)
            }
            Self::AddGenerated { from, to } if !from.agrees(to) => {
                format!("column {table}.{} is {to} in the entities, {from} in the migrations", from.name)
            }
            Self::DropGenerated(_) | Self::AddGenerated { .. } => return None,
            Self::ChangePrimaryKey { from, to } => {
                let (to, from) = (key_columns(to.as_ref()), key_columns(from.as_ref()));
                format!("primary key of {table} is {to} in the entities, {from} in the migrations")
            }
            Self::ChangeComment { from, to } => {
                let (to, from) = (words(to.as_ref()), words(from.as_ref()));
                format!("comment on {table} is {to} in the entities, {from} in the migrations")
            }
        })
    }
}

fn key_columns(key: Option<&PrimaryKey>) -> String {
    let words = |key: &PrimaryKey| key.columns.join(", ") + &after_a_space(&key.clauses);
    key.map_or_else(|| "none".to_owned(), words)
}

fn words(comment: Option<&String>) -> String {
    comment.map_or_else(|| "none".to_owned(), |comment| format!("{comment:?}"))
}

fn after_a_space(clauses: &str) -> String {
    if clauses.is_empty() { String::new() } else { format!(" {clauses}") }
}
