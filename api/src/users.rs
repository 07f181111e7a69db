//! `/users`: your own account and its sessions, and the administration of accounts.

use actix_web::{HttpResponse, Responder, web::Data};
use service::{
    Context,
    access::Action,
    auth::{self, NewEmail, PasswordChange},
    limit::RateLimit,
    own_data::{self, OwnDataDocument},
    page::Page,
    sessions::{self, Session, SessionQuery},
    users::{self, Confirmation, CreatedUser, NewUser, ProfilePatch, User, UserPatch, UserQuery},
};
use utoipa::ToSchema;

use crate::{
    endpoints::{Section, endpoint},
    error::{Code, Result},
    extract::{Id, Json, Precondition, Query, SignedIn},
    response::{Created, Exported, Paged, Tagged, Versioned},
};

impl Versioned for User {
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for CreatedUser {
    fn version(&self) -> i64 {
        self.user.version
    }
}

/// Section of the endpoint table.
pub(crate) fn section() -> Section {
    Section {
        tag: "users",
        description: "Your own account, and the administration of accounts",
        endpoints: vec![
            endpoint!(users::me, Action::GetMe).resource(User::name),
            endpoint!(users::update_me, Action::UpdateMe).resource(User::name).if_match(),
            endpoint!(users::delete_me, Action::DeleteMe)
                .expensive()
                .if_match()
                .fails([Code::LastAdmin, Code::Overloaded]),
            endpoint!(users::change_password, Action::ChangePassword).expensive().fails([Code::Overloaded]),
            endpoint!(users::change_email, Action::ChangeEmail)
                .expensive()
                .per_address(RateLimit::Mail)
                .fails([Code::CannotMail, Code::Overloaded]),
            endpoint!(users::export, Action::ExportMe).expensive(),
            endpoint!(users::sessions, Action::ListSessions).list_of(Session::name),
            endpoint!(users::end_other_sessions, Action::EndOtherSessions),
            endpoint!(users::end_session, Action::EndSession),
            endpoint!(users::list, Action::ListUsers).list_of(User::name),
            endpoint!(users::create, Action::CreateUser).expensive().resource(CreatedUser::name).fails([
                Code::UsernameTaken,
                Code::EmailTaken,
                Code::Overloaded,
            ]),
            endpoint!(users::get, Action::GetUser).resource(User::name),
            endpoint!(users::update, Action::UpdateUser)
                .resource(User::name)
                .if_match()
                .fails([Code::LastAdmin, Code::EmailTaken]),
            endpoint!(users::delete, Action::DeleteUser).if_match().fails([Code::LastAdmin]),
            endpoint!(users::send_password_reset, Action::SendPasswordReset).fails([Code::CannotMail]),
            endpoint!(users::end_sessions, Action::EndUserSessions),
        ],
    }
}

/// Get your account
#[utoipa::path(get, path = "/api/v1/users/me", operation_id = "getMe", tag = "users",
    responses((status = 200, body = User, description = "Your account")))]
pub async fn me(cx: Data<Context>, SignedIn(actor): SignedIn) -> Result<impl Responder> {
    Ok(Tagged(users::me(&cx, &actor).await?))
}

/// Update your account
#[utoipa::path(patch, path = "/api/v1/users/me", operation_id = "updateMe", tag = "users", request_body = ProfilePatch,
    responses((status = 200, body = User, description = "Your updated account")))]
pub async fn update_me(
    cx: Data<Context>,
    SignedIn(actor): SignedIn,
    Precondition(versions): Precondition,
    Json(patch): Json<ProfilePatch>,
) -> Result<impl Responder> {
    Ok(Tagged(users::update_me(&cx, &actor, versions, patch).await?))
}

/// Delete your account
///
/// Your books remain in the catalogue without an owner; your other data is deleted. An account whose address is not
/// verified may do so, too.
#[utoipa::path(delete, path = "/api/v1/users/me", operation_id = "deleteMe", tag = "users", request_body = Confirmation,
    responses((status = 204, description = "The account was deleted")))]
