//! The file of a SQLite database: its path, and its creation.

use std::{
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
    str::FromStr,
};

use sea_orm_migration::sea_orm::sqlx::sqlite::SqliteConnectOptions;

/// Path of the file of the database at `url`, as absolute as the file system permits. None for another kind of database,
/// for one in memory and for a URL that the driver rejects.
#[must_use]
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let options = SqliteConnectOptions::from_str(url).ok().filter(|_| url.starts_with("sqlite:"))?;
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
    Some(database.canonicalize().unwrap_or_else(|_| in_real_folder(database)))
}

/// Creates the missing file of a SQLite database, empty, and readable by its owner only. SQLite gives the files beside it
/// the same mode. An existing file keeps its mode, and errors are left to the driver, which names the file.
pub fn create_sqlite_file(url: &str) {
    if let Some(path) = sqlite_file(url).filter(|path| !path.exists()) {
        drop(create(&path));
    }
}

/// Opens a file for reading and writing; a new one is readable by its owner only.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
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

    #[test]
    fn the_file_is_the_one_that_sqlx_opens() {
        let here = Path::new(".").canonicalize().unwrap();
        assert_eq!(sqlite_file("sqlite://a%20b.db?mode=rwc"), Some(here.join("a b.db")));
        assert_eq!(sqlite_file("sqlite:./c.db"), Some(here.join("c.db")));
        assert_eq!(sqlite_file("sqlite:///nowhere/d.db"), Some(PathBuf::from("/nowhere/d.db")));
    }

    #[test]
    fn a_database_in_memory_or_on_a_server_has_none() {
        for url in [
            "sqlite::memory:",
            "sqlite://shared?mode=memory&cache=shared",
            "postgres://x/y",
            "sqlite://x?mode=no",
        ] {
            assert_eq!(sqlite_file(url), None, "{url}");
        }
    }
}
