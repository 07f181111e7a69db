//! Changes that `autogenerate` refuses to write, because they would fail or not do the intended thing.

use super::AutogenerateError;
use crate::{
    snapshot::{Column, Table},
    tooling::{
        compare::Comparison,
        diff::{Change, TableChange},
        write::{Backfills, filled, misfit, neutral},
    },
};

mod beyond;

/// Refuses changes that fail on a database, or on one with rows.
pub(super) fn unsupported(comparison: &Comparison, backfills: &Backfills) -> Result<(), AutogenerateError> {
    if let Some(reason) = beyond::reason(comparison) {
        return Err(AutogenerateError::Unsupported(reason));
    }
    for change in &comparison.changes {
        let Change::Alter { from, to, steps } = change else { continue };
        let table = &from.name;
        for step in steps {
            let reason = impossible(table, step).or_else(|| retyped_key(comparison, table, step)).or_else(|| {
                let unknown = |column: &Column| column.default.is_none() && neutral(&comparison.to, &column.kind).is_none();
                let column = filled(step).filter(|column| needs_values_of_its_own(to, column) || unknown(column))?;
                let column = &column.name;
                let told = backfills.contains_key(&(table.clone(), column.clone()));
                (!told).then(|| {
                    format!("rows of {table} need values of their own in {column}: give --backfill {table}.{column}=SQL, or")
                })
            });
            if let Some(reason) = reason {
                return Err(AutogenerateError::Unsupported(reason));
            }
        }
    }
    Ok(())
}

/// The reason why a step is impossible, if it is.
fn impossible(table: &str, step: &TableChange) -> Option<String> {
    match step {
        TableChange::DropCheck(check) if check.name.is_none() => {
            Some(format!("a check on {table} has no name by which it could be dropped"))
        }
        TableChange::ChangePrimaryKey { from: None, .. } | TableChange::ChangePrimaryKey { to: None, .. } => {
            Some(format!("the primary key of {table} is added or dropped"))
        }
        TableChange::AddColumn(column) if column.auto_increment => {
            Some(format!("existing rows of {table} would have to be counted in {}", column.name))
        }
        TableChange::ChangeColumn { from, to } if from.generated.is_some() != to.generated.is_some() => {
            let becomes = if to.generated.is_some() { "becomes computed" } else { "is no longer computed" };
            Some(format!("the column {table}.{} {becomes}", to.name))
        }
        TableChange::ChangeColumn { from, to }
            if from.auto_increment != to.auto_increment || from.counter != to.counter =>
        {
            Some(format!("the column {table}.{} is counted in another way", to.name))
        }
        _ => None,
    }
}

/// The reason why a column cannot change its kind, if there is one: MariaDB locks the columns of foreign keys.
fn retyped_key(comparison: &Comparison, table: &str, step: &TableChange) -> Option<String> {
    let TableChange::ChangeColumn { from, to } = step else { return None };
    let column = &to.name;
    let tables = comparison.from.tables.values();
    let both = tables.filter_map(|old| Some((old, comparison.to.table(&old.name)?)));
    let held = both.flat_map(|(old, new)| old.foreign_keys.iter().map(move |key| (old, new, key))).any(
        |(old, new, key)| {
            let refers = old.name == table && key.columns.contains(column);
            let referred = key.table == table && key.referred.contains(column);
            new.foreign_keys.contains(key) && (refers || referred)
        },
    );
    // The keys are dropped for as long as both sides change to the same type.
    let both_integers =
        from.kind.is_integer() && to.kind.is_integer() && agree_after(comparison, table, column);
    (held && !from.kind.is_like(&to.kind) && !both_integers).then(|| {
        format!("a foreign key holds {table}.{column}: drop it before the type changes, and create it again after that")
    })
}

/// Whether the columns that foreign keys join to this one have its type afterwards.
fn agree_after(comparison: &Comparison, table: &str, column: &str) -> bool {
    let kind = |table: &str, column: &str| Some(comparison.to.table(table)?.column(column)?.kind.clone());
    let own = kind(table, column);
    comparison.to.tables.values().all(|other| {
        let keys = other.foreign_keys.iter();
        keys.flat_map(|key| key.columns.iter().zip(&key.referred).map(move |(from, to)| (key, from, to))).all(
            |(key, from, to)| {
                let refers = other.name == table && from == column;
                let referred = key.table == table && to == column;
                (!refers || kind(&key.table, to) == own) && (!referred || kind(&other.name, from) == own)
            },
        )
    })
}

