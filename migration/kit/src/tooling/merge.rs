//! The target of a comparison: the entities, and for everything they leave unspecified, the migrations.
//!
//! `sea-orm-cli generate entity` writes no lengths, defaults, plain indexes, checks or names of constraints, so a
//! generated entity leaves them unspecified. An entity that is kept by hand may be complete instead. Clauses that no
//! entity can express, such as a collation or the method of an index, stay in both cases.

use sea_orm_migration::sea_orm::DbBackend;

use crate::snapshot::{Kind, PrimaryKey, Snapshot, Table};

mod column;
mod constraint;
mod name;

use column::merge_column;
use constraint::{merge_checks, merge_foreign_key, merge_indexes};
use name::{fitting, named_checks, named_index};

/// Meaning of a part that the entities leave unspecified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unspecified {
    /// Keep the state that the migrations created.
    Keep,
    /// Drop it: the entities are complete.
    Drop,
}

/// How schemas are merged.
#[derive(Debug, Clone, Copy)]
struct Manner {
    /// The database in whose dialect they are.
    backend: DbBackend,
    /// Whether unspecified parts are kept.
    keeps: bool,
}

/// The schema of `entities`, completed from `current`, the schema of the migrations, both in the dialect of `backend`.
/// `is_ignored` selects the tables of other programs.
#[must_use]
pub fn merge(
    backend: DbBackend,
    current: &Snapshot,
    entities: &Snapshot,
    unspecified: Unspecified,
    is_ignored: &dyn Fn(&str) -> bool,
) -> Snapshot {
    let manner = Manner { backend, keeps: unspecified == Unspecified::Keep };
    let mut target = Snapshot { enums: entities.enums.clone(), ..Snapshot::default() };
    for (name, wanted) in entities.tables.iter().filter(|(name, _)| !is_ignored(name)) {
        let table = match current.table(name) {
            Some(table) => {
                if !wanted.options.is_empty() && wanted.options != table.options {
                    target.unread.push(format!("options of the table {name}: {}", wanted.options.join(" ")));
                }
                merge_table(manner, table, wanted)
            }
            None => with_names(manner, wanted),
        };
        target.tables.insert(name.clone(), table);
    }
    for (name, table) in current.tables.iter().filter(|(name, _)| is_ignored(name)) {
        target.tables.entry(name.clone()).or_insert_with(|| table.clone());
    }
    let in_use = |name: &String| {
        let array = format!("{name}[]");
        let mut columns = target.tables.values().flat_map(|table| &table.columns);
        columns.any(|column| match &column.kind {
            Kind::Enum(of) => of == name,
            Kind::Other(kind) => *kind == array,
            _ => false,
        })
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
        let values = match &column.kind {
            Kind::Enum(name) => target.enums.get(name).cloned().unwrap_or_default(),
            Kind::Values(values) => values.clone(),
            _ => continue,
        };
        let literals: Vec<String> =
            values.iter().map(|value| format!("'{}'", value.replace('\'', "''"))).collect();
        column.default.take_if(|default| {
            let literal = default.split("::").next().unwrap_or_default();
            !literals.is_empty() && literal.starts_with('\'') && !literals.iter().any(|each| each == literal)
        });
    }
}

/// A table that is not there yet, with the names that its indexes and constraints go by from now on.
fn with_names(manner: Manner, wanted: &Table) -> Table {
    let mut table = wanted.clone();
    let name = wanted.bare_name();
    table.columns.iter_mut().for_each(|column| *column = merge_column(manner, None, column));
    table.indexes.iter_mut().for_each(|index| *index = named_index(name, index));
    table.foreign_keys.iter_mut().for_each(|key| key.name = Some(fitting(&key.name_on(name))));
    table.checks = named_checks(name, &wanted.checks);
    table
}

fn merge_table(manner: Manner, current: &Table, wanted: &Table) -> Table {
    let kept = current.columns.iter().filter_map(|column| Some((wanted.column(&column.name)?, Some(column))));
    let new = wanted
        .columns
        .iter()
        .filter(|column| current.column(&column.name).is_none())
        .map(|column| (column, None));
    let mut columns: Vec<_> =
        kept.chain(new).map(|(wanted, current)| merge_column(manner, current, wanted)).collect();
    let primary_key = merge_primary_key(current.primary_key.as_ref(), wanted.primary_key.as_ref());
    if manner.backend == DbBackend::Sqlite && primary_key == current.primary_key {
        // SQLite does not imply NOT NULL in a key, and SeaORM always says it.
        for column in &mut columns {
            let key = current.primary_key.iter().any(|key| key.columns.contains(&column.name));
            if let Some(old) = current.column(&column.name).filter(|_| key) {
                column.nullable = old.nullable;
            }
        }
    }
    Table {
        name: current.name.clone(),
        schema: current.schema.clone(),
        columns,
        primary_key,
        indexes: merge_indexes(manner, current, wanted),
        foreign_keys: wanted.foreign_keys.iter().map(|key| merge_foreign_key(manner, current, key)).collect(),
        checks: merge_checks(manner, current, wanted),
        comment: wanted.comment.clone().or_else(|| current.comment.clone().filter(|_| manner.keeps)),
        options: current.options.clone(),
    }
}

fn merge_primary_key(current: Option<&PrimaryKey>, wanted: Option<&PrimaryKey>) -> Option<PrimaryKey> {
    let wanted = wanted?;
    let Some(current) = current else { return Some(wanted.clone()) };
    let same = current.columns == wanted.columns && wanted.clauses.is_empty();
    let clauses = if same { &current.clauses } else { &wanted.clauses };
    Some(PrimaryKey { name: current.name.clone(), columns: wanted.columns.clone(), clauses: clauses.clone() })
}
