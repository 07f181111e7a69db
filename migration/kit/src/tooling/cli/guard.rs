//! Confirmation before a loss of data.

use std::io::{self, IsTerminal as _, Write as _};

use super::{CliError, Settings};

/// Whether a loss is confirmed without a question: by --yes, or in development without a terminal.
pub(super) fn is_confirmed(settings: &Settings) -> bool {
    settings.yes || settings.app_env == "development" && !io::stdin().is_terminal()
}

/// Succeeds if the loss was confirmed: by --yes, by a person at the terminal, or in development without a terminal.
pub(super) fn confirm(settings: &Settings, loss: &str) -> Result<(), CliError> {
    if is_confirmed(settings) {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(CliError::Unconfirmed { loss: loss.to_owned() });
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
