//! Verbs and settings of the command line, with their help.

mod options;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};

pub use self::options::{
    Autogenerate, Backend, Check, ComparisonArgs, Down, Drift, Exclude, Generate, Lint, Plan, Print, Show,
    Sql, Stamp, Up, Verify,
};
use crate::run::{PATIENCE, TABLE_LOCK_TIMEOUT};

/// Write, check, print and run the migrations of a database
#[derive(Debug, Parser)]
#[command(name = "migrate", bin_name = "cargo migrate", version, max_term_width = 110)]
pub struct Cli {
    /// Settings of every verb.
    #[command(flatten)]
    pub settings: Settings,
    /// The verb; `up` if omitted.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// Settings of every verb.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    /// Database: sqlite://, postgres:// or mysql:// (also for MariaDB)
    #[arg(
        short = 'u',
        long,
        env = "DATABASE_URL",
        global = true,
        hide_env_values = true,
        value_name = "URL"
    )]
    pub database_url: Option<String>,
    /// File with the database URL, instead of `DATABASE_URL`
    #[arg(long, env = "DATABASE_URL_FILE", global = true, hide_env_values = true, value_name = "FILE",
        conflicts_with = "database_url", value_parser = super::env::content)]
    database_url_file: Option<String>,
    /// Schema, on PostgreSQL; that of the user's search path if omitted
    #[arg(
        short = 's',
        long,
        env = "DATABASE_SCHEMA",
        global = true,
        hide_env_values = true,
        value_name = "NAME"
    )]
    pub database_schema: Option<String>,
    /// Environment: development, or production. Development confirms without --yes if there is no terminal
    #[arg(
        long,
        env = "APP_ENV",
        global = true,
        hide_env_values = true,
        value_name = "NAME",
        default_value = "production"
    )]
    pub app_env: String,
    /// File of settings to read instead of `.env`, which is read in development only
    #[arg(long, global = true, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
    /// Seconds to wait for another process that migrates this database
    #[arg(long, env = "MIGRATION_LOCK_TIMEOUT", global = true, hide_env_values = true, value_name = "SECONDS",
        default_value_t = PATIENCE.as_secs())]
    pub lock_timeout: u64,
    /// Seconds that a change waits for the lock of a table before it lets others pass and tries again; 0 for no limit.
    /// Outside development, 5 if omitted
    #[arg(
        long,
        env = "MIGRATION_TABLE_LOCK_TIMEOUT",
        global = true,
        hide_env_values = true,
        value_name = "SECONDS"
    )]
    pub table_lock_timeout: Option<u64>,
    /// Confirm the loss of rows or tables
    #[arg(
        short = 'y',
        long,
        env = "MIGRATION_YES",
        global = true,
        hide_env_values = true,
        value_parser = clap::builder::BoolishValueParser::new()
    )]
    pub yes: bool,
    /// Show more: with a verb that changes a database, each statement
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

impl Settings {
    /// Replaces the database URL by that of its file, if there is one.
    pub(super) fn take_file(&mut self) {
        if let Some(url) = self.database_url_file.take() {
            self.database_url = Some(url);
        }
    }

    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs(self.lock_timeout)
    }

    pub(super) fn table_lock_timeout(&self) -> Option<Duration> {
        match (self.table_lock_timeout, self.app_env.as_str()) {
            (Some(seconds), _) => (seconds > 0).then(|| Duration::from_secs(seconds)),
            (None, "development") => None,
            (None, _) => Some(TABLE_LOCK_TIMEOUT),
        }
    }
}

