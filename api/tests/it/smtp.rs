//! An SMTP server on the loopback interface, which can be told to refuse or to hang.

mod session;

use std::{
    net::TcpListener,
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
};

use rustls::ServerConfig;

use self::session::Session;
use crate::mailbox::Mail;

/// What the server does with a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Takes,
    /// Says that it cannot just now.
    Defers,
    /// Says that it never will.
    Refuses,
    /// Says nothing when a mail begins.
    Hangs,
}

#[derive(Debug)]
struct Desk {
    mood: Mood,
    attempts: usize,
    mails: Vec<Vec<u8>>,
    recipients: Vec<String>,
}

/// The server. It ends with the process.
#[derive(Clone)]
pub struct Smtp {
    pub port: u16,
    desk: Arc<(Mutex<Desk>, Condvar)>,
    credentials: Option<(&'static str, &'static str)>,
    tls: Option<Arc<ServerConfig>>,
}

impl Smtp {
    /// A server that is not there yet; its port is free.
    pub fn absent() -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let desk = Desk { mood: Mood::Takes, attempts: 0, mails: Vec::new(), recipients: Vec::new() };
        let desk = Arc::new((Mutex::new(desk), Condvar::new()));
        Self { port, desk, credentials: None, tls: None }
    }

    /// A server that takes mail.
    pub fn start() -> Self {
        let smtp = Self::absent();
        smtp.open();
        smtp
    }

    /// Begins to listen.
    pub fn open(&self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).unwrap();
        let smtp = self.clone();
        thread::spawn(move || {
            for connection in listener.incoming() {
                let smtp = smtp.clone();
                // A client that hangs up, or does not trust the certificate, ends its own thread only.
                thread::spawn(move || Session::new(smtp, connection?)?.run());
            }
        });
    }

    /// A server that takes mail under TLS only, from one who knows name and password.
    pub fn guarded(certificate: &Path, key: &Path, name: &'static str, password: &'static str) -> Self {
        let mut smtp = Self::absent();
        smtp.credentials = Some((name, password));
        smtp.tls = Some(session::tls(certificate, key));
        smtp.open();
        smtp
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.0.lock().unwrap()
    }

    /// Counts a mail that begins, and replies as the mood is.
    fn begin(&self) -> &'static str {
        let mut desk = self.desk();
        desk.attempts += 1;
        match self.desk.1.wait_while(desk, |desk| desk.mood == Mood::Hangs).unwrap().mood {
            Mood::Takes | Mood::Hangs => "250 OK",
            Mood::Defers => "451 not now",
            Mood::Refuses => "550 no such mailbox",
        }
    }

    pub fn set(&self, mood: Mood) {
        self.desk().mood = mood;
        self.desk.1.notify_all();
    }

    /// How many mails were begun.
    pub fn attempts(&self) -> usize {
        self.desk().attempts
    }

    /// The mails that were taken.
    pub fn mails(&self) -> Vec<Mail> {
        self.desk().mails.iter().map(|raw| Mail::parse(raw)).collect()
    }

    /// Where they were to go, by their envelopes.
    pub fn recipients(&self) -> Vec<String> {
        self.desk().recipients.clone()
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }
}
