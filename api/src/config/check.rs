//! Rules between settings, and the values that depend on several of them.

use migration::startup::sqlite_file;
use service::{Keys, check_strength};
use url::Url;

use super::{AppEnv, Config, Switch};

/// Secret in the committed `.env`, which is public.
const DEVELOPMENT_SECRET: &str = "development-only-secret-never-use-it-elsewhere";

/// Lowest bcrypt cost in production, that of the OWASP Password Storage Cheat Sheet.
const MIN_PRODUCTION_COST: u32 = 10;

impl Config {
    /// Keys derived from the secrets.
    ///
    /// # Errors
    /// The fault of the secrets, without their text.
    pub fn keys(&self) -> Result<Keys, String> {
        let secrets: Vec<&str> = self.secrets().collect();
        let known = secrets.iter().any(|secret| secret.contains(DEVELOPMENT_SECRET));
        if known && self.app_env == AppEnv::Production {
            return Err(
                "APP_SECRETS: the development secret is allowed with APP_ENV=development only".to_owned()
            );
        }
        if known && !self.host.is_loopback() {
            return Err("APP_SECRETS: the development secret is allowed with a loopback HOST only".to_owned());
        }
        Keys::new(&secrets).map_err(|error| format!("APP_SECRETS: {error}"))
    }

    /// Checks settings against each other.
    ///
    /// # Errors
    /// One line with the name of the setting and without secrets.
    pub fn check(&self) -> Result<(), String> {
        let url = &self.database_url;
        if !["sqlite:", "postgres:", "postgresql:", "mysql:"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err("DATABASE_URL: must begin with sqlite://, postgres:// or mysql://".to_owned());
        }
        if url.starts_with("sqlite:") && url.contains(":memory:") {
            return Err(
                "DATABASE_URL: several connections cannot share a database in memory; use a file".to_owned()
            );
        }
        if !url.starts_with("sqlite:") {
            // The driver's error would contain the URL, and so the password.
            Url::parse(url).map_err(|error| format!("DATABASE_URL: {error}"))?;
        }
        if self.database_acquire_timeout >= self.database_budget {
            return Err("DATABASE_ACQUIRE_TIMEOUT: must be less than DATABASE_BUDGET".to_owned());
        }
        self.mailer()?;
        self.keys()?;
        match self.app_env {
            AppEnv::Production => self.check_production(),
            AppEnv::Development => Ok(()),
        }
    }

    /// Checks the settings that only a developer's machine may have.
    fn check_production(&self) -> Result<(), String> {
        if self.bcrypt_cost < MIN_PRODUCTION_COST {
            return Err(format!(
                "BCRYPT_COST: a cost below {MIN_PRODUCTION_COST} is allowed with APP_ENV=development only"
            ));
        }
        self.secrets().try_for_each(check_strength).map_err(|error| format!("APP_SECRETS: {error}"))
    }

    /// Settings that are allowed, and risky.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.rate_limit == Switch::Off {
            warnings.push("rate limits are disabled: RATE_LIMIT=off".to_owned());
        }
        warnings.extend(self.mail_warning().map(str::to_owned));
        warnings.extend(exposed_files(&self.database_url));
        warnings
    }

    fn secrets(&self) -> impl Iterator<Item = &str> {
        self.app_secrets.split(',').map(str::trim).filter(|secret| !secret.is_empty())
    }
}

/// Warnings of SQLite files that other accounts of the machine may read: they contain password hashes and addresses.
#[cfg(unix)]
fn exposed_files(url: &str) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt;

    let Some(database) = sqlite_file(url) else { return Vec::new() };
    let files = ["", "-wal", "-shm", "-journal"].map(|suffix| format!("{}{suffix}", database.display()));
    let mode =
        |file: &String| std::fs::metadata(file).map_or(0, |metadata| metadata.permissions().mode() & 0o777);
    let exposed = files.into_iter().map(|file| (mode(&file), file)).filter(|(mode, _)| mode & 0o077 != 0);
    exposed
        .map(|(mode, file)| {
            format!("other accounts of this machine may read {file} (mode {mode:04o}): chmod 600 it")
        })
        .collect()
}

#[cfg(not(unix))]
fn exposed_files(_: &str) -> Vec<String> {
    Vec::new()
}
