//! The changes from one schema to another, in an order in which they can be made.

use std::collections::BTreeSet;

use crate::snapshot::{Check, Column, ForeignKey, Index, PrimaryKey, Snapshot, Table};

mod print;

/// One change of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An enum that is new, with its values.
    CreateEnum(String, Vec<String>),
    /// A dropped enum.
    DropEnum(String, Vec<String>),
    /// An enum with other values.
    ChangeEnum {
        /// Its name.
        name: String,
        /// The values it has.
        from: Vec<String>,
        /// The values it is to have.
        to: Vec<String>,
    },
    /// A table that is new.
    CreateTable(Table),
    /// A dropped table.
    DropTable(Table),
    /// A table that becomes another.
    Alter {
        /// The table before.
        from: Table,
        /// The table after.
        to: Table,
        /// The changes from one to the other.
        steps: Vec<TableChange>,
    },
}

/// One change of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableChange {
    /// A dropped foreign key.
    DropForeignKey(ForeignKey),
    /// A dropped check.
    DropCheck(Check),
    /// A dropped index or unique constraint.
    DropIndex(Index),
    /// A column that is new.
    AddColumn(Column),
    /// A column that changes its kind, its default or whether it may be null.
    ChangeColumn {
        /// The column before.
        from: Column,
        /// The column after.
        to: Column,
    },
    /// Another primary key.
    ChangePrimaryKey {
        /// The key before.
        from: Option<PrimaryKey>,
        /// The key after.
        to: Option<PrimaryKey>,
    },
    /// A dropped column.
    DropColumn(Column),
    /// An index that is new.
    AddIndex(Index),
    /// A condition that is new.
    AddCheck(Check),
    /// A foreign key that is new.
    AddForeignKey(ForeignKey),
}

/// The changes that turn `from` into `to`: enums before their columns, tables before those that refer to them.
#[must_use]
pub fn diff(from: &Snapshot, to: &Snapshot) -> Vec<Change> {
    let mut changes = Vec::new();
    for (name, values) in &to.enums {
        match from.enums.get(name) {
            None => changes.push(Change::CreateEnum(name.clone(), values.clone())),
            Some(old) if old != values => {
                changes.push(Change::ChangeEnum {
                    name: name.clone(),
                    from: old.clone(),
                    to: values.clone(),
                });
            }
            Some(_) => {}
        }
    }
    let new = to.tables.values().filter(|table| from.table(&table.name).is_none());
    changes.extend(in_order(new).into_iter().cloned().map(Change::CreateTable));
    for table in to.tables.values() {
        let steps = from.table(&table.name).map(|old| (old, steps(old, table)));
        if let Some((old, steps)) = steps.filter(|(_, steps)| !steps.is_empty()) {
            changes.push(Change::Alter { from: old.clone(), to: table.clone(), steps });
        }
    }
    let gone = from.tables.values().filter(|table| to.table(&table.name).is_none());
    changes.extend(in_order(gone).into_iter().rev().cloned().map(Change::DropTable));
    for (name, values) in from.enums.iter().filter(|(name, _)| !to.enums.contains_key(*name)) {
        changes.push(Change::DropEnum(name.clone(), values.clone()));
    }
    changes
}

/// Tables in an order in which each follows those that it refers to.
fn in_order<'t>(tables: impl Iterator<Item = &'t Table>) -> Vec<&'t Table> {
    let mut waiting: Vec<&Table> = tables.collect();
    let mut ordered = Vec::new();
    while !waiting.is_empty() {
        let names: BTreeSet<&str> = waiting.iter().map(|table| table.name.as_str()).collect();
        let free = |table: &&Table| {
            table
                .foreign_keys
                .iter()
                .all(|key| key.table == table.name || !names.contains(key.table.as_str()))
        };
        // Of tables that refer to each other in a circle, one has to be first.
        let next = waiting.iter().position(free).unwrap_or_default();
        ordered.push(waiting.remove(next));
    }
    ordered
}

fn steps(from: &Table, to: &Table) -> Vec<TableChange> {
    let mut steps = Vec::new();
    let gone = |key: &&ForeignKey| !to.foreign_keys.contains(key);
    steps.extend(from.foreign_keys.iter().filter(gone).cloned().map(TableChange::DropForeignKey));
    steps.extend(
        from.checks.iter().filter(|check| !to.checks.contains(check)).cloned().map(TableChange::DropCheck),
    );
    steps.extend(
        from.indexes.iter().filter(|index| !to.indexes.contains(index)).cloned().map(TableChange::DropIndex),
    );
    for column in &to.columns {
        match from.column(&column.name) {
            None => steps.push(TableChange::AddColumn(column.clone())),
            Some(old) if old != column => {
                steps.push(TableChange::ChangeColumn { from: old.clone(), to: column.clone() });
            }
            Some(_) => {}
        }
    }
    if from.primary_key != to.primary_key {
        steps.push(TableChange::ChangePrimaryKey {
            from: from.primary_key.clone(),
            to: to.primary_key.clone(),
        });
    }
    let dropped = from.columns.iter().filter(|column| to.column(&column.name).is_none());
    steps.extend(dropped.cloned().map(TableChange::DropColumn));
    steps.extend(
        to.indexes.iter().filter(|index| !from.indexes.contains(index)).cloned().map(TableChange::AddIndex),
    );
    steps.extend(
        to.checks.iter().filter(|check| !from.checks.contains(check)).cloned().map(TableChange::AddCheck),
    );
    let new = |key: &&ForeignKey| !from.foreign_keys.contains(key);
    steps.extend(to.foreign_keys.iter().filter(new).cloned().map(TableChange::AddForeignKey));
    steps
}

impl Change {
    /// The losses of data, one line for each.
    #[must_use]
    pub fn losses(&self) -> Vec<String> {
        match self {
            Self::DropTable(table) => vec![format!("drops the table {}", table.name)],
            Self::ChangeEnum { name, from, to } => {
                let gone: Vec<&str> =
                    from.iter().filter(|value| !to.contains(value)).map(String::as_str).collect();
                if gone.is_empty() {
                    Vec::new()
                } else {
                    vec![format!("takes {} from the enum {name}", gone.join(", "))]
                }
            }
            Self::Alter { from, steps, .. } => {
                steps.iter().filter_map(|step| step.loss(&from.name)).collect()
            }
            Self::CreateEnum(..) | Self::DropEnum(..) | Self::CreateTable(_) => Vec::new(),
        }
    }
}

impl TableChange {
    fn loss(&self, table: &str) -> Option<String> {
        match self {
            Self::DropColumn(column) => Some(format!("drops the column {table}.{}", column.name)),
            Self::ChangeColumn { from, to } if from.kind.narrows(&to.kind) => {
                Some(format!("narrows {table}.{} from {} to {}", from.name, from.kind, to.kind))
            }
            _ => None,
        }
    }
}
