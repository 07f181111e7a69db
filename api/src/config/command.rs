//! What the command line can be asked for.

#![expect(clippy::doc_markdown, reason = "these comments are what --help prints")]

use std::path::PathBuf;

use clap::Subcommand;
use service::{access::Role, export, import};

/// What the program can do.
#[derive(Subcommand)]
pub enum Command {
    /// Serve the API (the default)
    Serve,
    /// Administer accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Bring a file of books in; its format is told from the file
    Import(Import),
    /// Take the books out as a file that the import takes
    Export(Export),
    /// Print the OpenAPI document
    Openapi,
}

/// What can be done with accounts.
#[derive(Subcommand)]
pub enum UserCommand {
    /// Open an account, verified; its password is asked for, or read from standard input
    Create(NewAccount),
    /// Send the owner of an account mail by which a new password can be chosen
    ResetMail(ResetMail),
    /// List accounts: id, name, address, role, whether active and whether verified
    List(Accounts),
    /// Give an account another role
    Role(NewRole),
    /// Let an account be used no more; its sessions end
    Disable(Account),
    /// Let an account be used again
    Enable(Account),
    /// Bring the accounts of another system in, all or none, with its bcrypt hashes of their passwords
    Import(AccountFile),
}

/// The account whose owner is to choose a new password.
#[derive(clap::Args)]
pub struct ResetMail {
    /// Its name
    pub username: String,
}

/// Which accounts to list.
#[derive(clap::Args)]
pub struct Accounts {
    /// Only those of this role: user, cashier or admin
    #[arg(long)]
    pub role: Option<Role>,
}

/// An account.
#[derive(clap::Args)]
pub struct Account {
    /// Its name
    pub username: String,
}

/// The role that an account is to have.
#[derive(clap::Args)]
pub struct NewRole {
    /// The account's name
    pub username: String,
    /// What it may do: user, cashier or admin
    pub role: Role,
}

/// The accounts to bring in.
#[derive(clap::Args)]
pub struct AccountFile {
    /// A CSV file in UTF-8 with the columns username, email and hash, and perhaps first_name, last_name, role and is_verified
    pub file: PathBuf,
    /// Change nothing and report the same
    #[arg(long)]
    pub dry_run: bool,
}

/// The account to open.
#[derive(clap::Args)]
pub struct NewAccount {
    /// Its name
    #[arg(long)]
    pub username: String,
    /// Its address
    #[arg(long)]
    pub email: String,
    /// What it may do: user, cashier or admin
    #[arg(long, default_value_t = Role::User)]
    pub role: Role,
}

/// The file to bring in.
#[derive(clap::Args)]
pub struct Import {
    /// The file
    pub file: PathBuf,
    /// Whose books they become; nobody's if left out
    #[arg(long, value_name = "USERNAME")]
    pub owner: Option<String>,
    /// Its format: csv, ndjson, goodreads, goodbooks, gutenberg or openlibrary; told from the file if left out
    #[arg(long, value_parser = by_name::<import::Format>)]
    pub format: Option<import::Format>,
    /// Its character encoding, such as utf-8 or windows-1252; told from the file if left out
    #[arg(long)]
    pub charset: Option<String>,
    /// Change nothing and report the same
    #[arg(long)]
    pub dry_run: bool,
    /// atomic: one failed row, and nothing is written; partial: good rows are written
    #[arg(long, default_value = "atomic", value_parser = by_name::<import::Mode>)]
    pub mode: import::Mode,
    /// Books that are in the catalogue already: ignore or update
    #[arg(long, default_value = "ignore", value_parser = by_name::<import::OnConflict>)]
    pub on_conflict: import::OnConflict,
}

/// The file to write.
#[derive(clap::Args)]
pub struct Export {
    /// The file; standard output if left out
    pub file: Option<PathBuf>,
    /// Its format: csv or ndjson
    #[arg(long, default_value = "csv", value_parser = by_name::<export::Format>)]
    pub format: export::Format,
}

/// Reads an enum by the name it has in JSON.
fn by_name<T: serde::de::DeserializeOwned>(name: &str) -> Result<T, String> {
    serde_json::from_value(name.into()).map_err(|error: serde_json::Error| error.to_string())
}
