//! Files of settings, read into the environment before the command line is parsed.

use std::{
    cell::Cell,
    ffi::OsString,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::CliError;

/// Reads the file of `--env-file`; without the option `.env` of the working folder, unless the environment says that this
/// is not development.
pub(super) fn load(arguments: &[OsString]) -> Result<(), CliError> {
    if let Some(file) = named(arguments) {
        return fs::read(&file)
            .map_err(|error| CliError::Settings(format!("{}: {error}", file.display())))
            .and_then(|text| set(&file, &text));
    }
    #[expect(clippy::disallowed_methods, reason = "whether to read .env is known before the settings are")]
    let app_env = std::env::var("APP_ENV");
    if app_env.is_err() || app_env.as_deref() == Ok("development") {
        let file = Path::new(".env");
        return match fs::read(file) {
            Ok(text) => set(file, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(CliError::Settings(format!("{}: {error}", file.display()))),
        };
    }
    Ok(())
}

/// Reads the file with the value of a setting, without the line end behind it.
pub(super) fn content(path: &str) -> Result<String, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let value = text.strip_suffix('\n').map_or(&*text, |line| line.strip_suffix('\r').unwrap_or(line));
    if value.is_empty() { Err("the file is empty".to_owned()) } else { Ok(value.to_owned()) }
}

/// Sets the variables that the environment lacks. An error names the line by its number only: it may hold a secret.
fn set(file: &Path, text: &[u8]) -> Result<(), CliError> {
    let position = Cell::new(0);
    dotenvy::from_read(Lines { text, position: &position }).map_err(|error| {
        let lines = text[..position.get()].split_inclusive(|byte| *byte == b'\n').count();
        let (line, reason) = match error {
            // An open quote takes the lines below it along.
            dotenvy::Error::LineParse(entry, _) => (
                lines - entry.trim_end().matches('\n').count(),
                "expected NAME=value; quote a value that has spaces, and close each quote".to_owned(),
            ),
            error => (lines, error.to_string()),
        };
        CliError::Settings(format!("{}, line {line}: {reason}", file.display()))
    })
}

/// Text that is read a line at a time, so that the position is the end of the line in hand.
struct Lines<'a> {
    text: &'a [u8],
    position: &'a Cell<usize>,
}

impl Read for Lines<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let position = self.position.get();
        let line = self.text[position..].split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
        let taken = line.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&line[..taken]);
        self.position.set(position + taken);
        Ok(taken)
    }
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
