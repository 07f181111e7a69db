//! The permission table, cell by cell, from the table itself.

use api::routes::{Endpoint, endpoints};
use serde_json::json;
use service::access::{Action, Reach, Role};

use crate::app::{Answer, Client, PASSWORD, TestApp, path_of, send};

/// Another password that is strong enough.
const NEW_PASSWORD: &str = "violet anchor tundra 71";

/// Does `action` as `client`, with what `owner` has where it needs something.
async fn attempt(endpoint: &Endpoint, client: &Client<'_>, owner: &Client<'_>) -> Answer {
    let book = if endpoint.path.contains("/books/{id}") {
        path_of(&owner.book("A book").await)
    } else {
        String::new()
    };
    let target = owner.id.map(|id| id.to_string()).unwrap_or_default();
    let path = match endpoint.action {
        Action::GetBook | Action::UpdateBook | Action::DeleteBook => book,
        Action::GetBookByIsbn => "/books/isbn/9780441013593".to_owned(),
        Action::EndSession => format!("/users/me/sessions/{}", another_session(client).await),
        Action::GetProblem => "//problems/stale".to_owned(),
        Action::GetLiveness | Action::GetReadiness => format!("/{}", endpoint.path),
        _ => endpoint.path.trim_start_matches("/api/v1").replace("{id}", &target),
    };
    let method = endpoint.method.as_str().parse().unwrap();
    let request = client.request(method, &path);
    let name = format!("n{}", uuid::Uuid::now_v7().simple());
    let account = json!({ "username": name, "email": format!("{name}@example.com") });
    let mut sign_up = account.clone();
    sign_up["password"] = json!(PASSWORD);
    let email = account["email"].as_str().unwrap().to_owned();
    let app = client.app;
    let mailed = async |page: &str| {
        app.anonymous().post("/auth/signup", sign_up.clone()).await.created();
        if page == "reset-password" {
            app.anonymous().post("/auth/password-reset", json!({ "email": email })).await.accepted();
        }
        app.mail(&email, page).await.token()
    };
    send(match endpoint.action {
        Action::SignUp => request.json(&sign_up),
        Action::CreateUser => request.json(&account),
        Action::DeleteMe => request.json(&json!({ "current_password": PASSWORD })),
        Action::LogIn => request.json(&json!({ "login": "owner", "password": PASSWORD })),
        Action::Refresh => request.json(&json!({ "refresh_token": owner.refresh_token })),
        Action::VerifyEmail => request.json(&json!({ "token": mailed("verify-email").await })),
        Action::ResendVerification | Action::RequestPasswordReset => request.json(&json!({ "email": email })),
        Action::ResetPassword => {
            request.json(&json!({ "token": mailed("reset-password").await, "new_password": NEW_PASSWORD }))
        }
        Action::ChangePassword => {
            request.json(&json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD }))
        }
        Action::ChangeEmail => request.json(&json!({ "current_password": PASSWORD, "email": email })),
        Action::CreateBook => request.json(&json!({ "title": "T", "author": "A" })),
        Action::UpdateMe | Action::UpdateUser | Action::UpdateBook => request.json(&json!({})),
        Action::ImportBooks => request.header("Content-Type", "text/csv").body("title,author\nT,A\n"),
        Action::LogOut
        | Action::GetMe
        | Action::ExportMe
        | Action::ListSessions
        | Action::EndOtherSessions
        | Action::EndSession
        | Action::ListUsers
        | Action::GetUser
        | Action::DeleteUser
        | Action::SendPasswordReset
        | Action::EndUserSessions
        | Action::ListUserBooks
        | Action::ListBooks
        | Action::GetBookFacets
        | Action::ExportBooks
        | Action::GetBook
        | Action::GetBookByIsbn
        | Action::DeleteBook
        | Action::GetOpenapi
        | Action::GetProblem
        | Action::GetLiveness
        | Action::GetReadiness => request,
    })
    .await
}

/// The id of a session of the client's account, if it has any.
async fn another_session(client: &Client<'_>) -> String {
    let sessions = client.get("/users/me/sessions").await.body;
    sessions["items"][0]["id"].as_str().unwrap_or("none").to_owned()
}

/// Whether the action is about a thing that somebody owns, rather than about the account in use.
fn has_an_owner(action: Action) -> bool {
    matches!(action, Action::UpdateBook | Action::DeleteBook)
}

#[actix_web::test]
async fn every_cell_of_the_table_holds() {
    let app = TestApp::start().await;
    app.admin("keeper").await;
    let owner = app.user("owner").await;
    owner
        .post("/books", json!({ "title": "Dune", "author": "Frank Herbert", "isbn": "9780441013593" }))
        .await
        .created();
    let mut cells = 0;
    for endpoint in endpoints() {
        let (action, rule) = (endpoint.action, endpoint.action.rule());
        let answer = attempt(&endpoint, &app.anonymous(), &owner).await;
        if rule.anonymous {
            assert!(answer.status.is_success(), "anonymous {}: {:#}", action.name(), answer.body);
        } else {
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            answer.problem("not_signed_in");
        }
        cells += 1;
        for role in Role::ALL {
            for is_verified in [true, false] {
                // An account for each cell: some cells end it.
                let name = format!("{}{cells}", action.name().to_lowercase());
                let client = app.account(&name, role, is_verified).await;
                let stranger = app.user(&format!("{name}x")).await;
                let other = attempt(&endpoint, &client, &stranger).await;
                let cell = format!(
                    "{role} {} verified={is_verified}: {} {:#}",
                    action.name(),
                    other.status,
                    other.body
                );
                match rule.of(role) {
                    None => drop(other.problem("forbidden")),
                    Some(_) if !is_verified && !rule.unverified => {
                        drop(other.problem("account_not_verified"));
                    }
                    Some(Reach::Own) if has_an_owner(action) => {
                        other.problem("forbidden");
                        let own = attempt(&endpoint, &client, &client).await;
                        assert!(own.status.is_success(), "own: {cell}");
                    }
                    Some(_) => assert!(other.status.is_success(), "{cell}"),
                }
                cells += 1;
            }
        }
    }
    assert_eq!(cells, endpoints().len() * 7);
}
