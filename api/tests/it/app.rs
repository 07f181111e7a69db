//! The running server, and people who talk to it.

use std::{net::TcpListener, sync::Arc};

use actix_web::dev::ServerHandle;
use api::{
    Running,
    background::Background,
    config::{Cli, Config},
};
use clap::Parser;
use reqwest::{Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use service::{
    Actor, Db,
    access::Role,
    auth::Auth,
    db::Turns,
    throttle::Throttle,
    users::{self, NewUser},
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    contract,
    database::Database,
    mailbox::{self, Mail, count, wait_for},
};

pub const SECRET: &str = "a secret for tests of more than thirty-two bytes";

/// Where the world is told that the server is.
pub const PUBLIC_URL: &str = "https://books.example";

/// A password that is strong enough.
pub const PASSWORD: &str = "correct horse battery staple";

/// The server and its database.
pub struct TestApp {
    pub database: Database,
    pub address: String,
    config: Config,
    http: reqwest::Client,
    server: ServerHandle,
    mail: TempDir,
    _background: Background,
    /// The limits; off unless the test sets them on.
    pub throttle: Arc<Throttle>,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// Starts with further command-line arguments.
    pub async fn with(arguments: &[&str]) -> Self {
        let database = Database::empty().await;
        migration::startup::up(&database.url).await.unwrap();
        let mail = tempfile::tempdir().unwrap();
        let mail_url = format!("file://{}", mail.path().display());
        let arguments: Vec<&str> = ["--mail-url", &mail_url].iter().chain(arguments).copied().collect();
        let config = config(&database.url, &arguments);
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let throttle = Arc::new(config.throttle());
        let Running { server, background } =
            api::serve_within(&config, listener, Arc::clone(&throttle)).unwrap();
        let handle = server.handle();
        actix_web::rt::spawn(async move { server.await.unwrap() });
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { database, address, config, http, server: handle, mail, _background: background, throttle }
    }

    /// Somebody who is not signed in.
    pub fn anonymous(&self) -> Client<'_> {
        Client {
            address: self.address.clone(),
            app: self,
            token: None,
            id: None,
            refresh_token: String::new(),
        }
    }

    /// A verified account with role `user`, signed in.
    pub async fn user(&self, name: &str) -> Client<'_> {
        self.account(name, Role::User, true).await
    }

    /// A verified account with role `admin`, signed in.
    pub async fn admin(&self, name: &str) -> Client<'_> {
        self.account(name, Role::Admin, true).await
    }

    /// An account, signed in.
    pub async fn account(&self, name: &str, role: Role, is_verified: bool) -> Client<'_> {
        let db = self.db().await;
        let auth = Auth::new(Arc::new(self.config.keys().unwrap()), self.config.policy());
        let new = NewUser {
            username: name.to_owned(),
            email: format!("{name}@example.com"),
            first_name: None,
            last_name: None,
            role: Some(role),
            is_verified,
        };
        let password = PASSWORD.to_owned();
        users::create_with_password(&db, &auth, &Actor::operator(), new, password).await.unwrap();
        db.close().await.unwrap();
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

    /// The mails that were sent, the oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        mailbox::read(self.mail.path())
    }

    /// Waits for a mail and takes it out of the mailbox. `page` is part of its link or its subject.
    pub async fn mail(&self, to: &str, page: &str) -> Mail {
        let wanted = |mail: &Mail| mail.to == to && (mail.text.contains(page) || mail.subject.contains(page));
        let mail =
            wait_for(&format!("mail to {to}, {page}"), async || self.mails().into_iter().find(wanted)).await;
        let (name, _) = mail.id.split_once('@').unwrap();
        std::fs::remove_file(self.mail.path().join(format!("{name}.eml"))).unwrap();
        mail
    }

    /// How many letters of the outbox have not been sent.
    pub async fn waiting(&self) -> i64 {
        self.count("outbox WHERE sent_at IS NULL").await
    }

    /// How many rows there are.
    pub async fn count(&self, of: &str) -> i64 {
        count(&self.database, of).await
    }

    async fn db(&self) -> Db {
        Db::open(&self.config.database(1), Turns::of(&self.database.url)).await.unwrap()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // Told to stop; nobody waits for it.
        drop(self.server.stop(false));
    }
}

/// The settings of a test, whatever the environment says.
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
        "--mail-from",
        "Bookly <bookly@example.net>",
        "--public-url",
        PUBLIC_URL,
        "--rate-limit",
        "off",
    ];
    Cli::try_parse_from(fixed.iter().chain(arguments)).unwrap_or_else(|error| panic!("{error}")).config
}

