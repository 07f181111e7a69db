//! Reads files of settings into the environment, before the command line is read.

use std::{ffi::OsString, path::PathBuf};

use super::CliError;

/// Reads the file of `--env-file`; without it `.env`, unless the environment says that this is not development.
pub(super) fn load(arguments: &[OsString]) -> Result<(), CliError> {
    if let Some(file) = named(arguments) {
        return dotenvy::from_path(&file)
            .map_err(|error| CliError::Settings(format!("{}: {error}", file.display())));
    }
    #[expect(clippy::disallowed_methods, reason = "whether to read .env is known before the settings are")]
    let app_env = std::env::var("APP_ENV");
    if app_env.is_err() || app_env.as_deref() == Ok("development") {
        // Without the file, the environment and the defaults stand.
        dotenvy::dotenv().ok();
    }
    Ok(())
}

fn named(arguments: &[OsString]) -> Option<PathBuf> {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy();
        if text == "--env-file" {
            return arguments.next().map(PathBuf::from);
        }
        if let Some(file) = text.strip_prefix("--env-file=") {
            return Some(PathBuf::from(file));
        }
    }
    None
}
