//! Writes the migration that leads from the schema of the migrations to that of the entities.

use std::{
    io,
    path::Path,
    process::{Command, Stdio},
};

use super::{
    compare::Comparison,
    diff::{Change, TableChange, diff},
    write::{Backfills, Draft, source},
};

mod refuse;

/// Failure to write a migration.
#[derive(Debug, thiserror::Error)]
pub enum AutogenerateError {
    /// Entities and migrations agree.
    #[error("entities and migrations agree: there is nothing to write")]
    Nothing,
    /// The migration loses data without confirmation.
    #[error("this would lose data: {}{}\nGive --allow-destructive to confirm.", .losses.join("; "), advice(.renames))]
    Destructive {
        /// The losses.
        losses: Vec<String>,
        /// Likely renames, as options of the command line.
        renames: Vec<String>,
    },
    /// A change that cannot be written.
    #[error("{0}: write this one by hand, after `migrate generate`")]
    Unsupported(String),
    /// A back-fill that no column needs, or that does not fit its column.
    #[error("--backfill {column}: {reason}")]
    Backfill {
        /// The column, with its table.
        column: String,
        /// The reason.
        reason: String,
    },
}

fn advice(renames: &[String]) -> String {
    match renames {
        [] => String::new(),
        renames => format!("\nIf a name changed, give {}.", renames.join(" ")),
    }
}

/// The Rust source of the migration for a comparison, formatted if `rustfmt` is installed.
///
/// # Errors
/// [`AutogenerateError::Nothing`], [`AutogenerateError::Destructive`] unless `destructive`, [`AutogenerateError::Unsupported`], [`AutogenerateError::Backfill`].
pub fn draft(
    comparison: &Comparison,
    backfills: &Backfills,
    destructive: bool,
    folder: &Path,
) -> Result<String, AutogenerateError> {
    if comparison.agrees() {
        return Err(AutogenerateError::Nothing);
    }
    let losses: Vec<String> = comparison.changes.iter().flat_map(Change::losses).collect();
    if !destructive && !losses.is_empty() {
        return Err(AutogenerateError::Destructive { losses, renames: likely_renames(&comparison.changes) });
    }
    refuse::unsupported(comparison, backfills)?;
    refuse::unfit(&comparison.changes, backfills)?;
    let down = diff(&comparison.to, &comparison.from);
    let code = source(&Draft {
        databases: &comparison.databases,
        table_options: &comparison.table_options,
        from: &comparison.from,
        to: &comparison.to,
        renames: &comparison.renames,
        up: &comparison.changes,
        down: &down,
        backfills,
    });
    Ok(formatted(code, folder))
}

/// A dropped column and a new one of the same kind may be the same column.
fn likely_renames(changes: &[Change]) -> Vec<String> {
    let mut likely = Vec::new();
    for change in changes {
        let Change::Alter { from, steps, .. } = change else { continue };
        let gone = steps
            .iter()
            .filter_map(|step| if let TableChange::DropColumn(column) = step { Some(column) } else { None });
        let new: Vec<_> = steps
            .iter()
            .filter_map(|step| if let TableChange::AddColumn(column) = step { Some(column) } else { None })
            .collect();
        for column in gone {
            if let Some(other) = new.iter().find(|other| other.kind.is_like(&column.kind)) {
                likely.push(format!("--rename {}.{}={}", from.name, column.name, other.name));
            }
        }
    }
    let gone = changes
        .iter()
        .filter_map(|change| if let Change::DropTable(table) = change { Some(table) } else { None });
    for table in gone {
        let alike = changes.iter().find_map(|change| match change {
            Change::CreateTable(new)
                if new.columns.iter().all(|column| table.column(&column.name).is_some()) =>
            {
                Some(new)
            }
            _ => None,
        });
        likely.extend(alike.map(|new| format!("--rename {}={}", table.name, new.name)));
    }
    likely
}

/// The source in the style of the crate at `folder`, if `rustfmt` is installed.
pub(super) fn formatted(source: String, folder: &Path) -> String {
    let format = || -> io::Result<String> {
        let mut rustfmt = Command::new("rustfmt")
            .args(["--edition", "2024", "--emit", "stdout"])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        if let Some(mut input) = rustfmt.stdin.take() {
            io::Write::write_all(&mut input, source.as_bytes())?;
        }
        let output = rustfmt.wait_with_output()?;
        if !output.status.success() {
            return Err(io::Error::other("rustfmt failed"));
        }
        String::from_utf8(output.stdout).map_err(io::Error::other)
    };
    format().unwrap_or(source)
}
