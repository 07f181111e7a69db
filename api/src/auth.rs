//! `/auth`: sign-up, log-in, refresh, log-out, address verification and password reset.

use actix_web::{HttpResponse, Responder, web::Data};
use service::{
    Context,
    access::Action,
    auth::{self, AccountEmail, LogIn, PasswordReset, Refresh, SignUp, Tokens, VerifyEmail},
    lifetime::{RESET_PASSWORD, VERIFY_EMAIL, in_words},
    limit::RateLimit,
    users::User,
};
use utoipa::ToSchema;

use crate::{
    cookie::{Credentials, Issued, Left, Presented, RefreshCookie},
    endpoints::{Section, endpoint},
    error::{Code, Result},
    extract::{Device, Json, MaybeSignedIn, SignedIn},
    response::{Created, Tagged},
};

/// Section of the endpoint table.
pub(crate) fn section() -> Section {
    Section {
        tag: "auth",
        description: "Sign-up, log-in and sessions",
        endpoints: vec![
            endpoint!(auth::sign_up, Action::SignUp)
                .expensive()
                .per_address(RateLimit::SignUp)
                .resource(User::name)
                .fails([Code::UsernameTaken, Code::EmailTaken, Code::Overloaded]),
            endpoint!(auth::log_in, Action::LogIn).expensive().per_address(RateLimit::LogIn).fails([
                Code::InvalidCredentials,
                Code::ForeignOrigin,
                Code::Overloaded,
            ]),
            endpoint!(auth::refresh, Action::Refresh)
                .per_address(RateLimit::Refresh)
                .body_optional()
                .fails([Code::InvalidToken, Code::ForeignOrigin]),
            endpoint!(auth::log_out, Action::LogOut).fails([Code::ForeignOrigin]),
            endpoint!(auth::verify_email, Action::VerifyEmail)
                .expensive()
                .optional_session()
                .per_address(RateLimit::MailToken)
                .resource(User::name)
                .fails([Code::InvalidToken, Code::EmailTaken, Code::Overloaded]),
            endpoint!(auth::resend_verification, Action::ResendVerification).per_address(RateLimit::Mail),
            endpoint!(auth::request_password_reset, Action::RequestPasswordReset)
                .per_address(RateLimit::Mail),
            endpoint!(auth::reset_password, Action::ResetPassword)
                .expensive()
                .per_address(RateLimit::MailToken)
                .fails([Code::InvalidToken, Code::Overloaded]),
        ],
    }
}

/// Sign up
///
/// Creates an account with role `user`, and sends mail with a token that verifies its address.
#[utoipa::path(post, path = "/api/v1/auth/signup", operation_id = "signUp", tag = "auth", request_body = SignUp,
    responses((status = 201, body = User, description = "New account")))]
pub async fn sign_up(
    cx: Data<Context>,
    Device(client): Device,
    Json(new): Json<SignUp>,
) -> Result<impl Responder> {
    let user = auth::sign_up(&cx, client, new).await?;
    Ok(Created("/api/v1/users/me".to_owned(), user))
}

/// Log in
///
/// Starts a session. The response is the same for a wrong name, a wrong password and a disabled account. With
/// `"transport": "cookie"`, the refresh token and the device token are set as cookies that scripts cannot read, if `Origin`
/// is the server's own or one of `CORS_ORIGINS`. A client that presents its device token at later log-ins can still log
/// in while others exhaust the limits of the account.
#[utoipa::path(post, path = "/api/v1/auth/login", operation_id = "logIn", tag = "auth", request_body = LogIn,
    params(("__Secure-bookly_device" = Option<String>, Cookie, description = "Device token of an earlier log-in")),
    responses((status = 200, body = Tokens, description = "Tokens of the session",
        headers(("Set-Cookie" = String, description = "Refresh token and device token; only with `transport` `cookie`")))))]
pub async fn log_in(
    cx: Data<Context>,
    Device(client): Device,
    Credentials(input): Credentials,
) -> Result<impl Responder> {
    let transport = input.transport;
    Ok(Issued(auth::log_in(&cx, client, input).await?, transport))
}

