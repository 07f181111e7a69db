//! Settings: from the command line, else from the environment, else their defaults. Only this module reads the
//! environment.

#![expect(clippy::doc_markdown, reason = "these comments are what --help prints")]

mod check;
mod choice;
mod command;
mod database;
mod dotenv;
mod mail;
mod parse;

use std::{net::IpAddr, sync::Arc, time::Duration};

use clap::{ArgAction, Parser};
use service::{Shared, context::AccountPolicy};
use url::{Origin, Url};

pub use self::{
    choice::{AppEnv, LogFormat, Switch},
    command::{
        Account, AccountFile, Accounts, Command, CorrectEmail, Export, Import, NewAccount, NewRole,
        ResetMail, UserCommand,
    },
    dotenv::load_dotenv,
};
use crate::{address::Proxies, cookie::Origins};

/// A book catalogue and its user accounts, as a JSON API.
#[derive(Parser)]
#[command(name = "bookly", version, propagate_version = true, args_override_self = true)]
pub struct Cli {
    /// Settings.
    #[command(flatten)]
    pub config: Config,
    /// Command; `serve` if omitted.
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Cli {
    /// Reads the command line, the environment, and the files that settings name.
    ///
    /// # Errors
    /// An invalid value, or a request for help.
    pub fn load() -> Result<Self, clap::Error> {
        let mut cli = Self::try_parse()?;
        let Config {
            database_url,
            database_url_file,
            app_secrets,
            app_secrets_file,
            mail_url,
            mail_url_file,
            ..
        } = &mut cli.config;
        for (value, file) in
            [(database_url, database_url_file), (app_secrets, app_secrets_file), (mail_url, mail_url_file)]
        {
            if let Some(content) = file.take() {
                *value = content;
            }
        }
        Ok(cli)
    }
}

/// Settings of the program.
#[derive(clap::Args, Clone)]
#[command(next_help_heading = "Settings")]
pub struct Config {
    /// Environment; `.env` of the working folder is read in development only
    #[arg(long, env = "APP_ENV", global = true, default_value = "production", hide_env_values = true)]
    pub app_env: AppEnv,
    /// Address to listen on
    #[arg(long, env = "HOST", global = true, default_value = "127.0.0.1", hide_env_values = true)]
    pub host: IpAddr,
    /// Port to listen on; 0 chooses a free one
    #[arg(long, env = "PORT", global = true, default_value_t = 8080, hide_env_values = true)]
    pub port: u16,
    /// Seconds for which a stopping server still serves, while /readyz is 503; if omitted, 5, and 0 in development
    #[arg(long, env = "SHUTDOWN_DELAY", global = true, hide_env_values = true,
        value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub shutdown_delay: Option<u64>,
    /// Database URL: sqlite://, postgres:// or mysql:// (also for MariaDB)
    #[arg(
        long,
        env = "DATABASE_URL",
        global = true,
        default_value = "sqlite://bookly.db?mode=rwc",
        hide_env_values = true
    )]
    pub database_url: String,
    /// File with the database URL, instead of `DATABASE_URL`
    #[arg(long, env = "DATABASE_URL_FILE", global = true, hide_env_values = true, value_name = "FILE",
        conflicts_with = "database_url", value_parser = parse::content)]
    database_url_file: Option<String>,
    /// Maximum number of database connections, divided among the workers
    #[arg(long, env = "DATABASE_MAX_CONNECTIONS", global = true, default_value_t = 16, hide_env_values = true,
        value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub database_max_connections: u32,
    /// Minimum number of connections that each worker keeps open
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
    /// Seconds that the operations of a request on the database may take together
    #[arg(long, env = "DATABASE_BUDGET", global = true, default_value_t = 4, hide_env_values = true,
        value_parser = clap::value_parser!(u64).range(2..=25))]
    pub database_budget: u64,
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
    /// Apply pending migrations at start: true or false; if omitted, true for SQLite
    #[arg(long, env = "AUTO_MIGRATE", global = true, hide_env_values = true)]
    pub auto_migrate: Option<bool>,
    /// Secrets from which keys are derived, comma-separated, each of at least 32 bytes: the first signs, all verify
    #[arg(
        long,
        env = "APP_SECRETS",
        global = true,
        default_value = "",
        hide_default_value = true,
        hide_env_values = true
    )]
    pub app_secrets: String,
    /// File with the secrets, instead of `APP_SECRETS`
    #[arg(long, env = "APP_SECRETS_FILE", global = true, hide_env_values = true, value_name = "FILE",
        conflicts_with = "app_secrets", value_parser = parse::content)]
    app_secrets_file: Option<String>,
    /// Public URL of the server: issuer of access tokens, base of links in mail, and an origin whose pages may use
    /// session cookies
    #[arg(long, env = "PUBLIC_URL", global = true, hide_env_values = true)]
    pub public_url: Option<Url>,
    /// Mail server: smtp:// or smtps:// with name and password, or file:///folder; no mail is sent if omitted
    #[arg(
        long,
        env = "MAIL_URL",
        global = true,
        default_value = "",
        hide_default_value = true,
        hide_env_values = true
    )]
    pub mail_url: String,
    /// File with the mail server's URL, instead of `MAIL_URL`
    #[arg(long, env = "MAIL_URL_FILE", global = true, hide_env_values = true, value_name = "FILE",
        conflicts_with = "mail_url", value_parser = parse::content)]
    mail_url_file: Option<String>,
    /// Sender address of mail, such as "Bookly <bookly@example.com>"
    #[arg(
        long,
        env = "MAIL_FROM",
        global = true,
        default_value = "",
        hide_default_value = true,
        hide_env_values = true
    )]
    pub mail_from: String,
    /// Origins whose pages may call the API and use session cookies, comma-separated, such as `https://app.example.com`
    #[arg(long, env = "CORS_ORIGINS", global = true, default_value = "", hide_default_value = true, hide_env_values = true,
        value_parser = parse::origins)]
    pub cors_origins: Arc<Vec<String>>,
    /// Proxies whose X-Forwarded-For is trusted: addresses and networks, comma-separated, such as `10.0.0.0/8`
    #[arg(long, env = "TRUSTED_PROXIES", global = true, default_value = "", hide_default_value = true, hide_env_values = true,
        value_parser = parse::proxies)]
    pub trusted_proxies: Arc<Proxies>,
    /// Seconds for which browsers use https only, sent as Strict-Transport-Security; not sent if omitted
    #[arg(long, env = "HSTS", global = true, hide_env_values = true, value_name = "SECONDS",
        value_parser = clap::value_parser!(u32).range(0..=63_072_000))]
    pub hsts: Option<u32>,
    /// Serve the documentation pages
    #[arg(long, env = "DOCS", global = true, default_value = "on", hide_env_values = true)]
    pub docs: Switch,
    /// Reject requests over the rate limits
    #[arg(long, env = "RATE_LIMIT", global = true, default_value = "on", hide_env_values = true)]
    pub rate_limit: Switch,
    /// Require accounts to verify their address before they may write
    #[arg(long, env = "EMAIL_VERIFICATION", global = true, default_value = "on", hide_env_values = true)]
    pub email_verification: Switch,
    /// Maximum number of books of an account
    #[arg(long, env = "BOOKS_PER_ACCOUNT", global = true, default_value_t = 1_000_000, hide_env_values = true,
        value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub books_per_account: u64,
    /// Bcrypt cost of new password hashes; at least 10 in production
    #[arg(long, env = "BCRYPT_COST", global = true, default_value_t = 12, hide_env_values = true,
        value_parser = clap::value_parser!(u32).range(4..=16))]
    pub bcrypt_cost: u32,
    /// Lifetime of access tokens in seconds
    #[arg(long, env = "ACCESS_TOKEN_TTL", global = true, default_value_t = 900, hide_env_values = true,
        value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub access_token_ttl: u32,
    /// Format of log lines
    #[arg(long, env = "LOG_FORMAT", global = true, default_value = "text", hide_env_values = true)]
    pub log_format: LogFormat,
    /// Name the client's address in the security log
    #[arg(long, env = "LOG_CLIENT_ADDRESS", global = true, default_value = "off", hide_env_values = true)]
    pub log_client_address: Switch,
    /// Log filter, in the syntax of env_logger
    #[arg(long, env = "RUST_LOG", global = true, default_value = "info", hide_env_values = true)]
    pub rust_log: String,
}

