//! Writes the file of a migration, and adds it to the list in `lib.rs`.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use chrono::{Local, Utc};

use super::write::DIALECT;

pub(super) mod list;
mod place;

use list::List;
pub use place::{Refusal, find};

/// Failure to add a migration to a crate.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// A name that cannot be that of a Rust module.
    #[error("{0:?} is no name for a migration: use letters, digits and underscores")]
    Name(String),
    /// No list, or one that is computed.
    #[error("{} has no `fn migrations` with one `vec![…]` of migrations to add to", .0.display())]
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

/// Writes a migration into the crate at `folder`, with the present time in its name, in UTC or `local`, and adds it to the list in `lib.rs`.
/// Returns the written files.
///
/// # Errors
/// [`RegisterError`], without any change.
pub fn register(folder: &Path, name: &str, local: bool, source: &str) -> Result<[PathBuf; 2], RegisterError> {
    let module = module(name, local)?;
    let (list, file) = (folder.join("src/lib.rs"), folder.join(format!("src/{module}.rs")));
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| RegisterError::File { path, source }
    };
    let old = fs::read_to_string(&list).map_err(failed(&list))?;
    let new = List::find(&old).and_then(|list| list.with(&module));
    let new = new.ok_or_else(|| RegisterError::List(list.clone()))?;
    let mut created = fs::File::create_new(&file).map_err(failed(&file))?;
    created.write_all(source.as_bytes()).map_err(failed(&file))?;
    if let Err(error) = fs::write(&list, new) {
        fs::remove_file(&file).map_err(failed(&file))?;
        return Err(failed(&list)(error));
    }
    Ok([file, list])
}

/// The module of a migration that is written now.
///
/// # Errors
/// [`RegisterError::Name`].
pub(super) fn module(name: &str, local: bool) -> Result<String, RegisterError> {
    let words = words(name);
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if words.is_empty() || !words.chars().all(fits) {
        return Err(RegisterError::Name(name.to_owned()));
    }
    let now = if local { Local::now().naive_local() } else { Utc::now().naive_utc() };
    Ok(format!("m{}_{words}", now.format("%Y%m%d_%H%M%S")))
}

/// The source of an empty migration.
#[must_use]
pub fn empty(name: &str) -> String {
    let title = words(name).replace('_', " ");
    EMPTY.replace("{title}", &title).replace("{dialect}", DIALECT)
}

/// A name in the words of a module: `AddWeight` becomes `add_weight`.
fn words(name: &str) -> String {
    let mut words = String::new();
    let mut before = ' ';
    for c in name.trim().replace([' ', '-'], "_").chars() {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            words.push('_');
        }
        words.push(c.to_ascii_lowercase());
        before = c;
    }
    words
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_that_of_a_module() {
        for (name, expected) in [
            ("add weight", "add_weight"),
            ("AddWeight", "add_weight"),
            ("add-SKU2", "add_sku2"),
            (" x ", "x"),
        ] {
            assert_eq!(words(name), expected);
        }
    }
}