pub async fn delete_me(
    cx: Data<Context>,
    SignedIn(actor): SignedIn,
    Precondition(versions): Precondition,
    Json(confirmation): Json<Confirmation>,
) -> Result<impl Responder> {
    users::delete_me(&cx, &actor, versions, confirmation).await?;
    Ok(HttpResponse::NoContent())
}

/// Export your data
///
/// Returns all stored data of your account as a file.
#[utoipa::path(get, path = "/api/v1/users/me/export", operation_id = "exportMe", tag = "users",
    responses((status = 200, body = OwnDataDocument, description = "File with your data",
        headers(("Content-Disposition" = String, description = "Name of the file")))))]
pub async fn export(cx: Data<Context>, SignedIn(actor): SignedIn) -> Result<impl Responder> {
    Ok(Exported(own_data::export(&cx, &actor).await?))
}

/// List your sessions
///
/// Returns one session for each signed-in device, the last used one first; at most 20.
#[utoipa::path(get, path = "/api/v1/users/me/sessions", operation_id = "listSessions", tag = "users", params(SessionQuery),
    responses((status = 200, body = Page<Session>, description = "Page of your sessions")))]
pub async fn sessions(
    cx: Data<Context>,
    SignedIn(actor): SignedIn,
    Query(query): Query<SessionQuery>,
) -> Result<impl Responder> {
    Ok(Paged(sessions::list(&cx, &actor, query).await?))
}

/// End your other sessions
///
/// Signs out every device except this one.
#[utoipa::path(delete, path = "/api/v1/users/me/sessions", operation_id = "endOtherSessions", tag = "users",
    responses((status = 204, description = "The other sessions ended")))]
pub async fn end_other_sessions(cx: Data<Context>, SignedIn(actor): SignedIn) -> Result<impl Responder> {
    sessions::end_other_sessions(&cx, &actor).await?;
    Ok(HttpResponse::NoContent())
}

/// End one of your sessions
///
/// Signs out one device, this one or another.
#[utoipa::path(delete, path = "/api/v1/users/me/sessions/{id}", operation_id = "endSession", tag = "users",
    params(("id" = Uuid, Path, description = "Id of the session")),
    responses((status = 204, description = "The session ended")))]
pub async fn end_session(cx: Data<Context>, SignedIn(actor): SignedIn, Id(id): Id) -> Result<impl Responder> {
    sessions::end_session(&cx, &actor, id).await?;
    Ok(HttpResponse::NoContent())
}

/// Change your password
///
/// Ends your other sessions.
#[utoipa::path(put, path = "/api/v1/users/me/password", operation_id = "changePassword", tag = "users", request_body = PasswordChange,
    responses((status = 204, description = "The password was changed")))]
pub async fn change_password(
    cx: Data<Context>,
    SignedIn(actor): SignedIn,
    Json(input): Json<PasswordChange>,
) -> Result<impl Responder> {
    auth::change_password(&cx, &actor, input).await?;
    Ok(HttpResponse::NoContent())
}

/// Change your e-mail address
///
/// Sends mail with a token to the new address; the address changes once the token is sent to
/// `POST /auth/verify-email`. A verified old address is notified. The response is the same for an address of another
/// account. An account whose address is not verified corrects it in the same way: tokens that were mailed before become
/// invalid.
#[utoipa::path(put, path = "/api/v1/users/me/email", operation_id = "changeEmail", tag = "users", request_body = NewEmail,
    responses((status = 202, description = "Mail is sent to the new address, unless another account has verified it")))]
pub async fn change_email(
    cx: Data<Context>,
    SignedIn(actor): SignedIn,
    Json(new): Json<NewEmail>,
) -> Result<impl Responder> {
    auth::change_email(&cx, &actor, new).await?;
    Ok(HttpResponse::Accepted())
}

/// List accounts
#[utoipa::path(get, path = "/api/v1/users", operation_id = "listUsers", tag = "users", params(UserQuery),
    responses((status = 200, body = Page<User>, description = "Page of accounts")))]
pub async fn list(
    cx: Data<Context>,
    SignedIn(actor): SignedIn,
    Query(query): Query<UserQuery>,
) -> Result<impl Responder> {
    Ok(Paged(users::list(&cx, &actor, query).await?))
}

