//! Branches of a git repository: how the list of migrations is merged, and which tables the migrations of other branches
//! change. Without git, or outside a repository, there is nothing to find.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{
    compare::Comparison,
    diff::Change,
    register::list::is_migration,
    rust::{Class, Token, tokens},
    write::Rename,
};

/// Line of `.gitattributes` by which git keeps the lines of both branches.
pub(super) const UNION: &str = "src/lib.rs merge=union";

/// Newest branches that are looked through.
const BRANCHES: &str = "--count=50";

/// Sees to it that git merges the list of the crate at `folder` line by line, unless an attribute of the repository
/// decides. Returns the file that was written for it.
pub(super) fn merge_by_lines(folder: &Path) -> io::Result<Option<PathBuf>> {
    let decided = git(folder, &["check-attr", "merge", "--", "src/lib.rs"]);
    if decided.is_none_or(|decided| !decided.trim_end().ends_with(": unspecified")) {
        return Ok(None);
    }
    let path = folder.join(".gitattributes");
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
    let mut old = String::new();
    io::Read::read_to_string(&mut file, &mut old)?;
    let start = if old.is_empty() || old.ends_with('\n') { "" } else { "\n" };
    writeln!(file, "{start}{UNION}")?;
    Ok(Some(path))
}

/// The tables that a comparison changes, by their old and new names.
pub(super) fn changed_tables(comparison: &Comparison) -> Vec<String> {
    let changed = comparison.changes.iter().filter_map(|change| match change {
        Change::CreateTable(table) | Change::DropTable(table) | Change::Alter { to: table, .. } => {
            Some(&table.name)
        }
        Change::CreateEnum(..) | Change::DropEnum(..) | Change::ChangeEnum { .. } => None,
    });
    let renamed = comparison.renames.iter().flat_map(|rename| match rename {
        Rename::Table { from, to } => vec![from, to],
        Rename::Column { table, .. } => vec![table],
        Rename::Value { .. } => Vec::new(),
    });
    let mut tables: Vec<String> = changed.chain(renamed).cloned().collect();
    tables.sort();
    tables.dedup();
    tables
}

/// A migration that only another branch has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Elsewhere {
    /// The branch, such as `origin/colours`.
    pub(super) branch: String,
    /// The migration.
    pub(super) name: String,
    /// Those of the tables in question that it names.
    pub(super) tables: Vec<String>,
}

/// Migrations that name one of `tables`, and that another local or remote-tracking branch has added to the crate at
/// `folder` since its merge base with the current branch. Branches that are merged have none.
pub(super) fn elsewhere(folder: &Path, tables: &[String]) -> Vec<Elsewhere> {
    let mut found: Vec<Elsewhere> = Vec::new();
    let list =
        ["for-each-ref", "--no-merged=HEAD", "--sort=-committerdate", BRANCHES, "--format=%(refname:short)"];
    let refs = git(folder, &[&list[..], &["refs/heads", "refs/remotes"]].concat()).unwrap_or_default();
    for branch in refs.lines() {
        let range = format!("HEAD...{branch}");
        let added =
            git(folder, &["diff", "--name-only", "--diff-filter=A", "--relative", &range, "--", "src"]);
        for file in added.unwrap_or_default().lines() {
            let name =
                file.strip_prefix("src/").and_then(|file| file.strip_suffix(".rs")).unwrap_or_default();
            let is_known = folder.join(file).exists() || found.iter().any(|known| known.name == name);
            if !is_migration(name) || is_known {
                continue;
            }
            let source = git(folder, &["show", &format!("{branch}:./{file}")]).unwrap_or_default();
            let tables = named(&source, tables);
            if !tables.is_empty() {
                found.push(Elsewhere { branch: branch.to_owned(), name: name.to_owned(), tables });
            }
        }
    }
    found
}

/// Those of the tables that a source names: in a text, or as an identifier such as `Parcels::Table`.
fn named(source: &str, tables: &[String]) -> Vec<String> {
    let tokens = tokens(source);
    let is_named = |table: &&String| {
        tokens.windows(4).any(|window| is_identifier(window, table))
            || tokens.iter().any(|token| token.class == Class::Text && has_word(token.text, table))
    };
    tables.iter().filter(is_named).cloned().collect()
}

/// `Parcels::Table`, which `DeriveIden` turns into `parcels`.
fn is_identifier(window: &[Token<'_>], table: &str) -> bool {
    let [name, one, two, kind] = window else { return false };
    let camel = |text: &str| text.split('_').collect::<String>().to_lowercase();
    one.text == ":" && two.text == ":" && kind.text == "Table" && camel(name.text) == camel(table)
}

/// Whether a text has a name as a word of its own.
fn has_word(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name)
        .any(|(at, _)| !text[..at].ends_with(is_part) && !text[at + name.len()..].starts_with(is_part))
}

/// The output of git in a folder, if it succeeds.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let output = output.ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_names_tables_in_texts_and_as_identifiers() {
        let tables = ["parcels", "order_lines", "vans", "depots"].map(str::to_owned);
        let source = r##"
            // vans, "vans"
            manager.alter_table(Table::alter().table(OrderLines::Table).take());
            dialect::change_column(manager, "parcels", string("depots_of"), string("depots_of"));
            manager.execute_unprepared(r#"UPDATE "depots" SET x = 1"#);
        "##;
        assert_eq!(named(source, &tables), ["parcels", "order_lines", "depots"]);
    }
}
