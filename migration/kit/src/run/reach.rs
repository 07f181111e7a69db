//! Attempt to reach a server before it is used, which turns the errors of the drivers into one line.

use std::{io::ErrorKind, str::FromStr as _, time::Duration};

use sea_orm_migration::sea_orm::sqlx::{
    self, ConnectOptions as _, Connection as _, mysql::MySqlConnectOptions, postgres::PgConnectOptions,
};

use super::error::describe_driver;

/// Time for a server to answer.
const LIMIT: Duration = Duration::from_secs(4);

/// A server that does not let us in.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect to {server}: {reason}")]
pub struct Unreachable {
    /// Kind and address of the server.
    pub server: String,
    /// The reason.
    pub reason: String,
}

/// Connects to the server of the database at `url` and disconnects. There is none for SQLite.
///
/// # Errors
/// [`Unreachable`] within five seconds. An invalid URL is no error here: the driver reports it later.
pub async fn server(url: &str) -> Result<(), Unreachable> {
    if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        let Ok(options) = PgConnectOptions::from_str(url) else { return Ok(()) };
        let at = Address {
            kind: "PostgreSQL",
            host: options
                .get_socket()
                .map_or_else(|| options.get_host().to_owned(), |path| path.display().to_string()),
            port: options.get_port(),
            user: options.get_username().to_owned(),
            database: options.get_database().unwrap_or(options.get_username()).to_owned(),
        };
        // PgBouncer refuses a setting that it does not know.
        at.attempt(async { options.extra_float_digits(None).connect().await?.close().await }).await
    } else if url.starts_with("mysql:") {
        let Ok(options) = MySqlConnectOptions::from_str(url) else { return Ok(()) };
        let at = Address {
            kind: "MariaDB / MySQL",
            host: options
                .get_socket()
                .map_or_else(|| options.get_host().to_owned(), |path| path.display().to_string()),
            port: options.get_port(),
            user: options.get_username().to_owned(),
            database: options.get_database().unwrap_or_default().to_owned(),
        };
        at.attempt(async { options.connect().await?.close().await }).await
    } else {
        Ok(())
    }
}

struct Address {
    kind: &'static str,
    host: String,
    port: u16,
    user: String,
    database: String,
}

impl Address {
    async fn attempt(
        &self,
        connecting: impl Future<Output = Result<(), sqlx::Error>>,
    ) -> Result<(), Unreachable> {
        let reason = match tokio::time::timeout(LIMIT, connecting).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => self.reason(&error),
            Err(_) => format!("no answer within {} s; is it the right host and port?", LIMIT.as_secs()),
        };
        let address = if self.host.starts_with('/') {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        };
        Err(Unreachable { server: format!("{} at {address}", self.kind), reason })
    }

    fn reason(&self, error: &sqlx::Error) -> String {
        let Self { user, database, .. } = self;
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        let said = describe_driver(error);
        match (code.as_deref(), error) {
            (Some("28P01" | "28000"), _) => {
                format!("it refuses the user {user:?} or the password ({said})")
            }
            (Some("3D000" | "42000"), _) => {
                format!("there is no database {database:?}, or {user:?} may not use it ({said})")
            }
            (_, sqlx::Error::Io(error)) if error.kind() == ErrorKind::ConnectionRefused => {
                "connection refused; is the server running, and is it the right port?".to_owned()
            }
            (_, sqlx::Error::Protocol(_)) => format!("it is another kind of server ({said})"),
            _ => said,
        }
    }
}
