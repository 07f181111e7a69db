//! Conditional requests: `If-None-Match` of a change, entity tags as opaque strings, and 304 as the document describes it.

use api::endpoints::endpoints;
use reqwest::Method;
use serde_json::json;

use crate::{
    app::{Answer, Client, TestApp, path_of, send},
    permissions,
};

/// Sends a PATCH of the title with a condition.
async fn patch(client: &Client<'_>, path: &str, conditions: &[(&str, &str)]) -> Answer {
    let request = client.request(Method::PATCH, path).json(&json!({ "title": "New" }));
    send(conditions.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

async fn delete(client: &Client<'_>, path: &str, name: &str, value: &str) -> Answer {
    send(client.request(Method::DELETE, path).header(name, value)).await
}

#[actix_web::test]
async fn if_none_match_rejects_a_change_of_the_named_version() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let path = path_of(&alice.book("Dune").await);
    for named in ["*", "\"1\"", "W/\"1\"", "\"x,y\", \"1\"", "\"1-gzip\""] {
        let answer = patch(&alice, &path, &[("If-None-Match", named)]).await;
        assert_eq!(answer.status, 412, "{named}");
        answer.problem("stale");
        delete(&alice, &path, "If-None-Match", named).await.problem("stale");
    }
    assert_eq!(alice.get(&path).await.ok()["version"], 1);
    for (version, named) in ["\"x\"", "\"1\"", "\"01\"", "", "2", "\"3-zip\""].into_iter().enumerate() {
        let book = patch(&alice, &path, &[("If-None-Match", named)]).await.ok();
        assert_eq!(book["version"], version + 2, "{named}");
    }
    // Both conditions hold, or nothing changes.
    patch(&alice, &path, &[("If-Match", "\"7\""), ("If-None-Match", "\"7\"")]).await.problem("stale");
    patch(&alice, &path, &[("If-Match", "\"6\""), ("If-None-Match", "\"1\"")]).await.problem("stale");
    patch(&alice, &path, &[("If-Match", "*"), ("If-None-Match", "*")]).await.problem("stale");
    patch(&alice, &path, &[("If-Match", "\"7\""), ("If-None-Match", "\"6\"")]).await.ok();
    delete(&alice, &path, "If-None-Match", "\"7\"").await.no_content();
    delete(&alice, &path, "If-None-Match", "*").await.problem("not_found");
}

#[actix_web::test]
async fn if_none_match_is_checked_for_accounts_too() {
    let app = TestApp::start().await;
    let (admin, alice) = (app.admin("admin").await, app.user("alice").await);
    let path = format!("/users/{}", alice.id.unwrap());
    for (client, path) in [(&alice, "/users/me"), (&admin, path.as_str())] {
        let request = |named: &str| {
            client
                .request(Method::PATCH, path)
                .header("If-None-Match", named)
                .json(&json!({ "first_name": "A" }))
        };
        let tag = client.get(path).await.tag();
        send(request(&tag)).await.problem("stale");
        send(request("*")).await.problem("stale");
        send(request("\"0\"")).await.ok();
    }
    delete(&admin, &path, "If-None-Match", "*").await.problem("stale");
    delete(&admin, &path, "If-None-Match", "\"1\"").await.no_content();
}

#[actix_web::test]
async fn entity_tags_are_opaque() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let path = path_of(&alice.book("Dune").await);
    for other in [
        "\"01\"",
        "\"+1\"",
        "\" 1\"",
        "\"1 \"",
        "\"1-GZIP\"",
        "\"1-\"",
        "\"\u{661}\"",
        "1",
        "W/\"1\"",
        "\"0\", 1",
    ] {
        patch(&alice, &path, &[("If-Match", other)]).await.problem("stale");
    }
    for other in ["\"01\"", "\"+1\"", "w/\"1\"", "W/W/\"1\"", "1", "\"2\", 1, \"1\"", "*, \"2\""] {
        send(alice.request(Method::GET, &path).header("If-None-Match", other)).await.ok();
    }
    for same in ["\"1\"", "W/\"1\"", "\"a,b\" ,\"1\"", ",\"1\","] {
        let answer = send(alice.request(Method::GET, &path).header("If-None-Match", same)).await;
        assert_eq!(answer.status, 304, "{same}");
    }
    patch(&alice, &path, &[("If-Match", "\"x,y\",\t\"1-br\"")]).await.ok();
}

/// The test client fails on a status that the document lacks.
#[actix_web::test]
async fn not_modified_is_sent_exactly_where_it_is_documented() {
    let app = TestApp::start().await;
    let admin = app.admin("admin").await;
    admin.post("/books", json!({ "title": "T", "author": "A", "isbn": "9780441013593" })).await.created();
    let (mut sent, mut others) = (0, 0);
    for endpoint in endpoints().iter().filter(|endpoint| endpoint.method == Method::GET.as_str()) {
        // An account of its own: two resources of one account may not have the same example as a name.
        let owner = app.admin(&endpoint.id.to_lowercase()).await;
        let path = permissions::path(endpoint, &owner, &owner).await;
        let tag = send(owner.request(Method::GET, &path)).await.tag();
        for method in [Method::GET, Method::HEAD] {
            for named in ["*", "\"x\"", tag.as_str()] {
                let answer = send(owner.request(method.clone(), &path).header("If-None-Match", named)).await;
                let expected = if endpoint.not_modified() && named != "\"x\"" { 304 } else { 200 };
                assert_eq!(answer.status, expected, "{method} {path} {named}");
                if expected == 304 {
                    assert_eq!(answer.tag(), tag, "{path}");
                    sent += 1;
                } else {
                    others += 1;
                }
            }
        }
    }
    assert!(sent > 30 && others > 30, "{sent} {others}");
}
