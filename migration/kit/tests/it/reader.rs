//! A user who may read and nothing else.

use sea_orm::{ConnectionTrait, Database as Connector, DbBackend, Statement};
use url::Url;

use crate::database::Database;

/// What there is to be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// Every table, also of those to come.
    All,
    /// No table but `open`, which is made for this.
    NoneOfOurs,
}

/// A user of a database, who goes when the test does. On SQLite, where there are no users, whoever opens the file to read.
pub struct Reader {
    pub url: String,
    admin: String,
    remove: Option<String>,
}

impl Reader {
    pub async fn of(database: &Database, reads: Reads) -> Self {
        let admin = database.url.clone();
        if database.backend() == DbBackend::Sqlite {
            // There is a file to be read only when somebody has made one.
            database.execute("PRAGMA user_version = 0").await;
            return Self { url: admin.replace("mode=rwc", "mode=ro"), admin, remove: None };
        }
        let mut url = Url::parse(&admin).unwrap();
        let name = url.path()[1..].to_owned();
        let user = format!("reader_{name}");
        let (make, remove) = if database.backend() == DbBackend::Postgres {
            let grant = match reads {
                Reads::All => format!(
                    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {user};
                     ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {user}"
                ),
                Reads::NoneOfOurs => "SELECT 1".to_owned(),
            };
            (
                format!("CREATE ROLE {user} LOGIN PASSWORD 'reader'; {grant}"),
                format!("DROP OWNED BY {user}; DROP ROLE {user}"),
            )
        } else {
            // An anonymous user of the very host would come before one of any host.
            let user = format!("{user}@'{}'", host(database).await);
            let grant = match reads {
                Reads::All => format!("GRANT SELECT ON {name}.* TO {user}"),
                Reads::NoneOfOurs => {
                    format!("CREATE TABLE open (id integer); GRANT SELECT ON {name}.open TO {user}")
                }
            };
            (format!("CREATE USER {user} IDENTIFIED BY 'reader'; {grant}"), format!("DROP USER {user}"))
        };
        database.execute(&make).await;
        url.set_username(&user).unwrap();
        url.set_password(Some("reader")).unwrap();
        Self { url: url.to_string(), admin, remove: Some(remove) }
    }
}

/// Where the server sees us.
async fn host(database: &Database) -> String {
    let db = database.connect().await;
    let query = Statement::from_string(DbBackend::MySql, "SELECT SUBSTRING_INDEX(USER(), '@', -1) AS host");
    let host = db.query_one_raw(query).await.unwrap().unwrap().try_get("", "host").unwrap();
    db.close().await.unwrap();
    host
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some(remove) = self.remove.take() else { return };
        let admin = self.admin.clone();
        let removing = std::thread::spawn(move || {
            tokio::runtime::Runtime::new().unwrap().block_on(async {
                let db = Connector::connect(admin).await.unwrap();
                db.execute_unprepared(&remove).await.unwrap();
                db.close().await.unwrap();
            });
        });
        removing.join().unwrap();
    }
}
