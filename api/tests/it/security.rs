//! Security log: its lines for every event of an account.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::{PASSWORD, PUBLIC_URL, TestApp},
    database::Database,
    mailbox::{self, wait_for},
    process::Process,
};

/// Run of the program, with names for the ids of accounts, and numbers for sessions in their order.
struct Story {
    program: Process,
    names: Vec<(String, &'static str)>,
}

impl Story {
    async fn sign_up(&mut self, name: &'static str) {
        let new = json!({ "username": name, "email": format!("{name}@example.com"), "password": PASSWORD });
        let user = self.program.post("/auth/signup", new).await.created();
        self.names.push((user["id"].as_str().unwrap().to_owned(), name));
    }

    async fn log_in(&self, name: &str) -> (String, String) {
        let tokens =
            self.program.post("/auth/login", json!({ "login": name, "password": PASSWORD })).await.ok();
        let text = |field: &str| tokens[field].as_str().unwrap().to_owned();
        (text("access_token"), text("refresh_token"))
    }

    async fn refresh(&self, token: &str) -> Option<String> {
        let answer = self.program.post("/auth/refresh", json!({ "refresh_token": token })).await;
        answer.body["refresh_token"].as_str().map(str::to_owned)
    }

    fn path(&self, name: &str) -> String {
        let (id, _) = self.names.iter().find(|(_, known)| *known == name).unwrap();
        format!("/users/{id}")
    }

