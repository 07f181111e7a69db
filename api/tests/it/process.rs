//! Program as a separate process, which can be killed, and its log.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::Value;

use crate::{
    app::{Answer, PUBLIC_URL, SECRET, send},
    database::Database,
    mailbox::PATIENCE,
};

/// Running server.
pub struct Process {
    child: Child,
    pub address: String,
    http: reqwest::Client,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

impl Process {
    /// Starts the program on a database and waits until it serves.
    pub fn start(database: &Database, settings: &[(&str, &str)]) -> Self {
        Self::start_on(&database.url, settings)
    }

    /// [`Process::start`] for the URL of a database.
    pub fn start_on(url: &str, settings: &[(&str, &str)]) -> Self {
        Self::run(Command::new(env!("CARGO_BIN_EXE_bookly")), url, settings)
    }

    /// [`Process::start`] for a process with limited file size: a write beyond the limit is an error.
    #[cfg(target_os = "linux")]
    pub fn start_with_limited_files(database: &Database, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", r#"trap "" XFSZ; exec "$0""#, env!("CARGO_BIN_EXE_bookly")]);
        Self::run(command, &database.url, settings)
    }

    fn run(mut command: Command, url: &str, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        command.env_clear().current_dir(folder.path()).stdin(Stdio::null()).stderr(Stdio::piped());
        command.envs([
            ("DATABASE_URL", url),
            ("APP_SECRETS", SECRET),
            // Production refuses a cheap hash.
            ("APP_ENV", "development"),
            ("BCRYPT_COST", "4"),
            ("AUTO_MIGRATE", "true"),
            ("DATABASE_MAX_CONNECTIONS", "8"),
            ("DATABASE_ACQUIRE_TIMEOUT", "20"),
            ("DATABASE_BUDGET", "25"),
            ("RATE_LIMIT", "off"),
            ("PORT", "0"),
            ("PUBLIC_URL", PUBLIC_URL),
            ("MAIL_FROM", "Bookly <bookly@example.net>"),
        ]);
        let mut child = command.envs(settings.iter().copied()).spawn().unwrap();
        let (sender, receiver) = mpsc::channel();
        let (errors, log) = (child.stderr.take().unwrap(), Arc::new(Mutex::new(String::new())));
        let kept = Arc::clone(&log);
        let reader = thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                let address = line.split_once("serving on ").and_then(|(_, rest)| rest.split(',').next());
                if let Some(address) = address {
                    drop(sender.send(address.to_owned()));
                }
                kept.lock().unwrap().extend([line.as_str(), "\n"]);
            }
        });
        let address = receiver.recv_timeout(PATIENCE);
        let address = address.unwrap_or_else(|_| panic!("{}", log.lock().unwrap()));
        Self { child, address, http: reqwest::Client::new(), log, reader: Some(reader), _folder: folder }
    }

    /// Kills the process (SIGKILL) and returns its log. A line is written before its request is answered.
    pub fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        self.log()
    }

    /// Sends a signal, such as `TERM`.
    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let (signal, pid) = (format!("-{name}"), self.child.id().to_string());
        assert!(Command::new("kill").args([signal, pid]).status().unwrap().success());
    }

    /// Waits until the process ends, and returns its exit code and its log.
    #[cfg(unix)]
    pub fn wait(mut self) -> (Option<i32>, String) {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < PATIENCE, "the process runs: {}", self.log());
            thread::sleep(Duration::from_millis(20));
        };
        self.reader.take().unwrap().join().unwrap();
        (status.code(), self.log())
    }

    /// Log so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Peak memory in KiB, as Linux reports it.
    #[cfg(target_os = "linux")]
    pub fn most_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Limits the size of its files in bytes, or removes the limit.
    #[cfg(target_os = "linux")]
    pub fn limit_files(&self, bytes: Option<u64>) {
        let pid = self.child.id().try_into().unwrap();
        let limits = (bytes.unwrap_or(rlimit::INFINITY), rlimit::INFINITY);
        rlimit::prlimit(pid, rlimit::Resource::FSIZE, Some(limits), None).unwrap();
    }

    /// Sends a request below the API's prefix.
    pub async fn send(&self, method: Method, path: &str, token: &str, body: Value) -> Answer {
        let request = self.request(method, &format!("/api/v1{path}"));
        let request = if token.is_empty() { request } else { request.bearer_auth(token) };
        send(if body.is_null() { request } else { request.json(&body) }).await
    }

    /// Sends a request without an access token.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, "", body).await
    }

    /// Request without a JSON body.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.address))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
