//! Permission table, cell by cell, through the endpoint table.

use api::{
    endpoints::{Access, Body, Endpoint, endpoints},
    openapi::openapi,
};
use reqwest::RequestBuilder;
use serde_json::{Map, Value, json};
use service::{
    Role,
    access::{Action, Reach},
};

use crate::app::{Answer, Client, PASSWORD, TestApp, send};

/// Another password that is strong enough.
const NEW_PASSWORD: &str = "violet anchor tundra 71";

/// Endpoint that creates the resources whose ids are in `path`, if users can own them.
fn creation(path: &str) -> Option<&'static Endpoint> {
    let (collection, _) = path.split_once("/{id}")?;
    let creates = |row: &&Endpoint| row.method == "POST" && row.path == collection;
    endpoints().iter().find(creates).filter(|row| row.rule().user == Some(Reach::Own))
}

/// Id of a new resource of `owner`.
async fn create(creation: &Endpoint, owner: &Client<'_>) -> String {
    let created = owner.post(&format!("/{}", creation.path), example(creation)).await.created();
    created["id"].as_str().unwrap().to_owned()
}

/// Path of a request to `endpoint`, with the id of a resource of `owner` where it needs one. `{book_id}` is the id of
/// a new book, and so on.
pub async fn path(endpoint: &Endpoint, client: &Client<'_>, owner: &Client<'_>) -> String {
    let id = match (endpoint.access, creation(&endpoint.path)) {
        (_, Some(creation)) => create(creation, owner).await,
        (Access::Action(Action::EndSession), None) => another_session(client).await,
        (_, None) => owner.id.map(|id| id.to_string()).unwrap_or_default(),
    };
    let path = endpoint.path.replace("{id}", &id).replace("{isbn}", "9780441013593");
    let mut path = path.replace("{code}", "stale");
    while let Some((start, _)) = path.split_once("_id}") {
        let (_, kind) = start.rsplit_once('{').unwrap();
        let creation = creation(&format!("/api/v1/{kind}s/{{id}}")).unwrap();
        path = path.replace(&format!("{{{kind}_id}}"), &create(creation, owner).await);
    }
    format!("/{path}")
}

/// Calls `endpoint` as `client`, with resources of `owner`.
async fn attempt(endpoint: &Endpoint, client: &Client<'_>, owner: &Client<'_>) -> Answer {
    let path = path(endpoint, client, owner).await;
    let request = client.request(endpoint.method.as_str().parse().unwrap(), &path);
    send(match (endpoint.body, endpoint.access) {
        (None, _) => request,
        (Some(Body::File { .. }), _) => {
            request.header("Content-Type", "text/csv").body("title,author\nT,A\n")
        }
        (Some(Body::Json { .. }), Access::Action(action)) => with_body(request, action, client, owner).await,
        (Some(Body::Json { .. }), Access::HttpOnly) => request.json(&example(endpoint)),
    })
    .await
}

/// Adds a body that the operation accepts: the document's example, except where it must fit other data.
async fn with_body(
    request: RequestBuilder,
    action: Action,
    client: &Client<'_>,
    owner: &Client<'_>,
) -> RequestBuilder {
    let name = format!("n{}", uuid::Uuid::now_v7().simple());
    let email = format!("{name}@example.com");
    let sign_up = json!({ "username": name, "email": email, "password": PASSWORD });
    let app = client.app;
    let mailed = async |page: &str| {
        app.anonymous().post("/auth/signup", sign_up.clone()).await.created();
        if page == "reset-password" {
            app.anonymous().post("/auth/password-reset", json!({ "email": email })).await.accepted();
        }
        app.mail(&email, page).await.token()
    };
    request.json(&match action {
        Action::SignUp => sign_up,
        Action::CreateUser => json!({ "username": name, "email": email }),
        Action::DeleteMe => json!({ "current_password": PASSWORD }),
        Action::LogIn => json!({ "login": "owner", "password": PASSWORD }),
        Action::Refresh => json!({ "refresh_token": owner.refresh_token }),
        Action::VerifyEmail => {
            json!({ "token": mailed("verify-email").await, "new_password": NEW_PASSWORD })
        }
        Action::ResetPassword => {
            json!({ "token": mailed("reset-password").await, "new_password": NEW_PASSWORD })
        }
        Action::ChangePassword => json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD }),
        Action::ChangeEmail => json!({ "current_password": PASSWORD, "email": email }),
        other => example(endpoints().iter().find(|row| row.access == Access::Action(other)).unwrap()),
    })
}

/// Request body with the examples of the required fields.
fn example(endpoint: &Endpoint) -> Value {
    let method = endpoint.method.as_str().to_lowercase();
    let body = &openapi()["paths"][&endpoint.path][method]["requestBody"];
    let reference = body["content"]["application/json"]["schema"]["$ref"].as_str().unwrap();
    let schema = openapi().pointer(reference.trim_start_matches('#')).unwrap();
    let required = schema["required"].as_array().into_iter().flatten();
    let field = |name: &Value| {
        let name = name.as_str().unwrap();
        let example = &schema["properties"][name]["examples"][0];
        assert!(!example.is_null(), "{reference}: the required field {name} has no example");
        (name.to_owned(), example.clone())
    };
    required.map(field).collect::<Map<_, _>>().into()
}

/// Id of a session of the client's account, if it has any.
async fn another_session(client: &Client<'_>) -> String {
    let sessions = client.get("/users/me/sessions").await.body;
    sessions["items"][0]["id"].as_str().unwrap_or("none").to_owned()
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
        let (id, rule) = (&endpoint.id, endpoint.rule());
        let stranger = app.user(&format!("{}{cells}", id.to_lowercase())).await;
        let answer = attempt(endpoint, &app.anonymous(), &stranger).await;
        if rule.anonymous {
            assert!(answer.status.is_success(), "anonymous {id}: {:#}", answer.body);
        } else {
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            answer.problem("not_signed_in");
        }
        cells += 1;
        for role in Role::ALL {
            for is_verified in [true, false] {
                // One account for each cell: some operations delete it.
                let name = format!("{}{cells}", id.to_lowercase());
                let client = app.account(&name, role, is_verified).await;
                let stranger = app.user(&format!("{name}x")).await;
                let other = attempt(endpoint, &client, &stranger).await;
                let cell = format!("{role} {id} verified={is_verified}: {} {:#}", other.status, other.body);
                let has_owner = creation(&endpoint.path).is_some();
                match rule.of(role) {
                    None => drop(other.problem("forbidden")),
                    Some(_) if !is_verified && !rule.unverified => {
                        drop(other.problem("account_not_verified"));
                    }
                    Some(Reach::Own) if has_owner => {
                        other.problem("forbidden");
                        // Unverified accounts cannot create anything to own.
                        if is_verified {
                            let own = attempt(endpoint, &client, &client).await;
                            assert!(own.status.is_success(), "own: {cell}");
                        }
                    }
                    Some(_) => assert!(other.status.is_success(), "{cell}"),
                }
                cells += 1;
            }
        }
    }
    assert_eq!(cells, endpoints().len() * 7);
}
