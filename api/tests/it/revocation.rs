//! Revocation: immediate, in every process, and after a crash.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};
use service::Role;
use tokio::task::JoinHandle;

use crate::{
    app::{Answer, Client, PASSWORD, TestApp},
    process::Process,
};

/// Clients per process that repeat the same request.
const CLIENTS: usize = 3;

/// Requests of each client after the revocation.
const AFTERWARDS: usize = 10;

const NEW_PASSWORD: &str = "violet anchor tundra 71";

/// Requests without a pause, with the start time of each accepted one.
struct RequestLoop {
    stop: Arc<AtomicBool>,
    accepted: Arc<Mutex<Vec<Instant>>>,
    rounds: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<()>>,
}

impl RequestLoop {
    /// Starts requests to `path` in each process, and waits until they are accepted.
    async fn start(client: &Client<'_>, processes: &[Process], path: &str) -> Self {
        let (stop, accepted) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let rounds = Arc::new(AtomicUsize::new(0));
        let clients = processes.iter().flat_map(|process| (0..CLIENTS).map(|_| client.at(&process.address)));
        let tasks = clients.map(|client| {
            let (stop, accepted, rounds) = (Arc::clone(&stop), Arc::clone(&accepted), Arc::clone(&rounds));
            let request = client.request(Method::GET, path);
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    let status = request.try_clone().unwrap().send().await.unwrap().status();
                    assert!(!status.is_server_error(), "{status}");
                    if status.is_success() {
                        accepted.lock().unwrap().push(began);
                    }
                    rounds.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        let requests = Self { tasks: tasks.collect(), stop, accepted, rounds };
        requests.wait_for(requests.tasks.len() * 2).await;
        assert!(!requests.accepted.lock().unwrap().is_empty());
        requests
    }

    async fn wait_for(&self, rounds: usize) {
        let enough = self.rounds.load(Ordering::Relaxed) + rounds;
        while self.rounds.load(Ordering::Relaxed) < enough {
            assert!(self.tasks.iter().all(|task| !task.is_finished()), "a request failed");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Continues for a while, and counts the accepted requests that began after `end`.
    async fn accepted_after(self, end: Instant) -> usize {
        self.wait_for(self.tasks.len() * AFTERWARDS).await;
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
        self.accepted.lock().unwrap().iter().filter(|began| **began > end).count()
    }
}

/// Two processes on the database of `app`.
fn two(app: &TestApp) -> [Process; 2] {
    [Process::start(&app.database, &[]), Process::start(&app.database, &[])]
}

/// Performs a revocation during requests to both processes, and counts those accepted afterwards.
async fn accepted_after(
    client: &Client<'_>,
    processes: &[Process],
    path: &str,
    end: impl AsyncFnOnce() -> Answer,
) -> usize {
    let requests = RequestLoop::start(client, processes, path).await;
    let answer = end().await;
    let ended = Instant::now();
    assert!(answer.status.is_success(), "{:#}", answer.body);
    requests.accepted_after(ended).await
}

/// Asserts that both processes reject every token of the session.
async fn assert_over(client: &Client<'_>, processes: &[Process]) {
    for process in processes {
        let there = client.at(&process.address);
        there.get("/users/me").await.problem("invalid_token");
        there.refresh().await.problem("invalid_token");
    }
}

#[actix_web::test]
async fn after_log_out_no_process_accepts_a_request() {
    let app = TestApp::start().await;
    let processes = two(&app);
    let alice = app.user("alice").await;
    let there = alice.at(&processes[0].address);
    let end = async || there.post("/auth/logout", Value::Null).await;
    assert_eq!(accepted_after(&alice, &processes, "/users/me", end).await, 0);
    assert_over(&alice, &processes).await;
}

#[actix_web::test]
async fn after_the_end_of_sessions_no_process_accepts_a_request() {
    let app = TestApp::start().await;
    let processes = two(&app);
    let (alice, other) = (app.user("alice").await, app.log_in("alice").await);
    let there = other.at(&processes[0].address);
    let end = async || there.delete("/users/me/sessions").await;
    assert_eq!(accepted_after(&alice, &processes, "/users/me", end).await, 0);
    assert_over(&alice, &processes).await;
    let admin = app.admin("admin").await.at(&processes[1].address);
    let path = format!("/users/{}/sessions", other.id.unwrap());
    let end = async || admin.delete(&path).await;
    assert_eq!(accepted_after(&other, &processes, "/users/me", end).await, 0);
    assert_over(&other, &processes).await;
}

#[actix_web::test]
async fn after_an_account_is_disabled_no_process_accepts_a_request() {
    let app = TestApp::start().await;
    let processes = two(&app);
    let (alice, admin) = (app.user("alice").await, app.admin("admin").await.at(&processes[1].address));
    let path = format!("/users/{}", alice.id.unwrap());
    let end = async || admin.patch(&path, json!({ "is_active": false })).await;
    assert_eq!(accepted_after(&alice, &processes, "/users/me", end).await, 0);
    assert_over(&alice, &processes).await;
    admin.patch(&path, json!({ "is_active": true })).await.ok();
    assert_over(&alice, &processes).await;
}

#[actix_web::test]
async fn after_a_demotion_no_process_accepts_an_administrative_request() {
    let app = TestApp::start().await;
    let processes = two(&app);
    let (fallen, admin) = (app.admin("fallen").await, app.admin("admin").await.at(&processes[1].address));
    let path = format!("/users/{}", fallen.id.unwrap());
    let end = async || admin.patch(&path, json!({ "role": "user" })).await;
    assert_eq!(accepted_after(&fallen, &processes, "/users?limit=1", end).await, 0);
    for process in &processes {
        fallen.at(&process.address).get("/users").await.problem("forbidden");
        fallen.at(&process.address).get("/users/me").await.ok();
    }
}

#[actix_web::test]
async fn after_an_account_is_deleted_no_process_accepts_a_request() {
    let app = TestApp::start().await;
    let processes = two(&app);
    let (alice, admin) = (app.user("alice").await, app.admin("admin").await.at(&processes[1].address));
    let there = alice.at(&processes[0].address);
    let end = async || there.delete_me(PASSWORD).await;
    assert_eq!(accepted_after(&alice, &processes, "/users/me", end).await, 0);
    assert_over(&alice, &processes).await;
    let bob = app.user("bob").await;
    let path = format!("/users/{}", bob.id.unwrap());
    let end = async || admin.delete(&path).await;
    assert_eq!(accepted_after(&bob, &processes, "/users/me", end).await, 0);
    assert_over(&bob, &processes).await;
}

#[actix_web::test]
async fn after_a_change_of_password_no_process_accepts_a_request_of_other_sessions() {
    let app = TestApp::start().await;
    let processes = two(&app);
    let (alice, here) = (app.user("alice").await, app.log_in("alice").await);
    let there = here.at(&processes[0].address);
    let change = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    let end = async || there.put("/users/me/password", change).await;
    assert_eq!(accepted_after(&alice, &processes, "/users/me", end).await, 0);
    assert_over(&alice, &processes).await;
    there.get("/users/me").await.ok();
}

#[actix_web::test]
async fn after_a_reset_of_the_password_no_process_accepts_a_request() {
    let app = TestApp::start().await;
    let processes = two(&app);
    let alice = app.user("alice").await;
    let there = app.anonymous().at(&processes[1].address);
    app.anonymous().post("/auth/password-reset", json!({ "email": "alice@example.com" })).await.accepted();
    let token = app.mail("alice@example.com", "reset-password").await.token();
    let reset = json!({ "token": token, "new_password": NEW_PASSWORD });
    let end = async || there.post("/auth/password-reset/confirm", reset).await;
    assert_eq!(accepted_after(&alice, &processes, "/users/me", end).await, 0);
    assert_over(&alice, &processes).await;
    let input = json!({ "login": "alice", "password": NEW_PASSWORD });
    there.post("/auth/login", input).await.ok();
}

/// Disabling and enabling again ends every session, so a log-in that began before must not create one.
#[actix_web::test]
async fn a_log_in_during_the_disabling_of_its_account_creates_no_session() {
    let app = TestApp::start().await;
    let processes = two(&app);
    let admin = app.admin("admin").await;
    for round in 0..10 {
        let name = format!("alice{round}");
        let alice = app.account(&name, Role::User, true).await;
        let path = format!("/users/{}", alice.id.unwrap());
        let input = json!({ "login": name, "password": PASSWORD });
        let log_in = |process: &Process| {
            let (client, input) = (app.anonymous().at(&process.address), input.clone());
            async move { client.post("/auth/login", input).await }
        };
        let (first, second, third, disabled) = tokio::join!(
            log_in(&processes[0]),
            log_in(&processes[1]),
            log_in(&processes[0]),
            admin.patch(&path, json!({ "is_active": false })),
        );
        disabled.ok();
        admin.patch(&path, json!({ "is_active": true })).await.ok();
        for answer in [first, second, third].into_iter().filter(|answer| answer.status == 200) {
            let token = answer.body["access_token"].as_str().unwrap();
            alice.with_token(token).get("/users/me").await.problem("invalid_token");
        }
    }
}

#[actix_web::test]
async fn a_session_ended_before_a_crash_is_rejected_after_it() {
    let app = TestApp::start().await;
    let mut process = Process::start(&app.database, &[]);
    let kept = app.user("alice").await;
    for _ in 0..5 {
        let (left, replayed, ended) =
            (app.log_in("alice").await, app.log_in("alice").await, app.log_in("alice").await);
        left.at(&process.address).post("/auth/logout", Value::Null).await.no_content();
        let mut next = replayed.clone();
        for _ in 0..2 {
            let tokens = next.at(&process.address).refresh().await.ok();
            next.refresh_token = tokens["refresh_token"].as_str().unwrap().to_owned();
        }
        // Older than the parent of the newest: it was copied.
        replayed.at(&process.address).refresh().await.problem("invalid_token");
        let sessions = ended.at(&process.address).get("/users/me/sessions").await.ok();
        let current = sessions["items"].as_array().unwrap().iter().find(|s| s["is_current"] == true).unwrap();
        let path = format!("/users/me/sessions/{}", current["id"].as_str().unwrap());
        ended.at(&process.address).delete(&path).await.no_content();
        drop(process.kill());
        process = Process::start(&app.database, &[]);
        for client in [&left, &replayed, &next, &ended] {
            client.at(&process.address).get("/users/me").await.problem("invalid_token");
            client.at(&process.address).refresh().await.problem("invalid_token");
        }
        kept.at(&process.address).get("/users/me").await.ok();
    }
}
