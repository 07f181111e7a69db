//! The changes from one schema to another, in an order in which they can be made.

use crate::snapshot::{Check, Column, ForeignKey, Index, PrimaryKey, Snapshot, Table};

mod loss;
mod order;
mod print;
mod steps;

/// One change of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "most changes are of a table, and there are few")]
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
    /// The first half of [`TableChange::AddGenerated`]: the column as it was computed.
    DropGenerated(Column),
    /// A column that is new.
    AddColumn(Column),
    /// A column that changes its kind, its default, whether it may be null, or another clause.
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
    /// A generated column that is computed from something else, or from a column that changes: it is dropped before,
    /// and added again.
    AddGenerated {
        /// The column before.
        from: Column,
        /// The column after.
        to: Column,
    },
    /// An index that is new.
    AddIndex(Index),
    /// A condition that is new.
    AddCheck(Check),
    /// A foreign key that is new.
    AddForeignKey(ForeignKey),
    /// Another comment on the table.
    ChangeComment {
        /// The comment before.
        from: Option<String>,
        /// The comment after.
        to: Option<String>,
    },
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
    changes.extend(order::created(to.tables.values().filter(|table| from.table(&table.name).is_none())));
    let kept = to.tables.values().filter_map(|table| Some((from.table(&table.name)?, table)));
    let mut altered: Vec<(Table, Table, Vec<TableChange>)> =
        kept.map(|(old, new)| (old.clone(), new.clone(), steps::steps(old, new))).collect();
    steps::renew_keys(from, to, &mut altered);
    altered.retain(|(_, _, steps)| !steps.is_empty());
    changes.extend(order::altered(altered));
    changes.extend(order::dropped(from.tables.values().filter(|table| to.table(&table.name).is_none())));
    for (name, values) in from.enums.iter().filter(|(name, _)| !to.enums.contains_key(*name)) {
        changes.push(Change::DropEnum(name.clone(), values.clone()));
    }
    changes
}
