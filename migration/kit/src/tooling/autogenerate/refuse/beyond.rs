//! Clauses that a database of the project does not know, or that SeaORM's builder cannot write for several databases.
//! For a project with one database they are written as SQL.

use sea_orm_migration::sea_orm::DbBackend;

use crate::{
    snapshot::{Check, Column, ForeignKey, Index, Table},
    tooling::{
        compare::Comparison,
        diff::{Change, TableChange},
        entities::name,
    },
};

/// The first clause among the changes that cannot be written, with its table and column.
pub(super) fn reason(comparison: &Comparison) -> Option<String> {
    let databases = comparison.databases.as_slice();
    comparison.changes.iter().find_map(|change| match change {
        Change::CreateTable(table) => new_table(databases, table),
        Change::Alter { to, steps, .. } => steps.iter().find_map(|step| new_part(databases, to, step)),
        Change::CreateEnum(..) | Change::DropEnum(..) | Change::ChangeEnum { .. } | Change::DropTable(_) => {
            None
        }
    })
}

fn new_table(databases: &[DbBackend], table: &Table) -> Option<String> {
    let of = &table.name;
    if table.schema.is_some() && databases.len() > 1 {
        let other = databases.iter().find(|database| **database != DbBackend::Postgres)?;
        return Some(format!("table {of}: {} has no schemas", name(*other)));
    }
    let columns = table.columns.iter().find_map(|column| new_column(databases, of, None, column));
    columns
        .or_else(|| table.indexes.iter().find_map(|index| new_index(databases, of, index)))
        .or_else(|| table.foreign_keys.iter().find_map(|key| new_key(databases, of, key)))
        .or_else(|| table.checks.iter().find_map(|check| new_check(databases, of, check)))
}

fn new_part(databases: &[DbBackend], table: &Table, step: &TableChange) -> Option<String> {
    let of = table.name.as_str();
    match step {
        TableChange::AddColumn(column) => new_column(databases, of, None, column),
        TableChange::ChangeColumn { from, to } | TableChange::AddGenerated { from, to } => {
            new_column(databases, of, Some(from), to)
        }
        TableChange::AddIndex(index) => new_index(databases, of, index),
        TableChange::AddForeignKey(key) => new_key(databases, of, key),
        TableChange::AddCheck(check) => new_check(databases, of, check),
        TableChange::ChangePrimaryKey { to: Some(key), .. }
            if databases.len() > 1 && !key.clauses.is_empty() =>
        {
            Some(several(&format!("primary key of {of}"), &key.clauses))
        }
        TableChange::DropForeignKey(key) if key.name.is_none() && databases == [DbBackend::MySql] => {
            Some(format!(
                "a foreign key of {of} on {} has no name by which it could be dropped",
                key.columns.join(", ")
            ))
        }
        TableChange::DropForeignKey(_)
        | TableChange::DropCheck(_)
        | TableChange::DropIndex(_)
        | TableChange::DropGenerated(_)
        | TableChange::ChangePrimaryKey { .. }
        | TableChange::DropColumn(_)
        | TableChange::ChangeComment { .. } => None,
    }
}

fn new_column(databases: &[DbBackend], table: &str, old: Option<&Column>, new: &Column) -> Option<String> {
    let what = format!("column {table}.{}", new.name);
    let retyped = old.is_none_or(|old| old.kind != new.kind);
    if databases.len() == 1 {
        // Only MariaDB and a rebuild define a column anew.
        let other = old.filter(|old| old.clauses != new.clauses && databases[0] == DbBackend::Postgres);
        return other.map(|_| format!("{what}: {} changes", new.clauses.join(" ")));
    }
    let differs = |part: fn(&Column) -> &Option<String>| match (part(new), old) {
        (Some(clause), Some(old)) if part(old).as_ref() == Some(clause) && !retyped => None,
        (Some(clause), _) => Some(clause.clone()),
        (None, _) => None,
    };
    let clause = differs(|column| &column.collation)
        .map(|collation| format!("COLLATE {collation}"))
        .or_else(|| differs(|column| &column.character_set).map(|set| format!("CHARACTER SET {set}")))
        .or_else(|| differs(|column| &column.on_update).map(|sql| format!("ON UPDATE {sql}")))
        .or_else(|| {
            new.clauses.first().filter(|_| old.is_none_or(|old| old.clauses != new.clauses)).cloned()
        });
    clause.map(|clause| several(&what, &clause))
}

fn new_index(databases: &[DbBackend], table: &str, index: &Index) -> Option<String> {
    let beyond = index.constraint && !index.clauses.is_empty() && databases.len() > 1;
    beyond.then(|| several(&format!("constraint {} on {table}", index.name_on(table)), &index.clauses))
}

fn new_key(databases: &[DbBackend], table: &str, key: &ForeignKey) -> Option<String> {
    if key.clauses.is_empty() {
        return None;
    }
    let what = format!("foreign key {} on {table}", key.name_on(table));
    if databases.contains(&DbBackend::MySql) {
        return Some(format!("{what}: MariaDB has no {}", key.clauses));
    }
    (databases.len() > 1).then(|| several(&what, &key.clauses))
}

fn new_check(databases: &[DbBackend], table: &str, check: &Check) -> Option<String> {
    let beyond = !check.clauses.is_empty() && databases.len() > 1;
    beyond.then(|| {
        several(&format!("check {} on {table}", check.name.as_deref().unwrap_or("?")), &check.clauses)
    })
}

fn several(what: &str, clause: &str) -> String {
    format!("{what}: {clause} is not the same on all databases of the project")
}
