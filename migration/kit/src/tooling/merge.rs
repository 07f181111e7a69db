//! The target of a comparison: the entities, and for everything they leave unspecified, the migrations.
//!
//! `sea-orm-cli generate entity` writes no lengths, defaults, plain indexes, checks or names of constraints, so a
//! generated entity leaves them unspecified. An entity that is kept by hand may be complete instead.

use sha2::{Digest as _, Sha256};

use crate::{
    snapshot::{Check, Column, ForeignKey, Index, Kind, PrimaryKey, Snapshot, Table},
    sql::hex,
};

/// Meaning of a part that the entities leave unspecified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unspecified {
    /// Keep the state that the migrations created.
    Keep,
    /// Drop it: the entities are complete.
    Drop,
}

/// The schema of `entities`, completed from `current`, the schema of the migrations. `is_ignored` selects the tables of
/// other programs.
#[must_use]
pub fn merge(
    current: &Snapshot,
    entities: &Snapshot,
    unspecified: Unspecified,
    is_ignored: &dyn Fn(&str) -> bool,
) -> Snapshot {
    let mut target = Snapshot { enums: entities.enums.clone(), ..Snapshot::default() };
    for (name, wanted) in entities.tables.iter().filter(|(name, _)| !is_ignored(name)) {
        let table = match current.table(name) {
            Some(table) => merge_table(table, wanted, unspecified),
            None => with_names(wanted),
        };
        target.tables.insert(name.clone(), table);
    }
    for (name, table) in current.tables.iter().filter(|(name, _)| is_ignored(name)) {
        target.tables.entry(name.clone()).or_insert_with(|| table.clone());
    }
    let in_use = |name: &String| {
        let mut columns = target.tables.values().flat_map(|table| &table.columns);
        columns.any(|column| column.kind == Kind::Enum(name.clone()))
    };
    let kept: Vec<_> = current.enums.iter().filter(|(name, _)| in_use(name)).collect();
    for (name, values) in kept {
        target.enums.entry(name.clone()).or_insert_with(|| values.clone());
    }
    drop_lost_defaults(&mut target);
    target
}

/// A default that was kept may be a value that its enum no longer has.
fn drop_lost_defaults(target: &mut Snapshot) {
    for column in target.tables.values_mut().flat_map(|table| &mut table.columns) {
        let Kind::Enum(name) = &column.kind else { continue };
        let values = target.enums.get(name).into_iter().flatten();
        let literals: Vec<String> = values.map(|value| format!("'{}'", value.replace('\'', "''"))).collect();
        column.default.take_if(|default| {
            let literal = default.split("::").next().unwrap_or_default();
            !literals.is_empty() && literal.starts_with('\'') && !literals.iter().any(|each| each == literal)
        });
    }
}

/// A table that is not there yet, with the names that its indexes and constraints go by from now on.
fn with_names(wanted: &Table) -> Table {
    let mut table = wanted.clone();
    let name = &wanted.name;
    table.columns.iter_mut().for_each(|column| column.default = spoken(column.default.take()));
    table.indexes.iter_mut().for_each(|index| *index = named_index(name, index));
    table.foreign_keys.iter_mut().for_each(|key| key.name = Some(fitting(&key.name_on(name))));
    table.checks = named_checks(name, &wanted.checks);
    table
}

/// A default of NULL is none.
fn spoken(default: Option<String>) -> Option<String> {
    default.filter(|default| default != "null")
}

/// A name that PostgreSQL does not cut and MariaDB accepts. Long names with the same beginning get different ends.
fn fitting(name: &str) -> String {
    const LONGEST: usize = 63;
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let end = (0..=LONGEST - 9).rev().find(|end| name.is_char_boundary(*end)).unwrap_or_default();
    format!("{}-{}", &name[..end], hex(&Sha256::digest(name)[..4]).to_lowercase())
}

fn named_index(table: &str, index: &Index) -> Index {
    Index { name: Some(fitting(&index.name_on(table))), constraint: false, ..index.clone() }
}

fn named_checks(table: &str, checks: &[Check]) -> Vec<Check> {
    let mut named: Vec<Check> = Vec::new();
    for check in checks {
        let first = check.condition.split('"').nth(1).unwrap_or("row");
        let name = check.name.clone().unwrap_or_else(|| format!("ck-{table}-{first}"));
        let taken =
            named.iter().filter(|other| other.name.as_ref().is_some_and(|other| other.starts_with(&name)));
        let name = match taken.count() {
            0 => name,
            count => format!("{name}-{}", count + 1),
        };
        named.push(Check { name: Some(fitting(&name)), condition: check.condition.clone() });
    }
    named
}

