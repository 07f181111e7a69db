//! The row of a lease, and the statements on it. Each commits by itself.

use sea_orm_migration::sea_orm::sqlx::{
    self, AssertSqlSafe, Executor as _, MySqlConnection, Row as _, mysql::MySqlRow,
};

use super::super::number;

/// Time after which the lease of a process that does not renew it is free.
const LEASE: &str = "INTERVAL 15 SECOND";

/// Longest name of a holder, in characters.
const LONGEST_HOLDER: usize = 255;

/// The table does not exist.
const MISSING: u16 = 1146;

/// Process that takes a lease.
#[derive(Debug)]
pub(super) struct Owner {
    /// Table of the lease, with its database.
    table: String,
    /// Distinguishes processes.
    id: String,
    /// Name for people.
    name: String,
    node: String,
}

/// The row.
pub(super) struct Held {
    pub(super) owner: String,
    pub(super) holder: String,
    pub(super) node: String,
    /// Connection of the run: node and number.
    pub(super) session: Option<String>,
    pub(super) expires: String,
    pub(super) is_expired: bool,
    /// Age of the lease.
    pub(super) seconds: i64,
}

impl Owner {
    pub(super) fn new(table: String, id: String, name: &str, node: String) -> Self {
        Self { table, id, name: name.chars().take(LONGEST_HOLDER).collect(), node }
    }

    /// The row, if somebody has the lease.
    pub(super) async fn read(&self, connection: &mut MySqlConnection) -> sqlx::Result<Option<Held>> {
        read(connection, &self.table).await
    }

    pub(super) async fn create_table(&self, connection: &mut MySqlConnection) -> sqlx::Result<()> {
        let create = format!(
            "CREATE TABLE IF NOT EXISTS {} (id TINYINT NOT NULL PRIMARY KEY, owner VARCHAR(40) NOT NULL, \
             holder VARCHAR({LONGEST_HOLDER}) NOT NULL, node VARCHAR(255) NOT NULL, session VARCHAR(255), \
             taken DATETIME(6) NOT NULL, expires DATETIME(6) NOT NULL) \
             ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
            self.table
        );
        connection.execute(AssertSqlSafe(create)).await.map(drop)
    }

    /// Takes a lease that nobody has.
    pub(super) async fn insert(&self, connection: &mut MySqlConnection) -> sqlx::Result<bool> {
        let insert = format!(
            "INSERT INTO {} (id, owner, holder, node, taken, expires) \
             VALUES (1, ?, ?, ?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + {LEASE})",
            self.table
        );
        let insert = sqlx::query(AssertSqlSafe(insert)).bind(&self.id).bind(&self.name).bind(&self.node);
        insert.execute(connection).await?;
        Ok(true)
    }

    /// Takes a lease that has ended, unless another process was faster.
    pub(super) async fn take_over(
        &self,
        connection: &mut MySqlConnection,
        held: &Held,
    ) -> sqlx::Result<bool> {
        let update = format!(
            "UPDATE {} SET owner = ?, holder = ?, node = ?, session = NULL, taken = UTC_TIMESTAMP(6), \
             expires = UTC_TIMESTAMP(6) + {LEASE} WHERE id = 1 AND owner = ? AND expires = ?",
            self.table
        );
        let update = sqlx::query(AssertSqlSafe(update))
            .bind(&self.id)
            .bind(&self.name)
            .bind(&self.node)
            .bind(&held.owner)
            .bind(&held.expires);
        Ok(update.execute(connection).await?.rows_affected() == 1)
    }

    /// Renews the lease if it is still this process's.
    pub(super) async fn renew(&self, connection: &mut MySqlConnection) -> sqlx::Result<bool> {
        let update = format!(
            "UPDATE {} SET expires = UTC_TIMESTAMP(6) + {LEASE} WHERE id = 1 AND owner = ?",
            self.table
        );
        let update = sqlx::query(AssertSqlSafe(update)).bind(&self.id);
        Ok(update.execute(connection).await?.rows_affected() == 1)
    }

    /// Notes the connection of the run.
    pub(super) async fn note(&self, session: &mut MySqlConnection, node: &str) -> sqlx::Result<()> {
        let update = format!(
            "UPDATE {} SET session = CONCAT(?, '#', CONNECTION_ID()) WHERE id = 1 AND owner = ?",
            self.table
        );
        let update = sqlx::query(AssertSqlSafe(update)).bind(node).bind(&self.id);
        update.execute(session).await.map(drop)
    }

    /// Ends the lease.
    pub(super) async fn delete(&self, connection: &mut MySqlConnection) -> sqlx::Result<()> {
        let delete = format!("DELETE FROM {} WHERE id = 1 AND owner = ?", self.table);
        let delete = sqlx::query(AssertSqlSafe(delete)).bind(&self.id);
        delete.execute(connection).await.map(drop)
    }

    /// Drops the table.
    pub(super) async fn drop_table(&self, connection: &mut MySqlConnection) -> sqlx::Result<()> {
        connection.execute(AssertSqlSafe(format!("DROP TABLE {}", self.table))).await.map(drop)
    }
}

/// The row of `table`, if somebody has the lease.
pub(super) async fn read(connection: &mut MySqlConnection, table: &str) -> sqlx::Result<Option<Held>> {
    let select = format!(
        "SELECT owner, holder, node, session, CAST(expires AS CHAR) AS expires, \
         CAST(expires <= UTC_TIMESTAMP(6) AS SIGNED) AS is_expired, \
         CAST(TIMESTAMPDIFF(SECOND, taken, UTC_TIMESTAMP(6)) AS SIGNED) AS seconds FROM {table} WHERE id = 1"
    );
    match connection.fetch_optional(AssertSqlSafe(select)).await {
        Ok(row) => row.map(|row| Held::try_from(&row)).transpose(),
        Err(error) if number(&error) == Some(MISSING) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Held {
    /// The node without what distinguishes servers of the same address.
    pub(super) fn address(&self) -> &str {
        self.node.split(' ').next().unwrap_or_default()
    }

    /// Number of the run's connection, if it leads to this node.
    pub(super) fn session_at(&self, node: &str) -> Option<&str> {
        self.session.as_deref()?.strip_prefix(node)?.strip_prefix('#')
    }
}

impl TryFrom<&MySqlRow> for Held {
    type Error = sqlx::Error;

    fn try_from(row: &MySqlRow) -> sqlx::Result<Self> {
        Ok(Self {
            owner: row.try_get("owner")?,
            holder: row.try_get("holder")?,
            node: row.try_get("node")?,
            session: row.try_get("session")?,
            expires: row.try_get("expires")?,
            is_expired: row.try_get::<i64, _>("is_expired")? != 0,
            seconds: row.try_get("seconds")?,
        })
    }
}
