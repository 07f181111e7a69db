//! Running server of a test.

mod client;

use std::{net::TcpListener, sync::Arc};

use actix_web::dev::ServerHandle;
use api::{
    Running,
    background::Background,
    config::{Cli, Config},
    server::Limits,
};
use clap::Parser;
use serde_json::json;
use service::{
    Actor, Context, Role, Shared,
    users::{self, NewUser},
};
use tempfile::TempDir;

pub use self::client::{Answer, Client, path_of, send};
use crate::{
    database::Database,
    mailbox::{self, Mail, count, wait_for},
};

pub const SECRET: &str = "a secret for tests of more than thirty-two bytes";

/// Public URL of the server.
pub const PUBLIC_URL: &str = "https://books.example";

/// Password that is strong enough.
pub const PASSWORD: &str = "correct horse battery staple";

/// Server with its database.
pub struct TestApp {
    pub database: Database,
    pub address: String,
    config: Config,
    http: reqwest::Client,
    server: ServerHandle,
    mail: TempDir,
    _background: Background,
    /// Clock, limits and the other parts that the server's threads share.
    pub shared: Arc<Shared>,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts the server with further command-line arguments.
    pub async fn with(arguments: &[&str]) -> Self {
        Self::within(arguments, Limits::default()).await
    }

    /// [`TestApp::with`] other limits of connections.
    pub async fn within(arguments: &[&str], limits: Limits) -> Self {
        Self::run(Database::empty().await, arguments, limits).await
    }

    /// [`TestApp::with`] on a database without tables. An argument may lead to it through a proxy.
    pub async fn on(database: Database, arguments: &[&str]) -> Self {
        Self::run(database, arguments, Limits::default()).await
    }

    async fn run(database: Database, arguments: &[&str], limits: Limits) -> Self {
        migration::startup::up(&database.url).await.unwrap();
        let mail = tempfile::tempdir().unwrap();
        let mail_url = format!("file://{}", mail.path().display());
        let arguments: Vec<&str> = ["--mail-url", &mail_url].iter().chain(arguments).copied().collect();
        let config = config(&database.url, &arguments);
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(config.shared().unwrap());
        let running = api::serve_within(&config, listener, Arc::clone(&shared), limits).unwrap();
        let Running { server, background, .. } = running;
        let handle = server.handle();
        actix_web::rt::spawn(async move { server.await.unwrap() });
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { database, address, config, http, server: handle, mail, _background: background, shared }
    }

    /// Client that is not signed in.
    pub fn anonymous(&self) -> Client<'_> {
        Client {
            address: self.address.clone(),
            app: self,
            token: None,
            id: None,
            refresh_token: String::new(),
        }
    }

    /// Client of a verified account with role `user`, signed in.
    pub async fn user(&self, name: &str) -> Client<'_> {
        self.account(name, Role::User, true).await
    }

    /// Client of a verified account with role `admin`, signed in.
    pub async fn admin(&self, name: &str) -> Client<'_> {
        self.account(name, Role::Admin, true).await
    }

    /// Context of another process on the database, with a clock of its own.
    pub async fn context(&self) -> Context {
        // A write queue of its own: the server may start on this thread meanwhile, and would wait for its turn.
        let shared = Arc::new(self.config.shared().unwrap());
        Context::open(shared, &self.config.database(1)).await.unwrap()
    }

    /// Client of an account, signed in.
    pub async fn account(&self, name: &str, role: Role, is_verified: bool) -> Client<'_> {
        let cx = self.context().await;
        let new = NewUser {
            username: name.to_owned(),
            email: format!("{name}@example.com"),
            first_name: None,
            last_name: None,
            role: Some(role),
            is_verified,
        };
        let password = PASSWORD.to_owned().into();
        users::create_with_password(&cx, &Actor::Operator, new, password).await.unwrap();
        cx.db.close().await.unwrap();
        self.log_in(name).await
    }

    /// Signs an account in.
    pub async fn log_in(&self, name: &str) -> Client<'_> {
        let input = json!({ "login": name, "password": PASSWORD });
        let tokens = self.anonymous().post("/auth/login", input).await.ok();
        Client {
            token: Some(tokens["access_token"].as_str().unwrap().to_owned()),
            id: Some(tokens["user"]["id"].as_str().unwrap().parse().unwrap()),
            refresh_token: tokens["refresh_token"].as_str().unwrap().to_owned(),
            ..self.anonymous()
        }
    }

    /// Mails that were sent, the oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        mailbox::read(self.mail.path())
    }

    /// Waits for a mail and removes it from the mailbox. `page` is part of its link or its subject.
    pub async fn mail(&self, to: &str, page: &str) -> Mail {
        let wanted = |mail: &Mail| mail.to == to && (mail.text.contains(page) || mail.subject.contains(page));
        let mail =
            wait_for(&format!("mail to {to}, {page}"), async || self.mails().into_iter().find(wanted)).await;
        let (name, _) = mail.id.split_once('@').unwrap();
        std::fs::remove_file(self.mail.path().join(format!("{name}.eml"))).unwrap();
        mail
    }

    /// Number of mails in the outbox that have not been sent.
    pub async fn waiting(&self) -> i64 {
        self.count("outbox WHERE sent_at IS NULL").await
    }

    /// Number of rows.
    pub async fn count(&self, of: &str) -> i64 {
        count(&self.database, of).await
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // Stops the server without waiting for it.
        drop(self.server.stop(false));
    }
}

/// Settings of a test, independent of the environment.
pub fn config(url: &str, arguments: &[&str]) -> Config {
    let fixed = [
        "bookly",
        "--app-env",
        "production",
        "--database-url",
        url,
        "--app-secrets",
        SECRET,
        "--bcrypt-cost",
        "4",
        "--host",
        "127.0.0.1",
        "--port",
        "8080",
        "--email-verification",
        "on",
        "--database-max-connections",
        "8",
        // A busy machine needs more time.
        "--database-acquire-timeout",
        "20",
        "--database-budget",
        "25",
        "--mail-from",
        "Bookly <bookly@example.net>",
        "--public-url",
        PUBLIC_URL,
        "--rate-limit",
        "off",
    ];
    Cli::try_parse_from(fixed.iter().chain(arguments)).unwrap_or_else(|error| panic!("{error}")).config
}
