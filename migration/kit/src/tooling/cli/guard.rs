//! Asks before something is lost.

use std::io::{self, IsTerminal as _, Write as _};

use super::{CliError, Settings};

/// Goes on if it was said beforehand that `what` is meant, if somebody at the terminal says so, or, where there is no
/// terminal, in development.
pub(super) fn confirm(settings: &Settings, what: &str) -> Result<(), CliError> {
    if settings.yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return match settings.app_env.as_str() {
            "development" => Ok(()),
            _ => Err(CliError::Unconfirmed { what: what.to_owned() }),
        };
    }
    eprint!("{what}. Go on? [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(CliError::Declined),
    }
}