impl Config {
    /// Time for which a stopping server still serves.
    #[must_use]
    pub fn shutdown_delay(&self) -> Duration {
        let default = match self.app_env {
            AppEnv::Development => 0,
            AppEnv::Production => 5,
        };
        Duration::from_secs(self.shutdown_delay.unwrap_or(default))
    }

    /// Whether to apply pending migrations at start.
    #[must_use]
    pub fn migrates(&self) -> bool {
        self.auto_migrate.unwrap_or_else(|| self.database_url.starts_with("sqlite:"))
    }

    /// Policy of accounts.
    #[must_use]
    pub fn policy(&self) -> AccountPolicy {
        AccountPolicy {
            issuer: self
                .public_url
                .as_ref()
                .map_or("bookly", |url| url.as_str().trim_end_matches('/'))
                .to_owned(),
            access_token_ttl: self.access_token_ttl,
            bcrypt_cost: self.bcrypt_cost,
            email_verification: self.email_verification == Switch::On,
            mail: !self.mail_url.is_empty(),
            public_url: self.link_base().map(|url| url.as_str().trim_end_matches('/').to_owned()),
            books: self.books_per_account,
        }
    }

    /// Origins whose pages may use session cookies: the server's own, and those of `CORS_ORIGINS`.
    #[must_use]
    pub fn trusted_origins(&self) -> Origins {
        let own = self.public_url.iter().map(Url::origin).filter(Origin::is_tuple);
        Origins(
            own.map(|origin| origin.ascii_serialization()).chain(self.cors_origins.iter().cloned()).collect(),
        )
    }

    /// Parts that all contexts of the process share.
    ///
    /// # Errors
    /// Those of [`Config::keys`].
    pub fn shared(&self) -> Result<Shared, String> {
        let limited = self.rate_limit == Switch::On;
        Ok(Shared::new(&self.database_url, self.keys()?, self.policy(), limited))
    }
}
