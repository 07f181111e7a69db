//! Delivery of mail: retried until it is sent, never twice, without secrets in the database.

use std::{collections::HashSet, fs, sync::Arc, thread};

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::ServerConfig;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    app::{PASSWORD, SECRET, TestApp},
    auth::long_ago,
    database::Database,
    mailbox::{Mail, count, wait_for},
    process::Process,
    smtp::{Behavior, Smtp},
};

/// Mail that is not sent yet.
const WAITING: &str = "outbox WHERE sent_at IS NULL";

fn sign_up(name: &str) -> Value {
    json!({ "username": name, "email": format!("{name}@example.com"), "password": PASSWORD })
}

/// Waits for this number of failed attempts.
async fn failed(process: &Process, attempts: usize) {
    let failures = || process.log().matches("mail will be retried").count();
    wait_for("a failure", async || (failures() >= attempts).then_some(())).await;
}

/// Makes the next attempt due now, and wakes the outbox.
async fn hurry(process: &Process, database: &Database) {
    let sql = format!("UPDATE outbox SET due_at = {} WHERE sent_at IS NULL", long_ago(database));
    database.execute(&sql).await;
    let nobody = json!({ "email": "nobody@example.com" });
    assert_eq!(process.post("/auth/password-reset", nobody).await.status, 202);
}

#[actix_web::test]
async fn mail_is_sent_once_after_a_minute_without_a_server() {
    let database = Database::empty().await;
    let smtp = Smtp::absent();
    let process = Process::start(&database, &[("MAIL_URL", &smtp.url())]);
    assert_eq!(process.post("/auth/signup", sign_up("alice")).await.status, 201);
    // More than a minute passes before the fifth attempt.
    for (attempt, pause) in (1..).zip([5, 10, 20, 40]) {
        failed(&process, attempt).await;
        assert!(process.log().contains(&format!("pause={pause}\n")), "{}", process.log());
        if pause == 40 {
            smtp.open();
        }
        hurry(&process, &database).await;
    }
    let mail = wait_for("the mail", async || smtp.mails().pop()).await;
    assert_eq!(
        (mail.to.as_str(), smtp.recipients()),
        ("alice@example.com", vec!["alice@example.com".to_owned()])
    );
    wait_for("the note of it", async || (count(&database, WAITING).await == 0).then_some(())).await;
    assert_eq!(smtp.mails().len(), 1);
    assert_eq!(
        process
            .post("/auth/verify-email", json!({ "token": mail.token(), "password": PASSWORD }))
            .await
            .status,
        200
    );
}

#[actix_web::test]
async fn deferred_and_rejected_mail_is_retried_until_it_is_accepted() {
    const ATTEMPTS: usize = 6;
    let database = Database::empty().await;
    let smtp = Smtp::start();
    let process = Process::start(&database, &[("MAIL_URL", &smtp.url())]);
    // A server that rejects mail may have a wrong configuration, or expect another password.
    for (before, (name, behavior)) in
        [("alice", Behavior::RejectsTemporarily), ("bob", Behavior::RejectsPermanently)]
            .into_iter()
            .enumerate()
    {
        smtp.set(behavior);
        assert_eq!(process.post("/auth/signup", sign_up(name)).await.status, 201);
        for attempt in 1..=ATTEMPTS {
            failed(&process, before * ATTEMPTS + attempt).await;
            if attempt == ATTEMPTS {
                smtp.set(Behavior::Accepts);
            }
            hurry(&process, &database).await;
        }
        wait_for("the note of it", async || (count(&database, WAITING).await == 0).then_some(())).await;
        assert_eq!(smtp.mails().len(), before + 1);
    }
}