/// Refresh a session
///
/// Returns the next pair of tokens. A refresh token is valid once; using an older one ends the session. Without a token
/// in the body, that of the cookie is used, if `Origin` is the server's own or one of `CORS_ORIGINS`; the next refresh
/// token is then set as a cookie, too.
#[utoipa::path(post, path = "/api/v1/auth/refresh", operation_id = "refresh", tag = "auth", request_body = Refresh,
    params(("__Secure-bookly_refresh" = Option<String>, Cookie, description = "Refresh token")),
    responses((status = 200, body = Tokens, description = "Next pair of tokens",
        headers(("Set-Cookie" = String, description = "Next refresh token; only if the cookie was used")))))]
pub async fn refresh(cx: Data<Context>, Presented(input, transport): Presented) -> Result<impl Responder> {
    Ok(Issued(auth::refresh(&cx, input).await?, transport))
}

/// Log out
///
/// Ends the session: its access and refresh tokens are revoked, and its cookie is deleted.
#[utoipa::path(post, path = "/api/v1/auth/logout", operation_id = "logOut", tag = "auth",
    params(("__Secure-bookly_refresh" = Option<String>, Cookie, description = "Refresh token")),
    responses((status = 204, description = "The session ended",
        headers(("Set-Cookie" = String, description = "Deletes the cookie; only if there was one")))))]
pub async fn log_out(
    cx: Data<Context>,
    SignedIn(actor): SignedIn,
    cookie: RefreshCookie,
) -> Result<impl Responder> {
    auth::log_out(&cx, &actor).await?;
    Ok(Left(cookie))
}

/// Description of the verification in the OpenAPI document.
fn verification_description() -> String {
    format!(
        "Accepts the token of the mail that was sent to the address of a new account, or to the new address of an \
         account. The token is valid once, for {}. It requires a proof that the account is yours: an access token of \
         the account, its `password`, or a `new_password`, which ends the old password and all sessions of the \
         account. Without a proof the response is 422, nothing changes, and the token remains valid. A change of a \
         verified address accepts no `new_password`.",
        in_words(VERIFY_EMAIL)
    )
}

/// Verify an e-mail address
#[utoipa::path(post, path = "/api/v1/auth/verify-email", operation_id = "verifyEmail", tag = "auth",
    description = verification_description(), request_body = VerifyEmail,
    responses((status = 200, body = User, description = "Updated account")))]
pub async fn verify_email(
    cx: Data<Context>,
    MaybeSignedIn(actor): MaybeSignedIn,
    Device(client): Device,
    Json(input): Json<VerifyEmail>,
) -> Result<impl Responder> {
    Ok(Tagged(auth::verify_email(&cx, actor, &client, input).await?))
}

/// Resend the verification mail
///
/// The response is the same whether or not an account has this address.
#[utoipa::path(post, path = "/api/v1/auth/verify-email/resend", operation_id = "resendVerification", tag = "auth", request_body = AccountEmail,
    responses((status = 202, description = "Mail is sent if an unverified account has this address")))]
pub async fn resend_verification(
    cx: Data<Context>,
    Json(input): Json<AccountEmail>,
) -> Result<impl Responder> {
    auth::resend_verification(&cx, input).await?;
    Ok(HttpResponse::Accepted())
}

/// Request a password reset
///
/// Sends mail with a token for a new password. The response is the same whether or not an account has this address.
#[utoipa::path(post, path = "/api/v1/auth/password-reset", operation_id = "requestPasswordReset", tag = "auth", request_body = AccountEmail,
    responses((status = 202, description = "Mail is sent if an account has this address")))]
pub async fn request_password_reset(
    cx: Data<Context>,
    Json(input): Json<AccountEmail>,
) -> Result<impl Responder> {
    auth::request_reset(&cx, input).await?;
    Ok(HttpResponse::Accepted())
}

/// Description of the reset in the OpenAPI document.
fn reset_description() -> String {
    format!(
        "Sets a new password with the token of the mail. The token is valid once, for {}, unless the password \
         changes before. All sessions of the account end, and its address becomes verified.",
        in_words(RESET_PASSWORD)
    )
}

/// Reset the password
#[utoipa::path(post, path = "/api/v1/auth/password-reset/confirm", operation_id = "resetPassword", tag = "auth",
    description = reset_description(), request_body = PasswordReset,
    responses((status = 204, description = "The password was changed")))]
pub async fn reset_password(cx: Data<Context>, Json(input): Json<PasswordReset>) -> Result<impl Responder> {
    auth::reset_password(&cx, input).await?;
    Ok(HttpResponse::NoContent())
}
