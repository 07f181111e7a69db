//! What can be typed, and what `--help` says of it.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use sea_orm_migration::sea_orm::DbBackend;

use crate::{startup::PATIENCE, tooling::write::Rename};

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
        after_help = "Example, after a field of an entity has got another name:\n  cargo migrate autogenerate rename_title --rename books.title=name"
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
        after_help = "A migration says why by `portable::allow(manager, \"rule\", \"reason\")`.\n\nExample, with notes, and with what is allowed:\n  cargo migrate lint -v"
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

/// How far `up` goes.
#[derive(Debug, Default, Args)]
pub struct Up {
    /// How many pending migrations to apply
    #[arg(short, long, conflicts_with = "to")]
    pub num: Option<u32>,
    /// The last one to apply, by its name or a part of it that no other has; or `head`
    #[arg(long, value_name = "NAME")]
    pub to: Option<String>,
    /// Do not ask where rows, columns or tables are lost
    #[arg(long)]
    pub allow_destructive: bool,
    /// Or as a script.
    #[command(flatten)]
    pub offline: Offline,
}

/// How far `down` goes.
#[derive(Debug, Args)]
pub struct Down {
    /// How many applied migrations to roll back
    #[arg(short, long, default_value_t = 1, conflicts_with = "to")]
    pub num: u32,
    /// The one that is to be the newest then, by its name or a part of it that no other has; or `base`
    #[arg(long, value_name = "NAME")]
    pub to: Option<String>,
    /// Or as a script.
    #[command(flatten)]
    pub offline: Offline,
}

/// A script instead of a run.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Offline")]
pub struct Offline {
    /// Print the script that does it, and touch no database
    #[arg(long)]
    pub sql: bool,
    /// What the script is for; that of the database's URL if left out
    #[arg(long, value_enum, requires = "sql")]
    pub backend: Option<Backend>,
    /// Where the database stands that it is for: a migration's name, `base` or `head`
    #[arg(long, value_name = "NAME", requires = "sql")]
    pub from: Option<String>,
    /// Fail where a migration goes by rows, which a script cannot see
    #[arg(long, requires = "sql")]
    pub strict: bool,
}

/// A script.
#[derive(Debug, Args)]
pub struct Sql {
    /// What the script is for; that of the database's URL if left out
    #[arg(long, value_enum)]
    pub backend: Option<Backend>,
    /// Where the database stands that it is for: a migration's name or `base`
    #[arg(long, value_name = "NAME", default_value = "base")]
    pub from: String,
    /// The last migration to apply: a name or `head`
    #[arg(long, value_name = "NAME", default_value = "head")]
    pub to: String,
    /// Fail where a migration goes by rows, which a script cannot see
    #[arg(long)]
    pub strict: bool,
}

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// SQLite
    Sqlite,
    /// PostgreSQL
    Postgres,
    /// MariaDB or MySQL
    #[value(alias = "mysql")]
    Mariadb,
}

impl From<Backend> for DbBackend {
    fn from(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::Sqlite,
            Backend::Postgres => Self::Postgres,
            Backend::Mariadb => Self::MySql,
        }
    }
}

/// A migration to be written by hand.
#[derive(Debug, Args)]
pub struct Generate {
    /// What it does, in words joined by underscores
    pub migration_name: String,
    /// Name it by the time in UTC, as it is without this
    #[arg(long, conflicts_with = "local_time")]
    pub universal_time: bool,
    /// Name it by the time here
    #[arg(long)]
    pub local_time: bool,
}

/// A migration to be written from entities.
#[derive(Debug, Args)]
pub struct Autogenerate {
    /// What it does, in words joined by underscores
    pub name: String,
    /// A column or a table that has another name now
    #[arg(long, value_name = "TABLE.OLD=NEW|OLD=NEW", value_parser = rename)]
    pub rename: Vec<Rename>,
    /// What rows get in a column that must not be null, in SQL
    #[arg(long, value_name = "TABLE.COLUMN=SQL", value_parser = backfill)]
    pub backfill: Vec<((String, String), String)>,
    /// Write it even if rows, columns or tables are lost by it
    #[arg(long)]
    pub allow_destructive: bool,
    /// How the comparison is made.
    #[command(flatten)]
    pub comparison: Check,
}

/// How entities and migrations are compared.
#[derive(Debug, Default, Args)]
pub struct Check {
    /// Tables to leave alone; `*` stands for any characters
    #[arg(long, value_name = "TABLE", value_delimiter = ',')]
    pub exclude: Vec<String>,
    /// Take the entities at their word also where they are silent: lengths, defaults, plain indexes, checks
    #[arg(long)]
    pub strict: bool,
}

/// How an answer is printed.
#[derive(Debug, Default, Args)]
pub struct Print {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A migration to look at.
#[derive(Debug, Args)]
pub struct Show {
    /// Its name, or a part of it that no other has
    pub name: String,
    /// Whose SQL to show; that of the database's URL if left out
    #[arg(long, value_enum)]
    pub backend: Option<Backend>,
    /// How.
    #[command(flatten)]
    pub print: Print,
}

/// What to record as applied.
#[derive(Debug, Args)]
pub struct Stamp {
    /// The newest migration that is to count as applied: its name, `head` or `base`
    pub target: String,
    /// Forget applied migrations that are unknown here, too
    #[arg(long)]
    pub purge: bool,
}

/// What to compare a database with.
#[derive(Debug, Args)]
pub struct Drift {
    /// A database of the same kind to make scratch space beside
    #[arg(long, value_name = "URL")]
    pub shadow: Option<String>,
    /// Tables to leave alone; `*` stands for any characters
    #[arg(long, value_name = "TABLE", value_delimiter = ',')]
    pub exclude: Vec<String>,
    /// How.
    #[command(flatten)]
    pub print: Print,
}

/// Where to try migrations.
#[derive(Debug, Args)]
pub struct Verify {
    /// A database to make scratch space beside, once for each; the database's URL if left out
    #[arg(long, value_name = "URL")]
    pub on: Vec<String>,
    /// How.
    #[command(flatten)]
    pub print: Print,
}

/// `table.old=new`, or `old=new` for a table.
fn rename(text: &str) -> Result<Rename, String> {
    let (old, new) = halves(text)?;
    Ok(match old.split_once('.') {
        Some((table, from)) => {
            // The table stands in front of the new name, too, if somebody likes to say it twice.
            let to = new.strip_prefix(table).and_then(|rest| rest.strip_prefix('.')).unwrap_or(new);
            Rename::Column { table: table.to_owned(), from: from.to_owned(), to: to.to_owned() }
        }
        None => Rename::Table { from: old.to_owned(), to: new.to_owned() },
    })
}

/// `table.column=sql`.
fn backfill(text: &str) -> Result<((String, String), String), String> {
    let (column, sql) = halves(text)?;
    let (table, column) =
        column.split_once('.').ok_or_else(|| format!("{column:?} is no column such as books.title"))?;
    Ok(((table.to_owned(), column.to_owned()), sql.to_owned()))
}

fn halves(text: &str) -> Result<(&str, &str), String> {
    match text.split_once('=') {
        Some((old, new)) if !old.is_empty() && !new.is_empty() => Ok((old, new)),
        _ => Err("something must stand on both sides of `=`".to_owned()),
    }
}
