//! `/users`: the account in use and its sessions, and the administration of accounts.

use actix_web::{HttpResponse, Responder, web::Data};
use service::{
    auth::{self, Confirmation, NewEmail, PasswordChange, Session},
    page::Page,
    users::{self, ExportDocument, NewUser, ProfilePatch, User, UserPatch, UserQuery},
};

use crate::{
    State,
    error::Result,
    extract::{Id, IfMatch, Json, Query, SignedIn},
    response::{Created, Exported, Paged, Tagged},
};

/// Read your account
#[utoipa::path(get, path = "/api/v1/users/me", operation_id = "getMe", tag = "users",
    responses((status = 200, body = User, description = "Your account")))]
pub async fn me(state: Data<State>, SignedIn(actor): SignedIn) -> Result<impl Responder> {
    Ok(Tagged(users::me(&state.db, &actor).await?))
}

/// Change your account
#[utoipa::path(patch, path = "/api/v1/users/me", operation_id = "updateMe", tag = "users", request_body = ProfilePatch,
    responses((status = 200, body = User, description = "Your account as it is now")))]
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
#[utoipa::path(delete, path = "/api/v1/users/me", operation_id = "deleteMe", tag = "users", request_body = Confirmation,
    responses((status = 204, description = "The account is gone")))]
pub async fn delete_me(
    state: Data<State>,
    SignedIn(actor): SignedIn,
    IfMatch(versions): IfMatch,
    Json(confirmation): Json<Confirmation>,
) -> Result<impl Responder> {
    users::delete_me(&state.db, &state.auth, &actor, versions, confirmation).await?;
    Ok(HttpResponse::NoContent())
}

/// Take your data along
///
/// Everything that is held about your account: itself, its sessions and its books, as a file.
#[utoipa::path(get, path = "/api/v1/users/me/export", operation_id = "exportMe", tag = "users",
    responses((status = 200, body = ExportDocument, description = "The file",
        headers(("Content-Disposition" = String, description = "Its name")))))]
pub async fn export(state: Data<State>, SignedIn(actor): SignedIn) -> Result<impl Responder> {
    let export = users::export(&state.db, &actor).await?;
    Ok(Exported(state, export))
}

/// List your sessions
///
/// One for each device that is signed in, the last used one first; at most 20, on one page.
#[utoipa::path(get, path = "/api/v1/users/me/sessions", operation_id = "listSessions", tag = "users",
    responses((status = 200, body = Page<Session>, description = "Your sessions")))]
pub async fn sessions(state: Data<State>, SignedIn(actor): SignedIn) -> Result<impl Responder> {
    Ok(Paged(auth::sessions(&state.db, &actor).await?))
}

/// End your other sessions
///
/// Every device but this one is signed out.
#[utoipa::path(delete, path = "/api/v1/users/me/sessions", operation_id = "endOtherSessions", tag = "users",
    responses((status = 204, description = "The others have ended")))]
pub async fn end_other_sessions(state: Data<State>, SignedIn(actor): SignedIn) -> Result<impl Responder> {
    auth::end_others(&state.db, &actor).await?;
    Ok(HttpResponse::NoContent())
}

/// End one of your sessions
///
/// A device is signed out, this one or another.
#[utoipa::path(delete, path = "/api/v1/users/me/sessions/{id}", operation_id = "endSession", tag = "users",
    params(("id" = Uuid, Path, description = "The session's id")),
    responses((status = 204, description = "It has ended")))]
pub async fn end_session(
    state: Data<State>,
    SignedIn(actor): SignedIn,
    Id(id): Id,
) -> Result<impl Responder> {
    auth::end_session(&state.db, &actor, id).await?;
    Ok(HttpResponse::NoContent())
}

/// Change your password
///
/// Your other sessions end.
#[utoipa::path(put, path = "/api/v1/users/me/password", operation_id = "changePassword", tag = "users", request_body = PasswordChange,
    responses((status = 204, description = "The account has its new password")))]