#[actix_web::test]
async fn a_server_that_sends_an_endless_line_is_left_and_asked_again() {
    let certified = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("certificate.pem");
    fs::write(&certificate, certified.cert.pem()).unwrap();
    for is_tls in [false, true] {
        let (database, smtp) = (Database::empty().await, Smtp::start());
        smtp.set(Behavior::Floods);
        let url = if is_tls {
            format!("smtps://localhost:{}", wrap(smtp.port, &certified).await)
        } else {
            smtp.url()
        };
        let settings = [("MAIL_URL", url.as_str()), ("SSL_CERT_FILE", certificate.to_str().unwrap())];
        let process = Process::start(&database, &settings);
        assert_eq!(process.post("/auth/signup", sign_up("alice")).await.status, 201);
        failed(&process, 1).await;
        assert!(process.log().contains("the server sent too much"), "{}", process.log());
        smtp.set(Behavior::Accepts);
        hurry(&process, &database).await;
        let mail = wait_for("the mail", async || smtp.mails().pop()).await;
        assert_eq!(mail.to, "alice@example.com");
        process.kill();
    }
}

#[actix_web::test]
async fn mail_of_a_killed_process_is_sent_after_its_restart() {
    let database = Database::empty().await;
    let smtp = Smtp::start();
    smtp.set(Behavior::Hangs);
    let settings = [("MAIL_URL", smtp.url())];
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let first = Process::start(&database, &settings);
    assert_eq!(first.post("/auth/signup", sign_up("alice")).await.status, 201);
    wait_for("an attempt", async || (smtp.attempts() > 0).then_some(())).await;
    first.kill();
    smtp.set(Behavior::Accepts);
    assert_eq!(count(&database, WAITING).await, 1, "nothing was lost");
    // Any process may claim the mail of the dead one after its lease.
    database.execute(&format!("UPDATE outbox SET due_at = {}", long_ago(&database))).await;
    let second = Process::start(&database, &settings);
    let mail = wait_for("the mail", async || smtp.mails().pop()).await;
    wait_for("the note of it", async || (count(&database, WAITING).await == 0).then_some(())).await;
    assert_eq!(smtp.mails().len(), 1);
    assert_eq!(
        second
            .post("/auth/verify-email", json!({ "token": mail.token(), "password": PASSWORD }))
            .await
            .status,
        200
    );
    let log = second.kill();
    assert!(log.contains("mail sent") && !log.contains("example.com") && !log.contains("v1.verify"), "{log}");
}

