//! Indexes, foreign keys and checks of the target.

use sea_orm_migration::sea_orm::DbBackend;

use super::{
    Manner,
    name::{fitting, named_checks, named_index},
};
use crate::snapshot::{Action, Check, ForeignKey, Index, Table};

pub(super) fn merge_indexes(manner: Manner, current: &Table, wanted: &Table) -> Vec<Index> {
    let meant = |wanted: &Index, index: &Index| {
        // The generator leaves out the condition of a partial unique index.
        let silent = wanted.unique && wanted.predicate.is_none() && manner.keeps;
        wanted.unique == index.unique
            && same_keys(wanted, index)
            && (same_clauses(wanted, index) || (wanted.is_plain() && manner.keeps))
            && (wanted.predicate == index.predicate || silent)
    };
    let replaced = |index: &Index| {
        wanted.indexes.iter().any(|wanted| wanted.name.is_some() && wanted.name == index.name)
    };
    let unsaid = |index: &Index| {
        let plain = index.predicate.is_none() && index.parts.iter().all(|part| !part.expression);
        manner.keeps && !(index.unique && plain) && !replaced(index)
    };
    let gone = |index: &Index| {
        let dropped = current.columns.iter().filter(|column| wanted.column(&column.name).is_none());
        dropped.into_iter().any(|column| index.names(&column.name))
    };
    let is_wanted = |index: &&Index| wanted.indexes.iter().any(|wanted| meant(wanted, index));
    let mut indexes: Vec<Index> = current.indexes.clone();
    indexes.retain(|index| is_wanted(&index) || (unsaid(index) && !gone(index)));
    for index in &wanted.indexes {
        if !current.indexes.iter().any(|current| meant(index, current)) {
            indexes.push(named_index(wanted.bare_name(), index));
        }
    }
    indexes
}

fn same_keys(one: &Index, other: &Index) -> bool {
    let keys = |index: &Index| -> Vec<(String, bool, bool)> {
        index.parts.iter().map(|part| (part.key.clone(), part.expression, part.descending)).collect()
    };
    keys(one) == keys(other)
}

fn same_clauses(one: &Index, other: &Index) -> bool {
    one.parts == other.parts && one.method == other.method && one.clauses == other.clauses
}

pub(super) fn merge_foreign_key(manner: Manner, current: &Table, wanted: &ForeignKey) -> ForeignKey {
    let same = |key: &&ForeignKey| {
        key.columns == wanted.columns && key.table == wanted.table && key.referred == wanted.referred
    };
    let Some(key) = current.foreign_keys.iter().find(same) else {
        return ForeignKey { name: Some(fitting(&wanted.name_on(current.bare_name()))), ..wanted.clone() };
    };
    // MariaDB takes the two for the same.
    let refuses = |action: Action| action == Action::NoAction || action == Action::Restrict;
    let action = |current: Action, wanted: Action| {
        let same = manner.backend == DbBackend::MySql && refuses(current) && refuses(wanted);
        if same { current } else { wanted }
    };
    ForeignKey {
        name: key.name.clone(),
        on_delete: action(key.on_delete, wanted.on_delete),
        on_update: action(key.on_update, wanted.on_update),
        clauses: if wanted.clauses.is_empty() { key.clauses.clone() } else { wanted.clauses.clone() },
        ..wanted.clone()
    }
}

pub(super) fn merge_checks(manner: Manner, current: &Table, wanted: &Table) -> Vec<Check> {
    let named = named_checks(wanted.bare_name(), &wanted.checks);
    let same = |wanted: &Check, check: &Check| {
        let silent = wanted.clauses.is_empty() && !wanted.condition.is_empty();
        wanted.condition == check.condition && (wanted.clauses == check.clauses || silent)
    };
    let said = |check: &Check| named.iter().any(|wanted| same(wanted, check));
    let replaced = |check: &Check| named.iter().any(|wanted| wanted.name == check.name);
    let gone = |check: &Check| {
        let dropped = current.columns.iter().filter(|column| wanted.column(&column.name).is_none());
        dropped.map(|column| format!("\"{}\"", column.name)).any(|quoted| check.condition.contains(&quoted))
    };
    let mut checks = current.checks.clone();
    checks.retain(|check| said(check) || (manner.keeps && !replaced(check) && !gone(check)));
    for check in &named {
        if !current.checks.iter().any(|current| same(check, current)) {
            checks.push(check.clone());
        }
    }
    checks
}
