//! An SMTP server on the loopback interface, which can be told to refuse or to hang.

use std::{
    io,
    net::{IpAddr, TcpListener},
    path::Path,
    sync::{Arc, Condvar, Mutex},
    thread,
};

use mailin_embedded::{AuthMechanism, Handler, Response, Server, SslConfig, response};

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
    mail: Vec<u8>,
    may: bool,
}

impl Smtp {
    /// A server that is not there yet; its port is free.
    pub fn absent() -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let desk = Desk { mood: Mood::Takes, attempts: 0, mails: Vec::new(), recipients: Vec::new() };
        let desk = Arc::new((Mutex::new(desk), Condvar::new()));
        Self { port, desk, credentials: None, mail: Vec::new(), may: true }
    }

    /// A server that takes mail.
    pub fn start() -> Self {
        let smtp = Self::absent();
        smtp.open();
        smtp
    }

    /// Begins to listen.
    pub fn open(&self) {
        self.listen(SslConfig::None);
    }

    /// A server that takes mail under TLS only, from one who knows name and password.
    pub fn guarded(certificate: &Path, key: &Path, name: &'static str, password: &'static str) -> Self {
        let mut smtp = Self::absent();
        // Several are built in; a server asks for one. A test that came first may have said so already.
        rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        (smtp.credentials, smtp.may) = (Some((name, password)), false);
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        smtp.listen(SslConfig::SelfSigned { cert_path: text(certificate), key_path: text(key) });
        smtp
    }

    fn listen(&self, ssl: SslConfig) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).unwrap();
        let mut server = Server::new(self.clone());
        server.with_name("localhost").with_num_threads(64).with_tcp_listener(listener);
        if self.credentials.is_some() {
            server.with_auth(AuthMechanism::Plain);
        }
        server.with_ssl(ssl).unwrap();
        thread::spawn(move || server.serve().unwrap());
    }

    pub fn set(&self, mood: Mood) {
        self.desk.0.lock().unwrap().mood = mood;
        self.desk.1.notify_all();
    }

    /// How many mails were begun.
    pub fn attempts(&self) -> usize {
        self.desk.0.lock().unwrap().attempts
    }

    /// The mails that were taken.
    pub fn mails(&self) -> Vec<Mail> {
        self.desk.0.lock().unwrap().mails.iter().map(|raw| Mail::parse(raw)).collect()
    }

    /// Where they were to go, by their envelopes.
    pub fn recipients(&self) -> Vec<String> {
        self.desk.0.lock().unwrap().recipients.clone()
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }
}

impl Handler for Smtp {
    fn mail(&mut self, _: IpAddr, _: &str, _: &str) -> Response {
        let mut desk = self.desk.0.lock().unwrap();
        desk.attempts += 1;
        let desk = self.desk.1.wait_while(desk, |desk| desk.mood == Mood::Hangs).unwrap();
        match desk.mood {
            _ if !self.may => response::AUTHENTICATION_REQUIRED,
            Mood::Takes | Mood::Hangs => response::OK,
            Mood::Defers => response::INTERNAL_ERROR,
            Mood::Refuses => response::NO_MAILBOX,
        }
    }

    fn data_start(&mut self, _: &str, _: &str, _: bool, to: &[String]) -> Response {
        self.desk.0.lock().unwrap().recipients.extend_from_slice(to);
        self.mail.clear();
        response::OK
    }

    fn data(&mut self, line: &[u8]) -> io::Result<()> {
        self.mail.extend_from_slice(line);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let mail = std::mem::take(&mut self.mail);
        self.desk.0.lock().unwrap().mails.push(mail);
        response::OK
    }

    fn auth_plain(&mut self, _: &str, name: &str, password: &str) -> Response {
        self.may = self.credentials.is_some_and(|known| known == (name, password));
        if self.may { response::AUTH_OK } else { response::INVALID_CREDENTIALS }
    }
}
