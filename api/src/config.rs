//! Every setting: from the command line, else from the environment, else its default. The only place that
//! reads the environment.

#![expect(clippy::doc_markdown, reason = "these comments are what --help prints")]

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use service::{Keys, Settings, access::Role, auth::Policy, mail::Mailer, throttle::Throttle};
use url::{Origin, Url};

use crate::{address::Proxies, cookie::Origins};

/// The secret that `.env` brings. Everybody knows it.
const DEVELOPMENT_SECRET: &str = "development-only-secret-never-use-it-elsewhere";

/// A book catalogue and its user accounts, as a JSON API.
#[derive(Parser)]
#[command(name = "bookly", version, propagate_version = true, args_override_self = true)]
pub struct Cli {
    /// The settings.
    #[command(flatten)]
    pub config: Config,
    /// What to do; `serve` if left out.
    #[command(subcommand)]
    pub command: Option<Command>,
}

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
    pub file: std::path::PathBuf,
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
    pub file: std::path::PathBuf,
    /// Whose books they become; nobody's if left out
    #[arg(long, value_name = "USERNAME")]
    pub owner: Option<String>,
    /// Its format: csv, ndjson, goodreads, goodbooks, gutenberg or openlibrary; told from the file if left out
    #[arg(long, value_parser = by_name::<service::import::Format>)]
    pub format: Option<service::import::Format>,
    /// Its character encoding, such as utf-8 or windows-1252; told from the file if left out
    #[arg(long)]
    pub charset: Option<String>,
    /// Change nothing and report the same
    #[arg(long)]
    pub dry_run: bool,
    /// atomic: one failed row, and nothing is written; partial: good rows are written
    #[arg(long, default_value = "atomic", value_parser = by_name::<service::import::Mode>)]
    pub mode: service::import::Mode,
    /// Books that are in the catalogue already: ignore or update
    #[arg(long, default_value = "ignore", value_parser = by_name::<service::import::OnConflict>)]
    pub on_conflict: service::import::OnConflict,
}

/// The file to write.
#[derive(clap::Args)]
pub struct Export {
    /// The file; standard output if left out
    pub file: Option<std::path::PathBuf>,
    /// Its format: csv or ndjson
    #[arg(long, default_value = "csv", value_parser = by_name::<service::export::Format>)]
    pub format: service::export::Format,
}

/// What the program is run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AppEnv {
    /// On a developer's machine
    Development,
    /// For real
    Production,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// A JSON object a line
    Json,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// It happens
    On,
    /// It does not
    Off,
}

