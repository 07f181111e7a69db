//! The table of endpoints, one row each: the annotated handler and its action, then each property that differs
//! from the defaults. Routing, limits, the OpenAPI document and the tests are generated from it.

mod endpoint;
mod mount;
mod property;

use std::sync::LazyLock;

use service::{access::Action, books::Book, limit::RateLimit, sessions::Session, users::User};
use utoipa::{OpenApi, ToSchema};

pub use self::{
    endpoint::Endpoint,
    mount::configure,
    property::{Access, Body, Caching, Class, Content, EntityTag, LimitedBy, SchemaName},
};
use crate::{auth, books, error::Code, extract::FILE_LIMIT, health, openapi, users};

/// One row: method, path and operation id come from the `utoipa::path` attribute of the handler.
macro_rules! endpoint {
    ($module:ident::$handler:ident, $access:expr) => {{
        #[derive(OpenApi)]
        #[openapi(paths($module::$handler))]
        struct Annotated;
        let name = concat!(stringify!($module), "::", stringify!($handler));
        Endpoint::new(name, Annotated::openapi(), |route| route.to($module::$handler), $access)
    }};
}

static ENDPOINTS: LazyLock<Vec<Endpoint>> =
    LazyLock::new(|| [auth_endpoints(), user_endpoints(), book_endpoints(), http_endpoints()].concat());

/// Every endpoint; of paths that match the same request, literal ones come before those with parameters.
#[must_use]
pub fn endpoints() -> &'static [Endpoint] {
    &ENDPOINTS
}

fn auth_endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(auth::sign_up, Action::SignUp)
            .expensive()
            .per_address(RateLimit::SignUp)
            .resource(User::name)
            .fails([Code::UsernameTaken, Code::EmailTaken, Code::Overloaded]),
        endpoint!(auth::log_in, Action::LogIn)
            .expensive()
            .per_address(RateLimit::LogIn)
            .fails([Code::InvalidCredentials, Code::Overloaded]),
        endpoint!(auth::refresh, Action::Refresh)
            .per_address(RateLimit::Refresh)
            .body_optional()
            .fails([Code::InvalidToken, Code::ForeignOrigin]),
        endpoint!(auth::log_out, Action::LogOut).fails([Code::ForeignOrigin]),
        endpoint!(auth::verify_email, Action::VerifyEmail)
            .per_address(RateLimit::MailToken)
            .resource(User::name)
            .fails([Code::InvalidToken, Code::EmailTaken]),
        endpoint!(auth::resend_verification, Action::ResendVerification).per_address(RateLimit::Mail),
        endpoint!(auth::request_password_reset, Action::RequestPasswordReset).per_address(RateLimit::Mail),
        endpoint!(auth::reset_password, Action::ResetPassword)
            .expensive()
            .per_address(RateLimit::MailToken)
            .fails([Code::InvalidToken]),
    ]
}

fn user_endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(users::me, Action::GetMe).resource(User::name),
        endpoint!(users::update_me, Action::UpdateMe).resource(User::name).if_match(),
        endpoint!(users::delete_me, Action::DeleteMe).expensive().if_match().fails([Code::LastAdmin]),
        endpoint!(users::change_password, Action::ChangePassword).expensive(),
        endpoint!(users::change_email, Action::ChangeEmail).expensive().fails([Code::CannotMail]),
        endpoint!(users::export, Action::ExportMe).expensive(),
        endpoint!(users::sessions, Action::ListSessions).page_of(Session::name),
        endpoint!(users::end_other_sessions, Action::EndOtherSessions),
        endpoint!(users::end_session, Action::EndSession),
        endpoint!(users::list, Action::ListUsers).list_of(User::name),
        endpoint!(users::create, Action::CreateUser).expensive().resource(User::name).fails([
            Code::UsernameTaken,
            Code::EmailTaken,
            Code::Overloaded,
        ]),
        endpoint!(users::get, Action::GetUser).resource(User::name),
        endpoint!(users::update, Action::UpdateUser).resource(User::name).if_match().fails([Code::LastAdmin]),
        endpoint!(users::delete, Action::DeleteUser).if_match().fails([Code::LastAdmin]),
        endpoint!(users::send_password_reset, Action::SendPasswordReset).fails([Code::CannotMail]),
        endpoint!(users::end_sessions, Action::EndUserSessions),
    ]
}

fn book_endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(books::list_of_user, Action::ListUserBooks).expensive().list_of(Book::name).sparse(),
        endpoint!(books::list, Action::ListBooks).expensive().list_of(Book::name).sparse(),
        endpoint!(books::create, Action::CreateBook).resource(Book::name).fails([Code::IsbnTaken]),
        endpoint!(books::facets, Action::GetBookFacets).expensive(),
        endpoint!(books::import, Action::ImportBooks)
            .long()
            .per_account(RateLimit::Import)
            .file(FILE_LIMIT)
            .fails([Code::MalformedBody, Code::UnreadableFile, Code::UnknownFormat, Code::ImportFailed]),
        endpoint!(books::export, Action::ExportBooks).expensive(),
        endpoint!(books::get_by_isbn, Action::GetBookByIsbn).resource(Book::name).sparse(),
        endpoint!(books::get, Action::GetBook).resource(Book::name).sparse(),
        endpoint!(books::update, Action::UpdateBook).resource(Book::name).if_match().fails([Code::IsbnTaken]),
        endpoint!(books::delete, Action::DeleteBook).if_match(),
    ]
}

/// Endpoints without an operation in `service`, open to everyone.
fn http_endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(openapi::document, Access::HttpOnly),
        endpoint!(openapi::problem, Access::HttpOnly),
        endpoint!(health::live, Access::HttpOnly).uncached(),
        endpoint!(health::ready, Access::HttpOnly).uncached().fails([Code::SchemaBehind, Code::SchemaAhead]),
    ]
}
