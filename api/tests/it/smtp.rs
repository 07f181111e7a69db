//! SMTP server on the loopback interface that can be set to reject mail, to hang or to flood its client.

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

/// Behavior of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behavior {
    Accepts,
    /// Rejects mail temporarily (4xx).
    RejectsTemporarily,
    /// Rejects mail permanently (5xx).
    RejectsPermanently,
    /// Does not respond when a mail begins.
    Hangs,
    /// Responds with a line that has no end when a mail begins.
    Floods,
}

#[derive(Debug)]
struct Desk {
    behavior: Behavior,
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
    /// Server that does not listen yet, on a free port.
    pub fn absent() -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let desk =
            Desk { behavior: Behavior::Accepts, attempts: 0, mails: Vec::new(), recipients: Vec::new() };
        let desk = Arc::new((Mutex::new(desk), Condvar::new()));
        Self { port, desk, credentials: None, tls: None }
    }

    /// Server that accepts mail.
    pub fn start() -> Self {
        let smtp = Self::absent();
        smtp.open();
        smtp
    }

    /// Starts to listen.
    pub fn open(&self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).unwrap();
        let smtp = self.clone();
        thread::spawn(move || {
            for connection in listener.incoming() {
                let smtp = smtp.clone();
                // A client that closes the connection, or does not trust the certificate, ends only its own thread.
                thread::spawn(move || Session::new(smtp, connection?)?.run());
            }
        });
    }

    /// Server that accepts mail over TLS only, with this name and password.
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

    /// Counts a mail that begins, and replies according to the behavior.
    fn begin(&self) -> &'static str {
        let mut desk = self.desk();
        desk.attempts += 1;
        match self.desk.1.wait_while(desk, |desk| desk.behavior == Behavior::Hangs).unwrap().behavior {
            Behavior::Accepts | Behavior::Hangs => "250 OK",
            Behavior::Floods => "",
            Behavior::RejectsTemporarily => "451 not now",
            Behavior::RejectsPermanently => "550 no such mailbox",
        }
    }

    pub fn set(&self, behavior: Behavior) {
        self.desk().behavior = behavior;
        self.desk.1.notify_all();
    }

    /// Number of mails that were begun.
    pub fn attempts(&self) -> usize {
        self.desk().attempts
    }

    /// Mails that were accepted.
    pub fn mails(&self) -> Vec<Mail> {
        self.desk().mails.iter().map(|raw| Mail::parse(raw)).collect()
    }

    /// Recipients of their envelopes.
    pub fn recipients(&self) -> Vec<String> {
        self.desk().recipients.clone()
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }
}
