//! Writes the migration that leads from the schema of the migrations to that of the entities.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use chrono::{Local, Utc};

use super::{
    compare::Comparison,
    diff::{Change, TableChange, diff},
    write::{Backfills, DIALECT, Draft, source},
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
    /// A name that cannot be that of a Rust module.
    #[error("{0:?} is no name for a migration: use letters, digits and underscores")]
    Name(String),
    /// The list of migrations is not as `sea-orm-cli` keeps it.
    #[error("{} has no `vec![…]` of migrations to add to", .0.display())]
    List(PathBuf),
    /// A file that cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Error of the system.
        source: io::Error,
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
        from: &comparison.from,
        to: &comparison.to,
        renames: &comparison.renames,
        up: &comparison.changes,
        down: &down,
        backfills,
    });
    Ok(formatted(code, folder))
}

/// Writes a migration into the crate at `folder`, with the present time in its name, in UTC or `local`, and adds it to the list in `lib.rs`.
/// Returns the written files.
///
/// # Errors
/// [`AutogenerateError::Name`], [`AutogenerateError::List`], [`AutogenerateError::File`], without any change.
pub fn register(
    folder: &Path,
    name: &str,
    local: bool,
    source: &str,
) -> Result<[PathBuf; 2], AutogenerateError> {
    let words = words(name);
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if words.is_empty() || !words.chars().all(fits) {
        return Err(AutogenerateError::Name(name.to_owned()));
    }
    let now = if local { Local::now().naive_local() } else { Utc::now().naive_utc() };
    let module = format!("m{}_{words}", now.format("%Y%m%d_%H%M%S"));
    let (list, file) = (folder.join("src/lib.rs"), folder.join(format!("src/{module}.rs")));
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| AutogenerateError::File { path, source }
    };
    let old = fs::read_to_string(&list).map_err(failed(&list))?;
    let new = listed(&old, &module).ok_or_else(|| AutogenerateError::List(list.clone()))?;
    let mut created = fs::File::create_new(&file).map_err(failed(&file))?;
    io::Write::write_all(&mut created, source.as_bytes()).map_err(failed(&file))?;
    if let Err(error) = fs::write(&list, new) {
        fs::remove_file(&file).map_err(failed(&file))?;
        return Err(failed(&list)(error));
    }
    Ok([file, list])
}

/// The source of an empty migration.
#[must_use]
pub fn empty(name: &str) -> String {
    let title = words(name).replace('_', " ");
    EMPTY.replace("{title}", &title).replace("{dialect}", DIALECT)
}

/// A name in the words of a module.
fn words(name: &str) -> String {
    name.trim().replace([' ', '-'], "_")
}

const EMPTY: &str = r#"//! To {title}.
//!
//! `{dialect}` covers the differences between databases.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("its `up` is not written yet".to_owned()))
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Migration("its `down` is not written yet".to_owned()))
    }
}
"#;

/// The list of migrations with one more.
fn listed(list: &str, module: &str) -> Option<String> {
    let mut lines: Vec<String> = list.lines().map(str::to_owned).collect();
    let is_module = |line: &String| {
        line.trim_start_matches("pub ")
            .strip_prefix("mod m")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let boxed = format!("Box::new({module}::Migration),");
    if let Some(last) = lines.iter().rposition(|line| line.trim_start().starts_with("Box::new(m")) {
        let indent: String = lines[last].chars().take_while(|c| c.is_whitespace()).collect();
        if !lines[last].trim_end().ends_with(',') {
            return None;
        }
        lines.insert(last + 1, format!("{indent}{boxed}"));
    } else {
        let empty = lines.iter().rposition(|line| line.trim() == "vec![]")?;
        let indent: String = lines[empty].chars().take_while(|c| c.is_whitespace()).collect();
        lines[empty] = format!("{indent}vec![\n{indent}    {boxed}\n{indent}]");
    }
    let at = lines.iter().rposition(is_module).map_or_else(
        || lines.iter().rposition(|line| line.starts_with("pub use ")).map_or(0, |at| at + 1),
        |at| at + 1,
    );
    lines.insert(at, format!("mod {module};"));
    Some(lines.join("\n") + "\n")
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
fn formatted(source: String, folder: &Path) -> String {
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
