//! Received mail, from files or SMTP, with a parser of its own.

use std::{fs, path::Path, time::Duration};

use mail_parser::{Address, MessageParser};
use sea_orm::{ConnectionTrait, Statement};
use tokio::time::Instant;

use crate::database::Database;

/// Timeout of every wait, for a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(10);

/// Received mail.
#[derive(Debug, Clone)]
pub struct Mail {
    pub id: String,
    pub from: String,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub raw: String,
}

impl Mail {
    /// Parses a mail, and checks that it is complete.
    pub fn parse(raw: &[u8]) -> Self {
        let message = MessageParser::default().parse(raw).unwrap();
        assert_eq!(message.header_raw("Auto-Submitted").unwrap().trim(), "auto-generated");
        assert!(message.date().is_some() && message.attachment_count() == 0);
        assert!(message.header_raw("Content-Type").unwrap().contains("multipart/alternative"));
        let address = |list: Option<&Address<'_>>| {
            let list: Vec<_> = list.unwrap().iter().collect();
            assert_eq!(list.len(), 1);
            list[0].address().unwrap().to_owned()
        };
        Self {
            id: message.message_id().unwrap().to_owned(),
            from: address(message.from()),
            to: address(message.to()),
            subject: message.subject().unwrap().to_owned(),
            text: message.body_text(0).unwrap().into_owned(),
            html: message.body_html(0).unwrap().into_owned(),
            raw: String::from_utf8(raw.to_vec()).unwrap(),
        }
    }

    /// Link of the mail, the same in both parts.
    pub fn link(&self) -> String {
        let link = self.text.lines().find(|line| line.contains("://")).unwrap().trim().to_owned();
        assert!(self.html.contains(&format!("href=\"{link}\"")), "{}", self.html);
        link
    }

    /// Token in the link.
    pub fn token(&self) -> String {
        self.link().split_once("#token=").unwrap().1.to_owned()
    }
}

/// Mails in a folder, the oldest first.
pub fn read(folder: &Path) -> Vec<Mail> {
    let mut paths: Vec<_> =
        fs::read_dir(folder).into_iter().flatten().map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
    paths.sort();
    paths.iter().map(|path| Mail::parse(&fs::read(path).unwrap())).collect()
}

/// Waits until `look` returns a value.
pub async fn wait_for<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "{what} has not come");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Number of rows of a table, optionally with a condition.
pub async fn count(database: &Database, of: &str) -> i64 {
    let db = database.connect().await;
    let sql = format!("SELECT COUNT(*) AS n FROM {of}");
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    let count = row.unwrap().try_get("", "n").unwrap();
    db.close().await.unwrap();
    count
}
