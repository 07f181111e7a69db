//! What can be typed, and what `--help` says of it: the verbs, and what holds for each of them.

mod options;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};

pub use self::options::{
    Autogenerate, Backend, Check, Down, Drift, Generate, Print, Show, Sql, Stamp, Up, Verify,
};
use crate::run::PATIENCE;

/// Writes, checks, prints and runs the migrations of the database
#[derive(Debug, Parser)]
#[command(name = "migrate", bin_name = "cargo migrate", version, max_term_width = 110)]
pub struct Cli {
    /// What holds for every verb.
    #[command(flatten)]
    pub settings: Settings,
    /// What to do; `up` if left out.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// What holds for every verb.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    /// The database: sqlite://, postgres:// or mysql:// (which MariaDB takes, too)
    #[arg(
        short = 'u',
        long,
        env = "DATABASE_URL",
        global = true,
        hide_env_values = true,
        value_name = "URL"
    )]
    pub database_url: Option<String>,
    /// The schema, on PostgreSQL; that of the user's search path if left out
    #[arg(
        short = 's',
        long,
        env = "DATABASE_SCHEMA",
        global = true,
        hide_env_values = true,
        value_name = "NAME"
    )]
    pub database_schema: Option<String>,
    /// What the database is for: development, or production. In development, nothing but a terminal is asked to confirm
    #[arg(
        long,
        env = "APP_ENV",
        global = true,
        hide_env_values = true,
        value_name = "NAME",
        default_value = "production"
    )]
    pub app_env: String,
    /// A file of settings to read in place of `.env`, which is read in development only
    #[arg(long, global = true, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
    /// How many seconds to wait for another process that migrates this database
    #[arg(long, env = "MIGRATION_LOCK_TIMEOUT", global = true, hide_env_values = true, value_name = "SECONDS",
        default_value_t = PATIENCE.as_secs())]
    pub lock_timeout: u64,
    /// Do not ask before rows or tables are lost
    #[arg(
        short = 'y',
        long,
        env = "MIGRATION_YES",
        global = true,
        hide_env_values = true,
        value_parser = clap::builder::BoolishValueParser::new()
    )]
    pub yes: bool,
    /// Say more: with a verb that changes something, each statement
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

impl Settings {
    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs(self.lock_timeout)
    }
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Apply pending migrations
    #[command(
        after_help = "Example, one at a time, then all that are left:\n  cargo migrate up -n 1\n  cargo migrate up"
    )]
    Up(Up),
    /// Roll applied migrations back, the newest first
    #[command(
        after_help = "Example, back to the empty database, printed rather than run:\n  cargo migrate down --to base --sql --backend postgres"
    )]
    Down(Down),
    /// Show which migrations are applied, and fail if one of them is unknown here
    #[command(after_help = "Example:\n  cargo migrate status")]
    Status,
    /// Drop every table of the database, then apply all migrations
    #[command(after_help = "Example, in a script:\n  cargo migrate fresh --yes")]
    Fresh,
    /// Roll all migrations back, then apply them again
    #[command(after_help = "Example:\n  cargo migrate refresh --yes")]
    Refresh,
    /// Roll all migrations back
    #[command(after_help = "Example:\n  cargo migrate reset --yes")]
    Reset,
    /// Write an empty migration, and add it to the list
    #[command(after_help = "Example:\n  cargo migrate generate create_shelves")]
    Generate(Generate),
    /// Write the migration that leads to the entities, and add it to the list; no database is needed
    #[command(
        after_help = "Example, after a field of an entity has got another name:\n  cargo migrate autogenerate rename_cover --rename books.cover_url=image_url"
    )]
    Autogenerate(Autogenerate),
    /// Fail where entities and migrations disagree; no database is needed
    #[command(
        after_help = "If a database answers, applied migrations that were edited are found as well.\n\nExample, in CI:\n  cargo migrate check"
    )]
    Check(Check),
    /// Print the script that applies migrations; no database is needed
    #[command(
        after_help = "Example, what brings a database of the last release up to date:\n  cargo migrate sql --backend mariadb --from m20261121_000003_create_sessions > up.sql"
    )]
    Sql(Sql),
    /// Show where the database stands; reads only
    #[command(after_help = "Example:\n  cargo migrate current --json")]
    Current(Print),
    /// Show all migrations, and when each was applied; reads only
    #[command(after_help = "Example, with all that is known of each:\n  cargo migrate history -v")]
    History(Print),
    /// Show a migration and its SQL; no database is needed
    #[command(after_help = "Example:\n  cargo migrate show create_books --backend postgres")]
    Show(Show),
    /// Show the newest migration; no database is needed
    #[command(after_help = "Example:\n  cargo migrate heads")]
    Heads(Print),
    /// Record migrations as applied, up to one, and those after it as not, without running any
    #[command(
        after_help = "Example, for a database whose tables are all there already:\n  cargo migrate stamp head"
    )]
    Stamp(Stamp),
    /// Show what `up` would run on the database; reads only
    #[command(after_help = "Example:\n  cargo migrate plan")]
    Plan(Print),
    /// Fail where the database is otherwise than its applied migrations say
    #[command(
        after_help = "They are run in scratch space beside it, which takes the right to make some, or in that of --shadow.\n\nExample:\n  cargo migrate drift --exclude 'django_*'"
    )]
    Drift(Drift),
    /// Fail where a migration locks, rewrites or loses what there is, without saying why; no database is needed
    #[command(
        after_help = "A migration says why by `dialect::allow(manager, \"rule\", \"reason\")`.\n\nExample, with notes, and with what is allowed:\n  cargo migrate lint -v"
    )]
    Lint(Print),
    /// Fail where a migration does not go down and up again, tried in scratch space
    #[command(
        after_help = "Example:\n  cargo migrate verify --on sqlite::memory: --on postgres://postgres@127.0.0.1/postgres"
    )]
    Verify(Verify),
}

impl Verb {
    /// Whether it sends statements worth seeing: changes, or a trial of them.
    pub(super) fn writes(&self) -> bool {
        match self {
            Self::Up(_)
            | Self::Down(_)
            | Self::Fresh
            | Self::Refresh
            | Self::Reset
            | Self::Stamp(_)
            | Self::Drift(_)
            | Self::Verify(_) => true,
            Self::Status
            | Self::Generate(_)
            | Self::Autogenerate(_)
            | Self::Check(_)
            | Self::Sql(_)
            | Self::Current(_)
            | Self::History(_)
            | Self::Show(_)
            | Self::Heads(_)
            | Self::Plan(_)
            | Self::Lint(_) => false,
        }
    }
}
