//! The program `bookly`: loads settings, starts the log and runs the command.

use std::process::ExitCode;

use api::{
    command,
    config::{self, Cli},
    logging,
};
use clap::error::ErrorKind;

#[actix_web::main]
async fn main() -> ExitCode {
    // Two providers are linked, so a TLS connection that asks for the default one would panic. The first one stays.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    if let Err(error) = config::load_dotenv() {
        return fail(&error);
    }
    let cli = match Cli::load() {
        Ok(cli) => cli,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            error.exit()
        }
        Err(error) => {
            return fail(&first_paragraph(&error.to_string()));
        }
    };
    logging::init(&cli.config);
    match command::run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// First paragraph of an error of the command line, as one line: the error with the arguments that it names.
fn first_paragraph(error: &str) -> String {
    let lines = error.trim_start_matches("error: ").lines().map(str::trim);
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Prints an error as one line.
fn fail(error: &str) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::FAILURE
}
