//! The steps by which one table becomes another.

use std::collections::BTreeSet;

use super::TableChange;
use crate::snapshot::{Column, ForeignKey, Index, Snapshot, Table};

/// The steps from `from` to `to`. Foreign keys, checks and indexes are dropped first and added last.
pub(super) fn steps(from: &Table, to: &Table) -> Vec<TableChange> {
    let renewed = renewed(from, to);
    let stands = |column: &str| !renewed.contains(column);
    let mut steps = Vec::new();
    drop_constraints(&mut steps, from, to, &stands);
    change_columns(&mut steps, from, to, &renewed);
    add_constraints(&mut steps, from, to, &stands);
    if from.comment != to.comment {
        steps.push(TableChange::ChangeComment { from: from.comment.clone(), to: to.comment.clone() });
    }
    steps
}

/// The generated columns that are dropped and added again: databases change neither the expression of a column nor the
/// type of one that is used in an expression.
fn renewed(from: &Table, to: &Table) -> BTreeSet<String> {
    let both = || to.columns.iter().filter_map(|new| Some((from.column(&new.name)?, new)));
    let changed: Vec<String> = both()
        .filter(|(old, new)| old.kind != new.kind || old.collation != new.collation)
        .map(|(_, new)| format!("\"{}\"", new.name))
        .collect();
    let generated = both().filter(|(old, new)| match (&old.generated, &new.generated) {
        (Some(before), Some(after)) => {
            let uses =
                |column: &String| before.expression.contains(column) || after.expression.contains(column);
            !old.agrees(new) || changed.iter().any(uses)
        }
        _ => false,
    });
    generated.map(|(_, new)| new.name.clone()).collect()
}

fn drop_constraints(steps: &mut Vec<TableChange>, from: &Table, to: &Table, stands: &dyn Fn(&str) -> bool) {
    let gone =
        from.foreign_keys.iter().filter(|key| !to.foreign_keys.contains(key) || !key_stands(key, stands));
    steps.extend(gone.cloned().map(TableChange::DropForeignKey));
    let gone = from
        .checks
        .iter()
        .filter(|check| !to.checks.contains(check) || !sql_stands(&check.condition, from, stands));
    steps.extend(gone.cloned().map(TableChange::DropCheck));
    let gone =
        from.indexes.iter().filter(|index| !to.indexes.contains(index) || !index_stands(index, from, stands));
    steps.extend(gone.cloned().map(TableChange::DropIndex));
}

fn add_constraints(steps: &mut Vec<TableChange>, from: &Table, to: &Table, stands: &dyn Fn(&str) -> bool) {
    let new =
        to.indexes.iter().filter(|index| !from.indexes.contains(index) || !index_stands(index, from, stands));
    steps.extend(new.cloned().map(TableChange::AddIndex));
    let new = to
        .checks
        .iter()
        .filter(|check| !from.checks.contains(check) || !sql_stands(&check.condition, from, stands));
    steps.extend(new.cloned().map(TableChange::AddCheck));
    let new =
        to.foreign_keys.iter().filter(|key| !from.foreign_keys.contains(key) || !key_stands(key, stands));
    steps.extend(new.cloned().map(TableChange::AddForeignKey));
}

fn key_stands(key: &ForeignKey, stands: &dyn Fn(&str) -> bool) -> bool {
    key.columns.iter().all(|column| stands(column))
}

fn index_stands(index: &Index, table: &Table, stands: &dyn Fn(&str) -> bool) -> bool {
    table.columns.iter().all(|column| stands(&column.name) || !index.names(&column.name))
}

fn sql_stands(sql: &str, table: &Table, stands: &dyn Fn(&str) -> bool) -> bool {
    table.columns.iter().all(|column| stands(&column.name) || !sql.contains(&format!("\"{}\"", column.name)))
}