/// Somebody who talks to the server.
#[derive(Clone)]
pub struct Client<'a> {
    pub app: &'a TestApp,
    address: String,
    pub token: Option<String>,
    pub id: Option<Uuid>,
    pub refresh_token: String,
}

impl Client<'_> {
    /// The same client, talking to another server of the same database.
    pub fn at(&self, address: &str) -> Self {
        Self { address: address.to_owned(), ..self.clone() }
    }

    /// Somebody who shows this access token.
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// A request to a path below the API's prefix, or to one that begins with `//`.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let path = path
            .strip_prefix('/')
            .filter(|rest| rest.starts_with('/'))
            .map_or_else(|| format!("/api/v1{path}"), str::to_owned);
        let path = path.strip_prefix("/api/v1/api/v1").map_or(path.clone(), |rest| format!("/api/v1{rest}"));
        let request = self.app.http.request(method, format!("{}{path}", self.address));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::PUT, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::PATCH, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    /// Deletes the account in use.
    pub async fn delete_me(&self, password: &str) -> Answer {
        let body = json!({ "current_password": password });
        send(self.request(Method::DELETE, "/users/me").json(&body)).await
    }

    /// Goes on with the session.
    pub async fn refresh(&self) -> Answer {
        let input = json!({ "refresh_token": self.refresh_token });
        send(self.app.http.post(format!("{}/api/v1/auth/refresh", self.address)).json(&input)).await
    }

    /// Changes under the condition of an entity tag.
    pub async fn patch_if(&self, path: &str, tag: &str, body: Value) -> Answer {
        send(self.request(Method::PATCH, path).header("If-Match", tag).json(&body)).await
    }

    /// Adds a book of which nothing matters but that it is there.
    pub async fn book(&self, title: &str) -> Value {
        self.post("/books", json!({ "title": title, "author": "Anonymous" })).await.created()
    }

    /// Sends a file to the import.
    pub async fn import(&self, query: &str, media_type: &str, file: impl Into<reqwest::Body>) -> Answer {
        let request = self.request(Method::POST, &format!("/books/import{query}"));
        send(request.header("Content-Type", media_type).body(file)).await
    }
}

/// Sends a request and holds its answer against the contract.
pub async fn send(request: RequestBuilder) -> Answer {
    let (client, request) = request.build_split();
    let request = request.unwrap();
    let (method, path) = (request.method().to_string(), request.url().path().to_owned());
    let response = client.execute(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.bytes().await.unwrap();
    let media_type = headers.get("content-type").map_or("", |value| value.to_str().unwrap());
    let media_type = media_type.split(';').next().unwrap_or_default();
    assert!(headers.contains_key("x-request-id"), "{method} {path} has no request id");
    contract::check(&method, &path, status.as_u16(), media_type, &bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or_default(), text }
}

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    headers: HeaderMap,
    /// The body; null if it is no JSON.
    pub body: Value,
    /// The body as text.
    pub text: String,
}

impl Answer {
    /// A header; empty if it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Every header of a name.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    pub fn tag(&self) -> String {
        self.header("etag").to_owned()
    }

    #[track_caller]
    fn with_status(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        self.body
    }

    #[track_caller]
    pub fn ok(self) -> Value {
        self.with_status(200)
    }

    #[track_caller]
    pub fn created(self) -> Value {
        assert!(!self.header("location").is_empty());
        self.with_status(201)
    }

    #[track_caller]
    pub fn no_content(self) {
        self.with_status(204);
    }

    #[track_caller]
    pub fn accepted(self) {
        self.with_status(202);
    }

    /// The problem document with this code.
    #[track_caller]
    pub fn problem(self, code: &str) -> Value {
        assert_eq!(self.body["code"], code, "{} {:#}", self.status, self.body);
        assert_eq!(self.body["status"], self.status.as_u16());
        assert_eq!(self.body["type"], format!("/problems/{code}"));
        assert_eq!(self.body["request_id"], self.header("x-request-id"));
        self.body
    }

    /// The fields that were refused, each with the code of its error.
    #[track_caller]
    pub fn invalid(self) -> Vec<(String, String)> {
        let problem = self.problem("invalid_input");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let errors = problem["errors"].as_array().unwrap();
        errors.iter().map(|error| (text(&error["pointer"]), text(&error["code"]))).collect()
    }
}

/// The path of a book.
pub fn path_of(book: &Value) -> String {
    format!("/books/{}", book["id"].as_str().unwrap())
}
