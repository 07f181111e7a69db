//! The command line: the verbs of `sea-orm-cli migrate` with their flags, and more.
//!
//! Results go to standard output, everything else to standard error. The exit code is 0 for success, 1 for a finding or a
//! failure, 2 for wrong usage.

use std::{
    ffi::OsString,
    fmt,
    io::{self, Write as _},
};

use clap::Parser as _;
use sea_orm_migration::{MigratorTrait, sea_orm::DbErr};
use serde::Serialize;

use super::{
    autogenerate::AutogenerateError,
    compare::Project,
    register::{Refusal, RegisterError},
    script::ScriptError,
    shadow::ShadowError,
};
use crate::run;

mod args;
mod backend;
mod check;
mod env;
mod guard;
mod lint;
mod logger;
mod offline;
mod plan;
mod read;
mod schema;
mod stamp;
mod unknown;
mod write;

pub use args::{Backend, Cli, Settings, Verb};
pub(in crate::tooling) use backend::named as backend_named;

/// Failure of a verb.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// A run failed.
    #[error(transparent)]
    Run(#[from] run::Error),
    /// The database or a migration failed.
    #[error("{}", run::describe(.0))]
    Database(#[from] DbErr),
    /// Scratch space could not be used.
    #[error(transparent)]
    Shadow(#[from] ShadowError),
    /// A script could not be printed.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// A migration could not be written.
    #[error(transparent)]
    Write(#[from] AutogenerateError),
    /// A migration could not be added to the crate.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// There is no crate to write to.
    #[error(transparent)]
    Crate(#[from] Refusal),
    /// A loss that has to be confirmed first.
    #[error("{loss}: give --yes to confirm")]
    Unconfirmed {
        /// The loss.
        loss: String,
    },
    /// The loss was not confirmed.
    #[error("nothing was changed")]
    Declined,
    /// Settings that are missing or wrong.
    #[error("{0}")]
    Settings(String),
    /// Standard output or input failed.
    #[error("cannot print or read: {0}")]
    Terminal(#[from] io::Error),
}

/// `true` for success, `false` for a finding.
type Outcome = Result<bool, CliError>;

/// Runs the command in `arguments`, the first of which is the name of the program. Returns the exit code.
///
/// Wrong arguments, or a request for help, end the process.
pub async fn run<M: MigratorTrait + 'static>(project: &Project<M>, arguments: Vec<OsString>) -> u8 {
    if let Err(error) = env::load(&arguments) {
        return fail(&error, "");
    }
    let mut cli = Cli::parse_from(arguments);
    cli.settings.take_file();
    logger::start(cli.settings.verbose && cli.verb.as_ref().is_none_or(Verb::writes));
    match verb(project, &cli).await {
        Ok(is_well) => u8::from(!is_well),
        Err(error) => fail(&error, cli.settings.database_url.as_deref().unwrap_or_default()),
    }
}

async fn verb<M: MigratorTrait + 'static>(project: &Project<M>, cli: &Cli) -> Outcome {
    let settings = &cli.settings;
    match &cli.verb {
        None => write::up::<M>(settings, &args::Up::default()).await,
        Some(Verb::Up(up)) if up.offline.sql => offline::up::<M>(settings, up).await,
        Some(Verb::Up(up)) => write::up::<M>(settings, up).await,
        Some(Verb::Down(down)) if down.offline.sql => offline::down::<M>(settings, down).await,
        Some(Verb::Down(down)) => write::down::<M>(settings, down).await,
        Some(Verb::Fresh(asked)) => write::fresh(project, settings, asked).await,
        Some(Verb::Refresh(asked)) => write::refresh(project, settings, asked).await,
        Some(Verb::Reset(asked)) => write::reset(project, settings, asked).await,
        Some(Verb::Status(print)) => read::status::<M>(settings, print).await,
        Some(Verb::Generate(generate)) => schema::generate(project, generate),
        Some(Verb::Sql(sql)) => offline::sql::<M>(settings, sql).await,
        Some(Verb::Autogenerate(asked)) => schema::autogenerate(project, asked).await,
        Some(Verb::Check(asked)) => check::check(project, settings, asked).await,
        Some(Verb::Current(print)) => read::current::<M>(settings, print).await,
        Some(Verb::History(print)) => read::history::<M>(settings, print).await,
        Some(Verb::Show(show)) => read::show::<M>(settings, show).await,
        Some(Verb::Heads(print)) => read::heads::<M>(print),
        Some(Verb::Plan(asked)) => plan::plan::<M>(settings, asked).await,
        Some(Verb::Stamp(asked)) => stamp::stamp::<M>(settings, asked).await,
        Some(Verb::Drift(drift)) => schema::drift(project, settings, drift).await,
        Some(Verb::Lint(asked)) => lint::lint(project, settings, asked).await,
        Some(Verb::Verify(verify)) => schema::verify::<M>(settings, verify).await,
    }
}

/// Prints an error. Errors of drivers may contain the password of the URL, so the URL is hidden.
fn fail(error: &CliError, url: &str) -> u8 {
    let mut said = error.to_string();
    if !url.is_empty() {
        said = said.replace(url, "the database");
    }
    eprintln!("error: {said}");
    1
}

/// Prints a result. A reader that closes the pipe early is no error.
fn print(answer: impl fmt::Display) -> Result<(), CliError> {
    match write!(io::stdout().lock(), "{answer}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn print_json(answer: &impl Serialize) -> Result<(), CliError> {
    let json = serde_json::to_string_pretty(answer).map_err(io::Error::from)?;
    print(format_args!("{json}\n"))
}
