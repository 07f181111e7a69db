//! Kind of the database of a command, by its option or by a URL.

use sea_orm_migration::sea_orm::DbBackend;

use super::{CliError, Settings, args::Backend};

/// The kind of the database, by its option, or else by its URL.
pub(super) fn of(settings: &Settings, asked: Option<Backend>) -> Result<DbBackend, CliError> {
    if let Some(backend) = asked {
        return Ok(backend.into());
    }
    match settings.database_url.as_deref() {
        Some(url) if !url.is_empty() => named("DATABASE_URL", url),
        _ => Err(CliError::Settings(
            "which database? Give --backend sqlite, postgres or mariadb, or set DATABASE_URL".to_owned(),
        )),
    }
}

/// The kind of the database at `url`, the value of `setting`.
pub(in crate::tooling) fn named(setting: &str, url: &str) -> Result<DbBackend, CliError> {
    match url.split_once(':') {
        Some(("sqlite", _)) => Ok(DbBackend::Sqlite),
        Some(("postgres" | "postgresql", _)) => Ok(DbBackend::Postgres),
        Some(("mysql", _)) => Ok(DbBackend::MySql),
        Some(("mariadb", _)) => Err(CliError::Settings(format!(
            "{setting} begins with mariadb://: use mysql://, also for MariaDB"
        ))),
        _ => Err(CliError::Settings(format!("{setting} must begin with sqlite://, postgres:// or mysql://"))),
    }
}
