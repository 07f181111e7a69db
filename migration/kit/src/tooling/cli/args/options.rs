//! What a verb takes beside what holds for all of them.

use clap::{Args, ValueEnum};
use sea_orm_migration::sea_orm::DbBackend;

use crate::tooling::write::Rename;

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
