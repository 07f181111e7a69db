//! Secrecy: neither logs nor failures contain secrets. A whole run uses marked values as secrets and logs everything.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::{Answer, PASSWORD, send},
    database::Database,
    mailbox::{self, Mail, wait_for},
    process::Process,
    smtp::Smtp,
};

/// Mark of secret values, a word that occurs nowhere else.
const MARK: &str = "zyxcanary";

/// Secret text with the mark.
fn marked(what: &str) -> String {
    format!("{MARK}-{what}-violet anchor tundra")
}

/// Run of the program, with its secrets and its failure responses.
struct Run {
    program: Process,
    secrets: Vec<String>,
    failures: Vec<String>,
}

impl Run {
    async fn send(&mut self, method: Method, path: &str, token: &str, body: Value) -> Answer {
        let answer = self.program.send(method, path, token, body).await;
        self.keep(answer)
    }

    async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, "", body).await
    }

    async fn raw(&mut self, media_type: &str, path: &str, token: &str, body: String) -> Answer {
        let request = self.program.request(Method::POST, &format!("/api/v1{path}"));
        let request = request.bearer_auth(token).header("Content-Type", media_type);
        let answer = send(request.body(body)).await;
        self.keep(answer)
    }

    fn keep(&mut self, answer: Answer) -> Answer {
        if answer.status.as_u16() >= 400 {
            self.failures.push(answer.body.to_string());
        }
        for token in ["access_token", "refresh_token"] {
            self.secrets.extend(answer.body[token].as_str().map(str::to_owned));
        }
        answer
    }

    async fn log_in(&mut self, login: &str) -> (String, String) {
        let tokens =
            self.post("/auth/login", json!({ "login": login, "password": marked("password") })).await.ok();
        let text = |field: &str| tokens[field].as_str().unwrap().to_owned();
        (text("access_token"), text("refresh_token"))
    }

    /// Accounts: created, rejected, logged in to with right and wrong passwords.
    async fn accounts(&mut self) -> (String, String) {
        let email = format!("{MARK}@{MARK}.example");
        let new = json!({ "username": "alice", "email": email, "password": marked("password"),
            "first_name": marked("first"), "last_name": marked("last") });
        self.post("/auth/signup", new.clone()).await.created();
        assert_eq!(self.post("/auth/signup", new.clone()).await.status, 409);
        for (field, value) in [
            ("username", json!("bob")),
            ("username", json!(format!("{MARK} no name"))),
            ("email", json!(format!("{MARK} no address"))),
            ("password", json!(MARK)),
            ("password", json!(777_000_777_000_777_u64)),
            ("password", json!({ MARK: MARK })),
            ("password", json!([MARK])),
            ("password", json!(MARK.repeat(40))),
            ("password", json!(format!("{MARK}\u{0}"))),
        ] {
            let mut bad = new.clone();
            bad[field] = value;
            assert!(self.post("/auth/signup", bad).await.status.is_client_error());
        }
        for (login, password) in [
            ("alice", marked("wrong")),
            (&*email, marked("wrong")),
            (&*marked("name"), marked("wrong")),
            (&*format!("{MARK}@nowhere.example"), marked("wrong")),
            ("", marked("wrong")),
        ] {
            let body = json!({ "login": login, "password": password });
            assert!(self.post("/auth/login", body).await.status.is_client_error());
        }
        self.log_in(&email).await
    }

    /// Tokens: valid, forged and used ones.
    async fn tokens(&mut self, refresh: &str) {
        let second = self.post("/auth/refresh", json!({ "refresh_token": refresh })).await.ok();
        self.post("/auth/refresh", json!({ "refresh_token": second["refresh_token"] })).await.ok();
        for token in [refresh, &marked("refresh"), &format!("v1.{MARK}.1.{MARK}")] {
            self.post("/auth/refresh", json!({ "refresh_token": token })).await.problem("invalid_token");
        }
        for token in
            [format!("{MARK}.{MARK}.{MARK}"), MARK.to_owned(), format!("eyJhbGciOiJub25lIn0.{MARK}.")]
        {
            self.send(Method::GET, "/users/me", &token, Value::Null).await.problem("invalid_token");
        }
        for scheme in ["Basic", "Digest"] {
            let request = self.program.request(Method::GET, "/api/v1/users/me");
            let answer = send(request.header("Authorization", format!("{scheme} {MARK}"))).await;
            self.keep(answer).problem("invalid_token");
        }
    }

    /// Mail: requested, sent, used; and invalid tokens.
    async fn mail(&mut self, access: &str, mails: impl Fn() -> Vec<Mail>) {
        let (email, new) = (format!("{MARK}@{MARK}.example"), format!("new-{MARK}@{MARK}.example"));
        let mut seen = mails().len();
        // New mails since the last call, once there are `count`.
        let mut come = async |count: usize| {
            let arrived = wait_for("mail", async || (mails().len() >= seen + count).then(&mails)).await;
            let arrived = arrived[seen..].to_vec();
            seen += arrived.len();
            arrived
        };
        for path in ["/auth/password-reset", "/auth/verify-email/resend"] {
            for address in [&*email, &format!("{MARK}@nowhere.example")] {
                self.post(path, json!({ "email": address })).await.accepted();
            }
            self.post(path, json!({ "email": MARK })).await.invalid();
        }
        let reset = come(1).await.remove(0);
        let reset = self.keep_mail(&reset);
        for token in [marked("token"), reset.replace("reset", "verify"), format!("{reset}A")] {
            self.post("/auth/verify-email", json!({ "token": token })).await.problem("invalid_token");
            let body = json!({ "token": token, "new_password": marked("other password") });
            self.post("/auth/password-reset/confirm", body).await.problem("invalid_token");
        }
        let path = "/users/me/email";
        for (address, password) in [(&*new, marked("wrong")), (MARK, marked("password"))] {
            let body = json!({ "email": address, "current_password": password });
            self.send(Method::PUT, path, access, body).await.invalid();
        }
        let body = json!({ "email": new, "current_password": marked("password") });
        self.send(Method::PUT, path, access, body).await.accepted();
        let arrived = come(2).await;
        let confirming = arrived.iter().find(|mail| mail.text.contains("#token=")).unwrap();
        let confirming = self.keep_mail(confirming);
        let bare = json!({ "token": confirming });
        self.post("/auth/verify-email", bare).await.invalid();
        let body = json!({ "token": confirming, "password": marked("password") });
        self.post("/auth/verify-email", body.clone()).await.ok();
        self.post("/auth/verify-email", body).await.problem("invalid_token");
        come(1).await;
        let body = json!({ "current_password": marked("wrong"), "new_password": marked("other password") });
        self.send(Method::PUT, "/users/me/password", access, body).await.invalid();
        self.post("/auth/password-reset", json!({ "email": new })).await.accepted();
        let reset = come(1).await.remove(0);
        let reset = self.keep_mail(&reset);
        let weak = json!({ "token": reset, "new_password": MARK });
        self.post("/auth/password-reset/confirm", weak).await.invalid();
        // The rest of the run uses the same password.
        let body = json!({ "token": reset, "new_password": marked("password") });
        self.post("/auth/password-reset/confirm", body).await.no_content();
        come(1).await;
    }

    /// Adds the secrets of a mail: its token, and the code in it. Its text must not be logged either.
    fn keep_mail(&mut self, mail: &Mail) -> String {
        let token = mail.token();
        self.secrets.extend([token.clone(), token.rsplit('.').next().unwrap().to_owned()]);
        self.secrets.push(mail.text.lines().next().unwrap().to_owned());
        token
    }

    /// Invalid bodies, parameters and headers.
    async fn nonsense(&mut self, token: &str) {
        for body in [
            format!("{{\"password\":\"{MARK}\""),
            MARK.to_owned(),
            format!("\"{MARK}\""),
            format!("{{\"login\":\"{MARK}\",\"password\":\"{MARK}\",\"password\":\"{MARK}\"}}"),
            format!("{{\"login\":\"{MARK}\\ud800\"}}"),
        ] {
            assert!(self.raw("application/json", "/auth/login", token, body).await.status.is_client_error());
        }
        self.raw("text/plain", "/auth/login", token, MARK.to_owned()).await.problem("unsupported_media_type");
        self.raw("text/csv", "/books/import", token, format!("title,author\n{MARK},{MARK}\n")).await.ok();
        // The columns of an unknown file are named to its sender, the cells are not.
        self.raw("text/csv", "/books/import", token, format!("name,price\n{MARK},{MARK}\n"))
            .await
            .problem("unknown_format");
        for query in ["cursor", "isbn", "language", "owner", "limit", "sort", "published_from"] {
            self.send(Method::GET, &format!("/books?{query}={MARK}"), token, Value::Null).await;
        }
        let request = self.program.request(Method::GET, &format!("/{MARK}/?token={MARK}"));
        let request = request.header("User-Agent", MARK).header("Cookie", format!("session={MARK}"));
        let answer =
            send(request.header("X-Forwarded-For", MARK).header("Origin", format!("https://{MARK}"))).await;
        self.keep(answer).problem("not_found");
    }
}

