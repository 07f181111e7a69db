//! HTTP client of a test, and its responses.

use reqwest::{Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use uuid::Uuid;

use super::TestApp;
use crate::contract;

/// Client of the server, signed in or not.
#[derive(Clone)]
pub struct Client<'a> {
    pub app: &'a TestApp,
    pub(super) address: String,
    pub token: Option<String>,
    pub id: Option<Uuid>,
    pub refresh_token: String,
}

impl Client<'_> {
    /// The same client for another server of the same database.
    pub fn at(&self, address: &str) -> Self {
        Self { address: address.to_owned(), ..self.clone() }
    }

    /// Client with this access token.
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self.clone() }
    }

    /// Request to a path below the API's prefix, or to one that begins with `//`.
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

    /// Deletes the client's account.
    pub async fn delete_me(&self, password: &str) -> Answer {
        let body = json!({ "current_password": password });
        send(self.request(Method::DELETE, "/users/me").json(&body)).await
    }

    /// Refreshes the session.
    pub async fn refresh(&self) -> Answer {
        let input = json!({ "refresh_token": self.refresh_token });
        send(self.app.http.post(format!("{}/api/v1/auth/refresh", self.address)).json(&input)).await
    }

    /// Updates a resource with `If-Match`.
    pub async fn patch_if(&self, path: &str, tag: &str, body: Value) -> Answer {
        send(self.request(Method::PATCH, path).header("If-Match", tag).json(&body)).await
    }

    /// Adds a book with this title.
    pub async fn book(&self, title: &str) -> Value {
        self.post("/books", json!({ "title": title, "author": "Anonymous" })).await.created()
    }

    /// Sends a file to the import.
    pub async fn import(&self, query: &str, media_type: &str, file: impl Into<reqwest::Body>) -> Answer {
        let request = self.request(Method::POST, &format!("/books/import{query}"));
        send(request.header("Content-Type", media_type).body(file)).await
    }
}

/// Sends a request and checks its response against the contract.
pub async fn send(request: RequestBuilder) -> Answer {
    let (client, request) = request.build_split();
    let request = request.unwrap();
    let (method, path) = (request.method().to_string(), request.url().path().to_owned());
    let response = client.execute(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.bytes().await.unwrap();
    assert!(headers.contains_key("x-request-id"), "{method} {path} has no request id");
    contract::check(&method, &path, status.as_u16(), &headers, &bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or_default(), text }
}

/// Response of the server.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    headers: HeaderMap,
    /// Body; null if it is not JSON.
    pub body: Value,
    /// Body as text.
    pub text: String,
}

impl Answer {
    /// Value of a header; empty if it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// All values of a header.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// Names of all headers, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.headers.keys().map(|name| name.as_str().to_owned()).collect();
        names.sort();
        names
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

    /// Problem document with this code.
    #[track_caller]
    pub fn problem(self, code: &str) -> Value {
        assert_eq!(self.body["code"], code, "{} {:#}", self.status, self.body);
        assert_eq!(self.body["status"], self.status.as_u16());
        assert_eq!(self.body["type"], format!("/problems/{code}"));
        assert_eq!(self.body["request_id"], self.header("x-request-id"));
        self.body
    }

    /// Fields that were rejected, each with the code of its error.
    #[track_caller]
    pub fn invalid(self) -> Vec<(String, String)> {
        let problem = self.problem("invalid_input");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let errors = problem["errors"].as_array().unwrap();
        errors.iter().map(|error| (text(&error["pointer"]), text(&error["code"]))).collect()
    }
}

/// Path of a book.
pub fn path_of(book: &Value) -> String {
    format!("/books/{}", book["id"].as_str().unwrap())
}
