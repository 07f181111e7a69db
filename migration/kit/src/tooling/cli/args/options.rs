//! Options of single verbs.

use clap::{Args, ValueEnum};
use sea_orm_migration::sea_orm::DbBackend;

use crate::{Rule, run::Renamed, tooling::write::Rename};

/// Options of `up`.
#[derive(Debug, Default, Args)]
pub struct Up {
    /// Number of pending migrations to apply
    #[arg(short, long, conflicts_with = "to")]
    pub num: Option<u32>,
    /// Last migration to apply: a name, a unique part of one, or `head`
    #[arg(long, value_name = "NAME")]
    pub to: Option<String>,
    /// Confirm the loss of rows, columns or tables
    #[arg(long)]
    pub allow_destructive: bool,
    /// As a script.
    #[command(flatten)]
    pub offline: Offline,
}

/// Options of `down`.
#[derive(Debug, Args)]
pub struct Down {
    /// Number of applied migrations to roll back
    #[arg(short, long, default_value_t = 1, conflicts_with = "to")]
    pub num: u32,
    /// Migration that stays as the newest: a name, a unique part of one, or `base`
    #[arg(long, value_name = "NAME")]
    pub to: Option<String>,
    /// As a script.
    #[command(flatten)]
    pub offline: Offline,
}

/// Options of a script instead of a run.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Offline")]
pub struct Offline {
    /// Print the script instead of touching a database
    #[arg(long)]
    pub sql: bool,
    /// Database of the script; that of the database URL if omitted
    #[arg(long, value_enum, requires = "sql")]
    pub backend: Option<Backend>,
    /// Newest applied migration of the script's database: a name, `base` or `head`
    #[arg(long, value_name = "NAME", requires = "sql")]
    pub from: Option<String>,
    /// Fail if a migration depends on rows, which a script cannot read
    #[arg(long, requires = "sql")]
    pub strict: bool,
}

/// Options of `sql`.
#[derive(Debug, Args)]
pub struct Sql {
    /// Database of the script; that of the database URL if omitted
    #[arg(long, value_enum)]
    pub backend: Option<Backend>,
    /// Newest applied migration of the script's database: a name or `base`
    #[arg(long, value_name = "NAME", default_value = "base")]
    pub from: String,
    /// Last migration to apply: a name or `head`
    #[arg(long, value_name = "NAME", default_value = "head")]
    pub to: String,
    /// Fail if a migration depends on rows, which a script cannot read
    #[arg(long)]
    pub strict: bool,
}

/// Kind of database.
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

/// Options of `fresh`, `refresh` and `reset`.
#[derive(Debug, Default, Args)]
pub struct Exclude {
    /// Objects to keep, with what they need; `*` matches any characters
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub exclude: Vec<String>,
}

/// Options of `generate`.
#[derive(Debug, Args)]
pub struct Generate {
    /// Purpose of the migration, in words joined by underscores
    pub migration_name: String,
    /// Name the file by the time in UTC, which is the default
    #[arg(long, conflicts_with = "local_time")]
    pub universal_time: bool,
    /// Name the file by local time
    #[arg(long)]
    pub local_time: bool,
}

/// Options of `autogenerate`.
#[derive(Debug, Args)]
pub struct Autogenerate {
    /// Purpose of the migration, in words joined by underscores
    pub name: String,
    /// Column or table with a new name
    #[arg(long, value_name = "TABLE.OLD=NEW|OLD=NEW", value_parser = rename)]
    pub rename: Vec<Rename>,
    /// Value for existing rows in a column that becomes NOT NULL, in SQL
    #[arg(long, value_name = "TABLE.COLUMN=SQL", value_parser = backfill)]
    pub backfill: Vec<((String, String), String)>,
    /// Write the migration even if it loses rows, columns or tables
    #[arg(long)]
    pub allow_destructive: bool,
    /// Options of the comparison.
    #[command(flatten)]
    pub comparison: ComparisonArgs,
}

/// Options of a comparison of entities and migrations.
#[derive(Debug, Default, Args)]
pub struct ComparisonArgs {
    /// Tables to leave out; `*` matches any characters
    #[arg(long, value_name = "TABLE", value_delimiter = ',')]
    pub exclude: Vec<String>,
    /// Treat the entities as complete, also in lengths, defaults, plain indexes and checks; fail if a statement of a
    /// migration is not part of the comparison
    #[arg(long)]
    pub strict: bool,
}