/// URL of the database with a password, if it can have one.
fn with_password(database: &Database) -> String {
    if database.backend() == sea_orm::DbBackend::Postgres {
        let mut url = url::Url::parse(&database.url).unwrap();
        url.set_password(Some(MARK)).unwrap();
        return url.to_string();
    }
    database.url.clone()
}

#[actix_web::test]
async fn no_secret_is_in_any_log_line_or_failure() {
    for (echo, format) in [("true", "text"), ("false", "json")] {
        let database = Database::empty().await;
        let (url, secrets) =
            (with_password(&database), format!("{}, {}", marked("new secret"), marked("old secret")));
        let (smtp, folder) = (Smtp::start(), tempfile::tempdir().unwrap());
        let by_file = format == "text";
        let mail_url = if by_file { format!("file://{}", folder.path().display()) } else { smtp.url() };
        let settings = [
            ("DATABASE_URL", url.as_str()),
            ("MAIL_URL", &mail_url),
            ("APP_SECRETS", &secrets),
            ("DATABASE_ECHO", echo),
            ("LOG_FORMAT", format),
            ("RUST_LOG", "trace"),
            ("EMAIL_VERIFICATION", "off"),
        ];
        let program = Process::start(&database, &settings);
        let mut run =
            Run { program, secrets: vec![MARK.to_owned(), "777000777".to_owned()], failures: Vec::new() };
        let (_, refresh) = run.accounts().await;
        run.tokens(&refresh).await;
        let (access, _) = run.log_in("alice").await;
        run.mail(&access, || if by_file { mailbox::read(folder.path()) } else { smtp.mails() }).await;
        let (access, _) = run.log_in("alice").await;
        run.nonsense(&access).await;
        run.send(Method::PATCH, "/users/me", &access, json!({ "first_name": marked("other") })).await.ok();
        // An error of the server, with its cause in the log.
        database.execute("ALTER TABLE sessions RENAME TO lost").await;
        run.send(Method::GET, "/users/me", &access, Value::Null).await.problem("internal");
        let body = json!({ "login": "alice", "password": marked("password") });
        run.post("/auth/login", body).await.problem("internal");
        run.secrets.extend(stored_hashes(&database).await);
        let Run { program, secrets, failures } = run;
        let log = program.kill();
        assert_eq!(
            log.lines().any(|line| line.contains("INSERT INTO") && line.contains("sessions")),
            echo == "true",
            "statements are logged"
        );
        assert!(
            log.lines().any(|line| line.contains("TRACE") || line.contains("\"trace\"")),
            "all is logged"
        );
        assert!(secrets.len() > 5 && failures.len() > 30);
        for secret in &secrets {
            let found: Vec<_> = log
                .lines()
                .chain(failures.iter().map(String::as_str))
                .filter(|line| contains(line, secret))
                .collect();
            assert!(found.is_empty(), "{secret} is in {found:#?}");
        }
    }
}

