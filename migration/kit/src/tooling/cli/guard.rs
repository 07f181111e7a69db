//! Confirmation before a loss of data.

use std::io::{self, IsTerminal as _, Write as _};

use super::{CliError, Settings};

/// Succeeds if the loss was confirmed: by --yes, by a person at the terminal, or in development without a terminal.
pub(super) fn confirm(settings: &Settings, loss: &str) -> Result<(), CliError> {
    if settings.yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return match settings.app_env.as_str() {
            "development" => Ok(()),
            _ => Err(CliError::Unconfirmed { loss: loss.to_owned() }),
        };
    }
    eprint!("{loss}. Continue? [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(CliError::Declined),
    }
}
