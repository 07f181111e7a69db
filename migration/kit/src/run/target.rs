//! The database of a session, and how long a process waits for it.

use std::time::Duration;

use super::TABLE_LOCK_TIMEOUT;

/// Default time to wait for another process that migrates the same database.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Database to migrate, and the name of this process.
#[derive(Debug, Clone)]
pub struct Target {
    /// `sqlite:`, `postgres://` or `mysql://`.
    pub url: String,
    /// Search path, on PostgreSQL.
    pub schema: Option<String>,
    /// Time to wait for another process that migrates this database.
    pub patience: Duration,
    /// Time for which a statement waits for the lock of a table, on PostgreSQL and MariaDB / MySQL. Then it lets the
    /// readers behind it pass, and is tried again. None: without limit.
    pub table_lock_timeout: Option<Duration>,
    /// Name that waiting processes show, such as `server, process 123`.
    pub name: String,
}

impl Target {
    /// The database at `url` with its default schema, for this process under `name`.
    #[must_use]
    pub fn new(url: impl Into<String>, name: &str, patience: Duration) -> Self {
        let name = format!("{name}, process {}", std::process::id());
        let table_lock_timeout = Some(TABLE_LOCK_TIMEOUT);
        Self { url: url.into(), schema: None, patience, table_lock_timeout, name }
    }
}
