//! `/users`: the account in use, and the administration of accounts.

use actix_web::{HttpResponse, Responder, web::Data};
use service::{
    page::Page,
    users::{self, NewUser, ProfilePatch, User, UserPatch, UserQuery},
};

use crate::{
    State,
    error::Result,
    extract::{Id, IfMatch, Json, Query, SignedIn},
    respond::{Created, Paged, Tagged},
};

/// Read your account
#[utoipa::path(get, path = "/api/v1/users/me", operation_id = "getMe", tag = "users",
    responses((status = 200, body = User, description = "Your account", headers(("ETag" = String, description = "Its entity tag")))))]
pub async fn me(state: Data<State>, SignedIn(actor): SignedIn) -> Result<impl Responder> {
    Ok(Tagged(users::me(&state.db, &actor).await?))
}

/// Change your account
#[utoipa::path(patch, path = "/api/v1/users/me", operation_id = "updateMe", tag = "users", request_body = ProfilePatch,
    responses((status = 200, body = User, description = "Your account as it is now", headers(("ETag" = String, description = "Its entity tag")))))]
pub async fn update_me(
    state: Data<State>,
    SignedIn(actor): SignedIn,
    IfMatch(versions): IfMatch,
    Json(patch): Json<ProfilePatch>,
) -> Result<impl Responder> {
    Ok(Tagged(users::update_me(&state.db, &actor, versions, patch).await?))
}

/// Delete your account
///
/// Your books stay in the catalogue, without an owner.
#[utoipa::path(delete, path = "/api/v1/users/me", operation_id = "deleteMe", tag = "users",
    responses((status = 204, description = "The account is gone"), (status = 409, description = "`last_admin`")))]
pub async fn delete_me(
    state: Data<State>,
    SignedIn(actor): SignedIn,
    IfMatch(versions): IfMatch,
) -> Result<impl Responder> {
    users::delete_me(&state.db, &actor, versions).await?;
    Ok(HttpResponse::NoContent())
}

/// List accounts
#[utoipa::path(get, path = "/api/v1/users", operation_id = "listUsers", tag = "users", params(UserQuery),
    responses((status = 200, body = Page<User>, description = "A page of accounts",
        headers(("Link" = String, description = "The next page, `rel=\"next\"`; absent on the last one")))))]
pub async fn list(
    state: Data<State>,
    SignedIn(actor): SignedIn,
    Query(query): Query<UserQuery>,
) -> Result<impl Responder> {
    Ok(Paged(users::list(&state.db, &state.keys, &actor, query).await?))
}

/// Open an account for somebody
#[utoipa::path(post, path = "/api/v1/users", operation_id = "createUser", tag = "users", request_body = NewUser,
    responses((status = 201, body = User, description = "The new account",
        headers(("Location" = String, description = "Where the account is"), ("ETag" = String, description = "Its entity tag"))),
        (status = 409, description = "`username_taken` or `email_taken`"), (status = 503, description = "`overloaded`")))]
pub async fn create(
    state: Data<State>,
    SignedIn(actor): SignedIn,
    Json(new): Json<NewUser>,
) -> Result<impl Responder> {
    let user = users::create(&state.db, &state.auth, &actor, new).await?;
    Ok(Created(format!("/api/v1/users/{}", user.id), user))
}

/// Read an account
#[utoipa::path(get, path = "/api/v1/users/{id}", operation_id = "getUser", tag = "users",
    params(("id" = Uuid, Path, description = "The account's id", example = "01a1fc31-a23e-72a5-9ed9-5d2493985689")),
    responses((status = 200, body = User, description = "The account", headers(("ETag" = String, description = "Its entity tag")))))]
pub async fn get(state: Data<State>, SignedIn(actor): SignedIn, Id(id): Id) -> Result<impl Responder> {
    Ok(Tagged(users::get(&state.db, &actor, id).await?))
}

/// Change an account
///
/// Its names, its role, whether it is verified and whether it is active. Disabling it ends its sessions.
#[utoipa::path(patch, path = "/api/v1/users/{id}", operation_id = "updateUser", tag = "users", request_body = UserPatch,
    params(("id" = Uuid, Path, description = "The account's id", example = "01a1fc31-a23e-72a5-9ed9-5d2493985689")),
    responses((status = 200, body = User, description = "The account as it is now", headers(("ETag" = String, description = "Its entity tag"))),
        (status = 409, description = "`last_admin`")))]
pub async fn update(
    state: Data<State>,
    SignedIn(actor): SignedIn,
    Id(id): Id,
    IfMatch(versions): IfMatch,
    Json(patch): Json<UserPatch>,
) -> Result<impl Responder> {
    Ok(Tagged(users::update(&state.db, &actor, id, versions, patch).await?))
}

/// Delete an account
///
/// Its books stay in the catalogue, without an owner.
#[utoipa::path(delete, path = "/api/v1/users/{id}", operation_id = "deleteUser", tag = "users",
    params(("id" = Uuid, Path, description = "The account's id", example = "01a1fc31-a23e-72a5-9ed9-5d2493985689")),
    responses((status = 204, description = "The account is gone"), (status = 409, description = "`last_admin`")))]
pub async fn delete(
    state: Data<State>,
    SignedIn(actor): SignedIn,
    Id(id): Id,
    IfMatch(versions): IfMatch,
) -> Result<impl Responder> {
    users::delete(&state.db, &actor, id, versions).await?;
    Ok(HttpResponse::NoContent())
}
