//! The lock of SQLite: a file beside the database, locked by the system for as long as we have it open.
//!
//! It stays there, empty, since a file that is removed while another process waits for it locks nothing.

use std::{
    fs::{File, TryLockError},
    io::{Read, Write},
    path::PathBuf,
    str::FromStr,
};

use sea_orm_migration::sea_orm::{DbErr, RuntimeErr, sqlx::sqlite::SqliteConnectOptions};

use super::Holder;
use crate::run::{Error, Target, file};

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
        // An invalid URL has no file, either, but an error of its own.
        SqliteConnectOptions::from_str(&target.url)
            .map_err(|error| DbErr::Conn(RuntimeErr::Internal(error.to_string())))?;
        let Some(database) = file::sqlite_file(&target.url) else { return Ok(None) };
        let mut path = database.into_os_string();
        path.push("-migrate");
        let path = PathBuf::from(path);
        let file = file::create(&path).map_err(|source| Error::LockFile { path: path.clone(), source })?;
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
