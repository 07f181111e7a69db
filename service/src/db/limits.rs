//! Time limits of the operations on one pool, and of their statements on the server.

use std::time::Duration;

/// Limit of a statement of an import.
const LONG_STATEMENT: Duration = Duration::from_mins(5);

/// Time limits of the operations on one pool.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Longest read or transaction.
    pub(super) longest: Duration,
    /// Limit of a statement on the server, which ends it and leaves the connection in order.
    pub(super) statement: Duration,
    /// Longest wait of a statement for a lock.
    pub(super) lock: Duration,
    /// Longest wait of a writer for its turn.
    pub(super) turn: Duration,
}

impl Limits {
    /// Limits of requests with this budget. Those of the server are shorter, so that the connection is in order when
    /// the request fails. PostgreSQL waits twice for a row that several transactions want: for its place in the queue,
    /// and for the row. So a write fails after at most eleven sixteenths of the budget if the row is not released.
    pub(super) fn of_requests(budget: Duration) -> Self {
        Self { longest: budget, statement: budget * 7 / 8, lock: budget / 4, turn: budget * 3 / 16 }
    }

    /// Limits of imports.
    pub(super) fn of_long_operations(longest: Duration) -> Self {
        let statement = LONG_STATEMENT.min(longest);
        Self { longest, statement, lock: statement, turn: longest }
    }

    /// Parameters of a session of PostgreSQL. Locks of a client that vanished are released, too.
    pub(super) fn of_postgres(self) -> [(&'static str, u128); 3] {
        [
            ("statement_timeout", self.statement.as_millis()),
            ("lock_timeout", self.lock.as_millis()),
            ("idle_in_transaction_session_timeout", self.statement.as_millis()),
        ]
    }

    /// Statement that sets the variables of a session of MariaDB or MySQL, each of which skips the comment that is
    /// not meant for it. Waits for locks are whole seconds.
    pub(super) fn of_mariadb(self) -> String {
        let (statement, lock) = (self.statement, self.lock.as_secs().max(1));
        format!(
            "SET SESSION innodb_lock_wait_timeout = {lock}, lock_wait_timeout = {lock} \
             /*M! , max_statement_time = {:.3}, idle_transaction_timeout = {} */ \
             /*!80000 , max_execution_time = {} */",
            statement.as_secs_f64(),
            statement.as_secs().max(1),
            statement.as_millis(),
        )
    }
}
