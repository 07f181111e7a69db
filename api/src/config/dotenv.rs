//! `.env`: settings for development, read into the environment before the command line is parsed.

use std::{
    cell::Cell,
    fs,
    io::{self, Read},
    path::Path,
};

use dotenvy::Error;

/// Reads `.env` of the working folder, unless the environment says that this is not development.
///
/// # Errors
/// The file, and the number of the line that cannot be read.
pub fn load_dotenv() -> Result<(), String> {
    #[expect(clippy::disallowed_methods, reason = "whether to read .env is known before the settings are")]
    let app_env = std::env::var("APP_ENV");
    if app_env.is_err() || app_env.as_deref() == Ok("development") {
        load(Path::new(".env"))?;
    }
    Ok(())
}

/// Sets the variables of a file that the environment lacks. A missing file sets nothing.
/// An error names the line by its number only: it may hold a secret.
fn load(path: &Path) -> Result<(), String> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        text => text.map_err(|error| format!("{}: {error}", path.display()))?,
    };
    let position = Cell::new(0);
    dotenvy::from_read(Lines { text: &text, position: &position }).map_err(|error| {
        let lines = text[..position.get()].split_inclusive(|byte| *byte == b'\n').count();
        let (line, reason) = match error {
            // An open quote takes the lines below it along.
            Error::LineParse(entry, _) => (
                lines - entry.trim_end().matches('\n').count(),
                "expected NAME=value; quote a value that has spaces, and close each quote".to_owned(),
            ),
            error => (lines, error.to_string()),
        };
        format!("{}, line {line}: {reason}", path.display())
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
