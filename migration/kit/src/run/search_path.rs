//! The search path of a run on PostgreSQL. It is set for each use of the connection and reset after it: a pool between this
//! program and the server lends the session to others later.

use std::time::Duration;

use sea_orm_migration::sea_orm::{
    ConnectOptions, DatabaseConnection,
    sqlx::{self, AssertSqlSafe, Executor as _, PgConnection, PgPool},
};
use tokio::runtime::Handle;

/// Time to wait for the end of the last statement.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sets `path` on the connections that are opened by `options`, while they are in use.
pub(super) fn attach(options: &mut ConnectOptions, path: &str) {
    let set = format!("SET search_path = {}", quoted(path));
    options.map_sqlx_postgres_pool_opts(move |pool| {
        let (first, again) = (set.clone(), set.clone());
        pool.after_connect(move |connection, _| Box::pin(execute(connection, first.clone())))
            .before_acquire(move |connection, _| {
                let set = again.clone();
                Box::pin(async move { execute(connection, set).await.map(|()| true) })
            })
            .after_release(|connection, _| {
                Box::pin(
                    async move { execute(connection, "RESET search_path".to_owned()).await.map(|()| true) },
                )
            })
    });
}

async fn execute(connection: &mut PgConnection, sql: String) -> sqlx::Result<()> {
    connection.execute(AssertSqlSafe(sql)).await.map(drop)
}

/// The end of the connection's use: it is closed without the setting. Dropping the value does the same a little later.
#[derive(Debug)]
pub(super) struct Reset(Option<PgPool>);

impl Reset {
    pub(super) fn of(db: &DatabaseConnection) -> Self {
        Self(Some(db.get_postgres_connection_pool().clone()))
    }

    pub(super) async fn now(mut self) {
        if let Some(pool) = self.0.take() {
            reset(&pool).await;
        }
    }
}

impl Drop for Reset {
    fn drop(&mut self) {
        if let (Some(pool), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(async move { reset(&pool).await });
        }
    }
}

/// Waits for the connection, which may still be on its way back to its pool. A broken one has no setting left.
async fn reset(pool: &PgPool) {
    if let Ok(Ok(mut connection)) = tokio::time::timeout(PATIENCE, pool.acquire()).await
        && execute(&mut connection, "RESET search_path".to_owned()).await.is_ok()
    {
        let _ = connection.close().await;
    }
}

/// The names of a search path, quoted as SeaORM quotes them.
pub(super) fn quoted(path: &str) -> String {
    let each = path
        .split(',')
        .map(|name| if name.starts_with('"') { name.to_owned() } else { format!("\"{name}\"") });
    each.collect::<Vec<_>>().join(",")
}
