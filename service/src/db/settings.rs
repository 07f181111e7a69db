//! Settings of the connections.

use std::time::Duration;

/// Address of the database, its connections, and the limits of operations on it.
#[derive(Debug, Clone)]
pub struct DbSettings {
    /// `sqlite://`, `postgres://` or `mysql://`.
    pub url: String,
    /// Maximum number of connections.
    pub max_connections: u32,
    /// Connections that are kept open.
    pub min_connections: u32,
    /// Time that an operation waits for a connection.
    pub acquire_timeout: Duration,
    /// Idle time after which a connection is closed.
    pub idle_timeout: Duration,
    /// Age at which a connection is closed.
    pub max_lifetime: Duration,
    /// Time that the statements of a request may take together.
    pub budget: Duration,
    /// Time that an import may take.
    pub long: Duration,
    /// True to log every statement, at level `info`.
    pub echo: bool,
}

impl DbSettings {
    /// Connections of imports: a quarter of all, but one at least.
    pub(super) fn for_long_operations(&self) -> Self {
        Self { max_connections: (self.max_connections / 4).max(1), min_connections: 0, ..self.clone() }
    }

    /// The other connections.
    pub(super) fn for_requests(&self) -> Self {
        let rest = self.max_connections.saturating_sub(self.for_long_operations().max_connections).max(1);
        Self { max_connections: rest, min_connections: self.min_connections.min(rest), ..self.clone() }
    }
}
