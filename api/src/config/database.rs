//! Settings of the database, as its users in the program need them.

use std::time::Duration;

use service::DbSettings;

use super::Config;
use crate::endpoints::Class;

/// Time that an operation of a command or a background task on the database may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Time that the import of a command may take.
const LONGEST_COMMAND: Duration = Duration::from_hours(24);

impl Config {
    /// Database settings, with the connections that each of `workers` may have.
    #[must_use]
    pub fn database(&self, workers: usize) -> DbSettings {
        let workers = u32::try_from(workers.max(1)).unwrap_or(u32::MAX);
        let max_connections = self.database_max_connections.div_ceil(workers);
        DbSettings {
            url: self.database_url.clone(),
            max_connections,
            min_connections: self.database_min_connections.min(max_connections),
            acquire_timeout: Duration::from_secs(self.database_acquire_timeout),
            idle_timeout: Duration::from_secs(self.database_idle_timeout),
            max_lifetime: Duration::from_secs(self.database_max_lifetime),
            budget: Duration::from_secs(self.database_budget),
            long: Class::Long.deadline(),
            echo: self.database_echo,
        }
    }

    /// Database settings of commands and background tasks, which have more time than requests.
    #[must_use]
    pub fn patient_database(&self) -> DbSettings {
        DbSettings { budget: PATIENCE, long: LONGEST_COMMAND, ..self.database(1) }
    }
}
