//! The lock of SQLite: a file beside the database, locked by the system for as long as we have it open.
//!
//! It stays there, empty, since a file that is removed while another process waits for it locks nothing.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Write},
    path::{Path, PathBuf},
    str::FromStr,
};

use sea_orm_migration::sea_orm::{DbErr, RuntimeErr, sqlx::sqlite::SqliteConnectOptions};

use super::Holder;
use crate::run::{Error, Target};

/// Longest name of a holder that is read from the file, in bytes.
const LONGEST_NAME: u64 = 256;

/// A file beside the database.
pub(in crate::run) struct Beside {
    path: PathBuf,
    file: File,
    name: String,
    held: bool,
}

impl Beside {
    /// The lock file of the database, none for one in memory.
    pub(super) fn of(target: &Target) -> Result<Option<Self>, Error> {
        let options = SqliteConnectOptions::from_str(&target.url)
            .map_err(|error| DbErr::Conn(RuntimeErr::Internal(error.to_string())))?;
        let Some(path) = beside(&target.url, &options) else { return Ok(None) };
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|source| Error::LockFile { path: path.clone(), source })?;
        Ok(Some(Self { path, file, name: target.name.clone(), held: false }))
    }

    pub(super) fn attempt(&mut self) -> Result<bool, Error> {
        let locked = match self.file.try_lock() {
            Ok(()) => self.sign(),
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        };
        locked.map(|()| true).map_err(|source| Error::LockFile { path: self.path.clone(), source })
    }

    /// The process that wrote its name into the file; unknown if the system denies reading it.
    pub(super) fn holder(&self) -> Holder {
        let mut name = String::new();
        let read = File::open(&self.path).and_then(|file| file.take(LONGEST_NAME).read_to_string(&mut name));
        match read {
            Ok(_) => Holder { id: name.trim().to_owned(), text: name.trim().to_owned() },
            Err(_) => Holder::default(),
        }
    }

    /// Writes our name for waiting processes.
    fn sign(&mut self) -> std::io::Result<()> {
        self.held = true;
        self.file.set_len(0)?;
        writeln!(self.file, "{}", self.name)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if self.held {
            // A name that is left behind is harmless: the lock ends with the file handle.
            let _ = self.file.set_len(0);
        }
    }
}

/// Path of the file: the database's own path with links resolved, and `-migrate`.
fn beside(url: &str, options: &SqliteConnectOptions) -> Option<PathBuf> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let database = options.get_filename();
    // SQLite takes `file:` for the beginning of a URI of its own, and sqlx names `:memory:` by one.
    let database = database.to_str().and_then(|path| path.strip_prefix("file:")).map_or(database, Path::new);
    if database.as_os_str().is_empty()
        || query.split('&').any(|parameter| parameter == "mode=memory")
        || url.trim_start_matches("sqlite:").trim_start_matches("//").starts_with(":memory:")
    {
        return None;
    }
    let database = database.canonicalize().unwrap_or_else(|_| in_real_folder(database));
    let mut path = database.into_os_string();
    path.push("-migrate");
    Some(path.into())
}

/// The path of a file that is not there yet.
fn in_real_folder(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(url: &str) -> Option<PathBuf> {
        beside(url, &SqliteConnectOptions::from_str(url).unwrap())
    }

    #[test]
    fn the_file_lies_where_sqlx_puts_the_database() {
        let here = Path::new(".").canonicalize().unwrap();
        assert_eq!(path("sqlite://a%20b.db?mode=rwc"), Some(here.join("a b.db-migrate")));
        assert_eq!(path("sqlite:./c.db"), Some(here.join("c.db-migrate")));
        assert_eq!(path("sqlite:///nowhere/d.db"), Some(PathBuf::from("/nowhere/d.db-migrate")));
    }

    #[test]
    fn a_database_in_memory_has_none() {
        assert_eq!(path("sqlite::memory:"), None);
        assert_eq!(path("sqlite://shared?mode=memory&cache=shared"), None);
    }
}
