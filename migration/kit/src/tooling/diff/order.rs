//! The order of changes: tables before those that refer to them, also where they refer to each other.

use std::collections::BTreeSet;

use super::{Change, TableChange};
use crate::snapshot::{ForeignKey, Table};

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

/// Each table with the keys that refer to one behind it, which it would have to wait for.
fn with_forward_keys<'t>(tables: impl Iterator<Item = &'t Table>) -> Vec<(&'t Table, Vec<ForeignKey>)> {
    let ordered = in_order(tables);
    let forward = |at: usize| {
        let behind: BTreeSet<&str> = ordered[at + 1..].iter().map(|table| table.name.as_str()).collect();
        let keys = ordered[at].foreign_keys.iter().filter(|key| behind.contains(key.table.as_str()));
        keys.cloned().collect::<Vec<_>>()
    };
    (0..ordered.len()).map(|at| (ordered[at], forward(at))).collect()
}

/// Tables that are new. A key to a table that does not exist yet follows when it does.
pub(super) fn created<'t>(tables: impl Iterator<Item = &'t Table>) -> Vec<Change> {
    let (mut creations, mut keys) = (Vec::new(), Vec::new());
    for (table, forward) in with_forward_keys(tables) {
        let first = without(table, &forward);
        if !forward.is_empty() {
            let steps = forward.into_iter().map(TableChange::AddForeignKey).collect();
            keys.push(Change::Alter { from: first.clone(), to: table.clone(), steps });
        }
        creations.push(Change::CreateTable(first));
    }
    creations.extend(keys);
    creations
}

/// Dropped tables. Keys in a circle are dropped before.
pub(super) fn dropped<'t>(tables: impl Iterator<Item = &'t Table>) -> Vec<Change> {
    let (mut keys, mut drops) = (Vec::new(), Vec::new());
    for (table, forward) in with_forward_keys(tables) {
        let last = without(table, &forward);
        if !forward.is_empty() {
            let steps = forward.into_iter().map(TableChange::DropForeignKey).collect();
            keys.push(Change::Alter { from: table.clone(), to: last.clone(), steps });
        }
        drops.push(Change::DropTable(last));
    }
    keys.extend(drops.into_iter().rev());
    keys
}

/// Tables that change. A key to another table that changes is dropped before both change, and added after that.
pub(super) fn altered(tables: Vec<(Table, Table, Vec<TableChange>)>) -> Vec<Change> {
    let concerned: Vec<(String, Vec<TableChange>)> =
        tables.iter().map(|(from, _, steps)| (from.name.clone(), steps.clone())).collect();
    let is_concerned = |key: &ForeignKey| {
        let steps = concerned.iter().filter(|(table, _)| *table == key.table).flat_map(|(_, steps)| steps);
        steps.into_iter().any(|step| step.concerns(&key.referred))
    };
    let (mut first, mut middle, mut last) = (Vec::new(), Vec::new(), Vec::new());
    for (from, to, steps) in tables {
        let (mut early, mut late, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for step in steps {
            let elsewhere = |key: &ForeignKey| key.table != from.name && is_concerned(key);
            match step {
                TableChange::DropForeignKey(key) if elsewhere(&key) => early.push(key),
                TableChange::AddForeignKey(key) if elsewhere(&key) => late.push(key),
                step => rest.push(step),
            }
        }
        let (begun, ended) = (without(&from, &early), without(&to, &late));
        if !early.is_empty() {
            let steps = early.into_iter().map(TableChange::DropForeignKey).collect();
            first.push(Change::Alter { from, to: begun.clone(), steps });
        }
        if !rest.is_empty() {
            middle.push(Change::Alter { from: begun, to: ended.clone(), steps: rest });
        }
        if !late.is_empty() {
            let steps = late.into_iter().map(TableChange::AddForeignKey).collect();
            last.push(Change::Alter { from: ended, to, steps });
        }
    }
    first.into_iter().chain(middle).chain(last).collect()
}

fn without(table: &Table, keys: &[ForeignKey]) -> Table {
    let mut table = table.clone();
    table.foreign_keys.retain(|key| !keys.contains(key));
    table
}
