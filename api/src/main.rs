//! The program `bookly`: loads settings, starts the log and runs the command.

use std::process::ExitCode;

use api::{
    command,
    config::{self, Cli},
    logging,
};
use clap::{Parser, error::ErrorKind};

#[actix_web::main]
async fn main() -> ExitCode {
    if let Err(error) = config::load_dotenv() {
        return fail(&error);
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            error.exit()
        }
        Err(error) => {
            return fail(error.to_string().lines().next().unwrap_or_default().trim_start_matches("error: "));
        }
    };
    logging::init(&cli.config);
    match command::run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Prints an error as one line.
fn fail(error: &str) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::FAILURE
}