/// The settings.
#[derive(clap::Args, Clone)]
#[command(next_help_heading = "Settings")]
pub struct Config {
    /// What the program is run for; `.env` is read for development only
    #[arg(long, env = "APP_ENV", global = true, default_value = "production", hide_env_values = true)]
    pub app_env: AppEnv,
    /// The address to listen on
    #[arg(long, env = "HOST", global = true, default_value = "127.0.0.1", hide_env_values = true)]
    pub host: IpAddr,
    /// The port to listen on; 0 takes a free one
    #[arg(long, env = "PORT", global = true, default_value_t = 8080, hide_env_values = true)]
    pub port: u16,
    /// The database: sqlite://, postgres:// or mysql:// (which MariaDB takes, too)
    #[arg(
        long,
        env = "DATABASE_URL",
        global = true,
        default_value = "sqlite://bookly.db?mode=rwc",
        hide_env_values = true
    )]
    pub database_url: String,
    /// The most connections to the database, shared out among the workers
    #[arg(long, env = "DATABASE_MAX_CONNECTIONS", global = true, default_value_t = 16, hide_env_values = true,
        value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub database_max_connections: u32,
    /// Connections that each worker keeps open
    #[arg(
        long,
        env = "DATABASE_MIN_CONNECTIONS",
        global = true,
        default_value_t = 0,
        hide_env_values = true
    )]
    pub database_min_connections: u32,
    /// Seconds that an operation waits for a connection
    #[arg(long, env = "DATABASE_ACQUIRE_TIMEOUT", global = true, default_value_t = 1, hide_env_values = true,
        value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub database_acquire_timeout: u64,
    /// Seconds after which an unused connection is closed
    #[arg(long, env = "DATABASE_IDLE_TIMEOUT", global = true, default_value_t = 600, hide_env_values = true,
        value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub database_idle_timeout: u64,
    /// Seconds after which any connection is closed
    #[arg(long, env = "DATABASE_MAX_LIFETIME", global = true, default_value_t = 1800, hide_env_values = true,
        value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub database_max_lifetime: u64,
    /// Log every statement: true or false
    #[arg(long, env = "DATABASE_ECHO", global = true, default_value_t = false, action = ArgAction::Set, hide_env_values = true)]
    pub database_echo: bool,
    /// Apply pending migrations at start: true or false; if left out, true for SQLite
    #[arg(long, env = "AUTO_MIGRATE", global = true, hide_env_values = true)]
    pub auto_migrate: Option<bool>,
    /// The secrets that keys are derived from, comma-separated, each of 32 bytes or more: the first signs, all verify
    #[arg(
        long,
        env = "APP_SECRETS",
        global = true,
        default_value = "",
        hide_default_value = true,
        hide_env_values = true
    )]
    pub app_secrets: String,
    /// The URL by which the world reaches the server: access tokens name it as their issuer, links in mail begin
    /// with it, and its pages may use the cookie of a session
    #[arg(long, env = "PUBLIC_URL", global = true, hide_env_values = true)]
    pub public_url: Option<Url>,
    /// Where mail goes: smtp:// or smtps:// with name and password, or file:///folder; none is sent if left out
    #[arg(
        long,
        env = "MAIL_URL",
        global = true,
        default_value = "",
        hide_default_value = true,
        hide_env_values = true
    )]
    pub mail_url: String,
    /// Whom mail comes from, such as `Bookly <bookly@example.com>`
    #[arg(
        long,
        env = "MAIL_FROM",
        global = true,
        default_value = "",
        hide_default_value = true,
        hide_env_values = true
    )]
    pub mail_from: String,
    /// Origins whose pages may call the API and use the cookie of a session, comma-separated, such as `https://app.example.com`
    #[arg(long, env = "CORS_ORIGINS", global = true, default_value = "", hide_default_value = true, hide_env_values = true,
        value_parser = origins)]
    pub cors_origins: Arc<Vec<String>>,
    /// Proxies whose X-Forwarded-For is believed: addresses and networks, comma-separated, such as `10.0.0.0/8`
    #[arg(long, env = "TRUSTED_PROXIES", global = true, default_value = "", hide_default_value = true, hide_env_values = true,
        value_parser = proxies)]
    pub trusted_proxies: Arc<Proxies>,
    /// Whether those who ask too often are refused for a while
    #[arg(long, env = "RATE_LIMIT", global = true, default_value = "on", hide_env_values = true)]
    pub rate_limit: Switch,
    /// Whether a new account must verify its address before it may write
    #[arg(long, env = "EMAIL_VERIFICATION", global = true, default_value = "on", hide_env_values = true)]
    pub email_verification: Switch,
    /// The bcrypt cost of new password hashes
    #[arg(long, env = "BCRYPT_COST", global = true, default_value_t = 12, hide_env_values = true,
        value_parser = clap::value_parser!(u32).range(4..=16))]
    pub bcrypt_cost: u32,
    /// Seconds that an access token lives
    #[arg(long, env = "ACCESS_TOKEN_TTL", global = true, default_value_t = 900, hide_env_values = true,
        value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub access_token_ttl: u32,
    /// How log lines are written
    #[arg(long, env = "LOG_FORMAT", global = true, default_value = "text", hide_env_values = true)]
    pub log_format: LogFormat,
    /// What is logged, in the syntax of env_logger
    #[arg(long, env = "RUST_LOG", global = true, default_value = "info", hide_env_values = true)]
    pub rust_log: String,
}

impl Config {
    /// Where the database is, and how many connections each of `workers` may have.
    #[must_use]
    pub fn database(&self, workers: usize) -> Settings {
        let workers = u32::try_from(workers.max(1)).unwrap_or(u32::MAX);
        let max_connections = self.database_max_connections.div_ceil(workers);
        Settings {
            url: self.database_url.clone(),
            max_connections,
            min_connections: self.database_min_connections.min(max_connections),
            acquire_timeout: Duration::from_secs(self.database_acquire_timeout),
            idle_timeout: Duration::from_secs(self.database_idle_timeout),
            max_lifetime: Duration::from_secs(self.database_max_lifetime),
            echo: self.database_echo,
        }
    }

    /// Whether to apply pending migrations at start.
    #[must_use]
    pub fn migrates(&self) -> bool {
        self.auto_migrate.unwrap_or_else(|| self.database_url.starts_with("sqlite:"))
    }