    /// Lines of the security log, in a comparable form.
    fn tell(self) -> Vec<String> {
        let log = self.program.kill();
        let records = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut sessions = Vec::new();
        let mut lines = Vec::new();
        for mut record in records.filter(|record| record["target"] == "security") {
            let mut line =
                format!("{} {}", record["level"].as_str().unwrap(), record["message"].as_str().unwrap());
            let fields = record.as_object_mut().unwrap();
            fields.retain(|name, _| !["level", "message", "target", "time"].contains(&&**name));
            fields.sort_keys();
            for (name, value) in fields {
                let mut value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                if name == "session" {
                    let place = sessions.iter().position(|known| *known == value);
                    let place = place.unwrap_or_else(|| {
                        sessions.push(value.clone());
                        sessions.len() - 1
                    });
                    value = format!("#{place}");
                }
                if let Some((_, known)) = self.names.iter().find(|(id, _)| *id == value) {
                    value = (*known).to_owned();
                }
                line = format!("{line} {name}={value}");
            }
            lines.push(line);
        }
        lines
    }
}

#[actix_web::test]
async fn every_event_of_an_account_is_logged_once() {
    let database = Database::empty().await;
    let settings = [
        ("LOG_FORMAT", "json"),
        ("RATE_LIMIT", "on"),
        ("EMAIL_VERIFICATION", "off"),
        ("RUST_LOG", "warn,api=info,security=info"),
    ];
    let mut story = Story { program: Process::start(&database, &settings), names: Vec::new() };
    story.sign_up("root").await;
    database.execute("UPDATE users SET role = 'admin'").await;
    story.sign_up("alice").await;
    let (root, _) = story.log_in("root").await;
    let (alice, refresh) = story.log_in("alice").await;
    for login in ["alice", "nobody"] {
        story
            .program
            .post("/auth/login", json!({ "login": login, "password": "wrong" }))
            .await
            .problem("invalid_credentials");
    }
    let program = &story.program;
    program.send(Method::GET, "/users", &alice, Value::Null).await.problem("forbidden");
    program.send(Method::GET, "/users", "", Value::Null).await.problem("not_signed_in");
    let file = program.request(Method::POST, "/api/v1/books/import").bearer_auth(&alice);
    let file = file.header("Content-Type", "text/csv").body("title,author\nDune,Frank Herbert\n");
    crate::app::send(file).await.ok();
    let file = program.request(Method::POST, "/api/v1/books/import").bearer_auth(&alice);
    let file = file.header("Content-Type", "text/csv").body("title,author\nEmma,Jane Austen\n,Nobody\n");
    crate::app::send(file).await.problem("import_failed");
    let book = json!({ "title": "T", "author": "A" });
    let book = program.send(Method::POST, "/books", &root, book).await.created();
    let book = format!("/books/{}", book["id"].as_str().unwrap());
    program.send(Method::DELETE, &book, &alice, Value::Null).await.problem("forbidden");
    let second = story.refresh(&refresh).await.unwrap();
    story.refresh(&second).await.unwrap();
    assert_eq!(story.refresh(&refresh).await, None);
    let (alice, _) = story.log_in("alice").await;
    program.send(Method::POST, "/auth/logout", &alice, Value::Null).await.no_content();
    let browser =
        program.request(Method::POST, "/api/v1/auth/refresh").header("Cookie", "__Secure-bookly_refresh=a");
    crate::app::send(browser.header("Origin", "https://attacker.example")).await.problem("foreign_origin");
    let path = story.path("alice");
    for change in
        [json!({ "role": "cashier" }), json!({ "first_name": "Alice" }), json!({ "is_verified": false })]
    {
        program.send(Method::PATCH, &path, &root, change).await.ok();
    }
    let (alice, _) = story.log_in("alice").await;
    program.send(Method::POST, "/books", &alice, json!({})).await.problem("account_not_verified");
    program.send(Method::PATCH, &path, &root, json!({ "is_active": false })).await.ok();
    let disabled = json!({ "login": "alice", "password": PASSWORD });
    for _ in 0..9 {
        program.post("/auth/login", disabled.clone()).await.problem("invalid_credentials");
    }
    program.post("/auth/login", disabled).await.problem("too_many_requests");
    program.send(Method::PATCH, &path, &root, json!({ "is_active": true })).await.ok();
    let carol = json!({ "username": "carol", "email": "carol@example.com", "role": "cashier" });
    let carol = program.send(Method::POST, "/users", &root, carol).await.created();
    story.names.push((carol["id"].as_str().unwrap().to_owned(), "carol"));
    let program = &story.program;
    program.send(Method::DELETE, &path, &root, Value::Null).await.no_content();
    let confirmation = json!({ "current_password": PASSWORD });
    program.send(Method::DELETE, "/users/me", &root, confirmation).await.problem("last_admin");
    let mut lines = story.tell();
    // Nine of them are equal.
    lines.dedup();
    insta::assert_snapshot!(lines.join("\n"), @"
    info signed_up user=root
    info signed_up user=alice
    info logged_in address=loopback session=#0 user=root
    info logged_in address=loopback session=#1 user=alice
    warn log_in_failed address=loopback reason=wrong_password user=alice
    warn log_in_failed address=loopback reason=unknown_name
    warn denied action=listUsers actor=alice reason=forbidden session=#1
    info imported actor=alice created=1 dry_run=false failed=0 rows=1 updated=0
    info imported actor=alice created=0 dry_run=false failed=1 rows=2 updated=0
    warn denied action=deleteBook actor=alice reason=forbidden session=#1
    warn refresh_replayed session=#1 user=alice
    info logged_in address=loopback session=#2 user=alice
    info session_ended reason=log_out session=#2 user=alice
    warn origin_refused address=loopback
    warn role_changed actor=root from=user to=cashier user=alice
    info verification_changed actor=root user=alice verified=false
    info logged_in address=loopback session=#3 user=alice
    warn denied action=createBook actor=alice reason=not_verified session=#3
    info user_disabled actor=root user=alice
    info sessions_ended actor=root reason=disabled user=alice
    warn log_in_failed address=loopback reason=disabled user=alice
    warn throttled address=loopback policy=log-in-failures
    info user_enabled actor=root user=alice
    info user_created actor=root role=cashier user=carol
    warn link_shown actor=root user=carol
    info user_deleted actor=root user=alice
    ");
}

/// Password that differs from the first one.
const NEW_PASSWORD: &str = "violet anchor tundra 71";

#[actix_web::test]
async fn events_of_mail_tokens_and_revocations_are_logged() {
    let (database, folder) = (Database::empty().await, tempfile::tempdir().unwrap());
    let mail_url = format!("file://{}", folder.path().display());
    let settings =
        [("LOG_FORMAT", "json"), ("MAIL_URL", &*mail_url), ("RUST_LOG", "warn,api=info,security=info")];
    let mut story = Story { program: Process::start(&database, &settings), names: Vec::new() };
    let token = async |to: &str, page: &str| {
        let found = async || {
            mailbox::read(folder.path()).into_iter().rfind(|mail| mail.to == to && mail.link().contains(page))
        };
        let mail = wait_for("mail", found).await;
        let (name, _) = mail.id.split_once('@').unwrap();
        std::fs::remove_file(folder.path().join(format!("{name}.eml"))).unwrap();
        mail.token()
    };
    story.sign_up("root").await;
    database.execute("UPDATE users SET role = 'admin', is_verified = TRUE").await;
    story.sign_up("alice").await;
    story.sign_up("mallory").await;
    let program = &story.program;
    let verify = async |token: String| {
        let body = json!({ "token": token, "password": PASSWORD });
        program.post("/auth/verify-email", body).await.ok()
    };
    verify(token("alice@example.com", "verify").await).await;
    let (alice, _) = story.log_in("alice").await;
    let (other, _) = story.log_in("alice").await;
    let (mallory, _) = story.log_in("mallory").await;
    let sessions = program.send(Method::GET, "/users/me/sessions", &alice, Value::Null).await.ok();
    let other_id =
        sessions["items"].as_array().unwrap().iter().find(|session| session["is_current"] == false);
    let path = format!("/users/me/sessions/{}", other_id.unwrap()["id"].as_str().unwrap());
    program.send(Method::DELETE, &path, &alice, Value::Null).await.no_content();
    program.send(Method::GET, "/users/me", &other, Value::Null).await.problem("invalid_token");
    program.send(Method::DELETE, "/users/me/sessions", &alice, Value::Null).await.no_content();
    let change = |password: &str| json!({ "email": "mallory@example.com", "current_password": password });
    program.send(Method::PUT, "/users/me/email", &alice, change("wrong")).await.invalid();
    program.send(Method::PUT, "/users/me/email", &alice, change(PASSWORD)).await.accepted();
    // An address that another account has, but never verified.
    let confirming = async || {
        let mails = mailbox::read(folder.path());
        mails.iter().find(|mail| mail.text.contains("is to become")).map(mailbox::Mail::token)
    };
    verify(wait_for("mail", confirming).await).await;
    program.send(Method::GET, "/users/me", &mallory, Value::Null).await.problem("invalid_token");
    let new = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    program.send(Method::PUT, "/users/me/password", &alice, new).await.no_content();
    for email in ["nobody@example.com", "mallory@example.com"] {
        program.post("/auth/password-reset", json!({ "email": email })).await.accepted();
        let quiet =
            async || (mailbox::count(&database, "outbox WHERE sent_at IS NULL").await == 0).then_some(());
        wait_for("an empty outbox", quiet).await;
    }
    let token = token("mallory@example.com", "reset").await;
    let reset = json!({ "token": token, "new_password": PASSWORD });
    program.post("/auth/password-reset/confirm", reset).await.no_content();
    let (root, _) = story.log_in("root").await;
    let path = story.path("alice");
    program.send(Method::POST, &format!("{path}/password-reset"), &root, Value::Null).await.accepted();
    program.send(Method::DELETE, &format!("{path}/sessions"), &root, Value::Null).await.no_content();
    let (alice, _) = story.log_in("alice").await;
    let confirmation = json!({ "current_password": PASSWORD });
    program.send(Method::DELETE, "/users/me", &alice, confirmation).await.no_content();
    let correction = json!({ "email": "mallory@example.org" });
    program.send(Method::PATCH, &story.path("mallory"), &root, correction).await.ok();
    let verifying = async || {
        let mails = mailbox::read(folder.path());
        mails.iter().find(|mail| mail.to == "mallory@example.org").map(mailbox::Mail::token)
    };
    let token = wait_for("mail", verifying).await;
    let guess = json!({ "token": token, "password": "wrong" });
    program.post("/auth/verify-email", guess).await.invalid();
    let renewed = json!({ "token": token, "new_password": NEW_PASSWORD });
    program.post("/auth/verify-email", renewed).await.ok();
    let lines = story.tell();
    insta::assert_snapshot!(lines.join("\n"), @"
    info signed_up user=root
    info signed_up user=alice
    info signed_up user=mallory
    info email_verified user=alice
    info logged_in address=loopback session=#0 user=alice
    info logged_in address=loopback session=#1 user=alice
    info logged_in address=loopback session=#2 user=mallory
    info session_ended reason=owner session=#1 user=alice
    info sessions_ended actor=alice reason=owner user=alice
    warn password_refused user=alice
    info email_change_requested user=alice
    info email_changed user=alice
    warn address_lost to=alice user=mallory
    info sessions_ended actor=alice reason=address_lost user=mallory
    info password_changed user=alice
    info sessions_ended actor=alice reason=password_changed user=alice
    info reset_requested
    info reset_requested user=alice
    info password_reset user=alice
    info sessions_ended actor=alice reason=password_reset user=alice
    info logged_in address=loopback session=#3 user=root
    info reset_requested actor=root user=alice
    info sessions_ended actor=root reason=administrator user=alice
    info logged_in address=loopback session=#4 user=alice
    info user_deleted actor=alice user=alice
    warn email_corrected actor=root user=mallory
    info sessions_ended actor=root reason=email_corrected user=mallory
    warn log_in_failed address=loopback reason=wrong_password user=mallory
    info email_verified user=mallory
    info password_reset user=mallory
    info sessions_ended actor=mallory reason=password_reset user=mallory
    ");
}

#[actix_web::test]
async fn events_are_lines_with_pairs_in_a_text_log() {
    let database = Database::empty().await;
    let mut story = Story { program: Process::start(&database, &[]), names: Vec::new() };
    story.sign_up("alice").await;
    story.log_in("alice").await;
    let id = story.names[0].0.clone();
    let log = story.program.kill();
    let line = log.lines().find(|line| line.contains("logged_in")).unwrap();
    assert!(line.contains(" INFO  security] logged_in user=") && line.contains(&id), "{line}");
    assert!(line.ends_with(" address=loopback"), "{line}");
}

#[actix_web::test]
async fn events_of_the_command_line_are_logged() {
    let app = TestApp::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("accounts.csv");
    let hash = bcrypt::hash(PASSWORD, 4).unwrap();
    std::fs::write(&file, format!("username,email,hash\ncarol,carol@example.com,{hash}\n")).unwrap();
    let file = file.to_str().unwrap();
    let mail_url = format!("file://{}", folder.path().display());
    let settings = [
        ("RUST_LOG", "warn,security=info"),
        ("MAIL_URL", &mail_url),
        ("MAIL_FROM", "bookly@example.net"),
        ("PUBLIC_URL", PUBLIC_URL),
    ];
    let create = ["user", "create", "--username", "root", "--email", "root@example.com", "--role", "admin"];
    for (arguments, told) in [
        (&create[..], "INFO  security] user_created actor=operator user=[id] role=admin\n"),
        (
            &["user", "import", file, "--dry-run"],
            "INFO  security] users_imported actor=operator rows=1 created=1 failed=0 dry_run=true\n",
        ),
        (
            &["user", "import", file],
            "INFO  security] users_imported actor=operator rows=1 created=1 failed=0 dry_run=false\n",
        ),
        (
            &["user", "role", "carol", "cashier"],
            "WARN  security] role_changed actor=operator user=[id] from=user to=cashier\n",
        ),
        (&["user", "reset-mail", "carol"], "INFO  security] reset_requested actor=operator user=[id]\n"),
        (
            &["user", "email", "carol", "carol@example.org"],
            "WARN  security] email_corrected actor=operator user=[id]\nINFO  security] sessions_ended user=[id] actor=operator reason=email_corrected\n",
        ),
        (
            &["user", "verify", "carol"],
            "INFO  security] verification_changed actor=operator user=[id] verified=true\n",
        ),
        (
            &["user", "password", "carol"],
            "WARN  security] password_set actor=operator user=[id]\nINFO  security] sessions_ended user=[id] actor=operator reason=password_set\n",
        ),
        (&["user", "show", "carol"], ""),
        (
            &["user", "disable", "carol"],
            "INFO  security] user_disabled actor=operator user=[id]\nINFO  security] sessions_ended user=[id] actor=operator reason=disabled\n",
        ),
        (&["user", "enable", "carol"], "INFO  security] user_enabled actor=operator user=[id]\n"),
        (&["user", "delete", "carol"], "INFO  security] user_deleted actor=operator user=[id]\n"),
    ] {
        let ended = crate::cli::run_with(&app.database, &settings, arguments, &format!("{PASSWORD}\n"));
        let log = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.success(), "{log}");
        let mut lines = String::new();
        for line in log.lines() {
            let (_, line) = line.split_once(' ').unwrap();
            let words = line.split(' ').map(|word| word.strip_prefix("user=").map_or(word, |_| "user=[id]"));
            lines += &(words.collect::<Vec<_>>().join(" ") + "\n");
        }
        assert_eq!(lines, told, "{arguments:?}");
    }
}