/// A verb.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Apply pending migrations
    #[command(
        after_help = "Example, one migration, then the rest:\n  cargo migrate up -n 1\n  cargo migrate up"
    )]
    Up(Up),
    /// Roll applied migrations back, the newest first
    #[command(
        after_help = "Example, back to the empty database, printed rather than run:\n  cargo migrate down --to base --sql --backend postgres"
    )]
    Down(Down),
    /// Show applied and pending migrations, and fail if one is unknown here or was edited, or an index is INVALID
    #[command(after_help = "Example:\n  cargo migrate status --json")]
    Status(Print),
    /// Drop all tables, views, types and functions of the database, then apply all migrations
    #[command(
        after_help = "On PostgreSQL, these are the objects in the schema of the connection and in the schemas that migrations create. Objects of extensions stay.\n\nExample, beside the tables of another program:\n  cargo migrate fresh --yes --exclude 'django_*'"
    )]
    Fresh(Exclude),
    /// Roll all migrations back, drop views, types and functions that are left, then apply all migrations
    #[command(after_help = "Example:\n  cargo migrate refresh --yes")]
    Refresh(Exclude),
    /// Roll all migrations back, and drop views, types and functions that are left
    #[command(after_help = "Example:\n  cargo migrate reset --yes")]
    Reset(Exclude),
    /// Write an empty migration, and add it to the list
    #[command(after_help = "Example:\n  cargo migrate generate create_parcels")]
    Generate(Generate),
    /// Write the migration that leads to the entities, and add it to the list; needs no database
    #[command(
        after_help = "Example, after a field of an entity was renamed:\n  cargo migrate autogenerate rename_weight --rename parcels.weight=grams"
    )]
    Autogenerate(Autogenerate),
    /// Fail if entities and migrations differ; needs no database
    #[command(
        after_help = "If a database answers, it also reports applied migrations that were edited.\n\nExample, in CI:\n  cargo migrate check"
    )]
    Check(Check),
    /// Print the script that applies migrations; needs no database
    #[command(
        after_help = "Example, from the newest migration of the last release:\n  cargo migrate sql --backend mariadb --from m20300101_000003_create_depots > up.sql"
    )]
    Sql(Sql),
    /// Show the newest applied migration; reads only
    #[command(after_help = "Example:\n  cargo migrate current --json")]
    Current(Print),
    /// Show all migrations with their times of application; reads only
    #[command(after_help = "Example, with all details:\n  cargo migrate history -v")]
    History(Print),
    /// Show a migration and its SQL; needs no database
    #[command(after_help = "Example:\n  cargo migrate show create_parcels --backend postgres")]
    Show(Show),
    /// Show the newest migration of this program; needs no database
    #[command(after_help = "Example:\n  cargo migrate heads")]
    Heads(Print),
    /// Record migrations as applied up to one, and those after it as pending, without running any
    #[command(
        after_help = "Example, for a database that has all tables already, and for a migration whose file got another name:\n  cargo migrate stamp head\n  cargo migrate stamp --rename create_parcel=create_parcels"
    )]
    Stamp(Stamp),
    /// Show the SQL that `up` would run on the database, and fail if it would refuse to; reads only
    #[command(
        after_help = "It fails as `up` would: if a migration is unknown here or was renamed, or if data would be lost without consent.\n\nExample, before a deployment that drops a column on purpose:\n  cargo migrate plan --allow-destructive"
    )]
    Plan(Plan),
    /// Fail if the database differs from its applied migrations
    #[command(
        after_help = "The migrations run in scratch space, which needs the right to create some, or beside the database of --shadow.\n\nExample:\n  cargo migrate drift --exclude 'django_*'"
    )]
    Drift(Drift),
    /// Fail if a migration locks, rewrites or loses data without a declared reason; needs no database
    #[command(
        after_help = "A migration declares its reasons by `lint_exceptions!(Migration, [(Rule::…, \"reason\")])`.\n\nExample, with notes and exceptions, and the page of a rule:\n  cargo migrate lint -v\n  cargo migrate lint --explain ban-drop-column"
    )]
    Lint(Lint),
    /// Fail if a migration cannot be rolled back and applied again, tried in scratch space
    #[command(
        after_help = "Example:\n  cargo migrate verify --on sqlite::memory: --on postgres://postgres@127.0.0.1/postgres"
    )]
    Verify(Verify),
}

impl Verb {
    /// Whether `--verbose` shows its statements: changes, or a trial of them.
    pub(super) fn writes(&self) -> bool {
        match self {
            Self::Up(_)
            | Self::Down(_)
            | Self::Fresh(_)
            | Self::Refresh(_)
            | Self::Reset(_)
            | Self::Stamp(_)
            | Self::Drift(_)
            | Self::Verify(_) => true,
            Self::Status(_)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_development_changes_wait_for_tables_with_a_limit() {
        let limit = |arguments: &[&str]| {
            let arguments = ["migrate", "--app-env"].iter().chain(arguments);
            Cli::parse_from(arguments).settings.table_lock_timeout()
        };
        assert_eq!(limit(&["production"]), Some(TABLE_LOCK_TIMEOUT));
        assert_eq!(limit(&["development"]), None);
        assert_eq!(limit(&["production", "--table-lock-timeout", "0"]), None);
        assert_eq!(limit(&["development", "--table-lock-timeout", "9"]), Some(Duration::from_secs(9)));
    }
}
