//! The document against the routes and the permission table.

use std::collections::HashSet;

use api::{openapi::openapi, routes::endpoints};
use serde_json::{Value, json};
use service::access::Action;

use crate::app::TestApp;

#[test]
fn the_document_has_every_route_and_no_other() {
    let paths = openapi()["paths"].as_object().unwrap();
    let documented: HashSet<(String, String, String)> = paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().iter().map(move |(method, operation)| (path, method, operation))
        })
        .filter(|(_, method, _)| *method != "head")
        .map(|(path, method, operation)| {
            (operation["operationId"].as_str().unwrap().to_owned(), method.to_uppercase(), path.clone())
        })
        .collect();
    let served: HashSet<(String, String, String)> = endpoints()
        .iter()
        .map(|endpoint| {
            (endpoint.action.name().to_owned(), endpoint.method.to_string(), endpoint.path.to_owned())
        })
        .collect();
    assert_eq!(documented, served);
    assert_eq!(served.len(), Action::ALL.len(), "every action has one route");
}

#[test]
fn security_follows_the_permission_table() {
    for endpoint in endpoints() {
        let operation = &openapi()["paths"][endpoint.path][endpoint.method.as_str().to_lowercase()];
        let expected = if endpoint.action.rule().anonymous { json!([]) } else { json!([{ "bearer": [] }]) };
        assert_eq!(operation["security"], expected, "{}", endpoint.action.name());
        assert_eq!(
            operation["responses"]["401"].is_object(),
            !endpoint.action.rule().anonymous
                || matches!(
                    endpoint.action,
                    Action::LogIn | Action::Refresh | Action::VerifyEmail | Action::ResetPassword
                ),
            "{}",
            endpoint.action.name()
        );
    }
}

#[test]
fn every_operation_that_takes_a_body_documents_it() {
    for endpoint in endpoints() {
        let operation = &openapi()["paths"][endpoint.path][endpoint.method.as_str().to_lowercase()];
        let takes = matches!(endpoint.method.as_str(), "POST" | "PATCH" | "PUT")
            && !matches!(endpoint.action, Action::LogOut | Action::SendPasswordReset);
        let takes = takes || endpoint.action == Action::DeleteMe;
        assert_eq!(operation["requestBody"].is_object(), takes, "{}", endpoint.action.name());
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &Value) {
        if let Some(reference) = value["$ref"].as_str() {
            assert!(openapi().pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
        match value {
            Value::Object(fields) => fields.values().for_each(walk),
            Value::Array(items) => items.iter().for_each(walk),
            _ => {}
        }
    }
    walk(openapi());
}

#[actix_web::test]
async fn the_document_and_its_pages_are_served() {
    let app = TestApp::start().await;
    assert_eq!(app.anonymous().get("/openapi.json").await.ok(), *openapi());
    let page = app.anonymous().request(reqwest::Method::GET, "/docs/").send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html");
    assert!(page.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'self'"));
    assert!(page.text().await.unwrap().contains("swagger-ui"));
}
