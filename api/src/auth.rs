//! `/auth`: sign-up, log-in, refresh, log-out.

use actix_web::{HttpResponse, Responder, web::Data};
use service::{
    auth::{self, LogIn, Refresh, SignUp, Tokens},
    users::User,
};

use crate::{
    State,
    error::Result,
    extract::{Client, Json, SignedIn},
    respond::Created,
};

/// Sign up
///
/// Opens an account with role `user`.
#[utoipa::path(post, path = "/api/v1/auth/signup", operation_id = "signUp", tag = "auth", request_body = SignUp,
    responses((status = 201, body = User, description = "The new account",
        headers(("Location" = String, description = "Where the account is"), ("ETag" = String, description = "Its entity tag"))),
        (status = 409, description = "`username_taken` or `email_taken`"), (status = 503, description = "`overloaded`")))]
pub async fn sign_up(state: Data<State>, Json(new): Json<SignUp>) -> Result<impl Responder> {
    let user = auth::sign_up(&state.db, &state.auth, new).await?;
    Ok(Created("/api/v1/users/me".to_owned(), user))
}

/// Log in
///
/// Begins a session. A wrong name, a wrong password and a disabled account answer the same.
#[utoipa::path(post, path = "/api/v1/auth/login", operation_id = "logIn", tag = "auth", request_body = LogIn,
    responses((status = 200, body = Tokens, description = "The session's tokens"),
        (status = 401, description = "`invalid_credentials`"), (status = 503, description = "`overloaded`")))]
pub async fn log_in(
    state: Data<State>,
    Client(client): Client,
    Json(input): Json<LogIn>,
) -> Result<impl Responder> {
    Ok(unstored(auth::log_in(&state.db, &state.auth, client, input).await?))
}

/// Refresh
///
/// Gives the next pair of tokens. A refresh token is good once; using an older one ends the session.
#[utoipa::path(post, path = "/api/v1/auth/refresh", operation_id = "refresh", tag = "auth", request_body = Refresh,
    responses((status = 200, body = Tokens, description = "The next pair of tokens"),
        (status = 401, description = "`invalid_token`")))]
pub async fn refresh(state: Data<State>, Json(input): Json<Refresh>) -> Result<impl Responder> {
    Ok(unstored(auth::refresh(&state.db, &state.auth, input).await?))
}

/// Log out
///
/// Ends the session in use: its access and refresh tokens are good for nothing from here on.
#[utoipa::path(post, path = "/api/v1/auth/logout", operation_id = "logOut", tag = "auth",
    responses((status = 204, description = "The session has ended")))]
pub async fn log_out(state: Data<State>, SignedIn(actor): SignedIn) -> Result<impl Responder> {
    auth::log_out(&state.db, &actor).await?;
    Ok(HttpResponse::NoContent())
}

/// Tokens are not for caches (RFC 6749, section 5.1).
fn unstored(tokens: Tokens) -> HttpResponse {
    HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(tokens)
}