fn merge_table(current: &Table, wanted: &Table, unspecified: Unspecified) -> Table {
    let kept = current.columns.iter().filter_map(|column| Some((wanted.column(&column.name)?, Some(column))));
    let new = wanted
        .columns
        .iter()
        .filter(|column| current.column(&column.name).is_none())
        .map(|column| (column, None));
    Table {
        name: current.name.clone(),
        columns: kept
            .chain(new)
            .map(|(wanted, current)| merge_column(current, wanted, unspecified))
            .collect(),
        primary_key: merge_primary_key(current.primary_key.as_ref(), wanted.primary_key.as_ref()),
        indexes: merge_indexes(current, wanted, unspecified),
        foreign_keys: wanted.foreign_keys.iter().map(|key| merge_foreign_key(current, key)).collect(),
        checks: merge_checks(current, wanted, unspecified),
    }
}

fn merge_column(current: Option<&Column>, wanted: &Column, unspecified: Unspecified) -> Column {
    let Some(current) = current else {
        return Column { default: spoken(wanted.default.clone()), ..wanted.clone() };
    };
    let keeps = unspecified == Unspecified::Keep;
    let kind = match (&wanted.kind, &current.kind) {
        (Kind::String(None), Kind::String(_) | Kind::Char(_)) | (Kind::Decimal(None), Kind::Decimal(_))
            if keeps =>
        {
            current.kind.clone()
        }
        (wanted, _) => wanted.clone(),
    };
    Column {
        name: wanted.name.clone(),
        kind,
        nullable: wanted.nullable,
        default: spoken(wanted.default.clone().or_else(|| current.default.clone().filter(|_| keeps))),
        auto_increment: wanted.auto_increment,
        generated: wanted.generated.clone().or_else(|| current.generated.clone()),
    }
}

fn merge_primary_key(current: Option<&PrimaryKey>, wanted: Option<&PrimaryKey>) -> Option<PrimaryKey> {
    let name = current.and_then(|key| key.name.clone()).or_else(|| match current {
        Some(_) => None,
        None => wanted.and_then(|key| key.name.clone()),
    });
    wanted.map(|key| PrimaryKey { name, columns: key.columns.clone() })
}

fn merge_indexes(current: &Table, wanted: &Table, unspecified: Unspecified) -> Vec<Index> {
    let meant = |wanted: &Index, index: &Index| {
        let alike =
            wanted.parts == index.parts && wanted.unique == index.unique && wanted.method == index.method;
        // The generator leaves out the condition of a partial unique index.
        let silent = wanted.unique && wanted.predicate.is_none() && unspecified == Unspecified::Keep;
        alike && (wanted.predicate == index.predicate || silent)
    };
    let replaced = |index: &Index| {
        wanted.indexes.iter().any(|wanted| wanted.name.is_some() && wanted.name == index.name)
    };
    let unsaid = |index: &Index| {
        let plain = index.predicate.is_none() && index.parts.iter().all(|part| !part.expression);
        unspecified == Unspecified::Keep && !(index.unique && plain) && !replaced(index)
    };
    let gone = |index: &Index| index.columns().any(|column| wanted.column(column).is_none());
    let is_wanted = |index: &&Index| wanted.indexes.iter().any(|wanted| meant(wanted, index));
    let mut indexes: Vec<Index> = current.indexes.clone();
    indexes.retain(|index| is_wanted(&index) || (unsaid(index) && !gone(index)));
    for index in &wanted.indexes {
        if !current.indexes.iter().any(|current| meant(index, current)) {
            indexes.push(named_index(&wanted.name, index));
        }
    }
    indexes
}

fn merge_foreign_key(current: &Table, wanted: &ForeignKey) -> ForeignKey {
    let same = |key: &&ForeignKey| {
        key.columns == wanted.columns && key.table == wanted.table && key.referred == wanted.referred
    };
    let name = match current.foreign_keys.iter().find(same) {
        Some(key) => key.name.clone(),
        None => Some(fitting(&wanted.name_on(&current.name))),
    };
    ForeignKey { name, ..wanted.clone() }
}

fn merge_checks(current: &Table, wanted: &Table, unspecified: Unspecified) -> Vec<Check> {
    let named = named_checks(&wanted.name, &wanted.checks);
    let said = |check: &&Check| named.iter().any(|wanted| wanted.condition == check.condition);
    let replaced = |check: &Check| named.iter().any(|wanted| wanted.name == check.name);
    let gone = |check: &Check| {
        let dropped = current.columns.iter().filter(|column| wanted.column(&column.name).is_none());
        dropped.map(|column| format!("\"{}\"", column.name)).any(|quoted| check.condition.contains(&quoted))
    };
    let mut checks = current.checks.clone();
    checks.retain(|check| {
        said(&check) || (unspecified == Unspecified::Keep && !replaced(check) && !gone(check))
    });
    for check in named {
        if !current.checks.iter().any(|current| current.condition == check.condition) {
            checks.push(check);
        }
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_and_stays_its_own() {
        let long = |end: &str| format!("idx-{}-{end}", "a".repeat(60));
        assert_eq!(fitting("idx-books-title_id"), "idx-books-title_id");
        assert_eq!(fitting(&long("b")).len(), 63);
        assert_ne!(fitting(&long("b")), fitting(&long("c")));
        assert!(fitting(&"ä".repeat(60)).len() <= 63);
    }
}
