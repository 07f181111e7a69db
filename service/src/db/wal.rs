//! Truncation of SQLite's write-ahead log, which an import may have made large.

use std::time::Duration;

use sea_orm::{
    DbBackend,
    sqlx::{self, ConnectOptions, Connection, SqliteConnection},
};

use tokio::time::Instant;

use super::{Db, Priority};
use crate::error::{Cause, chain};

/// Attempts to truncate the log: a reader of an old state, or another process that writes, prevents it.
const ATTEMPTS: u32 = 10;

/// Time between two attempts.
const INTERVAL: Duration = Duration::from_secs(1);

impl Db {
    /// Truncates the write-ahead log of SQLite when nothing prevents it. Other databases have none.
    pub(crate) async fn truncate_log(self) {
        if self.backend() != DbBackend::Sqlite {
            return;
        }
        let db = self.with_priority(Priority::Last);
        for _ in 0..ATTEMPTS {
            match db.try_truncate_log().await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => log::debug!("truncating the write-ahead log failed: {}", chain(&*error)),
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// Truncates the log, unless it is in use. Returns whether it was truncated.
    async fn try_truncate_log(&self) -> Result<bool, Cause> {
        let options = self.connection().get_sqlite_connection_pool().connect_options();
        // A checkpoint that waited would make all writers wait.
        let mut connection = options.as_ref().clone().busy_timeout(Duration::ZERO).connect().await?;
        // Moves most of the log into the database while others write.
        checkpoint(&mut connection, "PRAGMA wal_checkpoint(PASSIVE)").await?;
        let turn = self.write_queue.take(self.priority, Instant::now() + INTERVAL).await?;
        let truncated = checkpoint(&mut connection, "PRAGMA wal_checkpoint(TRUNCATE)").await?;
        drop(turn);
        connection.close().await?;
        Ok(truncated)
    }
}

/// Runs a checkpoint; returns whether it was completed.
async fn checkpoint(connection: &mut SqliteConnection, sql: &'static str) -> Result<bool, sqlx::Error> {
    let (is_busy, _, _): (i64, i64, i64) = sqlx::query_as(sql).fetch_one(connection).await?;
    Ok(is_busy == 0)
}
