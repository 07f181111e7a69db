//! A database for one test: a file of SQLite, or a database of its own on a server.

use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectionTrait, Database as Connector, DatabaseConnection};
use tempfile::TempDir;

/// Where the tests run.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Server {
    Sqlite,
    Postgres(String),
    MariaDb(String),
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "the tests' own settings")]
    fn chosen() -> Self {
        match (std::env::var("TEST_POSTGRES_URL").ok(), std::env::var("TEST_MARIADB_URL").ok()) {
            (None, None) => Self::Sqlite,
            (Some(url), None) => Self::Postgres(url),
            (None, Some(url)) => Self::MariaDb(url),
            (Some(_), Some(_)) => panic!("set TEST_POSTGRES_URL or TEST_MARIADB_URL: a run has one database"),
        }
    }
}

/// A database that goes when the test does.
pub struct Database {
    pub url: String,
    server: Server,
    name: String,
    _folder: Option<TempDir>,
}

impl Database {
    /// A database without tables.
    pub async fn empty() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = Server::chosen();
        let name = format!("bookly_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let (url, folder) = match &server {
            Server::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                (format!("sqlite://{}/bookly.db?mode=rwc", folder.path().display()), Some(folder))
            }
            Server::Postgres(url) | Server::MariaDb(url) => (with_name(url, &name), None),
        };
        if folder.is_none() {
            run(&server, &format!("CREATE DATABASE {name}")).await;
        }
        Self { url, server, name, _folder: folder }
    }

    /// A database with every migration applied.
    pub async fn migrated() -> Self {
        let database = Self::empty().await;
        migration::startup::up(&database.url).await.unwrap();
        database
    }

    /// A connection to look behind the API.
    pub async fn connect(&self) -> DatabaseConnection {
        Connector::connect(&self.url).await.unwrap()
    }

    /// A moment that has passed, as this database writes it.
    pub fn long_ago(&self) -> &'static str {
        match self.server {
            Server::MariaDb(_) => "'2026-01-01 00:00:00'",
            Server::Sqlite | Server::Postgres(_) => "'2026-01-01T00:00:00+00:00'",
        }
    }

    /// Runs statements behind the API's back.
    pub async fn execute(&self, sql: &str) {
        let connection = self.connect().await;
        connection.execute_unprepared(sql).await.unwrap();
        connection.close().await.unwrap();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.server == Server::Sqlite {
            return;
        }
        let force = if matches!(self.server, Server::Postgres(_)) { " WITH (FORCE)" } else { "" };
        let (server, sql) = (self.server.clone(), format!("DROP DATABASE {}{force}", self.name));
        let dropping = std::thread::spawn(move || {
            tokio::runtime::Runtime::new().unwrap().block_on(run(&server, &sql));
        });
        dropping.join().unwrap();
    }
}

async fn run(server: &Server, sql: &str) {
    if let Server::Postgres(url) | Server::MariaDb(url) = server {
        let connection = Connector::connect(url).await.unwrap();
        connection.execute_unprepared(sql).await.unwrap();
        connection.close().await.unwrap();
    }
}

fn with_name(url: &str, name: &str) -> String {
    let mut url = url::Url::parse(url).unwrap();
    url.set_path(name);
    url.to_string()
}