/// Options of `check`.
#[derive(Debug, Default, Args)]
pub struct Check {
    /// Options of the comparison.
    #[command(flatten)]
    pub comparison: ComparisonArgs,
    /// Format of the output.
    #[command(flatten)]
    pub print: Print,
}

/// Format of the output.
#[derive(Debug, Default, Args)]
pub struct Print {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `plan`.
#[derive(Debug, Args)]
pub struct Plan {
    /// Number of pending migrations to plan
    #[arg(short, long, conflicts_with = "to")]
    pub num: Option<u32>,
    /// Last migration to plan: a name, a unique part of one, or `head`
    #[arg(long, value_name = "NAME")]
    pub to: Option<String>,
    /// Succeed although `up` would lose rows, columns or tables
    #[arg(long)]
    pub allow_destructive: bool,
    /// Format of the output.
    #[command(flatten)]
    pub print: Print,
}

/// Options of `show`.
#[derive(Debug, Args)]
pub struct Show {
    /// Name of the migration, or a unique part of it
    pub name: String,
    /// Database whose SQL is shown; that of the database URL if omitted
    #[arg(long, value_enum)]
    pub backend: Option<Backend>,
    /// Format of the output.
    #[command(flatten)]
    pub print: Print,
}

/// Options of `lint`.
#[derive(Debug, Args)]
pub struct Lint {
    /// Page of a rule: what goes wrong, examples, and the safer way
    #[arg(long, value_name = "RULE", conflicts_with = "rules")]
    pub explain: Option<Rule>,
    /// List of all rules with the databases that they concern
    #[arg(long)]
    pub rules: bool,
    /// Format of the output.
    #[command(flatten)]
    pub print: Print,
}

/// Options of `stamp`.
#[derive(Debug, Args)]
pub struct Stamp {
    /// Newest migration to record as applied: a name, `head` or `base`
    #[arg(required_unless_present = "rename", conflicts_with = "rename")]
    pub target: Option<String>,
    /// Record an applied migration under its new name, after its file was renamed
    #[arg(long, value_name = "OLD=NEW", value_parser = renamed, conflicts_with = "purge")]
    pub rename: Vec<Renamed>,
    /// Also forget applied migrations that are unknown here
    #[arg(long)]
    pub purge: bool,
    /// Also forget the migration that was cut off on MariaDB / MySQL, whose statements you have undone
    #[arg(long)]
    pub forget_unfinished: bool,
}

/// Options of `drift`.
#[derive(Debug, Args)]
pub struct Drift {
    /// Database of the same kind, beside which scratch space is created
    #[arg(long, value_name = "URL")]
    pub shadow: Option<String>,
    /// Tables to leave out; `*` matches any characters
    #[arg(long, value_name = "TABLE", value_delimiter = ',')]
    pub exclude: Vec<String>,
    /// Format of the output.
    #[command(flatten)]
    pub print: Print,
}

/// Options of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Database beside which scratch space is created, repeatable; the database URL if omitted
    #[arg(long, value_name = "URL")]
    pub on: Vec<String>,
    /// Format of the output.
    #[command(flatten)]
    pub print: Print,
}

/// `table.old=new`, or `old=new` for a table.
fn rename(text: &str) -> Result<Rename, String> {
    let (old, new) = halves(text)?;
    Ok(match old.split_once('.') {
        Some((table, from)) => {
            // The table may be repeated before the new name.
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
        column.split_once('.').ok_or_else(|| format!("{column:?} is not a column such as parcels.weight"))?;
    Ok(((table.to_owned(), column.to_owned()), sql.to_owned()))
}

/// `old=new`, for a migration.
fn renamed(text: &str) -> Result<Renamed, String> {
    let (from, to) = halves(text)?;
    Ok(Renamed { from: from.to_owned(), to: to.to_owned() })
}

fn halves(text: &str) -> Result<(&str, &str), String> {
    match text.split_once('=') {
        Some((old, new)) if !old.is_empty() && !new.is_empty() => Ok((old, new)),
        _ => Err("both sides of `=` need a value".to_owned()),
    }
}
