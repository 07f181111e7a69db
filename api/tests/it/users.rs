//! Accounts: the actor's own, and their administration.

use serde_json::{Value, json};
use service::Role;

use crate::app::{PASSWORD, TestApp, path_of};

#[actix_web::test]
async fn a_profile_changes_field_by_field() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let named = alice.patch("/users/me", json!({ "first_name": "Alice", "last_name": "Liddell" })).await.ok();
    assert_eq!(named["full_name"], "Alice Liddell");
    let cleared = alice.patch("/users/me", json!({ "first_name": null })).await.ok();
    assert_eq!((&cleared["first_name"], &cleared["full_name"]), (&Value::Null, &json!("Liddell")));
    let same = alice.patch("/users/me", json!({})).await.ok();
    assert_eq!(same["last_name"], "Liddell");
    assert!(same["updated_at"].as_str() > named["updated_at"].as_str(), "every update moves the time on");
    for (field, value) in [
        ("role", json!("admin")),
        ("is_verified", json!(true)),
        ("username", json!("bob")),
        ("password", json!("x")),
    ] {
        let errors = alice.patch("/users/me", json!({ field: value })).await.invalid();
        assert_eq!(errors, [(format!("/{field}"), "unknown_field".to_owned())]);
    }
}

#[actix_web::test]
async fn a_deleted_account_leaves_its_books_without_an_owner() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let book = alice.book("Dune").await;
    let tag = alice.get(&path_of(&book)).await.tag();
    alice.delete_me(PASSWORD).await.no_content();
    let orphan = app.anonymous().get(&path_of(&book)).await;
    assert_ne!(orphan.tag(), tag);
    assert_eq!(orphan.ok()["owner"], Value::Null);
    app.anonymous().get(&format!("/users/{}/books", alice.id.unwrap())).await.problem("not_found");
}

#[actix_web::test]
async fn administrators_create_read_update_and_delete_accounts() {
    let app = TestApp::start().await;
    let admin = app.admin("admin").await;
    let new = json!({ "username": "Carol", "email": "carol@example.com", "role": "cashier" });
    let answer = admin.post("/users", new).await;
    let location = answer.header("location").to_owned();
    let mut carol = answer.created();
    assert_eq!(carol.as_object_mut().unwrap().remove("password_link"), Some(Value::Null), "it was mailed");
    assert_eq!((&carol["role"], &carol["is_verified"]), (&json!("cashier"), &json!(false)));
    assert_eq!(admin.get(&location).await.ok(), carol);
    let same_name = json!({ "username": "carol", "email": "c@example.com" });
    admin.post("/users", same_name).await.problem("username_taken");
    let changed = admin.patch(&location, json!({ "role": "user", "is_verified": true })).await.ok();
    assert_eq!((&changed["role"], &changed["is_verified"]), (&json!("user"), &json!(true)));
    admin.delete(&location).await.no_content();
    admin.get(&location).await.problem("not_found");
    admin.delete(&location).await.problem("not_found");
    admin.patch(&location, json!({})).await.problem("not_found");
    for id in ["1", "me2", "00000000-0000-0000-0000-00000000000", "'; DROP TABLE users; --"] {
        admin.get(&format!("/users/{id}")).await.problem("not_found");
    }
}

#[actix_web::test]
async fn a_change_of_role_affects_the_next_request() {
    let app = TestApp::start().await;
    let (admin, bob) = (app.admin("admin").await, app.user("bob").await);
    bob.get("/users").await.problem("forbidden");
    let path = format!("/users/{}", bob.id.unwrap());
    admin.patch(&path, json!({ "role": "admin" })).await.ok();
    bob.get("/users").await.ok();
    admin.patch(&path, json!({ "role": "user" })).await.ok();
    bob.get("/users").await.problem("forbidden");
}

#[actix_web::test]
async fn disabling_an_account_ends_its_sessions_for_good() {
    let app = TestApp::start().await;
    let (admin, bob) = (app.admin("admin").await, app.user("bob").await);
    let path = format!("/users/{}", bob.id.unwrap());
    admin.patch(&path, json!({ "is_active": false })).await.ok();
    bob.get("/users/me").await.problem("invalid_token");
    admin.patch(&path, json!({ "is_active": true })).await.ok();
    bob.get("/users/me").await.problem("invalid_token");
    app.anonymous()
        .post("/auth/refresh", json!({ "refresh_token": bob.refresh_token }))
        .await
        .problem("invalid_token");
    app.log_in("bob").await.get("/users/me").await.ok();
}