pub async fn change_password(
    state: Data<State>,
    SignedIn(actor): SignedIn,
    Json(input): Json<PasswordChange>,
) -> Result<impl Responder> {
    auth::change_password(&state.db, &state.auth, &actor, input).await?;
    Ok(HttpResponse::NoContent())
}

/// Change your e-mail address
///
/// Mail goes to the new address, and the token in it to `POST /auth/verify-email`; until then the old one stays. The old
/// one is told. The answer is the same for an address that another account has.
#[utoipa::path(put, path = "/api/v1/users/me/email", operation_id = "changeEmail", tag = "users", request_body = NewEmail,
    responses((status = 202, description = "Mail goes to the new address, unless another account has verified it")))]
pub async fn change_email(
    state: Data<State>,
    SignedIn(actor): SignedIn,
    Json(new): Json<NewEmail>,
) -> Result<impl Responder> {
    auth::change_email(&state.db, &state.auth, &actor, new).await?;
    Ok(HttpResponse::Accepted())
}

/// List accounts
#[utoipa::path(get, path = "/api/v1/users", operation_id = "listUsers", tag = "users", params(UserQuery),
    responses((status = 200, body = Page<User>, description = "A page of accounts")))]
pub async fn list(
    state: Data<State>,
    SignedIn(actor): SignedIn,
    Query(query): Query<UserQuery>,
) -> Result<impl Responder> {
    Ok(Paged(users::list(&state.db, &state.keys, &actor, query).await?))
}

/// Open an account for somebody
///
/// It has no password until its owner chooses one, by the mail that goes to its address: nobody sets somebody else's.
/// Until then no log-in succeeds.
#[utoipa::path(post, path = "/api/v1/users", operation_id = "createUser", tag = "users", request_body = NewUser,
    responses((status = 201, body = User, description = "The new account")))]
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
    responses((status = 200, body = User, description = "The account")))]
pub async fn get(state: Data<State>, SignedIn(actor): SignedIn, Id(id): Id) -> Result<impl Responder> {
    Ok(Tagged(users::get(&state.db, &actor, id).await?))
}

/// Change an account
///
/// Its names, its role, whether it is verified and whether it is active. Disabling it ends its sessions.
#[utoipa::path(patch, path = "/api/v1/users/{id}", operation_id = "updateUser", tag = "users", request_body = UserPatch,
    params(("id" = Uuid, Path, description = "The account's id", example = "01a1fc31-a23e-72a5-9ed9-5d2493985689")),
    responses((status = 200, body = User, description = "The account as it is now")))]
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
    responses((status = 204, description = "The account is gone")))]
pub async fn delete(
    state: Data<State>,
    SignedIn(actor): SignedIn,
    Id(id): Id,
    IfMatch(versions): IfMatch,
) -> Result<impl Responder> {
    users::delete(&state.db, &actor, id, versions).await?;
    Ok(HttpResponse::NoContent())
}

/// Have the owner of an account choose a new password
///
/// Mail goes to the account's address, as if its owner had asked. Nobody sets somebody else's password.
#[utoipa::path(post, path = "/api/v1/users/{id}/password-reset", operation_id = "sendPasswordReset", tag = "users",
    params(("id" = Uuid, Path, description = "The account's id")),
    responses((status = 202, description = "Mail goes to the account's address")))]
pub async fn send_password_reset(
    state: Data<State>,
    SignedIn(actor): SignedIn,
    Id(id): Id,
) -> Result<impl Responder> {
    auth::send_reset(&state.db, &state.auth, &actor, id).await?;
    Ok(HttpResponse::Accepted())
}

/// End the sessions of an account
///
/// Every device is signed out.
#[utoipa::path(delete, path = "/api/v1/users/{id}/sessions", operation_id = "endUserSessions", tag = "users",
    params(("id" = Uuid, Path, description = "The account's id")),
    responses((status = 204, description = "They have ended")))]
pub async fn end_sessions(
    state: Data<State>,
    SignedIn(actor): SignedIn,
    Id(id): Id,
) -> Result<impl Responder> {
    users::end_sessions(&state.db, &actor, id).await?;
    Ok(HttpResponse::NoContent())
}
