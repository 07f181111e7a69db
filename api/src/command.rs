//! Commands of the command line, which call the same operations as the API.

mod account;
mod serve;

use std::{
    fs::File,
    io::{self, Write},
    sync::Arc,
};

use indicatif::{ProgressBar, ProgressStyle};
use migration::startup;
use serde::Serialize;
use service::{
    Actor, Context, Error,
    admission::Admission,
    books::{
        Filters,
        export::{self, ExportQuery},
        import::{self, ImportOptions},
    },
    users,
};

use crate::{
    config::{Cli, Command, Config, Export, Import},
    error::Problem,
    openapi,
};

/// Runs a command.
///
/// # Errors
/// One line for standard error.
pub async fn run(cli: Cli) -> Result<(), String> {
    let Cli { config, command } = cli;
    match command.unwrap_or(Command::Serve) {
        Command::Openapi => {
            println!("{:#}", openapi::openapi());
            Ok(())
        }
        Command::Serve => serve::run(&config).await,
        Command::User(command) => account::run(&config, command).await,
        Command::Import(import) => import_file(&config, import).await,
        Command::Export(export) => export_file(&config, export).await,
    }
}

/// Opens the database for one command.
async fn open(config: &Config) -> Result<Context, String> {
    config.check()?;
    crate::migrate(config).await?;
    let shared = Arc::new(config.shared()?);
    let cx = Context::open(shared, &config.patient_database()).await.map_err(explain)?;
    match startup::state(&cx.db.connection())
        .await
        .map_err(|error| format!("the database does not respond: {error}"))?
    {
        state if state.is_ready() => Ok(cx),
        state => Err(format!("{state}; run the migrations first")),
    }
}

async fn import_file(config: &Config, import: Import) -> Result<(), String> {
    let path = import.file.display().to_string();
    let file = File::open(&import.file).map_err(|error| format!("{path}: {error}"))?;
    let size = file.metadata().map_err(|error| format!("{path}: {error}"))?.len();
    let cx = open(config).await?;
    let actor = match &import.owner {
        Some(owner) => {
            users::act_for(&cx, owner).await.map_err(|_| format!("there is no account {owner:?}"))?
        }
        None => Actor::Operator,
    };
    let options = ImportOptions {
        format: import.format,
        charset: import.charset,
        dry_run: import.dry_run,
        mode: import.mode,
        on_conflict: import.on_conflict,
    };
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    let bar = ProgressBar::new(size).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let outcome = import::run(&cx, &actor, Admission::of_operator(), bar.wrap_read(file), options).await;
    bar.finish_and_clear();
    cx.db.close().await.map_err(explain)?;
    match outcome {
        Ok(report) => print(&report),
        Err(Error::ImportFailed(report)) => {
            print(&report)?;
            Err(format!("{} of {} rows are invalid; nothing was written", report.failed, report.rows))
        }
        Err(error) => Err(format!("{path}: {}", explain(error))),
    }
}

async fn export_file(config: &Config, export: Export) -> Result<(), String> {
    let cx = open(config).await?;
    let path =
        export.file.as_ref().map_or_else(|| "standard output".to_owned(), |file| file.display().to_string());
    let failed = |error: io::Error| format!("{path}: {error}");
    let query = ExportQuery { format: export.format };
    let mut books = export::open(&cx, &Actor::Operator, Filters::default(), query).await.map_err(explain)?;
    let mut file: Box<dyn Write> = match &export.file {
        Some(file) => Box::new(File::create(file).map_err(failed)?),
        None => Box::new(io::stdout().lock()),
    };
    while let Some(part) = books.next().await.map_err(explain)? {
        file.write_all(&part).map_err(failed)?;
    }
    file.flush().map_err(failed)?;
    cx.db.close().await.map_err(explain)
}

fn print(report: &impl Serialize) -> Result<(), String> {
    println!("{}", serde_json::to_string_pretty(report).map_err(|error| error.to_string())?);
    Ok(())
}

/// Text of an error, with the cause that the API shows only in its log.
fn explain(error: Error) -> String {
    let problem = Problem::from(error);
    match problem.cause() {
        Some(cause) => format!("{problem} ({cause})"),
        None => problem.to_string(),
    }
}