#[actix_web::test]
async fn the_last_administrator_cannot_be_removed() {
    let app = TestApp::start().await;
    let admin = app.admin("admin").await;
    let path = format!("/users/{}", admin.id.unwrap());
    admin.patch(&path, json!({ "role": "user" })).await.problem("last_admin");
    admin.patch(&path, json!({ "is_active": false })).await.problem("last_admin");
    admin.delete(&path).await.problem("last_admin");
    admin.delete_me(PASSWORD).await.problem("last_admin");
    let second = app.admin("second").await;
    admin.delete_me(PASSWORD).await.no_content();
    second.delete_me(PASSWORD).await.problem("last_admin");
}

#[actix_web::test]
async fn no_account_sets_the_password_of_another() {
    let app = TestApp::start().await;
    let admin = app.admin("admin").await;
    let mut new = json!({ "username": "carol", "email": "carol@example.com", "password": PASSWORD });
    let refused = [("/password".to_owned(), "unknown_field".to_owned())];
    assert_eq!(admin.post("/users", new.clone()).await.invalid(), refused);
    new.as_object_mut().unwrap().remove("password");
    let carol = admin.post("/users", new).await.created();
    let path = format!("/users/{}", carol["id"].as_str().unwrap());
    assert_eq!(admin.patch(&path, json!({ "password": PASSWORD })).await.invalid(), refused);
    for password in [PASSWORD, "none", "none.", "null", " "] {
        let input = json!({ "login": "carol", "password": password });
        app.anonymous().post("/auth/login", input).await.problem("invalid_credentials");
    }
}

#[actix_web::test]
async fn accounts_are_listed_by_page_order_and_filter() {
    let app = TestApp::start().await;
    let admin = app.admin("zoe").await;
    for name in ["carol", "alice", "bob"] {
        app.account(name, Role::User, name != "bob").await;
    }
    let names = |page: &Value| -> Vec<String> {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|user| user["username"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = admin.get("/users?sort=username&limit=3&total=true").await;
    assert!(first.header("link").ends_with("rel=\"next\""));
    let first = first.ok();
    assert_eq!(
        (names(&first), &first["total"]),
        (vec!["alice".into(), "bob".into(), "carol".into()], &json!(4))
    );
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = admin.get(&format!("/users?sort=username&limit=3&cursor={cursor}")).await.ok();
    assert_eq!((names(&second), &second["next_cursor"]), (vec!["zoe".to_owned()], &Value::Null));
    assert_eq!(names(&admin.get("/users?sort=-email").await.ok()), ["zoe", "carol", "bob", "alice"]);
    assert_eq!(names(&admin.get("/users").await.ok())[0], "bob", "the newest first");
    assert_eq!(names(&admin.get("/users?role=admin").await.ok()), ["zoe"]);
    assert_eq!(names(&admin.get("/users?is_verified=false&is_active=true").await.ok()), ["bob"]);
    admin.get(&format!("/users?sort=email&cursor={cursor}")).await.problem("invalid_cursor");
}

#[actix_web::test]
async fn an_account_has_an_entity_tag() {
    let app = TestApp::start().await;
    let alice = app.user("alice").await;
    let tag = alice.get("/users/me").await.tag();
    let known = alice.request(reqwest::Method::GET, "/users/me").header("If-None-Match", &tag);
    assert_eq!(crate::app::send(known).await.status, 304);
    alice.patch_if("/users/me", &tag, json!({ "first_name": "Alice" })).await.ok();
    alice.patch_if("/users/me", &tag, json!({ "first_name": "Eve" })).await.problem("stale");
}

#[actix_web::test]
async fn an_unverified_account_can_only_read_and_be_deleted() {
    let app = TestApp::start().await;
    let dave = app.account("dave", Role::User, false).await;
    dave.get("/users/me").await.ok();
    dave.get("/books").await.ok();
    dave.post("/books", json!({ "title": "T", "author": "A" })).await.problem("account_not_verified");
    dave.patch("/users/me", json!({})).await.problem("account_not_verified");
    let password = json!({ "current_password": PASSWORD, "new_password": "violet anchor tundra 71" });
    dave.put("/users/me/password", password).await.problem("account_not_verified");
    dave.import("", "text/csv", "title,author\nT,A\n").await.problem("account_not_verified");
    dave.post("/auth/logout", Value::Null).await.no_content();
    app.log_in("dave").await.delete_me(PASSWORD).await.no_content();
}
