//! A database for one test: a file of SQLite, or a database of its own on a server.

use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectionTrait, Database as Connector, DatabaseConnection, DbBackend};
use tempfile::TempDir;

/// Where the tests run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Server {
    Sqlite,
    Postgres(String),
    MariaDb(String),
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "the tests' own settings")]
    pub fn chosen() -> Self {
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
        Self::on(Server::chosen()).await
    }

    /// A database without tables on a given server.
    pub async fn on(server: Server) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // As the programs do: a connection with TLS may ask for the default.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        // What begins with `test_` is open to everybody on MariaDB.
        let name = format!("it_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let (url, folder) = match &server {
            Server::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                (format!("sqlite://{}/test.db?mode=rwc", folder.path().display()), Some(folder))
            }
            Server::Postgres(url) | Server::MariaDb(url) => (with_name(url, &name), None),
        };
        if folder.is_none() {
            run(&server, &format!("CREATE DATABASE {name}")).await;
        }
        Self { url, server, name, _folder: folder }
    }

    /// A connection to look at it.
    pub async fn connect(&self) -> DatabaseConnection {
        Connector::connect(&self.url).await.unwrap()
    }

    /// Which kind of database it is.
    pub fn backend(&self) -> DbBackend {
        match self.server {
            Server::Sqlite => DbBackend::Sqlite,
            Server::Postgres(_) => DbBackend::Postgres,
            Server::MariaDb(_) => DbBackend::MySql,
        }
    }

    /// Runs statements on it.
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