/// Create an account
///
/// Sends mail to the account's address, with a token by which the owner chooses the password. Until then, log-in fails.
/// A server that sends no mail returns the token once, in `password_link`, for you to hand over.
#[utoipa::path(post, path = "/api/v1/users", operation_id = "createUser", tag = "users", request_body = NewUser,
    responses((status = 201, body = CreatedUser, description = "New account")))]
pub async fn create(
    cx: Data<Context>,
    SignedIn(actor): SignedIn,
    Json(new): Json<NewUser>,
) -> Result<impl Responder> {
    let created = users::create(&cx, &actor, new).await?;
    Ok(Created(format!("/api/v1/users/{}", created.user.id), created))
}

/// Get an account
#[utoipa::path(get, path = "/api/v1/users/{id}", operation_id = "getUser", tag = "users",
    params(("id" = Uuid, Path, description = "Id of the account", example = "01a1fc31-a23e-72a5-9ed9-5d2493985689")),
    responses((status = 200, body = User, description = "The account")))]
pub async fn get(cx: Data<Context>, SignedIn(actor): SignedIn, Id(id): Id) -> Result<impl Responder> {
    Ok(Tagged(users::get(&cx, &actor, id).await?))
}

/// Update an account
///
/// Changes address, names, role, verification and activity. Disabling an account ends its sessions. A corrected address
/// ends them, too, and invalidates mailed tokens; the verified old address is notified, and the new one gets mail to
/// verify it, unless `is_verified` is true.
#[utoipa::path(patch, path = "/api/v1/users/{id}", operation_id = "updateUser", tag = "users", request_body = UserPatch,
    params(("id" = Uuid, Path, description = "Id of the account", example = "01a1fc31-a23e-72a5-9ed9-5d2493985689")),
    responses((status = 200, body = User, description = "Updated account")))]
pub async fn update(
    cx: Data<Context>,
    SignedIn(actor): SignedIn,
    Id(id): Id,
    Precondition(versions): Precondition,
    Json(patch): Json<UserPatch>,
) -> Result<impl Responder> {
    Ok(Tagged(users::update(&cx, &actor, id, versions, patch).await?))
}

/// Delete an account
///
/// The account's books remain in the catalogue without an owner; its other data is deleted.
#[utoipa::path(delete, path = "/api/v1/users/{id}", operation_id = "deleteUser", tag = "users",
    params(("id" = Uuid, Path, description = "Id of the account", example = "01a1fc31-a23e-72a5-9ed9-5d2493985689")),
    responses((status = 204, description = "The account was deleted")))]
pub async fn delete(
    cx: Data<Context>,
    SignedIn(actor): SignedIn,
    Id(id): Id,
    Precondition(versions): Precondition,
) -> Result<impl Responder> {
    users::delete(&cx, &actor, id, versions).await?;
    Ok(HttpResponse::NoContent())
}

/// Send a password reset
///
/// Sends mail to the account's address, with a token by which the owner chooses a new password.
#[utoipa::path(post, path = "/api/v1/users/{id}/password-reset", operation_id = "sendPasswordReset", tag = "users",
    params(("id" = Uuid, Path, description = "Id of the account")),
    responses((status = 202, description = "Mail is sent to the account's address")))]
pub async fn send_password_reset(
    cx: Data<Context>,
    SignedIn(actor): SignedIn,
    Id(id): Id,
) -> Result<impl Responder> {
    auth::send_reset(&cx, &actor, id).await?;
    Ok(HttpResponse::Accepted())
}

/// End the sessions of an account
///
/// Signs out every device of the account.
#[utoipa::path(delete, path = "/api/v1/users/{id}/sessions", operation_id = "endUserSessions", tag = "users",
    params(("id" = Uuid, Path, description = "Id of the account")),
    responses((status = 204, description = "The sessions ended")))]
pub async fn end_sessions(
    cx: Data<Context>,
    SignedIn(actor): SignedIn,
    Id(id): Id,
) -> Result<impl Responder> {
    users::end_sessions(&cx, &actor, id).await?;
    Ok(HttpResponse::NoContent())
}
