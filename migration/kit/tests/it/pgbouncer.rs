//! Runs through a real `PgBouncer`, if it is installed.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sea_orm_migration_kit::run::{self, Error, Session, Target, Until};
use tempfile::TempDir;
use url::Url;

use crate::{
    database::Database,
    parcels::{MANY, Many, Of},
};

/// Programs of Debian and of others.
const PROGRAMS: [&str; 2] = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"];

/// A pool on a port of loopback. It ends with the value.
struct Pool {
    process: Child,
    url: String,
    _folder: TempDir,
}

impl Pool {
    /// A pool of `mode` before `database`; none if there is no `PgBouncer`, or the database is another one.
    async fn of(database: &Database, mode: &str, settings: &str) -> Option<Self> {
        let program = PROGRAMS.into_iter().find(|program| Path::new(program).exists())?;
        if database.backend() != DbBackend::Postgres {
            return None;
        }
        let server = Url::parse(&database.url).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let (users, config) = (folder.path().join("users"), folder.path().join("pgbouncer.ini"));
        fs::write(
            &users,
            format!("\"{}\" \"{}\"\n", server.username(), server.password().unwrap_or_default()),
        )
        .unwrap();
        let text = format!(
            "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = {mode}\n{settings}\n",
            server.host_str().unwrap(),
            server.port().unwrap_or(5432),
            users.display(),
        );
        fs::write(&config, text).unwrap();
        // PgBouncer refuses to run as root.
        allow_reading(folder.path());
        let mut command = Command::new(program);
        if fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
            command.args(["--user", "postgres"]);
        }
        let process = command.arg(&config).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut url = server;
        url.set_port(Some(port)).unwrap();
        let pool = Self { process, url: url.to_string(), _folder: folder };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(pool)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn allow_reading(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

fn target(url: &str) -> Target {
    Target::new(url, "a test", Duration::ZERO)
}

#[tokio::test]
async fn a_pool_in_session_mode_serves_the_lock_and_the_run() {
    let database = Database::empty().await;
    let Some(pool) = Pool::of(&database, "session", "").await else { return };
    let mut session = Session::<Of<Many>>::open(target(&pool.url)).await.unwrap();
    let second = Session::<Of<Many>>::open(target(&pool.url)).await;
    assert!(matches!(second, Err(Error::Locked { .. })));
    assert_eq!(session.up(Until::End).await.unwrap().len(), MANY);
    session.close().await.unwrap();
}

#[tokio::test]
async fn a_pool_in_transaction_mode_is_refused_with_the_reason() {
    let database = Database::empty().await;
    for settings in ["", "server_round_robin = 1\nmin_pool_size = 4"] {
        for mode in ["transaction", "statement"] {
            let Some(pool) = Pool::of(&database, mode, settings).await else { return };
            for query in ["", "?statement-cache-capacity=0"] {
                let Err(error) = Session::<Of<Many>>::open(target(&format!("{}{query}", pool.url))).await
                else {
                    panic!("{mode} {settings} {query}")
                };
                assert!(matches!(error, Error::Pooled), "{mode} {settings} {query}: {error}");
                assert!(error.to_string().contains("session mode"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn no_search_path_stays_on_a_connection_of_the_pool() {
    let database = Database::empty().await;
    // Two sessions of the server for all, whose settings are not reset between their users.
    let settings = "server_reset_query = DEALLOCATE ALL\ndefault_pool_size = 2";
    let Some(pool) = Pool::of(&database, "session", settings).await else { return };
    database.execute("CREATE SCHEMA warehouse").await;
    let target = Target { schema: Some("warehouse".to_owned()), ..target(&pool.url) };
    let mut session = Session::<Of<Many>>::open(target.clone()).await.unwrap();
    assert_eq!(session.up(Until::End).await.unwrap().len(), MANY);
    session.close().await.unwrap();
    // A session that is dropped, as after an error.
    drop(Session::<Of<Many>>::open(target).await.unwrap());
    // The end of a dropped session comes a little later.
    let mut paths = Vec::new();
    for _ in 0..50 {
        paths = search_paths(&pool.url).await;
        if paths.iter().all(|path| path == "\"$user\", public") {
            break;
        }
    }
    assert_eq!(paths, ["\"$user\", public"; 2]);
    let count =
        "SELECT COUNT(*) AS n FROM pg_tables WHERE schemaname = 'warehouse' AND tablename LIKE 'parcels%'";
    let row =
        database.connect().await.query_one_raw(Statement::from_string(DbBackend::Postgres, count)).await;
    assert_eq!(row.unwrap().unwrap().try_get::<i64>("", "n").unwrap(), 8);
}

/// The settings of both sessions of a pool.
async fn search_paths(url: &str) -> Vec<String> {
    let first = run::connect(url.into()).await.unwrap();
    let second = run::connect(url.into()).await.unwrap();
    let mut paths = Vec::new();
    for db in [&first, &second] {
        let show = Statement::from_string(DbBackend::Postgres, "SHOW search_path");
        let row = db.query_one_raw(show).await.unwrap().unwrap();
        paths.push(row.try_get("", "search_path").unwrap());
    }
    first.close().await.unwrap();
    second.close().await.unwrap();
    paths
}
