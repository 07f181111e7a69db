//! Files of settings, read into the environment before the command line is parsed.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use super::CliError;

/// Reads the file of `--env-file`; without the option `.env` of this folder or one above it, unless the environment says
/// that this is not development.
pub(super) fn load(arguments: &[OsString]) -> Result<(), CliError> {
    if let Some(file) = named(arguments) {
        return read(&file);
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "it decides whether `.env` is read, before the settings are parsed"
    )]
    let app_env = std::env::var("APP_ENV");
    if app_env.is_err() || app_env.as_deref() == Ok("development") {
        let folder = std::env::current_dir()?;
        let file = folder.ancestors().map(|folder| folder.join(".env")).find(|file| file.is_file());
        return file.map_or(Ok(()), |file| read(&file));
    }
    Ok(())
}

/// Reads a file. A line that cannot be parsed is an error: the lines after it would be ignored.
fn read(file: &Path) -> Result<(), CliError> {
    dotenvy::from_path(file).map_err(|error| {
        let reason = match &error {
            dotenvy::Error::LineParse(line, _) => match number(file, line) {
                Some(number) => format!("line {number} is not NAME=VALUE"),
                None => "a line is not NAME=VALUE".to_owned(),
            },
            other => other.to_string(),
        };
        CliError::Settings(format!("{}: {reason}", file.display()))
    })
}

/// Number of the line, which itself may contain a secret.
fn number(file: &Path, line: &str) -> Option<usize> {
    let text = fs::read_to_string(file).ok()?;
    let first = line.lines().next()?.trim();
    text.lines().position(|other| other.trim() == first).map(|index| index + 1)
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
