//! Pools between this program and PostgreSQL, such as `PgBouncer`: in transaction mode they lend a session of the server for a
//! transaction only, so that no lock or setting outlives one.

use std::time::Duration;

use sea_orm_migration::sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{
        self, ConnectOptions as _, Connection as _, Executor as _, PgConnection, Row as _,
        postgres::PgConnectOptions,
    },
};

use crate::run::Error;

/// Time to wait for a second connection. A pool that has no second session lends the first one to nobody else.
const PATIENCE: Duration = Duration::from_secs(3);

/// Number of comparisons: with many clients, a pool may lend other sessions than the ones lent before.
const ROUNDS: usize = 3;

/// Fails if `connection`, which was opened by `options`, has no session of its own: if another connection meets the same
/// session, or it meets another one itself.
///
/// # Errors
/// [`Error::Pooled`]; [`Error::Database`].
pub(super) async fn refuse(connection: &mut PgConnection, options: &PgConnectOptions) -> Result<(), Error> {
    let ours = session(connection).await.map_err(database)?;
    let Ok(Ok(mut other)) = tokio::time::timeout(PATIENCE, second(options)).await else { return Ok(()) };
    let mut is_pooled = other.1 == ours;
    for _ in 0..ROUNDS {
        if is_pooled {
            break;
        }
        let (first, second) = (session(connection).await, session(&mut other.0).await);
        is_pooled = first.map_err(database)? != ours || second.map_err(database)? != other.1;
    }
    // The pool may have taken the connection away.
    let _ = other.0.close().await;
    if is_pooled { Err(Error::Pooled) } else { Ok(()) }
}

async fn second(options: &PgConnectOptions) -> sqlx::Result<(PgConnection, i32)> {
    let mut connection = options.connect().await?;
    let session = session(&mut connection).await?;
    Ok((connection, session))
}

/// Number of the server's process. Text without parameters is not prepared, so that it needs no session.
async fn session(connection: &mut PgConnection) -> sqlx::Result<i32> {
    connection.fetch_one("SELECT pg_backend_pid()").await?.try_get(0)
}

fn database(error: sqlx::Error) -> Error {
    Error::Database(DbErr::Conn(RuntimeErr::SqlxError(error.into())))
}
