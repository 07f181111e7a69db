//! What `autogenerate` refuses to write, since it would not run or not do what was asked for.

use super::Error;
use crate::tooling::{
    diff::{Change, Step},
    snapshot::{Column, Table},
    write::{Backfills, filled, misfit},
};

/// Refuses changes that fail on a database, or on one with rows.
pub(super) fn unsupported(changes: &[Change], backfills: &Backfills) -> Result<(), Error> {
    for change in changes {
        let Change::Alter { from, to, steps } = change else { continue };
        let table = &from.name;
        for step in steps {
            let reason = impossible(table, step).or_else(|| {
                let column = filled(step).filter(|column| needs_values_of_its_own(to, column))?;
                let column = format!("{table}.{}", column.name);
                let told = backfills.keys().any(|(table, name)| format!("{table}.{name}") == column);
                (!told).then(|| {
                    format!("rows of {table} need values of their own in {column}: give --backfill {column}=SQL, or")
                })
            });
            if let Some(reason) = reason {
                return Err(Error::Unsupported(reason));
            }
        }
    }
    Ok(())
}

/// Why no database can be told to take a step, if that is so.
fn impossible(table: &str, step: &Step) -> Option<String> {
    match step {
        Step::DropCheck(check) if check.name.is_none() => {
            Some(format!("a check on {table} has no name by which it could be dropped"))
        }
        Step::ChangePrimaryKey { from: None, .. } | Step::ChangePrimaryKey { to: None, .. } => {
            Some(format!("the table {table} has a primary key only before or only after"))
        }
        Step::AddColumn(column) if column.auto_increment => {
            Some(format!("the rows of {table} that are there would have to be counted in {}", column.name))
        }
        _ => None,
    }
}

/// Whether one value for all rows is wrong in a column: no two may be alike, or it refers to other rows.
fn needs_values_of_its_own(table: &Table, column: &Column) -> bool {
    let unique = table.indexes.iter().any(|index| {
        index.unique && index.parts.len() == 1 && index.columns().any(|name| *name == column.name)
    });
    let refers = table.foreign_keys.iter().any(|key| key.columns.contains(&column.name));
    column.default.is_none() && (unique || refers)
}

/// Refuses back-fills that no column needs, or that are none of its values.
pub(super) fn unfit(changes: &[Change], backfills: &Backfills) -> Result<(), Error> {
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
            return Err(Error::Backfill { column: format!("{table}.{name}"), reason });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::sea_orm::DbBackend;

    use super::*;
    use crate::tooling::{diff::diff, snapshot::Snapshot};

    const BEFORE: &str =
        "id bigint PRIMARY KEY, plate text UNIQUE, depot_id uuid REFERENCES depots (id), note text";

    fn vans(columns: &str) -> Snapshot {
        let mut snapshot = Snapshot::default();
        snapshot.apply(DbBackend::Postgres, &format!("CREATE TABLE vans ({columns})"));
        snapshot
    }

    /// What is said where vans have other columns and back-fills are given for some of them.
    fn said(columns: &str, given: &[(&str, &str)]) -> String {
        let changes = diff(&vans(BEFORE), &vans(columns));
        let given =
            given.iter().map(|(name, sql)| (("vans".to_owned(), (*name).to_owned()), (*sql).to_owned()));
        let backfills = given.collect();
        let refused = unsupported(&changes, &backfills).and_then(|()| unfit(&changes, &backfills));
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
}
