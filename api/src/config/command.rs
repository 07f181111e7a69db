//! Commands of the command line.

#![expect(clippy::doc_markdown, reason = "these comments are what --help prints")]

use std::path::PathBuf;

use clap::Subcommand;
use service::{
    Role,
    books::{
        export::ExportFormat,
        import::{ImportMode, OnConflict},
    },
    report::ImportFormat,
};

use super::parse::by_name;

/// Commands of the program.
#[derive(Subcommand)]
pub enum Command {
    /// Serve the API (the default)
    Serve,
    /// Administer accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Import books from a file
    Import(Import),
    /// Export books to a file that can be imported
    Export(Export),
    /// Print the OpenAPI document
    Openapi,
}

/// Commands for accounts.
#[derive(Subcommand)]
pub enum UserCommand {
    /// Create a verified account; its password is prompted for, or read from standard input
    Create(NewAccount),
    /// Send a password reset mail to the owner of an account
    ResetMail(ResetMail),
    /// Set the password of an account and end its sessions; it is prompted for, or read from standard input
    Password(Account),
    /// Mark the address of an account as verified
    Verify(Account),
    /// Correct the address of an account and end its sessions; mail to verify the new address is sent to it
    Email(CorrectEmail),
    /// Delete an account; its books stay without an owner
    Delete(Account),
    /// Show an account as JSON, with its pending address and its number of active sessions
    Show(Account),
    /// List accounts: id, name, address, role, whether active and whether verified
    List(Accounts),
    /// Change the role of an account
    Role(NewRole),
    /// Disable an account and end its sessions
    Disable(Account),
    /// Enable an account
    Enable(Account),
    /// Import accounts of another system with their bcrypt hashes; one invalid row rejects the file
    Import(AccountFile),
}

/// Arguments of `user reset-mail`.
#[derive(clap::Args)]
pub struct ResetMail {
    /// Username
    pub username: String,
}

/// Arguments of `user list`.
#[derive(clap::Args)]
pub struct Accounts {
    /// Only accounts with this role: user, cashier or admin
    #[arg(long)]
    pub role: Option<Role>,
}

/// Arguments of commands for one account.
#[derive(clap::Args)]
pub struct Account {
    /// Username
    pub username: String,
}

/// Arguments of `user email`.
#[derive(clap::Args)]
pub struct CorrectEmail {
    /// Username
    pub username: String,
    /// New e-mail address
    pub email: String,
    /// Mark the new address as verified instead of sending mail
    #[arg(long)]
    pub verified: bool,
}

/// Arguments of `user role`.
#[derive(clap::Args)]
pub struct NewRole {
    /// Username
    pub username: String,
    /// Role: user, cashier or admin
    pub role: Role,
}

/// Arguments of `user import`.
#[derive(clap::Args)]
pub struct AccountFile {
    /// CSV file in UTF-8 with the columns username, email and hash, and optionally first_name, last_name, role and is_verified
    pub file: PathBuf,
    /// Report the result without writing anything
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `user create`.
#[derive(clap::Args)]
pub struct NewAccount {
    /// Username
    #[arg(long)]
    pub username: String,
    /// E-mail address
    #[arg(long)]
    pub email: String,
    /// Role: user, cashier or admin
    #[arg(long, default_value_t = Role::User)]
    pub role: Role,
}

/// Arguments of `import`.
#[derive(clap::Args)]
pub struct Import {
    /// File to import
    pub file: PathBuf,
    /// Owner of the imported books; none if omitted
    #[arg(long, value_name = "USERNAME")]
    pub owner: Option<String>,
    /// Format: csv, ndjson, goodreads, goodbooks, gutenberg or openlibrary; detected if omitted
    #[arg(long, value_parser = by_name::<ImportFormat>)]
    pub format: Option<ImportFormat>,
    /// Character encoding, such as utf-8 or windows-1252; detected if omitted
    #[arg(long)]
    pub charset: Option<String>,
    /// Report the result without writing anything
    #[arg(long)]
    pub dry_run: bool,
    /// Handling of invalid rows: atomic writes nothing if one row is invalid; partial writes the valid rows
    #[arg(long, default_value = "atomic", value_parser = by_name::<ImportMode>)]
    pub mode: ImportMode,
    /// Handling of books that are already in the catalogue: ignore or update
    #[arg(long, default_value = "ignore", value_parser = by_name::<OnConflict>)]
    pub on_conflict: OnConflict,
}

/// Arguments of `export`.
#[derive(clap::Args)]
pub struct Export {
    /// File to write; standard output if omitted
    pub file: Option<PathBuf>,
    /// Format: csv or ndjson
    #[arg(long, default_value = "csv", value_parser = by_name::<ExportFormat>)]
    pub format: ExportFormat,
}