fn change_columns(steps: &mut Vec<TableChange>, from: &Table, to: &Table, renewed: &BTreeSet<String>) {
    let dropped = || from.columns.iter().filter(|column| to.column(&column.name).is_none());
    let computed = |column: &&Column| column.generated.is_some();
    let before = from.columns.iter().filter(|column| renewed.contains(&column.name));
    steps.extend(before.cloned().map(TableChange::DropGenerated));
    steps.extend(dropped().filter(computed).cloned().map(TableChange::DropColumn));

    let leaves_key =
        |column: &str| from.primary_key.as_ref().is_some_and(|key| key.columns.iter().any(|c| c == column));
    let (mut after_key, mut renewals) = (Vec::new(), Vec::new());
    for column in &to.columns {
        match from.column(&column.name) {
            None if column.generated.is_some() => renewals.push(TableChange::AddColumn(column.clone())),
            None => steps.push(TableChange::AddColumn(column.clone())),
            Some(old) if renewed.contains(&column.name) => {
                renewals.push(TableChange::AddGenerated { from: old.clone(), to: column.clone() });
            }
            Some(old) if !old.agrees(column) => {
                let change = TableChange::ChangeColumn { from: old.clone(), to: column.clone() };
                // A column of a primary key is not null.
                let waits = column.nullable && !old.nullable && leaves_key(&column.name);
                if waits { after_key.push(change) } else { steps.push(change) }
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
    steps.extend(after_key);
    steps.extend(dropped().filter(|column| !computed(column)).cloned().map(TableChange::DropColumn));
    steps.extend(renewals);
}

/// Adds the renewal of foreign keys that stay, but cannot while the columns or the index that they need change.
pub(super) fn renew_keys(from: &Snapshot, to: &Snapshot, altered: &mut [(Table, Table, Vec<TableChange>)]) {
    let disturbed: Vec<(String, ForeignKey)> = altered
        .iter()
        .flat_map(|(old, new, _)| {
            let kept = old.foreign_keys.iter().filter(|key| new.foreign_keys.contains(key));
            kept.map(|key| (old.name.clone(), key.clone()))
        })
        .filter(|(table, key)| {
            let steps =
                altered.iter().filter(|(old, _, _)| old.name == key.table).flat_map(|(_, _, steps)| steps);
            let is_retyped = |table: &str, columns: &[String]| {
                columns.iter().any(|column| {
                    let kind = |schema: &Snapshot| Some(schema.table(table)?.column(column)?.kind.clone());
                    kind(from) != kind(to)
                })
            };
            steps.into_iter().any(|step| step.takes_index(&key.referred))
                || is_retyped(table, &key.columns)
                || is_retyped(&key.table, &key.referred)
        })
        .collect();
    for (table, key) in disturbed {
        let Some((_, _, steps)) = altered.iter_mut().find(|(old, _, _)| old.name == table) else { continue };
        if !steps.contains(&TableChange::DropForeignKey(key.clone())) {
            steps.insert(0, TableChange::DropForeignKey(key.clone()));
            steps.push(TableChange::AddForeignKey(key));
        }
    }
}

impl TableChange {
    /// Whether it takes away the unique index on `columns`.
    fn takes_index(&self, columns: &[String]) -> bool {
        match self {
            Self::DropIndex(index) => index.unique && index.columns().eq(columns.iter().map(String::as_str)),
            Self::ChangePrimaryKey { from: Some(from), .. } => from.columns == columns,
            _ => false,
        }
    }

    /// Whether it changes the columns that a foreign key refers to, or the index on them.
    pub(super) fn concerns(&self, referred: &[String]) -> bool {
        let is_on = |index: &Index| index.columns().eq(referred.iter().map(String::as_str));
        match self {
            Self::DropIndex(index) | Self::AddIndex(index) => is_on(index),
            Self::DropGenerated(column)
            | Self::AddColumn(column)
            | Self::ChangeColumn { to: column, .. }
            | Self::DropColumn(column)
            | Self::AddGenerated { to: column, .. } => referred.contains(&column.name),
            Self::ChangePrimaryKey { .. } => true,
            Self::DropForeignKey(_)
            | Self::DropCheck(_)
            | Self::AddCheck(_)
            | Self::AddForeignKey(_)
            | Self::ChangeComment { .. } => false,
        }
    }
}
