//! The node of a cluster that a connection leads to, and the settings of its session.

use std::fmt;

use sea_orm_migration::sea_orm::sqlx::{self, AssertSqlSafe, Executor as _, MySqlConnection, Row as _};

use crate::run::lock::hash;

/// A server, as its variables describe it. Servers on different machines have the same port, those on one machine the same
/// host, and copies of one image the same folder.
const DESCRIPTION: &str =
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('hostname', 'port', 'server_uuid', 'datadir')";

/// A server, in a form that is the same for each of its connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    address: String,
    /// Hash of all that describes it.
    id: u64,
}

impl Node {
    /// The server at the other end of `connection`.
    pub(super) async fn of(connection: &mut MySqlConnection) -> sqlx::Result<Self> {
        let (mut all, mut host, mut port) = (String::new(), String::new(), String::new());
        for row in connection.fetch_all(DESCRIPTION).await? {
            let (name, value) = (row.try_get::<String, _>(0)?, row.try_get::<String, _>(1)?);
            all.extend([&name, "=", &value, "\n"]);
            match name.as_str() {
                "hostname" => host = value,
                "port" => port = value,
                _ => {}
            }
        }
        Ok(Self { address: format!("{host}:{port}"), id: hash(&all) })
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:016x}", self.address, self.id)
    }
}

/// Statements that wait for what other nodes have committed, as a sum of bits: those that read.
pub(super) const READS: u8 = 1;

/// Those, and the ones that change rows.
const ALL: u8 = 15;

/// Prepares the session of a run: without autocommit, and at a node of a cluster after all that was committed at others.
pub(in crate::run) async fn prepare_session(connection: &mut MySqlConnection) -> sqlx::Result<()> {
    connection.execute("SET SESSION autocommit = 0").await?;
    see_other_nodes(connection, ALL).await
}

/// Makes statements wait for what other nodes have committed. A server that knows no clusters has no such setting.
pub(super) async fn see_other_nodes(connection: &mut MySqlConnection, statements: u8) -> sqlx::Result<()> {
    let known = connection.fetch_optional("SHOW SESSION VARIABLES LIKE 'wsrep_sync_wait'").await?;
    if known.is_some() {
        let set = format!("SET SESSION wsrep_sync_wait = {statements}");
        connection.execute(AssertSqlSafe(set)).await?;
    }
    Ok(())
}