    /// The rules of the account system.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            issuer: self
                .public_url
                .as_ref()
                .map_or("bookly", |url| url.as_str().trim_end_matches('/'))
                .to_owned(),
            access_token_ttl: self.access_token_ttl,
            bcrypt_cost: self.bcrypt_cost,
            email_verification: self.email_verification == Switch::On,
            mail: !self.mail_url.is_empty(),
        }
    }

    /// The origins whose pages may use the cookie of a session: the server's own, and those that CORS lets in.
    #[must_use]
    pub fn trusted_origins(&self) -> Origins {
        let own = self.public_url.iter().map(Url::origin).filter(Origin::is_tuple);
        Origins(
            own.map(|origin| origin.ascii_serialization()).chain(self.cors_origins.iter().cloned()).collect(),
        )
    }

    /// The limits on how often one may ask.
    #[must_use]
    pub fn throttle(&self) -> Throttle {
        match self.rate_limit {
            Switch::On => Throttle::on(),
            Switch::Off => Throttle::off(),
        }
    }

    /// The keys that the secrets give.
    ///
    /// # Errors
    /// What is wrong with the secrets, without telling them.
    pub fn keys(&self) -> Result<Keys, String> {
        let secrets: Vec<&str> =
            self.app_secrets.split(',').map(str::trim).filter(|secret| !secret.is_empty()).collect();
        let known = secrets.contains(&DEVELOPMENT_SECRET);
        if known && self.app_env == AppEnv::Production {
            return Err("APP_SECRETS: the development secret is for APP_ENV=development only".to_owned());
        }
        if known && !self.host.is_loopback() {
            return Err("APP_SECRETS: the development secret is for a loopback HOST only".to_owned());
        }
        Keys::new(&secrets).map_err(|error| format!("APP_SECRETS: {error}"))
    }

    /// What sends mail; none where the settings name no way.
    ///
    /// # Errors
    /// One line that names the setting and tells no secret.
    pub fn mailer(&self) -> Result<Option<Mailer>, String> {
        if self.mail_url.is_empty() {
            return Ok(None);
        }
        if self.mail_from.is_empty() {
            return Err("MAIL_FROM: it must be set where mail is sent".to_owned());
        }
        let public_url = match (&self.public_url, self.app_env) {
            (Some(url), _) => url.clone(),
            (None, AppEnv::Development) => {
                let address = SocketAddr::new(self.host, self.port);
                Url::parse(&format!("http://{address}")).map_err(|error| error.to_string())?
            }
            (None, AppEnv::Production) => {
                return Err("PUBLIC_URL: it must be set where mail is sent: links begin with it".to_owned());
            }
        };
        Mailer::new(&self.mail_url, &self.mail_from, &public_url).map(Some)
    }

    /// Checks what no single setting can say of itself.
    ///
    /// # Errors
    /// One line that names the setting and tells no secret.
    pub fn check(&self) -> Result<(), String> {
        let url = &self.database_url;
        if !["sqlite:", "postgres:", "postgresql:", "mysql:"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err("DATABASE_URL: must begin with sqlite://, postgres:// or mysql://".to_owned());
        }
        if url.starts_with("sqlite:") && url.contains(":memory:") {
            return Err(
                "DATABASE_URL: several connections cannot share a database in memory; name a file".to_owned()
            );
        }
        self.mailer()?;
        self.keys().map(drop)
    }
}

/// Reads `.env` into the environment, unless the environment says that this is not development.
pub fn load_dotenv() {
    #[expect(clippy::disallowed_methods, reason = "whether to read .env is known before the settings are")]
    let app_env = std::env::var("APP_ENV");
    if app_env.is_err() || app_env.as_deref() == Ok("development") {
        // Without the file, the environment and the defaults stand.
        dotenvy::dotenv().ok();
    }
}

/// Reads an enum by the name it has in JSON.
fn by_name<T: serde::de::DeserializeOwned>(name: &str) -> Result<T, String> {
    serde_json::from_value(name.into()).map_err(|error: serde_json::Error| error.to_string())
}

/// Reads the list of trusted proxies.
fn proxies(list: &str) -> Result<Arc<Proxies>, String> {
    list.parse().map(Arc::new)
}

/// Reads a list of exact origins: scheme, host and port, nothing behind.
fn origins(list: &str) -> Result<Arc<Vec<String>>, String> {
    let origin = |text: &str| match Url::parse(text) {
        Ok(url) if url.origin().is_tuple() && url.origin().ascii_serialization() == text => {
            Ok(text.to_owned())
        }
        _ => Err(format!("{text:?} is no origin such as https://app.example.com")),
    };
    let texts = list.split(',').map(str::trim).filter(|text| !text.is_empty());
    texts.map(origin).collect::<Result<_, _>>().map(Arc::new)
}
