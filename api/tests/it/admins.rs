//! Two administrators that disable, demote or delete each other concurrently, in two processes: one always remains.

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use serde_json::json;
use service::Role;
use tokio::join;

use crate::{
    app::{Answer, Client, TestApp},
    process::Process,
};

/// Operation of an administrator on another.
#[derive(Debug, Clone, Copy)]
enum Removal {
    Demote,
    Disable,
    Delete,
}

impl Removal {
    const ALL: [Self; 3] = [Self::Demote, Self::Disable, Self::Delete];

    async fn perform(self, by: &Client<'_>, target: &Client<'_>) -> Answer {
        let path = format!("/users/{}", target.id.unwrap());
        match self {
            Self::Demote => by.patch(&path, json!({ "role": "user" })).await,
            Self::Disable => by.patch(&path, json!({ "is_active": false })).await,
            Self::Delete => by.delete(&path).await,
        }
    }
}

async fn administrators(connection: &DatabaseConnection) -> i64 {
    let active = match connection.get_database_backend() {
        sea_orm::DbBackend::Postgres => "is_active",
        _ => "is_active = 1",
    };
    let sql = format!("SELECT count(*) AS administrators FROM users WHERE role = 'admin' AND {active}");
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    connection.query_one_raw(statement).await.unwrap().unwrap().try_get("", "administrators").unwrap()
}

#[actix_web::test]
async fn two_administrators_that_remove_each_other_leave_one() {
    let app = TestApp::start().await;
    let processes = [Process::start(&app.database, &[]), Process::start(&app.database, &[])];
    let connection = app.database.connect().await;
    let mut both_authorized = 0;
    let mut one = app.account("admin", Role::Admin, true).await;
    for round in 0..100 {
        let two = app.account(&format!("rival{round}"), Role::Admin, true).await;
        let (mine, yours) = (Removal::ALL[round % 3], Removal::ALL[round / 3 % 3]);
        let (here, there) = (one.at(&processes[0].address), two.at(&processes[1].address));
        let (first, second) = join!(mine.perform(&here, &two), yours.perform(&there, &one));
        let what = format!("round {round}, {mine:?} and {yours:?}: {first:?} {second:?}");
        assert_eq!(administrators(&connection).await, 1, "{what}");
        let done = [&first, &second].iter().filter(|answer| answer.status.is_success()).count();
        assert_eq!(done, 1, "{what}");
        for lost in [&first, &second].iter().filter(|answer| !answer.status.is_success()) {
            assert!([401, 403, 409].contains(&lost.status.as_u16()), "{what}");
            // Both requests were authorized, and only one succeeded.
            both_authorized += usize::from(lost.status != 401);
        }
        one = if first.status.is_success() { one } else { two };
        one.get("/users").await.ok();
        Removal::Demote.perform(&one, &one).await.problem("last_admin");
    }
    assert!(both_authorized > 0, "they never met");
}

#[actix_web::test]
async fn two_administrators_that_delete_themselves_concurrently_leave_one() {
    let app = TestApp::start().await;
    let processes = [Process::start(&app.database, &[]), Process::start(&app.database, &[])];
    let connection = app.database.connect().await;
    let mut one = app.account("admin", Role::Admin, true).await;
    for round in 0..10 {
        let two = app.account(&format!("rival{round}"), Role::Admin, true).await;
        let (here, there) = (one.at(&processes[0].address), two.at(&processes[1].address));
        let password = crate::app::PASSWORD;
        let (first, second) = join!(here.delete_me(password), there.delete_me(password));
        assert_eq!(administrators(&connection).await, 1, "round {round}: {first:?} {second:?}");
        assert_ne!(first.status, second.status);
        one = if second.status.is_success() { one } else { two };
    }
}

#[actix_web::test]
async fn a_demoted_administrator_cannot_promote_itself() {
    let app = TestApp::start().await;
    let processes = [Process::start(&app.database, &[]), Process::start(&app.database, &[])];
    let admin = app.admin("admin").await.at(&processes[0].address);
    for round in 0..20 {
        let fallen = app.admin(&format!("fallen{round}")).await.at(&processes[1].address);
        let path = format!("/users/{}", fallen.id.unwrap());
        let rise = async || fallen.patch(&path, json!({ "role": "admin" })).await;
        let (demoted, ..) = join!(Removal::Demote.perform(&admin, &fallen), rise(), rise());
        demoted.ok();
        assert_eq!(admin.get(&path).await.ok()["role"], "user", "round {round}");
    }
}

#[actix_web::test]
async fn an_administrator_that_cannot_act_does_not_count() {
    let app = TestApp::start().await;
    let admin = app.admin("admin").await;
    let me = format!("/users/{}", admin.id.unwrap());
    admin.patch(&me, json!({ "is_verified": false })).await.problem("last_admin");
    // This account has no password yet.
    let new =
        json!({ "username": "carol", "email": "carol@example.com", "role": "admin", "is_verified": true });
    admin.post("/users", new).await.created();
    app.account("dave", Role::Admin, false).await;
    for blow in Removal::ALL {
        blow.perform(&admin, &admin).await.problem("last_admin");
    }
    let erin = app.admin("erin").await;
    admin.patch(&me, json!({ "is_verified": false })).await.ok();
    erin.patch(&me, json!({ "role": "user" })).await.ok();
}