/// Whether one value for all rows is wrong in a column, because it is unique or refers to other rows.
fn needs_values_of_its_own(table: &Table, column: &Column) -> bool {
    let unique = table.indexes.iter().any(|index| {
        index.unique && index.parts.len() == 1 && index.columns().any(|name| *name == column.name)
    });
    let refers = table.foreign_keys.iter().any(|key| key.columns.contains(&column.name));
    column.default.is_none() && (unique || refers)
}

/// Refuses back-fills that no column needs, or that do not fit their column.
pub(super) fn unfit(changes: &[Change], backfills: &Backfills) -> Result<(), AutogenerateError> {
    for ((table, name), sql) in backfills {
        let steps = changes.iter().filter_map(|change| match change {
            Change::Alter { to, steps, .. } if to.name == *table => Some(steps),
            _ => None,
        });
        let column = steps.flatten().filter_map(filled).find(|column| column.name == *name);
        let reason = match column {
            None => Some("there is no such column, or no row of it needs a value".to_owned()),
            Some(column) => misfit(&column.kind, sql),
        };
        if let Some(reason) = reason {
            return Err(AutogenerateError::Backfill { column: format!("{table}.{name}"), reason });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::sea_orm::DbBackend;

    use super::*;
    use crate::{snapshot::Snapshot, tooling::diff::diff};

    fn compared(from: Snapshot, to: Snapshot) -> Comparison {
        let changes = diff(&from, &to);
        let databases = vec![DbBackend::Postgres, DbBackend::MySql, DbBackend::Sqlite];
        let (renames, unread, table_options) = (Vec::new(), Vec::new(), Vec::new());
        let unknown = std::collections::BTreeMap::new();
        Comparison { databases, table_options, from, to, renames, changes, unread, unknown }
    }

    const BEFORE: &str =
        "id bigint PRIMARY KEY, plate text UNIQUE, depot_id uuid REFERENCES depots (id), note text";

    fn vans(columns: &str) -> Snapshot {
        let mut snapshot = Snapshot::default();
        snapshot.apply(DbBackend::Postgres, &format!("CREATE TABLE vans ({columns})"));
        snapshot
    }

    /// The refusal for other columns of vans, with back-fills for some of them.
    fn said(columns: &str, given: &[(&str, &str)]) -> String {
        let comparison = compared(vans(BEFORE), vans(columns));
        let given =
            given.iter().map(|(name, sql)| (("vans".to_owned(), (*name).to_owned()), (*sql).to_owned()));
        let backfills = given.collect();
        let refused =
            unsupported(&comparison, &backfills).and_then(|()| unfit(&comparison.changes, &backfills));
        refused.err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_must_differ_from_row_to_row_is_asked_for() {
        let unique = BEFORE.replace("plate text", "plate text NOT NULL");
        assert!(said(&unique, &[]).contains("give --backfill vans.plate=SQL"));
        assert_eq!(said(&unique, &[("plate", "'B ' || id")]), "");
        let owned = BEFORE.replace("depot_id uuid", "depot_id uuid NOT NULL");
        assert!(said(&owned, &[]).contains("give --backfill vans.depot_id=SQL"));
        assert_eq!(said(&owned, &[("depot_id", "(SELECT min(id) FROM depots)")]), "");
        assert_eq!(said(&BEFORE.replace("note text", "note text NOT NULL"), &[]), "");
    }

    #[test]
    fn a_back_fill_that_is_of_no_use_is_refused() {
        let owned = BEFORE.replace("depot_id uuid", "depot_id uuid NOT NULL");
        assert!(
            said(&owned, &[("depot_id", "'nobody'")])
                .contains("--backfill vans.depot_id: \"nobody\" is no UUID")
        );
        let noted = BEFORE.replace("note text", "note text NOT NULL");
        assert!(
            said(&noted, &[("notes", "'none'")])
                .starts_with("--backfill vans.notes: there is no such column")
        );
        let seated = format!("{BEFORE}, seats integer NOT NULL DEFAULT 2");
        assert!(said(&seated, &[("seats", "3")]).starts_with("--backfill vans.seats: "));
    }

    #[test]
    fn rows_that_are_there_are_not_counted() {
        assert!(said(&format!("{BEFORE}, number serial"), &[]).contains("counted in number"));
    }

    #[test]
    fn the_type_of_what_a_foreign_key_holds_is_left_alone() {
        let retyped = said(&BEFORE.replace("depot_id uuid", "depot_id bigint"), &[]);
        assert!(retyped.starts_with("a foreign key holds vans.depot_id"), "{retyped}");
        let parted = BEFORE.replace("depot_id uuid REFERENCES depots (id)", "depot_id bigint");
        assert_eq!(said(&parted, &[]), "");
    }
}