/// Whether `line` contains `secret`, as it is or in upper case.
fn contains(line: &str, secret: &str) -> bool {
    line.contains(secret) || line.to_lowercase().contains(&secret.to_lowercase())
}

async fn stored_hashes(database: &Database) -> Vec<String> {
    use sea_orm::{ConnectionTrait, Statement};
    let connection = database.connect().await;
    let statement =
        Statement::from_string(connection.get_database_backend(), "SELECT password_hash FROM users");
    let rows = connection.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get("", "password_hash").unwrap()).collect()
}

#[actix_web::test]
async fn a_failing_mail_server_reveals_neither_its_password_nor_the_mail() {
    for server in ["smtps://", "smtp://"].map(|scheme| format!("{scheme}{MARK}:{MARK}%40@127.0.0.1:1")) {
        let database = Database::empty().await;
        let settings = [("MAIL_URL", server.as_str()), ("RUST_LOG", "trace"), ("DATABASE_ECHO", "true")];
        let program = Process::start(&database, &settings);
        let new = json!({ "username": "alice", "email": format!("{MARK}@{MARK}.example"), "password": marked("password") });
        program.post("/auth/signup", new).await.created();
        let failed = async || program.log().contains("mail will be retried").then_some(());
        wait_for("an attempt", failed).await;
        let log = program.kill();
        assert!(!contains(&log, MARK) && !log.contains("#token="), "{log}");
    }
}

#[actix_web::test]
async fn an_unreachable_database_does_not_reveal_its_password() {
    for url in ["postgres", "mysql"].map(|scheme| format!("{scheme}://{MARK}:{MARK}@127.0.0.1:1/books")) {
        let database = Database::empty().await;
        let settings = [("DATABASE_URL", url.as_str()), ("RUST_LOG", "trace"), ("DATABASE_ECHO", "true")];
        let ended = crate::cli::run_with(&database, &settings, &["serve"], "");
        let said = String::from_utf8([ended.stdout, ended.stderr].concat()).unwrap();
        assert!(!ended.status.success() && said.contains("error: "), "{said}");
        assert!(!contains(&said, MARK), "{said}");
    }
}

#[actix_web::test]
async fn the_command_line_prints_no_secret() {
    let database = Database::empty().await;
    let settings = [("RUST_LOG", "trace"), ("DATABASE_ECHO", "true")];
    let email = format!("{MARK}@{MARK}.example");
    let create = ["user", "create", "--username", "root", "--email", &email, "--role", "admin"];
    for (password, arguments) in [
        (marked("password"), &create[..]),
        (MARK.to_owned(), &create),
        (marked("other password"), &["user", "password", "root"]),
        (MARK.to_owned(), &["user", "password", "root"]),
    ] {
        let ended = crate::cli::run_with(&database, &settings, arguments, &format!("{password}\n"));
        let said = String::from_utf8([ended.stdout, ended.stderr].concat()).unwrap();
        assert_eq!(ended.status.success(), password != MARK, "{said}");
        assert!(!contains(&said, MARK) && !contains(&said, PASSWORD), "{said}");
    }
}
