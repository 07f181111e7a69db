//! A temporary database on a server.

use sea_orm_migration::sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement,
};

use super::{ShadowError, connect, connect_to, unique_name};

/// A database that is dropped with this value.
#[derive(Debug)]
pub(super) struct Scratch {
    db: DatabaseConnection,
    beside: DatabaseConnection,
    name: String,
    /// The server, until the database is dropped.
    url: Option<String>,
}

impl Scratch {
    /// Creates one on the server that `beside` is connected to through `url`. Tables without a collation of their own have
    /// `collation`, or that of the database beside.
    pub async fn make(
        beside: DatabaseConnection,
        url: &str,
        collation: Option<String>,
    ) -> Result<Self, ShadowError> {
        let name = unique_name();
        let (options, right) = match beside.get_database_backend() {
            DbBackend::MySql => {
                let collation = match collation {
                    Some(collation) => Some(collation),
                    None => collation_of(&beside).await.map_err(ShadowError::Read)?,
                };
                let options = collation.map(|name| format!(" COLLATE {name}")).unwrap_or_default();
                (options, "all rights on `shadow\\_%`.*")
            }
            _ => (String::new(), "the right CREATEDB"),
        };
        let create = format!("CREATE DATABASE {name}{options}");
        beside.execute_unprepared(&create).await.map_err(|source| ShadowError::Space {
            space: "a scratch database",
            right,
            source,
        })?;
        match connect_to(ConnectOptions::new(url), Some(name.clone())).await {
            Ok(db) => Ok(Self { db, beside, name, url: Some(url.to_owned()) }),
            Err(error) => {
                drop_database(&beside, &name).await.map_err(ShadowError::Read)?;
                Err(error)
            }
        }
    }

    pub fn db(&self) -> &DatabaseConnection {
        &self.db
    }

    pub async fn drop(mut self) -> Result<(), DbErr> {
        self.db.clone().close().await?;
        drop_database(&self.beside, &self.name).await?;
        self.url = None;
        self.beside.clone().close().await
    }
}

impl Drop for Scratch {
    /// Cleanup after a panic or a cancelled future. It has its own runtime, since the current one may be ending.
    fn drop(&mut self) {
        let Some(url) = self.url.take() else { return };
        let name = self.name.clone();
        let dropping = std::thread::spawn(move || -> Result<(), String> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(|error| error.to_string())?.block_on(async {
                let beside = connect(ConnectOptions::new(url)).await.map_err(|error| error.to_string())?;
                drop_database(&beside, &name).await.map_err(|error| error.to_string())
            })
        });
        if let Ok(Err(error)) = dropping.join() {
            log::warn!("warning: the scratch database {} is left behind: {error}", self.name);
        }
    }
}

async fn drop_database(beside: &DatabaseConnection, name: &str) -> Result<(), DbErr> {
    let force = if beside.get_database_backend() == DbBackend::Postgres { " WITH (FORCE)" } else { "" };
    beside.execute_unprepared(&format!("DROP DATABASE {name}{force}")).await.map(|_| ())
}

/// Collation of tables that specify none; only MariaDB has one.
pub(in crate::tooling) async fn collation_of(db: &DatabaseConnection) -> Result<Option<String>, DbErr> {
    if db.get_database_backend() != DbBackend::MySql {
        return Ok(None);
    }
    let query = Statement::from_string(DbBackend::MySql, "SELECT @@collation_database AS collation");
    db.query_one_raw(query).await?.map(|row| row.try_get("", "collation")).transpose()
}