#[actix_web::test]
async fn several_processes_share_the_outbox_and_send_each_mail_once() {
    let database = Database::empty().await;
    let smtp = Smtp::absent();
    let url = smtp.url();
    let first = Process::start(&database, &[("MAIL_URL", &url)]);
    for number in 0..24 {
        assert_eq!(first.post("/auth/signup", sign_up(&format!("user{number}"))).await.status, 201);
    }
    first.kill();
    database.execute(&format!("UPDATE outbox SET due_at = {}", long_ago(&database))).await;
    smtp.set(Behavior::Hangs);
    smtp.open();
    let processes: Vec<Process> = thread::scope(|scope| {
        let starts: Vec<_> =
            (0..3).map(|_| scope.spawn(|| Process::start(&database, &[("MAIL_URL", &url)]))).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    wait_for("all of them", async || (smtp.attempts() >= 24).then_some(())).await;
    smtp.set(Behavior::Accepts);
    wait_for("all mail", async || (count(&database, WAITING).await == 0).then_some(())).await;
    let ids: HashSet<String> = smtp.mails().into_iter().map(|mail| mail.id).collect();
    assert_eq!((ids.len(), smtp.mails().len()), (24, 24));
    for process in processes {
        assert!(process.kill().contains("mail sent"), "each had a part in it");
    }
}

/// TLS server that forwards to `port`. Returns its own port.
async fn wrap(port: u16, certified: &CertifiedKey<KeyPair>) -> u16 {
    let (chain, key) = (vec![certified.cert.der().clone()], certified.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(chain, key.try_into().unwrap()).unwrap();
    let (acceptor, listener) =
        (TlsAcceptor::from(Arc::new(config)), TcpListener::bind(("127.0.0.1", 0)).await.unwrap());
    let wrapped = listener.local_addr().unwrap().port();
    actix_web::rt::spawn(async move {
        loop {
            let (outer, _) = listener.accept().await.unwrap();
            // A client that does not trust the certificate closes the connection.
            let Ok(mut outer) = acceptor.accept(outer).await else { continue };
            let mut inner = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            actix_web::rt::spawn(async move { copy_bidirectional(&mut outer, &mut inner).await.ok() });
        }
    });
    wrapped
}

#[actix_web::test]
async fn smtps_uses_implicit_tls() {
    let folder = tempfile::tempdir().unwrap();
    let certified = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = folder.path().join("certificate.pem");
    fs::write(&certificate, certified.cert.pem()).unwrap();
    let smtp = Smtp::start();
    let database = Database::empty().await;
    let url = format!("smtps://localhost:{}", wrap(smtp.port, &certified).await);
    let stranger = Process::start(&database, &[("MAIL_URL", &url)]);
    assert_eq!(stranger.post("/auth/signup", sign_up("alice")).await.status, 201);
    wait_for("a refusal", async || stranger.log().contains("mail will be retried").then_some(())).await;
    stranger.kill();
    assert_eq!(smtp.attempts(), 0);
    database.execute(&format!("UPDATE outbox SET due_at = {}", long_ago(&database))).await;
    let trusted = [("MAIL_URL", url.as_str()), ("SSL_CERT_FILE", certificate.to_str().unwrap())];
    let process = Process::start(&database, &trusted);
    let mail = wait_for("the mail", async || smtp.mails().pop()).await;
    assert_eq!(mail.to, "alice@example.com");
    process.kill();
}

#[actix_web::test]
async fn smtp_uses_starttls_with_name_and_password() {
    let folder = tempfile::tempdir().unwrap();
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    fs::write(&certificate, cert.pem()).unwrap();
    fs::write(&key, signing_key.serialize_pem()).unwrap();
    let smtp = Smtp::guarded(&certificate, &key, "bookly", "p@ss word");
    let database = Database::empty().await;
    let url = format!("smtp://bookly:p%40ss%20word@localhost:{}?tls=required", smtp.port);

    let stranger = Process::start(&database, &[("MAIL_URL", &url)]);
    assert_eq!(stranger.post("/auth/signup", sign_up("alice")).await.status, 201);
    wait_for("a refusal", async || stranger.log().contains("mail will be retried").then_some(())).await;
    let log = stranger.kill();
    assert!(log.contains("certificate") && !log.contains("p@ss") && !log.contains("p%40ss"), "{log}");
    assert_eq!(smtp.attempts(), 0, "a certificate that nobody vouches for gets neither mail nor password");

    database.execute(&format!("UPDATE outbox SET due_at = {}", long_ago(&database))).await;
    let trusted = [("MAIL_URL", url.as_str()), ("SSL_CERT_FILE", certificate.to_str().unwrap())];
    let process = Process::start(&database, &trusted);
    let mail = wait_for("the mail", async || smtp.mails().pop()).await;
    assert_eq!(mail.to, "alice@example.com");
    process.kill();
}

#[actix_web::test]
async fn a_dump_of_the_database_contains_no_credentials() {
    let smtp = Smtp::absent();
    let app = TestApp::with(&["--mail-url", &smtp.url()]).await;
    let anyone = app.anonymous();
    let alice = app.user("alice").await;
    anyone.post("/auth/signup", sign_up("dave")).await.created();
    anyone.post("/auth/password-reset", json!({ "email": "alice@example.com" })).await.accepted();
    let change = json!({ "email": "new@example.com", "current_password": PASSWORD });
    alice.put("/users/me/email", change).await.accepted();
    let tried = async || (app.count("outbox WHERE attempts > 0").await == 4).then_some(());
    wait_for("an attempt of each", tried).await;
    let before = dump(&app.database).await;
    smtp.open();
    wait_for("all mail", async || (app.waiting().await == 0).then_some(())).await;
    let after = dump(&app.database).await;
    let mails = smtp.mails();
    let links = mails.iter().filter(|mail| mail.text.contains("#token="));
    let mut secrets: Vec<String> = links.map(Mail::token).collect();
    assert_eq!(secrets.len(), 3);
    secrets.extend([alice.token.clone().unwrap(), alice.refresh_token.clone()]);
    // The secret part of each token is its code.
    secrets.extend(secrets.clone().iter().map(|token| token.rsplit('.').next().unwrap().to_owned()));
    secrets.extend([PASSWORD.to_owned(), SECRET.to_owned()]);
    for secret in secrets {
        for dump in [&before, &after] {
            assert!(dump.contains("alice@example.com") && dump.contains("verify_email"));
            assert!(!dump.contains(&secret), "{secret}");
        }
    }
}

/// Content of the database as text; for SQLite, its files.
async fn dump(database: &Database) -> String {
    let db = database.connect().await;
    let rows = |sql: String| {
        let statement = Statement::from_string(db.get_database_backend(), sql);
        db.query_all_raw(statement)
    };
    let tables = ["users", "sessions", "outbox", "books", "seaql_migrations"];
    let mut text = String::new();
    match database.backend() {
        DbBackend::Sqlite => {
            let path = database.url.trim_start_matches("sqlite://").split('?').next().unwrap().to_owned();
            for suffix in ["", "-wal"] {
                text += &String::from_utf8_lossy(&fs::read(format!("{path}{suffix}")).unwrap());
            }
        }
        DbBackend::Postgres => {
            for table in tables {
                for row in rows(format!("SELECT t::text AS line FROM {table} AS t")).await.unwrap() {
                    text += &row.try_get::<String>("", "line").unwrap();
                }
            }
        }
        _ => {
            for table in tables {
                let columns = rows(format!(
                    "SELECT GROUP_CONCAT(CONCAT('QUOTE(`', column_name, '`)')) AS list \
                     FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = '{table}'"
                ));
                let list: String = columns.await.unwrap()[0].try_get("", "list").unwrap();
                for row in
                    rows(format!("SELECT CONVERT(CONCAT_WS(' ', {list}) USING latin1) AS line FROM {table}"))
                        .await
                        .unwrap()
                {
                    text += &row.try_get::<String>("", "line").unwrap();
                }
            }
        }
    }
    db.close().await.unwrap();
    text
}

#[actix_web::test]
async fn cleanup_deletes_old_rows_only() {
    let app = TestApp::start().await;
    let anyone = app.anonymous();
    for name in ["alice", "bob", "carol", "dave"] {
        anyone.post("/auth/signup", sign_up(name)).await.created();
        app.log_in(name).await;
    }
    wait_for("all mail", async || (app.waiting().await == 0).then_some(())).await;
    let past = long_ago(&app.database);
    let of = |name: &str| format!("= (SELECT id FROM users WHERE username = '{name}')");
    for sql in [
        format!("UPDATE outbox SET sent_at = {past} WHERE user_id {}", of("alice")),
        format!("UPDATE outbox SET sent_at = NULL, expires_at = {past} WHERE user_id {}", of("bob")),
        format!(
            "UPDATE sessions SET idle_expires_at = {past}, expires_at = {past} WHERE user_id {}",
            of("alice")
        ),
        format!(
            "UPDATE sessions SET idle_expires_at = {past}, revoked_at = {past} WHERE user_id {}",
            of("bob")
        ),
        format!("UPDATE sessions SET revoked_at = {past} WHERE user_id {}", of("carol")),
    ] {
        app.database.execute(&sql).await;
    }
    // Two more processes do so at their start, at the same time.
    let _more = [Process::start(&app.database, &[]), Process::start(&app.database, &[])];
    let left = async || (app.count("outbox").await == 2 && app.count("sessions").await == 2).then_some(());
    wait_for("an end of what is old", left).await;
    for table in ["outbox", "sessions"] {
        for name in ["carol", "dave"] {
            assert_eq!(app.count(&format!("{table} WHERE user_id {}", of(name))).await, 1, "{table} {name}");
        }
    }
}
