//! Changes in words, a line each.

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
                let columns = |key: &Option<PrimaryKey>| match key {
                    Some(key) => key.columns.join(", "),
                    None => "none".to_owned(),
                };
                write!(f, "primary key of {table}: {} instead of {}", columns(to), columns(from))
            }
        }
    }
}
