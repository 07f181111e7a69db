//! `/auth`: sign-up, log-in, refresh, log-out, and what comes by mail.

use actix_web::{HttpResponse, Responder, web::Data};
use service::{
    auth::{self, AccountEmail, LogIn, PasswordReset, Refresh, SignUp, Tokens, VerifyEmail},
    users::User,
};

use crate::{
    State,
    cookie::{Issued, Left, Presented, RefreshCookie},
    error::Result,
    extract::{Device, Json, SignedIn},
    response::{Created, Tagged},
};

/// Sign up
///
/// Opens an account with role `user`, and sends mail by which its address is verified.
#[utoipa::path(post, path = "/api/v1/auth/signup", operation_id = "signUp", tag = "auth", request_body = SignUp,
    responses((status = 201, body = User, description = "The new account")))]
pub async fn sign_up(state: Data<State>, Json(new): Json<SignUp>) -> Result<impl Responder> {
    let user = auth::sign_up(&state.db, &state.auth, new).await?;
    Ok(Created("/api/v1/users/me".to_owned(), user))
}

/// Log in
///
/// Begins a session. A wrong name, a wrong password and a disabled account answer the same. A browser's client asks
/// for `"transport": "cookie"`: then the refresh token comes in a cookie that no script can read.
#[utoipa::path(post, path = "/api/v1/auth/login", operation_id = "logIn", tag = "auth", request_body = LogIn,
    responses((status = 200, body = Tokens, description = "The session's tokens",
        headers(("Set-Cookie" = String, description = "With `transport` `cookie`: the refresh token, for the paths that take it")))))]
pub async fn log_in(
    state: Data<State>,
    Device(client): Device,
    Json(input): Json<LogIn>,
) -> Result<impl Responder> {
    let transport = input.transport;
    Ok(Issued(auth::log_in(&state.db, &state.auth, client, input).await?, transport))
}

/// Refresh
///
/// Gives the next pair of tokens. A refresh token is good once; using an older one ends the session. Without one in the
/// body, that of the cookie is taken, if `Origin` is the server's own or one that CORS lets in; the next one then comes
/// in the cookie, too.
#[utoipa::path(post, path = "/api/v1/auth/refresh", operation_id = "refresh", tag = "auth", request_body = Refresh,
    params(("__Secure-bookly_refresh" = Option<String>, Cookie, description = "The refresh token")),
    responses((status = 200, body = Tokens, description = "The next pair of tokens",
        headers(("Set-Cookie" = String, description = "If the cookie was taken: the next refresh token")))))]
pub async fn refresh(state: Data<State>, Presented(input, transport): Presented) -> Result<impl Responder> {
    Ok(Issued(auth::refresh(&state.db, &state.auth, input).await?, transport))
}

/// Log out
///
/// Ends the session in use: its access and refresh tokens are good for nothing from here on. The cookie goes, too.
#[utoipa::path(post, path = "/api/v1/auth/logout", operation_id = "logOut", tag = "auth",
    params(("__Secure-bookly_refresh" = Option<String>, Cookie, description = "The refresh token")),
    responses((status = 204, description = "The session has ended",
        headers(("Set-Cookie" = String, description = "If there was a cookie: nothing in its place")))))]
pub async fn log_out(
    state: Data<State>,
    SignedIn(actor): SignedIn,
    cookie: RefreshCookie,
) -> Result<impl Responder> {
    auth::log_out(&state.db, &actor).await?;
    Ok(Left(cookie))
}

/// Verify an e-mail address
///
/// Takes the token of the mail that went to the address of a new account, or to the new address of an account. It is
/// good for 24 hours, once.
#[utoipa::path(post, path = "/api/v1/auth/verify-email", operation_id = "verifyEmail", tag = "auth", request_body = VerifyEmail,
    responses((status = 200, body = User, description = "The account as it is now")))]
pub async fn verify_email(state: Data<State>, Json(input): Json<VerifyEmail>) -> Result<impl Responder> {
    Ok(Tagged(auth::verify_email(&state.db, &state.auth, input).await?))
}

/// Have the verification mail sent again
///
/// The answer is the same whether there is such an account or not.
#[utoipa::path(post, path = "/api/v1/auth/verify-email/resend", operation_id = "resendVerification", tag = "auth", request_body = AccountEmail,
    responses((status = 202, description = "If an account has this address and is not verified, mail goes there")))]
pub async fn resend_verification(
    state: Data<State>,
    Json(input): Json<AccountEmail>,
) -> Result<impl Responder> {
    auth::resend_verification(&state.db, &state.auth, input).await?;
    Ok(HttpResponse::Accepted())
}

/// Have mail sent by which a new password can be chosen
///
/// The answer is the same whether there is such an account or not.
#[utoipa::path(post, path = "/api/v1/auth/password-reset", operation_id = "requestPasswordReset", tag = "auth", request_body = AccountEmail,
    responses((status = 202, description = "If an account has this address, mail goes there")))]
pub async fn request_password_reset(
    state: Data<State>,
    Json(input): Json<AccountEmail>,
) -> Result<impl Responder> {
    auth::request_reset(&state.db, &state.auth, input).await?;
    Ok(HttpResponse::Accepted())
}

/// Choose a new password
///
/// Takes the token of the mail, which is good for 30 minutes, once, and until the password changes. All sessions of
/// the account end, and its address counts as verified.
#[utoipa::path(post, path = "/api/v1/auth/password-reset/confirm", operation_id = "resetPassword", tag = "auth", request_body = PasswordReset,
    responses((status = 204, description = "The account has its new password")))]
pub async fn reset_password(state: Data<State>, Json(input): Json<PasswordReset>) -> Result<impl Responder> {
    auth::reset_password(&state.db, &state.auth, input).await?;
    Ok(HttpResponse::NoContent())
}
